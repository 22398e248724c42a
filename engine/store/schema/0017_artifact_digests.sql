-- What artifacts were when they were logged through this server, for policies that ask whether they still are that.
CREATE TABLE artifact_digest (
    path TEXT NOT NULL PRIMARY KEY,     -- where artifacts lie
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    logged_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
