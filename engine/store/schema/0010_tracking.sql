-- What MLflow tracks: experiments, runs, and what was logged to them. Instants are milliseconds, as MLflow gives and
-- returns them. Nothing is ever deleted but tags: a deleted run or experiment is one that is marked.
CREATE TABLE experiment (
    experiment_key INTEGER PRIMARY KEY, -- its id, in decimal, at the door
    name TEXT NOT NULL UNIQUE,          -- also of those that are deleted
    artifact_location TEXT NOT NULL,
    lifecycle TEXT NOT NULL DEFAULT 'active' CHECK (lifecycle IN ('active', 'deleted')),
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE experiment_tag (
    experiment_key INTEGER NOT NULL REFERENCES experiment(experiment_key),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment_key, key)
) STRICT, WITHOUT ROWID;

INSERT INTO experiment (experiment_key, name, artifact_location, created_ms, updated_ms)
    VALUES (0, 'Default', 'mlflow-artifacts:/0', unixepoch() * 1000, unixepoch() * 1000);

CREATE TABLE ml_run (
    run_key INTEGER PRIMARY KEY,
    run_uuid TEXT NOT NULL UNIQUE,
    experiment_key INTEGER NOT NULL REFERENCES experiment(experiment_key),
    name TEXT NOT NULL,                 -- the tag mlflow.runName says the same, until that is deleted
    user_id TEXT NOT NULL,              -- may be empty
    status TEXT NOT NULL CHECK (status IN ('RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED')),
    start_ms INTEGER NOT NULL,
    end_ms INTEGER,                     -- NULL: has not ended
    lifecycle TEXT NOT NULL DEFAULT 'active' CHECK (lifecycle IN ('active', 'deleted')),
    deleted_ms INTEGER,
    artifact_uri TEXT NOT NULL
) STRICT;
CREATE INDEX ml_run_by_experiment ON ml_run(experiment_key, lifecycle, start_ms DESC, run_uuid);

CREATE TABLE ml_run_tag (
    run_key INTEGER NOT NULL REFERENCES ml_run(run_key),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_key, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE ml_param (
    run_key INTEGER NOT NULL REFERENCES ml_run(run_key),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_key, key)
) STRICT, WITHOUT ROWID;

-- Every value of a metric, in the order of MLflow's history. One that is not a number is 0 and is_nan; an infinite one
-- is the largest number there is, as MLflow keeps it.
CREATE TABLE ml_metric (
    run_key INTEGER NOT NULL REFERENCES ml_run(run_key),
    key TEXT NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    step INTEGER NOT NULL,
    value REAL NOT NULL,
    is_nan INTEGER NOT NULL,
    PRIMARY KEY (run_key, key, timestamp_ms, step, value, is_nan)
) STRICT, WITHOUT ROWID;

-- The value with the largest (step, timestamp, value) of each.
CREATE TABLE ml_latest_metric (
    run_key INTEGER NOT NULL REFERENCES ml_run(run_key),
    key TEXT NOT NULL,
    value REAL NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    step INTEGER NOT NULL,
    is_nan INTEGER NOT NULL,
    PRIMARY KEY (run_key, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset (
    dataset_key INTEGER PRIMARY KEY,
    experiment_key INTEGER NOT NULL REFERENCES experiment(experiment_key),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema TEXT,
    profile TEXT,
    UNIQUE (experiment_key, name, digest)
) STRICT;

-- A run has read a dataset.
CREATE TABLE input (
    input_key INTEGER PRIMARY KEY,
    run_key INTEGER NOT NULL REFERENCES ml_run(run_key),
    dataset_key INTEGER NOT NULL REFERENCES dataset(dataset_key),
    UNIQUE (run_key, dataset_key)
) STRICT;
CREATE INDEX input_by_dataset ON input(dataset_key, run_key);

CREATE TABLE input_tag (
    input_key INTEGER NOT NULL REFERENCES input(input_key),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (input_key, name)
) STRICT, WITHOUT ROWID;

-- A run has read a logged model, or made one. The model is known by its id; whether there is such a one is not looked
-- at, as in MLflow.
CREATE TABLE ml_run_model (
    run_key INTEGER NOT NULL REFERENCES ml_run(run_key),
    is_output INTEGER NOT NULL,
    model_id TEXT NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (run_key, is_output, model_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ml_run_model_by_model ON ml_run_model(model_id);
