-- Logged models of MLflow 3: a model is a thing of its own, beside the run that made it. Instants are milliseconds. A
-- deleted one is marked.
CREATE TABLE logged_model (
    model_key INTEGER PRIMARY KEY,
    model_id TEXT NOT NULL UNIQUE,      -- "m-" and 32 hexadecimal digits
    experiment_key INTEGER NOT NULL REFERENCES experiment(experiment_key),
    name TEXT NOT NULL,
    model_type TEXT NOT NULL,           -- may be empty
    source_run_id TEXT NOT NULL,        -- of ml_run, which need not have it; may be empty
    status INTEGER NOT NULL,            -- the number in MLflow's protocol: 0 unspecified, 1 pending, 2 ready, 3 failed
    lifecycle TEXT NOT NULL DEFAULT 'active' CHECK (lifecycle IN ('active', 'deleted')),
    artifact_location TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX logged_model_by_experiment ON logged_model(experiment_key, lifecycle, created_ms DESC, model_id);
CREATE INDEX logged_model_by_run ON logged_model(source_run_id) WHERE source_run_id <> '';

CREATE TABLE logged_model_tag (
    model_key INTEGER NOT NULL REFERENCES logged_model(model_key),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_key, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX logged_model_tag_by_value ON logged_model_tag(key, value, model_key);

CREATE TABLE logged_model_param (
    model_key INTEGER NOT NULL REFERENCES logged_model(model_key),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_key, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX logged_model_param_by_value ON logged_model_param(key, value, model_key);

-- Values of metrics that were logged to a run with the model's id, kept as ml_metric keeps them.
CREATE TABLE logged_model_metric (
    model_key INTEGER NOT NULL REFERENCES logged_model(model_key),
    key TEXT NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    step INTEGER NOT NULL,
    run_key INTEGER NOT NULL REFERENCES ml_run(run_key),
    dataset_name TEXT NOT NULL,         -- empty: not said; as the digest
    dataset_digest TEXT NOT NULL,
    value REAL NOT NULL,
    is_nan INTEGER NOT NULL,
    PRIMARY KEY (model_key, key, timestamp_ms, step, run_key, dataset_name, dataset_digest, value, is_nan)
) STRICT, WITHOUT ROWID;
CREATE INDEX logged_model_metric_by_value ON logged_model_metric(key, value, model_key);
CREATE INDEX logged_model_metric_by_dataset ON logged_model_metric(dataset_name, dataset_digest, model_key);
