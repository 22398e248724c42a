-- SQLite gives the number of the newest row again once that row is deleted. The keys of runs and versions are known
-- outside of their rows (a job's identity is made of its run's, and processes outlive rows), so none is used twice:
-- a new one is greater than all that are there and all that were.
CREATE TABLE deleted_key (
    kind TEXT PRIMARY KEY,
    highest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO deleted_key (kind, highest) VALUES ('run', 0), ('version', 0);

CREATE TRIGGER dag_run_deleted AFTER DELETE ON dag_run BEGIN
    UPDATE deleted_key SET highest = old.run_key WHERE kind = 'run' AND highest < old.run_key;
END;
CREATE TRIGGER dag_version_deleted AFTER DELETE ON dag_version BEGIN
    UPDATE deleted_key SET highest = old.version_key WHERE kind = 'version' AND highest < old.version_key;
END;

-- How often the most started of its deleted task instances was started: those that come anew count on from here.
ALTER TABLE dag_run ADD COLUMN starts_before INTEGER NOT NULL DEFAULT 0;
