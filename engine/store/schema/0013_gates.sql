-- Promotions that must be earned: policies, requests that wait, and the audit trail, which nobody can edit. Instants
-- are microseconds. Each change of a policy is a row of its own; the current one of a name is is_current.
CREATE TABLE promotion_policy (
    policy_key INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,           -- from 1, of its name
    model TEXT NOT NULL,                -- a name or a glob
    target_kind TEXT NOT NULL CHECK (target_kind IN ('alias', 'stage')),
    target TEXT NOT NULL,
    removal_role TEXT NOT NULL,
    document TEXT NOT NULL,             -- JSON, as it was written
    bundle TEXT,                        -- and the file that holds it; NULL: set by REST
    file TEXT,
    actor TEXT,                         -- NULL: a file, or nobody
    created_us INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL,        -- this change is its end
    is_current INTEGER NOT NULL,
    UNIQUE (name, version)
) STRICT;
CREATE UNIQUE INDEX promotion_policy_current ON promotion_policy(name) WHERE is_current = 1;
CREATE INDEX promotion_policy_by_file ON promotion_policy(bundle, file, name) WHERE is_current = 1;

CREATE TABLE promotion_rule (
    policy_key INTEGER NOT NULL REFERENCES promotion_policy(policy_key),
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    value TEXT,
    number INTEGER NOT NULL,
    days INTEGER NOT NULL,
    from_minute INTEGER NOT NULL,
    to_minute INTEGER NOT NULL,
    PRIMARY KEY (policy_key, position)
) STRICT, WITHOUT ROWID;

-- A promotion that waits for approvals, a validation, the end of a DAG run or a window.
CREATE TABLE promotion_request (
    request_key INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL UNIQUE,    -- random: part of the validation's run_id
    version_key INTEGER NOT NULL REFERENCES model_version(version_key) ON DELETE CASCADE,
    target_kind TEXT NOT NULL CHECK (target_kind IN ('alias', 'stage')),
    target TEXT NOT NULL,
    creator TEXT,
    comment TEXT,
    archive_existing INTEGER NOT NULL,
    expected_version INTEGER NOT NULL,  -- that held the target then; 0: none did
    state TEXT NOT NULL CHECK (state IN ('open', 'applied', 'rejected', 'cancelled', 'failed', 'superseded')),
    message TEXT,                       -- what it waits for, or how it ended
    open_at_us INTEGER,                 -- not before this; NULL: no window is waited for
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX promotion_request_open ON promotion_request(version_key, target_kind, target) WHERE state = 'open';
CREATE INDEX promotion_request_due ON promotion_request(open_at_us) WHERE state = 'open';
CREATE INDEX promotion_request_by_version ON promotion_request(version_key, request_key);

CREATE TABLE approval (
    request_key INTEGER NOT NULL REFERENCES promotion_request(request_key) ON DELETE CASCADE,
    user TEXT NOT NULL,
    role TEXT NOT NULL,
    comment TEXT,
    given_us INTEGER NOT NULL,
    PRIMARY KEY (request_key, user)
) STRICT, WITHOUT ROWID;

-- DAG runs whose end a request waits for: those that validate (is_validation; made when they are not there), and the
-- one that has made the version.
CREATE TABLE promotion_wait (
    request_key INTEGER NOT NULL REFERENCES promotion_request(request_key) ON DELETE CASCADE,
    dag_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    is_validation INTEGER NOT NULL,
    PRIMARY KEY (request_key, dag_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX promotion_wait_by_run ON promotion_wait(dag_id, run_id);

-- What was decided, by whom, and why. Names are kept, not keys: what is deleted has a history all the same.
CREATE TABLE promotion_audit (
    audit_key INTEGER PRIMARY KEY AUTOINCREMENT,
    happened_us INTEGER NOT NULL,
    action TEXT NOT NULL,               -- promote, request, approve, reject, cancel, remove, rollback, policy
    outcome TEXT NOT NULL,              -- applied, refused, requested, noted, failed, superseded
    model TEXT NOT NULL,                -- of a policy: its pattern
    version INTEGER,
    target_kind TEXT,
    target TEXT,
    previous_version INTEGER,
    actor TEXT,
    comment TEXT,
    request_id TEXT,
    message TEXT
) STRICT;
CREATE INDEX promotion_audit_by_model ON promotion_audit(model, audit_key);
CREATE INDEX promotion_audit_by_target ON promotion_audit(model, target_kind, target, audit_key)
    WHERE outcome = 'applied';

CREATE TABLE promotion_audit_rule (
    audit_key INTEGER NOT NULL REFERENCES promotion_audit(audit_key),
    position INTEGER NOT NULL,
    policy TEXT NOT NULL,
    policy_version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    rule TEXT NOT NULL,
    outcome TEXT NOT NULL,
    measured TEXT,
    threshold TEXT,
    sentence TEXT NOT NULL,
    PRIMARY KEY (audit_key, position)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER promotion_audit_is_kept BEFORE DELETE ON promotion_audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is never deleted'); END;
CREATE TRIGGER promotion_audit_is_final BEFORE UPDATE ON promotion_audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER promotion_audit_rule_is_kept BEFORE DELETE ON promotion_audit_rule
    BEGIN SELECT RAISE(ABORT, 'the audit trail is never deleted'); END;
CREATE TRIGGER promotion_audit_rule_is_final BEFORE UPDATE ON promotion_audit_rule
    BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER promotion_policy_is_kept BEFORE DELETE ON promotion_policy
    BEGIN SELECT RAISE(ABORT, 'versions of policies are never deleted'); END;
CREATE TRIGGER promotion_policy_is_final
    BEFORE UPDATE OF policy_key, name, version, model, target_kind, target, removal_role, document, created_us,
    is_deleted ON promotion_policy
    BEGIN SELECT RAISE(ABORT, 'versions of policies are never changed'); END;
CREATE TRIGGER promotion_rule_is_kept BEFORE DELETE ON promotion_rule
    BEGIN SELECT RAISE(ABORT, 'versions of policies are never deleted'); END;
CREATE TRIGGER promotion_rule_is_final BEFORE UPDATE ON promotion_rule
    BEGIN SELECT RAISE(ABORT, 'versions of policies are never changed'); END;
