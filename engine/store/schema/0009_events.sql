-- The outbox (engine/events/event.h): written in the transaction that makes an event true. Sequence numbers only grow:
-- rows are never deleted.
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    actor TEXT,
    happened_us INTEGER NOT NULL,
    payload TEXT NOT NULL               -- JSON object
) STRICT;
CREATE INDEX event_by_subject ON event(subject, kind, happened_us);

CREATE TABLE event_cursor (
    consumer TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL           -- the last one it has dealt with
) STRICT, WITHOUT ROWID;

-- What DAGs are scheduled on and what tasks bring up to date.
CREATE TABLE asset (
    asset_key INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    uri TEXT NOT NULL,
    asset_group TEXT NOT NULL,
    extra TEXT NOT NULL,                -- JSON object
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    UNIQUE (name, uri)
) STRICT;
CREATE INDEX asset_by_uri ON asset(uri);

-- DAGs that are scheduled on an asset, and tasks that name it as an outlet; as of each DAG's newest version.
CREATE TABLE asset_dag (
    dag_id TEXT NOT NULL,
    asset_key INTEGER NOT NULL REFERENCES asset(asset_key) ON DELETE CASCADE,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    PRIMARY KEY (dag_id, asset_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_dag_by_asset ON asset_dag(asset_key);

CREATE TABLE asset_task (
    dag_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    asset_key INTEGER NOT NULL REFERENCES asset(asset_key) ON DELETE CASCADE,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    PRIMARY KEY (dag_id, task_id, asset_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_task_by_asset ON asset_task(asset_key);

CREATE TABLE asset_event (
    event_key INTEGER PRIMARY KEY,
    asset_key INTEGER NOT NULL REFERENCES asset(asset_key) ON DELETE CASCADE,
    happened_us INTEGER NOT NULL,
    extra TEXT NOT NULL,                -- JSON object
    source_dag_id TEXT,                 -- NULL: no task has made it
    source_task_id TEXT,
    source_run_id TEXT,
    source_map_index INTEGER
) STRICT;
CREATE INDEX asset_event_by_asset ON asset_event(asset_key);
CREATE INDEX asset_event_by_source ON asset_event(source_dag_id, source_run_id);

-- Events that a DAG has not had a run for. The transaction that makes the run takes them all, so that none is lost and
-- none counts twice.
CREATE TABLE asset_queue (
    dag_id TEXT NOT NULL,
    asset_key INTEGER NOT NULL,
    event_key INTEGER NOT NULL REFERENCES asset_event(event_key) ON DELETE CASCADE,
    PRIMARY KEY (dag_id, asset_key, event_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_queue_by_event ON asset_queue(event_key);

-- The events that a run was made for.
CREATE TABLE asset_event_run (
    run_key INTEGER NOT NULL REFERENCES dag_run(run_key) ON DELETE CASCADE,
    event_key INTEGER NOT NULL REFERENCES asset_event(event_key) ON DELETE CASCADE,
    PRIMARY KEY (run_key, event_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_event_run_by_event ON asset_event_run(event_key);
