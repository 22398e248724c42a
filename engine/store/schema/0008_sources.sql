-- The source of a file goes with the last version that shows it: each edit that leaves the graphs as they are made one
-- that nobody would see any more.
CREATE INDEX dag_version_by_source ON dag_version(source_key);
DELETE FROM dag_source WHERE source_key NOT IN (SELECT source_key FROM dag_version);

CREATE TRIGGER dag_version_shows_another AFTER UPDATE OF source_key ON dag_version BEGIN
    DELETE FROM dag_source WHERE source_key = old.source_key
        AND NOT EXISTS (SELECT 1 FROM dag_version WHERE source_key = old.source_key);
END;
CREATE TRIGGER dag_version_shows_none AFTER DELETE ON dag_version BEGIN
    DELETE FROM dag_source WHERE source_key = old.source_key
        AND NOT EXISTS (SELECT 1 FROM dag_version WHERE source_key = old.source_key);
END;
