-- Traces: what MLflow's client records of calls, span by span, and what people and programs have said of them.
CREATE TABLE trace (
    trace_key INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL UNIQUE,
    experiment_key INTEGER NOT NULL REFERENCES experiment(experiment_key),
    timestamp_ms INTEGER NOT NULL,
    execution_ms INTEGER,               -- NULL: has not ended
    state TEXT NOT NULL CHECK (state IN ('STATE_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS')),
    client_request_id TEXT,
    request_preview TEXT,
    response_preview TEXT,
    is_told INTEGER NOT NULL            -- 1: the client has said all this itself; 0: it was concluded from spans
) STRICT;
CREATE INDEX trace_by_experiment ON trace(experiment_key, timestamp_ms DESC, trace_id);

CREATE TABLE trace_tag (
    trace_key INTEGER NOT NULL REFERENCES trace(trace_key) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace_key, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_metadata (
    trace_key INTEGER NOT NULL REFERENCES trace(trace_key) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace_key, key)
) STRICT, WITHOUT ROWID;
-- The traces of a run: the key is mlflow.sourceRun then.
CREATE INDEX trace_metadata_by_run ON trace_metadata(value, trace_key) WHERE key = 'mlflow.sourceRun';

CREATE TABLE trace_span (
    trace_key INTEGER NOT NULL REFERENCES trace(trace_key) ON DELETE CASCADE,
    span_id TEXT NOT NULL,
    is_root INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,            -- 0: has not ended
    json TEXT NOT NULL,                 -- as answers show it
    PRIMARY KEY (trace_key, span_id)
) STRICT, WITHOUT ROWID;

-- A trace was made outside of the run that it is to be found with.
CREATE TABLE trace_run (
    run_uuid TEXT NOT NULL,
    trace_key INTEGER NOT NULL REFERENCES trace(trace_key) ON DELETE CASCADE,
    PRIMARY KEY (run_uuid, trace_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX trace_run_by_trace ON trace_run(trace_key);

CREATE TABLE assessment (
    assessment_key INTEGER PRIMARY KEY,
    assessment_id TEXT NOT NULL UNIQUE,
    trace_key INTEGER NOT NULL REFERENCES trace(trace_key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('feedback', 'expectation')),
    content TEXT NOT NULL,              -- JSON object: the member "feedback" or "expectation"
    source TEXT NOT NULL,               -- JSON object
    rationale TEXT,
    metadata TEXT,                      -- JSON object of texts
    span_id TEXT,
    overrides TEXT,                     -- the id of the one that it replaces
    is_valid INTEGER NOT NULL,          -- 0: another one has replaced it
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX assessment_by_trace ON assessment(trace_key);
