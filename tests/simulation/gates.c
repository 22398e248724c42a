/* People who promote versions of registered models, the promoter that lets requests go on, and what must be true of it:
 * a trigger notes each move in the transaction that makes it, with the facts as they are at that moment, and these are
 * judged here by rules written a second time.
 *
 *     m0  champion    two approvals          m1  champion    DAG dag0 succeeds, one approval
 *     m0  Production  auc >= 0.5, one        m1  fast        auc >= 0.5
 *                     approval               m1  Production  from nine to five
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/store/policy_store.h"
#include "engine/store/promotion_request_store.h"
#include "engine/store/promotion_store.h"
#include "tests/simulation/universe.h"

enum { MODELS = 2, VERSIONS = 6, PEOPLE = 4, NINE_MINUTES = 9 * 60, FIVE_MINUTES = 17 * 60 };

/* ---- the database ---- */

#define VERSION_KEY "(SELECT version_key FROM model_version WHERE model_key = new.model_key AND version = new.version)"
#define NOTE_MOVE(kind, target)                                                                                        \
    "INSERT INTO sim_move (model, kind, target, version, auc, approvals, validated) SELECT m.name, '" kind             \
    "', " target ", v.version, "                                                                                       \
    "(SELECT value FROM ml_latest_metric JOIN ml_run USING (run_key) WHERE run_uuid = v.run_id AND key = 'auc'), "     \
    "(SELECT count(*) AS n FROM promotion_request q JOIN approval a USING (request_key) WHERE q.version_key = "        \
    "v.version_key AND q.target_kind = '" kind "' AND q.target = " target " AND a.role IN ('Op', 'Admin') AND "        \
    "a.user IS NOT v.author AND a.user IS NOT q.creator GROUP BY q.request_key ORDER BY n DESC LIMIT 1), "             \
    "(SELECT count(*) FROM promotion_request q JOIN dag_run d ON d.run_id = 'promotion__' || q.request_id WHERE "      \
    "q.version_key = v.version_key AND q.target_kind = '" kind "' AND q.target = " target                              \
    " AND d.dag_id = 'dag0' AND d.state = 'success') FROM model_version v JOIN registered_model m USING (model_key) "  \
    "WHERE v.version_key = " VERSION_KEY ";"

static const char TABLES[] =
    "CREATE TABLE sim_move (seq INTEGER PRIMARY KEY, model TEXT, kind TEXT, target TEXT, version INTEGER, auc REAL, "
    "approvals INTEGER, validated INTEGER);"
    "CREATE TRIGGER sim_alias_new AFTER INSERT ON model_alias BEGIN " NOTE_MOVE(
        "alias",
        "new.alias") " END;"
                     "CREATE TRIGGER sim_alias_moved AFTER UPDATE OF version ON model_alias WHEN new.version IS NOT "
                     "old.version BEGIN " NOTE_MOVE(
                         "alias",
                         "new.alias") " END;"
                                      "CREATE TRIGGER sim_stage AFTER UPDATE OF stage ON model_version WHEN new.stage "
                                      "IS NOT old.stage BEGIN " NOTE_MOVE(
                                          "stage",
                                          "new.stage") " END;"
                                                       "INSERT INTO ml_run (run_key, run_uuid, experiment_key, name, "
                                                       "user_id, status, start_ms, artifact_uri) VALUES "
                                                       "(1, 'run0', 0, '', '', 'FINISHED', 0, ''), (2, 'run1', 0, '', "
                                                       "'', 'FINISHED', 0, '');"
                                                       "INSERT INTO ml_latest_metric VALUES (1, 'auc', 0.3, 0, 0, 0), "
                                                       "(2, 'auc', 0.9, 0, 0, 0);"
                                                       "INSERT INTO registered_model VALUES (1, 'm0', NULL, 6, 0, 0), "
                                                       "(2, 'm1', NULL, 6, 0, 0);"
                                                       "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
                                                       "WHERE i < 11) "
                                                       "INSERT INTO model_version (model_key, version, author, source, "
                                                       "storage_location, run_id, created_ms, updated_ms) "
                                                       "SELECT 1 + i / 6, 1 + i % 6, 'p' || i % 4, 's', 's', 'run' || "
                                                       "i % 2, 0, 0 FROM n;";

static const struct hk_rule AUC = {.kind = HK_RULE_METRIC, .name = "metrics.auc >= 0.5"};
static const struct hk_rule ONE = {.kind = HK_RULE_APPROVALS, .name = "Op", .number = 1};
static const struct hk_rule TWO = {.kind = HK_RULE_APPROVALS, .name = "Op", .number = 2};
static const struct hk_rule DAG = {.kind = HK_RULE_VALIDATION, .name = "dag0"};
static const struct hk_rule DAYTIME = {
    .kind = HK_RULE_WINDOW, .name = "UTC", .days = 127, .from_minute = NINE_MINUTES, .to_minute = FIVE_MINUTES};

static const struct {
    const char *model;
    struct hk_target target;
    const struct hk_rule *rules[2];
} gates[] = {
    {"m0", {HK_TARGET_ALIAS, "champion"}, {&TWO}},       {"m0", {HK_TARGET_STAGE, "Production"}, {&AUC, &ONE}},
    {"m1", {HK_TARGET_ALIAS, "champion"}, {&DAG, &ONE}}, {"m1", {HK_TARGET_ALIAS, "fast"}, {&AUC}},
    {"m1", {HK_TARGET_STAGE, "Production"}, {&DAYTIME}},
};
enum { GATES = sizeof gates / sizeof gates[0] };

bool gates_prepare(struct hk_db *db, struct hk_error *err)
{
    bool ok = hk_db_exec(db, TABLES, err);
    for (size_t i = 0; i < GATES && ok; i++) {
        struct hk_rule rules[2];
        size_t count = 0;
        for (; count < 2 && gates[i].rules[count] != NULL; count++) {
            rules[count] = *gates[i].rules[count];
        }
        char name[8];
        snprintf(name, sizeof name, "gate%zu", i);
        const struct hk_policy policy = {.name = name,
                                         .model = gates[i].model,
                                         .target = gates[i].target,
                                         .removal_role = "User",
                                         .rules = rules,
                                         .rule_count = count};
        const struct hk_policy_save save = {.policy = &policy, .document_json = HK_STR("{}")};
        int64_t version = 0;
        ok = hk_store_policy_set(db, &save, &version, err);
    }
    return ok;
}

/* ---- the engine's part ---- */

static void set_timer(void *context, int64_t at_us)
{
    ((struct universe *)context)->promoter_us = at_us;
}

static void begun(void *arg, const struct hk_error *err)
{
    struct universe *u = arg;
    if (err != NULL && err->code != HK_CONFLICT) {
        note(u, "validation not begun: %s", err->message);
        u->has_no_dag = u->is_quiet && err->code == HK_NOT_FOUND; /* at the end the DAGs are taken away */
        hk_promoter_retry(u->promoter, err);
    }
}

static void begin_validation(void *context, const struct hk_validation_due *due)
{
    struct universe *u = context;
    const struct hk_trigger_request request = {.dag_id = due->dag_id,
                                               .run_id = due->run_id,
                                               .run_type = "manual",
                                               .logical_us = HK_TIME_NONE,
                                               .interval_start_us = HK_TIME_NONE,
                                               .interval_end_us = HK_TIME_NONE,
                                               .run_after_us = HK_TIME_NONE,
                                               .conf_json = due->conf_json,
                                               .triggered_by = "operator"};
    note(u, "validate %s", due->run_id);
    hk_scheduler_trigger(u->scheduler, &request, NULL, (struct hk_command_done){begun, u});
}

void gates_start(struct universe *u)
{
    const struct hk_promoter_options options = {
        .store = u->store, .clock = &u->clock, .context = u, .set_timer = set_timer, .trigger = begin_validation};
    u->promoter_us = HK_TIME_NONE;
    u->promoter = hk_promoter_new(&options);
}

void gates_stop(struct universe *u)
{
    hk_promoter_stop(u->promoter);
}

void gates_forget(struct universe *u)
{
    hk_promoter_free(u->promoter);
    u->promoter = NULL;
}

/* ---- people ---- */

enum deed { PROMOTE, APPROVE, REJECT, CANCEL, ROLL_BACK, DELETE_ALIAS, MEASURE, DEEDS };

struct call {
    struct universe *u;
    enum deed deed;
    struct hk_promotion p;
    struct hk_arena arena;
    char request_id[HK_UUID_SIZE];
    char token[16];
    char actor[4];
    double auc;
    bool held_it;
    enum hk_promotion_outcome outcome;
};

static bool measure(struct hk_db *db, const struct call *c, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, "UPDATE ml_latest_metric SET value = ?1 WHERE run_key = 1");
    hk_bind_double(q, 1, c->auc);
    return hk_run(q, err);
}

/* Then there is nothing to move, and nothing to say about it. */
static bool holds_already(struct hk_db *db, const struct hk_promotion *p)
{
    static const char ALIAS[] = "SELECT 1 FROM model_alias JOIN registered_model USING (model_key) "
                                "WHERE name = ?1 AND version = ?2 AND alias = ?3";
    static const char STAGE[] = "SELECT 1 FROM model_version JOIN registered_model USING (model_key) "
                                "WHERE name = ?1 AND version = ?2 AND stage = ?3";
    struct hk_stmt *q = hk_db_query(db, p->kind == HK_PROMOTE_STAGE ? STAGE : ALIAS);
    struct hk_error err;
    bool found = false;
    bool ok = true;
    hk_bind_text(q, 1, p->model);
    hk_bind_int(q, 2, p->version);
    hk_bind_text(q, 3, p->kind == HK_PROMOTE_STAGE ? hk_model_stage_name(p->stage) : p->alias);
    while (hk_step(q, &ok, &err)) {
        found = true;
    }
    return found;
}

static bool run_call(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct call *c = arg;
    struct hk_promotion_result result = {.outcome = HK_PROMOTION_REFUSED};
    int64_t version = 0;
    bool ok = false;
    c->held_it = holds_already(db, &c->p);
    switch (c->deed) {
    case PROMOTE:
    case DELETE_ALIAS:
        ok = hk_promotion_apply(db, &c->p, &c->arena, &result, err);
        break;
    case APPROVE:
        ok = hk_promotion_approve(db, &c->p, &c->arena, &result, err);
        break;
    case REJECT:
        ok = hk_promotion_reject(db, &c->p, &c->arena, err);
        break;
    case CANCEL:
        ok = hk_promotion_cancel(db, &c->p, &c->arena, err);
        break;
    case ROLL_BACK:
        ok = hk_promotion_rollback(db, &c->p, &c->arena, &version, err);
        break;
    case MEASURE:
    case DEEDS:
        ok = measure(db, c, err);
        break;
    }
    c->outcome = result.outcome;
    c->u->has_decided = true;
    return ok;
}

/* What was answered with success stays; what was not has changed nothing. */
static void answered(void *arg, const struct hk_error *err)
{
    struct call *c = arg;
    struct universe *u = c->u;
    if (err != NULL && (err->code == HK_INTERNAL || err->code == HK_CORRUPT)) {
        broken(u, "a promotion failed: %s", err->message);
    }
    if (c->deed == PROMOTE && (err == NULL || err->code != HK_CANCELLED)) {
        HK_ASSERT(u->promise_count < MAX_PROMISES);
        u->promises[u->promise_count++] =
            (struct sim_promise){(unsigned)strtoul(c->token + 1, NULL, 10), err != NULL,
                                 err == NULL && c->outcome == HK_PROMOTION_APPLIED && !c->held_it};
    }
    hk_arena_clear(&c->arena);
    free(c);
}

static void choose_target(struct universe *u, struct hk_promotion *p)
{
    static const char *const aliases[] = {"champion", "champion", "fast", "free"};
    static const enum hk_model_stage stages[] = {HK_STAGE_PRODUCTION, HK_STAGE_PRODUCTION, HK_STAGE_STAGING,
                                                 HK_STAGE_NONE};
    p->kind = chance(u, 60) ? HK_PROMOTE_ALIAS : HK_PROMOTE_STAGE;
    p->model = pick(u, MODELS) == 0 ? "m0" : "m1";
    p->version = 1 + (int64_t)pick(u, VERSIONS);
    p->alias = aliases[pick(u, 4)];
    p->stage = stages[pick(u, 4)];
    p->archive_existing = p->stage == HK_STAGE_PRODUCTION && chance(u, 30);
}

/* Mostly one that is open. */
static void choose_request(struct universe *u, struct call *c)
{
    struct hk_request_rows rows = {0};
    struct hk_db *db = NULL;
    struct hk_error err;
    HK_ASSERT(hk_store_reader_take(u->store, &db, &err));
    bool ok = hk_store_requests_open(db, &c->arena, &rows, &err);
    hk_store_reader_give(u->store, db);
    HK_ASSERT(ok);
    choose_target(u, &c->p);
    if (rows.count > 0) {
        const struct hk_request_row *row = &rows.items[pick(u, rows.count)];
        c->p.kind = row->target.kind == HK_TARGET_ALIAS ? HK_PROMOTE_ALIAS : HK_PROMOTE_STAGE;
        c->p.model = row->model;
        c->p.version = row->version;
        c->p.alias = row->target.name;
        c->p.stage = HK_STAGE_PRODUCTION;
        c->p.archive_existing = false;
    }
}

void gates_act(struct universe *u)
{
    static const enum deed deeds[] = {PROMOTE, PROMOTE, PROMOTE, PROMOTE,   APPROVE,      APPROVE, APPROVE,
                                      APPROVE, REJECT,  CANCEL,  ROLL_BACK, DELETE_ALIAS, MEASURE};
    struct call *c = hk_alloc(sizeof *c);
    c->u = u;
    c->deed = deeds[pick(u, sizeof deeds / sizeof deeds[0])];
    hk_arena_init(&c->arena);
    snprintf(c->token, sizeof c->token, "#%u", ++u->promotions);
    snprintf(c->actor, sizeof c->actor, "p%u", (unsigned)pick(u, PEOPLE));
    if (c->deed == APPROVE || c->deed == REJECT || c->deed == CANCEL) {
        choose_request(u, c);
    } else {
        choose_target(u, &c->p);
    }
    if (c->deed == DELETE_ALIAS) {
        c->p.kind = HK_PROMOTE_ALIAS_DELETE;
    }
    c->auc = chance(u, 50) ? 0.3 : 0.7;
    hk_uuid7(&u->rand, u->wall_us, c->request_id);
    c->p.request_id = c->request_id;
    c->p.comment = c->token;
    c->p.actor = c->actor;
    c->p.role = chance(u, 80) ? "Op" : "User";
    c->p.now_us = u->wall_us;
    note(u, "gate %d %s %s %" PRId64 " %s", (int)c->deed, c->actor, c->p.model, c->p.version,
         c->p.kind == HK_PROMOTE_STAGE ? hk_model_stage_name(c->p.stage) : c->p.alias);
    const struct hk_write write = {run_call, answered, c, false};
    hk_store_submit(u->store, &write);
}

/* ---- what must be true ---- */

static int64_t number(struct hk_db *db, const char *sql, int64_t argument)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    struct hk_error err;
    int64_t out = 0;
    bool ok = true;
    hk_bind_int(q, 1, argument);
    while (hk_step(q, &ok, &err)) {
        out = hk_column_int(q, 0);
    }
    HK_ASSERT(ok);
    return out;
}

struct seen_move {
    int64_t seq;
    int64_t version;
    double auc;
    int64_t approvals;
    int64_t validated;
    char target[96]; /* "m0 alias champion" */
    int64_t audited_version;
    int64_t happened_us;
    bool is_rollback;
    bool is_audited;
};

static bool is_daytime(int64_t at_us)
{
    int64_t minute = at_us / HK_MINUTE_US % (24 * 60);
    return minute >= NINE_MINUTES && minute < FIVE_MINUTES;
}

static const char *objection(const struct seen_move *m)
{
    if (strcmp(m->target, "m0 alias champion") == 0) {
        return m->approvals < 2 ? "has not two approvals" : NULL;
    }
    if (strcmp(m->target, "m0 stage Production") == 0) {
        return m->auc < 0.5 ? "is bad" : m->approvals < 1 ? "was not approved" : NULL;
    }
    if (strcmp(m->target, "m1 alias champion") == 0) {
        return m->validated < 1 ? "was not validated" : m->approvals < 1 ? "was not approved" : NULL;
    }
    if (strcmp(m->target, "m1 alias fast") == 0) {
        return m->auc < 0.5 ? "is bad" : NULL;
    }
    if (strcmp(m->target, "m1 stage Production") == 0) {
        return is_daytime(m->happened_us) ? NULL : "moved at night";
    }
    return NULL;
}

/* The n-th move to a target has the n-th line about it in the audit trail. Versions that others displace have none. */
static void check_move(struct universe *u, const struct seen_move *m, int64_t before)
{
    bool is_displaced = strstr(m->target, "stage Archived") != NULL;
    const char *why = m->is_rollback ? before == 0 ? "never held it" : NULL : objection(m);
    if (!is_displaced && (!m->is_audited || m->audited_version != m->version)) {
        broken(u, "move %" PRId64 " of version %" PRId64 " to %s is not what the audit trail says", m->seq, m->version,
               m->target);
    } else if (why != NULL) {
        broken(u, "version %" PRId64 " got %s, but it %s", m->version, m->target, why);
    }
}

void check_gates(struct universe *u)
{
    static const char NEW[] =
        "WITH moved AS (SELECT *, row_number() OVER (PARTITION BY model, kind, target ORDER BY seq) AS n FROM "
        "sim_move), "
        "said AS (SELECT *, row_number() OVER (PARTITION BY model, target_kind, target ORDER BY audit_key) AS n FROM "
        "promotion_audit WHERE outcome = 'applied' AND action IN ('promote', 'rollback')) "
        "SELECT s.seq, s.version, s.auc, s.approvals, s.validated, s.model || ' ' || s.kind || ' ' || s.target, "
        "a.version, a.happened_us, a.action = 'rollback', (SELECT count(*) FROM sim_move b WHERE b.seq < s.seq AND "
        "b.model = s.model AND b.kind = s.kind AND b.target = s.target AND b.version = s.version) "
        "FROM moved s LEFT JOIN said a ON a.model = s.model AND a.target_kind = s.kind AND a.target = s.target AND "
        "a.n = s.n WHERE s.seq > ?1 ORDER BY s.seq";
    static const char MOVES[] = "SELECT max(seq) FROM sim_move WHERE ?1 = 0";
    static const char LAST[] = "SELECT max(sequence) FROM event WHERE ?1 = 0";
    static const char TOLD[] = "SELECT count(*) FROM event WHERE sequence > ?1 AND kind IN ('model_alias_set', "
                               "'model_version_stage_changed')";
    struct hk_db *db = NULL;
    struct hk_error err;
    bool ok = true;
    HK_ASSERT(hk_store_reader_take(u->store, &db, &err));
    int64_t moves = number(db, MOVES, 0);
    u->moves_told += number(db, TOLD, u->last_event);
    u->last_event = number(db, LAST, 0);
    if (moves != u->moves_told) {
        broken(u, "%" PRId64 " moves, but %" PRId64 " events", moves, u->moves_told);
    }
    struct hk_stmt *q = moves > u->last_move ? hk_db_query(db, NEW) : hk_db_query(db, "SELECT 1 WHERE ?1 < 0");
    hk_bind_int(q, 1, u->last_move);
    while (hk_step(q, &ok, &err)) {
        struct seen_move m = {.seq = hk_column_int(q, 0),
                              .version = hk_column_int(q, 1),
                              .auc = hk_column_double(q, 2),
                              .approvals = hk_column_int(q, 3),
                              .validated = hk_column_int(q, 4),
                              .is_audited = !hk_column_is_null(q, 6),
                              .audited_version = hk_column_int(q, 6),
                              .happened_us = hk_column_int(q, 7),
                              .is_rollback = hk_column_int(q, 8) != 0};
        hk_str_copy(m.target, sizeof m.target, hk_column_str(q, 5));
        note(u, "moved: %" PRId64 " to %s", m.version, m.target);
        u->last_move = m.seq;
        check_move(u, &m, hk_column_int(q, 9));
    }
    HK_ASSERT(ok);
    hk_store_reader_give(u->store, db);
}

static void check_promises(struct universe *u, struct hk_db *db)
{
    static const char KEPT[] = "SELECT count(*) FROM promotion_audit WHERE outcome = 'applied' AND comment = '#' || ?1";
    for (size_t i = 0; i < u->promise_count; i++) {
        const struct sim_promise *p = &u->promises[i];
        int64_t count = number(db, KEPT, p->token);
        if (p->was_applied ? count != 1 : count > !p->has_failed) {
            broken(u, "promotion #%u, %s, is in the audit trail %" PRId64 " times", p->token,
                   p->has_failed ? "which failed" : "answered with success", count);
        }
    }
}

/* Nothing waits for what it has. */
void check_gates_end(struct universe *u)
{
    static const char STUCK[] =
        "SELECT q.request_key, m.name || ' ' || q.target_kind || ' ' || q.target, v.version, "
        "(SELECT value FROM ml_latest_metric JOIN ml_run USING (run_key) WHERE run_uuid = v.run_id), "
        "(SELECT count(*) FROM approval a WHERE a.request_key = q.request_key AND a.role IN ('Op', 'Admin')), "
        "(SELECT group_concat(state) FROM dag_run WHERE run_id = 'promotion__' || q.request_id) "
        "FROM promotion_request q JOIN model_version v USING (version_key) JOIN registered_model m USING (model_key) "
        "WHERE q.state = 'open'";
    struct hk_db *db = NULL;
    struct hk_error err;
    bool ok = true;
    HK_ASSERT(hk_store_reader_take(u->store, &db, &err));
    struct hk_stmt *q = hk_db_query(db, STUCK);
    while (hk_step(q, &ok, &err)) {
        struct seen_move m = {.version = hk_column_int(q, 2),
                              .auc = hk_column_double(q, 3),
                              .approvals = hk_column_int(q, 4),
                              .happened_us = u->wall_us};
        struct hk_str validation = hk_column_str(q, 5);
        hk_str_copy(m.target, sizeof m.target, hk_column_str(q, 1));
        m.validated = hk_str_is(validation, "success");
        bool is_validated = strcmp(m.target, "m1 alias champion") == 0;
        if (objection(&m) == NULL || strcmp(m.target, "m1 stage Production") == 0) {
            broken(u, "at the end request %" PRId64 " for version %" PRId64 " as %s waits for nothing",
                   hk_column_int(q, 0), m.version, m.target);
        } else if (is_validated && validation.len == 0 && !u->has_no_dag) {
            broken(u, "at the end the validation of request %" PRId64 " has not begun", hk_column_int(q, 0));
        } else if (is_validated && hk_str_is(validation, "failed")) {
            broken(u, "at the end request %" PRId64 " is open, but its validation has failed", hk_column_int(q, 0));
        }
    }
    HK_ASSERT(ok);
    check_promises(u, db);
    hk_store_reader_give(u->store, db);
}
