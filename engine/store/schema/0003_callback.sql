-- Callbacks of whole DAGs that are owed: written with the end of the run, deleted once they have been called.
CREATE TABLE dag_callback (
    run_key INTEGER NOT NULL REFERENCES dag_run(run_key) ON DELETE CASCADE,
    ended_us INTEGER NOT NULL,          -- a run that is cleared ends more than once
    request TEXT NOT NULL,              -- JSON, for whoever calls it
    PRIMARY KEY (run_key, ended_us)
) STRICT, WITHOUT ROWID;
