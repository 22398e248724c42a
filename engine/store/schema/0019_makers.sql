-- Which try of which task has made a run, a logged model or a version: what the token said that the call came with. No
-- call has a parameter for it, and nothing changes it. The names are kept beside the keys, since a DAG run may be
-- deleted and another one get its name. What is older than this table was made by nobody that is known.
CREATE TABLE maker (
    maker_key INTEGER PRIMARY KEY AUTOINCREMENT,
    run_key INTEGER NOT NULL,           -- of dag_run, which need not have it any more
    task INTEGER NOT NULL,
    map_index INTEGER NOT NULL,
    starts INTEGER NOT NULL,
    dag_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    try_number INTEGER NOT NULL,
    triggering_user TEXT,               -- of the DAG run: an author of what it makes
    bundle_version TEXT,                -- of a Git bundle: the commit
    UNIQUE (run_key, task, map_index, starts)
) STRICT;
ALTER TABLE ml_run ADD COLUMN maker_key INTEGER REFERENCES maker(maker_key);
ALTER TABLE ml_run ADD COLUMN maker_commit TEXT; -- as the task itself said when it made the run
ALTER TABLE logged_model ADD COLUMN maker_key INTEGER REFERENCES maker(maker_key);
ALTER TABLE model_version ADD COLUMN maker_key INTEGER REFERENCES maker(maker_key);

CREATE TRIGGER maker_is_kept BEFORE DELETE ON maker
    BEGIN SELECT RAISE(ABORT, 'who has made something is never forgotten'); END;
CREATE TRIGGER maker_is_final BEFORE UPDATE ON maker
    BEGIN SELECT RAISE(ABORT, 'who has made something never changes'); END;
CREATE TRIGGER ml_run_maker_is_final BEFORE UPDATE OF maker_key, maker_commit ON ml_run
    BEGIN SELECT RAISE(ABORT, 'who has made a run never changes'); END;
CREATE TRIGGER logged_model_maker_is_final BEFORE UPDATE OF maker_key ON logged_model
    BEGIN SELECT RAISE(ABORT, 'who has made a logged model never changes'); END;
CREATE TRIGGER model_version_maker_is_final BEFORE UPDATE OF maker_key ON model_version
    BEGIN SELECT RAISE(ABORT, 'who has made a version never changes'); END;
