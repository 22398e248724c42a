-- What lists and look-ups want of tables that grow with every run. Each is written once per row or, for states of runs,
-- three times per run; nothing here is touched when a task instance changes.
CREATE INDEX task_instance_by_id ON task_instance(run_key, task_id);
-- When a DAG last ran by its schedule, however many manual runs there are.
CREATE INDEX dag_run_scheduled ON dag_run(dag_id, logical_us) WHERE run_type IN ('scheduled', 'backfill');
CREATE INDEX dag_run_by_state ON dag_run(dag_id, state, run_after_us);
CREATE INDEX dag_run_all_by_after ON dag_run(run_after_us);

-- SQLite takes a run for a handful of task instances unless told that it may be many, and would rather read them all
-- than use the index above.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('task_instance', 'task_instance', '10000000 1000 1 1'),
    ('task_instance', 'task_instance_by_id', '10000000 1000 1');
ANALYZE sqlite_schema; -- makes this connection read them
