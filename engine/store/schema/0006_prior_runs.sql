-- The runs up to one, newest first: a run without a logical date stands where its run_after is.
CREATE INDEX dag_run_by_time ON dag_run(dag_id, coalesce(logical_us, run_after_us));
