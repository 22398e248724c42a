-- Times are microseconds since 1970-01-01T00:00:00Z, NULL where Airflow shows null. Keys named *_key are ours and
-- appear in no API; the ids users know are TEXT. A state is Airflow's name; NULL is "no status".

CREATE TABLE dag (
    dag_key INTEGER PRIMARY KEY,
    dag_id TEXT NOT NULL UNIQUE,
    is_paused INTEGER NOT NULL,
    is_stale INTEGER NOT NULL DEFAULT 0,
    version_key INTEGER REFERENCES dag_version(version_key),
    bundle_name TEXT NOT NULL,
    relative_fileloc TEXT NOT NULL,
    fileloc TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    owners TEXT NOT NULL,               -- JSON array
    timetable_summary TEXT,
    timetable_description TEXT,
    timetable_periodic INTEGER NOT NULL DEFAULT 0,
    max_active_tasks INTEGER NOT NULL,
    max_active_runs INTEGER NOT NULL,
    max_consecutive_failed_runs INTEGER NOT NULL DEFAULT 0,
    has_task_limits INTEGER NOT NULL DEFAULT 0,
    has_import_errors INTEGER NOT NULL DEFAULT 0,
    last_parsed_us INTEGER,
    last_parse_duration REAL,
    next_logical_us INTEGER,
    next_interval_start_us INTEGER,
    next_interval_end_us INTEGER,
    next_run_after_us INTEGER
) STRICT;
CREATE INDEX dag_by_file ON dag(bundle_name, relative_fileloc);

CREATE TABLE dag_tag (
    dag_key INTEGER NOT NULL REFERENCES dag(dag_key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (dag_key, name)
) STRICT, WITHOUT ROWID;

-- A run keeps the version it began with. document is engine/graph/graph_codec.h's text; source is the file as it was.
CREATE TABLE dag_version (
    version_key INTEGER PRIMARY KEY,
    version_id TEXT NOT NULL UNIQUE,    -- UUID
    dag_id TEXT NOT NULL,
    version_number INTEGER NOT NULL,
    bundle_name TEXT NOT NULL,
    bundle_version TEXT,
    created_us INTEGER NOT NULL,
    digest TEXT NOT NULL,
    document TEXT NOT NULL,
    source_key INTEGER NOT NULL REFERENCES dag_source(source_key),
    UNIQUE (dag_id, version_number)
) STRICT;

CREATE TABLE dag_source (
    source_key INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    content TEXT NOT NULL
) STRICT;

-- What was read from a file last time, so that an unchanged file is not parsed again after a restart.
CREATE TABLE dag_file (
    bundle_name TEXT NOT NULL,
    relative_fileloc TEXT NOT NULL,
    digest TEXT NOT NULL,
    parsed_us INTEGER NOT NULL,
    PRIMARY KEY (bundle_name, relative_fileloc)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_error (
    import_error_id INTEGER PRIMARY KEY,
    bundle_name TEXT NOT NULL,
    filename TEXT NOT NULL,             -- inside the bundle
    happened_us INTEGER NOT NULL,
    stack_trace TEXT NOT NULL,
    UNIQUE (bundle_name, filename)
) STRICT;

CREATE TABLE dag_run (
    run_key INTEGER PRIMARY KEY,
    dag_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    run_type TEXT NOT NULL,             -- manual, scheduled, backfill, asset_triggered
    state TEXT NOT NULL,
    logical_us INTEGER,
    interval_start_us INTEGER,
    interval_end_us INTEGER,
    run_after_us INTEGER NOT NULL,
    queued_us INTEGER,
    start_us INTEGER,
    end_us INTEGER,
    decided_us INTEGER,                 -- last_scheduling_decision
    triggered_by TEXT,                  -- rest_api, cli, timetable, operator, ui, test
    triggering_user TEXT,
    conf TEXT NOT NULL DEFAULT '{}',    -- JSON
    note TEXT,
    clear_number INTEGER NOT NULL DEFAULT 0,
    version_key INTEGER NOT NULL REFERENCES dag_version(version_key),
    UNIQUE (dag_id, run_id),
    UNIQUE (dag_id, logical_us)
) STRICT;
CREATE INDEX dag_run_active ON dag_run(run_key) WHERE state IN ('queued', 'running');
CREATE INDEX dag_run_by_dag ON dag_run(dag_id); -- with the row id: newest run, lists in order of creation
CREATE INDEX dag_run_by_after ON dag_run(dag_id, run_after_us);
CREATE INDEX dag_run_by_version ON dag_run(version_key);

CREATE TABLE task_instance (
    run_key INTEGER NOT NULL REFERENCES dag_run(run_key) ON DELETE CASCADE,
    task INTEGER NOT NULL,              -- index in the graph of the run's version
    map_index INTEGER NOT NULL,         -- -1: not mapped
    task_id TEXT NOT NULL,
    state TEXT,
    starts INTEGER NOT NULL DEFAULT 0,  -- every start, lost ones included: identifies the job
    try_number INTEGER NOT NULL DEFAULT 0, -- as Airflow counts
    max_tries INTEGER NOT NULL DEFAULT 0,
    scheduled_us INTEGER,
    queued_us INTEGER,
    start_us INTEGER,
    end_us INTEGER,
    retry_us INTEGER,                   -- when up_for_retry or up_for_reschedule ends
    first_start_us INTEGER,             -- of the first poke of a rescheduling sensor
    pool TEXT NOT NULL,
    pool_slots INTEGER NOT NULL,
    queue TEXT NOT NULL,
    priority_weight INTEGER NOT NULL,
    operator TEXT NOT NULL,
    operator_name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    pid INTEGER,
    exit_code INTEGER,
    note TEXT,
    rendered_map_index TEXT,
    PRIMARY KEY (run_key, task, map_index)
) STRICT, WITHOUT ROWID;

-- Earlier tries, one row each, written when the next one begins.
CREATE TABLE task_try (
    run_key INTEGER NOT NULL REFERENCES dag_run(run_key) ON DELETE CASCADE,
    task INTEGER NOT NULL,
    map_index INTEGER NOT NULL,
    try_number INTEGER NOT NULL,
    starts INTEGER NOT NULL,
    state TEXT,
    scheduled_us INTEGER,
    queued_us INTEGER,
    start_us INTEGER,
    end_us INTEGER,
    pid INTEGER,
    exit_code INTEGER,
    PRIMARY KEY (run_key, task, map_index, try_number)
) STRICT, WITHOUT ROWID;

CREATE TABLE rendered_fields (
    run_key INTEGER NOT NULL REFERENCES dag_run(run_key) ON DELETE CASCADE,
    task INTEGER NOT NULL,
    map_index INTEGER NOT NULL,
    fields TEXT NOT NULL,               -- JSON object
    PRIMARY KEY (run_key, task, map_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE xcom (
    run_key INTEGER NOT NULL REFERENCES dag_run(run_key) ON DELETE CASCADE,
    task_id TEXT NOT NULL,
    map_index INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,                -- JSON
    written_us INTEGER NOT NULL,
    PRIMARY KEY (run_key, task_id, map_index, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE pool (
    name TEXT PRIMARY KEY,
    slots INTEGER NOT NULL,             -- -1: no limit
    description TEXT,
    include_deferred INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO pool (name, slots, description) VALUES ('default_pool', 128, 'Default pool');

-- value, password and extra are sealed by engine/store/secret.h (Fernet) and never leave in the clear but to tasks and,
-- for variables, to those who may read them.
CREATE TABLE variable (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    description TEXT,
    is_encrypted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE connection (
    conn_id TEXT PRIMARY KEY,
    conn_type TEXT NOT NULL,
    description TEXT,
    host TEXT,
    login TEXT,
    schema TEXT,
    port INTEGER,
    password TEXT,
    extra TEXT,
    is_encrypted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
    username TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who did what through which door (Airflow's event log).
CREATE TABLE audit (
    audit_key INTEGER PRIMARY KEY,
    happened_us INTEGER NOT NULL,
    event TEXT NOT NULL,
    owner TEXT,
    dag_id TEXT,
    run_id TEXT,
    task_id TEXT,
    map_index INTEGER,
    extra TEXT
) STRICT;
CREATE INDEX audit_by_dag ON audit(dag_id, happened_us);
