#include "engine/store/promotion_audit_store.h"

#define COLUMNS                                                                                                        \
    "audit_key, happened_us, action, outcome, model, version, target_kind, target, previous_version, actor, comment, " \
    "request_id, message"

static const char ADD[] =
    "INSERT INTO promotion_audit (happened_us, action, outcome, model, version, target_kind, target, previous_version, "
    "actor, comment, request_id, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
static const char ADD_RULE[] =
    "INSERT INTO promotion_audit_rule (audit_key, position, policy, policy_version, kind, rule, outcome, measured, "
    "threshold, sentence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
static const char LIST[] =
    "SELECT " COLUMNS " FROM promotion_audit WHERE audit_key < ?1 ORDER BY audit_key DESC LIMIT ?2";

/* Under which names a model's trail is, and from which entry to which: its name now, and what each rename into one of
 * them came from, back to where an earlier model of that name was renamed or deleted. */
#define LAST_END(name)                                                                                                 \
    "(SELECT coalesce(max(x.audit_key), 0) FROM promotion_audit x INDEXED BY promotion_audit_ends WHERE x.model "      \
    "= " name " AND x.action IN ('rename', 'delete') AND x.outcome = 'applied'"
#define TRAIL(name, since)                                                                                             \
    "WITH RECURSIVE trail(name, since, until) AS (SELECT " name ", " since ", 9223372036854775807 UNION "              \
    "SELECT r.model, " LAST_END(                                                                                       \
        "r.model") " AND x.audit_key < r.audit_key), r.audit_key FROM trail t "                                        \
                   "JOIN promotion_audit r INDEXED BY promotion_audit_renames ON r.comment = t.name AND r.action = "   \
                   "'rename' "                                                                                         \
                   "AND r.outcome = 'applied' AND r.audit_key > t.since AND r.audit_key < t.until) "
#define IN_TRAIL                                                                                                       \
    "promotion_audit a JOIN trail t ON a.model = t.name AND a.audit_key > t.since AND a.audit_key <= t.until "

static const char LIST_OF_MODEL[] = TRAIL("?3", "0") "SELECT DISTINCT " COLUMNS " FROM " IN_TRAIL
                                                     "WHERE audit_key < ?1 ORDER BY audit_key DESC LIMIT ?2";
static const char RULES[] = "SELECT policy, policy_version, kind, rule, outcome, measured, threshold, sentence "
                            "FROM promotion_audit_rule WHERE audit_key = ?1 ORDER BY position";
/* What was taken back is not what one goes back to: only promotions of the present holder tell who was there before. */
static const char PREVIOUS[] = TRAIL(
    "?1",
    LAST_END(
        "?1") ")") "SELECT a.previous_version, a.model FROM " IN_TRAIL "WHERE a.target_kind = ?2 AND a.target = ?3 "
                   "AND a.outcome = 'applied' AND a.action = 'promote' AND a.version = ?4 AND a.previous_version > 0 "
                   "AND a.previous_version <> ?4 AND a.happened_us >= ?5 "
                   "ORDER BY a.audit_key DESC LIMIT 1";

static void bind_number(struct hk_stmt *q, int at, int64_t value)
{
    if (value == 0) {
        hk_bind_null(q, at);
    } else {
        hk_bind_int(q, at, value);
    }
}

static bool add_rules(struct hk_db *db, int64_t key, const struct hk_verdict *verdict, struct hk_error *err)
{
    bool ok = true;
    for (size_t i = 0; i < verdict->rule_count && ok; i++) {
        const struct hk_rule_verdict *rule = &verdict->rules[i];
        struct hk_stmt *q = hk_db_query(db, ADD_RULE);
        hk_bind_int(q, 1, key);
        hk_bind_int(q, 2, (int64_t)i);
        hk_bind_text(q, 3, rule->policy->name);
        hk_bind_int(q, 4, rule->policy->version);
        hk_bind_text(q, 5, hk_rule_kind_name(rule->rule->kind));
        hk_bind_text(q, 6, rule->text);
        hk_bind_text(q, 7, hk_rule_outcome_name(rule->outcome));
        hk_bind_text(q, 8, rule->measured);
        hk_bind_text(q, 9, rule->threshold);
        hk_bind_text(q, 10, rule->sentence);
        ok = hk_run(q, err);
    }
    return ok;
}

bool hk_store_promotion_audit_add(struct hk_db *db, const struct hk_promotion_audit *audit,
                                  const struct hk_verdict *verdict, int64_t *key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, ADD);
    hk_bind_int(q, 1, audit->happened_us);
    hk_bind_text(q, 2, audit->action);
    hk_bind_text(q, 3, audit->outcome);
    hk_bind_text(q, 4, audit->model);
    bind_number(q, 5, audit->version);
    hk_bind_text(q, 6, audit->target != NULL ? hk_target_kind_name(audit->target->kind) : NULL);
    hk_bind_text(q, 7, audit->target != NULL ? audit->target->name : NULL);
    bind_number(q, 8, audit->previous_version);
    hk_bind_text(q, 9, audit->actor);
    hk_bind_text(q, 10, audit->comment);
    hk_bind_text(q, 11, audit->request_id);
    hk_bind_text(q, 12, audit->message);
    if (!hk_run(q, err)) {
        return false;
    }
    int64_t own = hk_db_last_key(db);
    if (key != NULL) {
        *key = own;
    }
    return verdict == NULL || add_rules(db, own, verdict, err);
}

static bool hand_out(struct hk_stmt *q, hk_promotion_audit_fn each, void *arg, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_target target = {HK_TARGET_ALIAS, hk_column_text(q, 7)};
        bool has_target = hk_target_kind_find(hk_column_str(q, 6), &target.kind);
        const struct hk_promotion_audit audit = {.key = hk_column_int(q, 0),
                                                 .happened_us = hk_column_int(q, 1),
                                                 .action = hk_column_text(q, 2),
                                                 .outcome = hk_column_text(q, 3),
                                                 .model = hk_column_text(q, 4),
                                                 .version = hk_column_int(q, 5),
                                                 .target = has_target ? &target : NULL,
                                                 .previous_version = hk_column_int(q, 8),
                                                 .actor = hk_column_text(q, 9),
                                                 .comment = hk_column_text(q, 10),
                                                 .request_id = hk_column_text(q, 11),
                                                 .message = hk_column_text(q, 12)};
        if (!each(arg, &audit)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_promotion_audit_list(struct hk_db *db, const char *model, int64_t before, int64_t limit,
                                   hk_promotion_audit_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, model != NULL ? LIST_OF_MODEL : LIST);
    hk_bind_int(q, 1, before > 0 ? before : INT64_MAX);
    hk_bind_int(q, 2, limit);
    if (model != NULL) {
        hk_bind_text(q, 3, model);
    }
    return hand_out(q, each, arg, err);
}

bool hk_store_promotion_audit_rules(struct hk_db *db, int64_t audit_key, hk_promotion_audit_rule_fn each, void *arg,
                                    struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RULES);
    bool ok = true;
    hk_bind_int(q, 1, audit_key);
    while (hk_step(q, &ok, err)) {
        const struct hk_promotion_audit_rule rule = {hk_column_text(q, 0), hk_column_int(q, 1),  hk_column_text(q, 2),
                                                     hk_column_text(q, 3), hk_column_text(q, 4), hk_column_text(q, 5),
                                                     hk_column_text(q, 6), hk_column_text(q, 7)};
        each(arg, &rule);
    }
    return ok;
}

bool hk_store_promotion_previous(struct hk_db *db, const char *model, const struct hk_target *target, int64_t holder,
                                 int64_t since_us, struct hk_arena *arena, struct hk_previous_holder *out,
                                 struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, PREVIOUS);
    bool ok = true;
    *out = (struct hk_previous_holder){0};
    hk_bind_text(q, 1, model);
    hk_bind_text(q, 2, hk_target_kind_name(target->kind));
    hk_bind_text(q, 3, target->name);
    hk_bind_int(q, 4, holder);
    hk_bind_int(q, 5, since_us);
    while (hk_step(q, &ok, err)) {
        *out = (struct hk_previous_holder){hk_column_int(q, 0), hk_arena_strdup(arena, hk_column_text(q, 1))};
    }
    return ok;
}
