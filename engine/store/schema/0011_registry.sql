-- The model registry. Instants are milliseconds, as MLflow gives and returns them. A model's key stays when it is
-- renamed, so nothing else has to be written then.
CREATE TABLE registered_model (
    model_key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT,                   -- NULL: none was given, which clients can tell from an empty one
    last_version INTEGER NOT NULL DEFAULT 0, -- numbers are never used again
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE registered_model_tag (
    model_key INTEGER NOT NULL REFERENCES registered_model(model_key) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_key, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_version (
    version_key INTEGER PRIMARY KEY,
    model_key INTEGER NOT NULL REFERENCES registered_model(model_key) ON DELETE CASCADE,
    version INTEGER NOT NULL,           -- 1, 2, ... of its model
    stage TEXT NOT NULL DEFAULT 'None'
        CHECK (stage IN ('None', 'Staging', 'Production', 'Archived', 'Deleted_Internal')),
    status TEXT NOT NULL DEFAULT 'READY'
        CHECK (status IN ('PENDING_REGISTRATION', 'FAILED_REGISTRATION', 'READY')),
    status_message TEXT,
    description TEXT,
    author TEXT,                        -- who has registered it; may not approve of its promotion
    source TEXT NOT NULL,
    storage_location TEXT NOT NULL,     -- where its files are: the source, or what that stood for then
    run_id TEXT,                        -- of ml_run, which need not have it
    run_link TEXT,
    model_id TEXT,                      -- the logged model that it was made from
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    UNIQUE (model_key, version)
) STRICT;
CREATE INDEX model_version_by_stage ON model_version(model_key, stage, version);
CREATE INDEX model_version_by_run ON model_version(run_id) WHERE run_id IS NOT NULL;

CREATE TABLE model_version_tag (
    version_key INTEGER NOT NULL REFERENCES model_version(version_key) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (version_key, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_alias (
    model_key INTEGER NOT NULL REFERENCES registered_model(model_key) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (model_key, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_alias_by_version ON model_alias(model_key, version, alias);
