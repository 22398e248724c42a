#include "engine/store/policy_store.h"

#include <string.h>

#include "engine/store/promotion_audit_store.h"

#define COLUMNS                                                                                                        \
    "policy_key, name, version, model, target_kind, target, removal_role, document, bundle, file, actor, created_us, " \
    "is_deleted"

static const char CURRENT[] = "SELECT " COLUMNS " FROM promotion_policy WHERE name = ?1 AND is_current = 1";
static const char AT_VERSION[] = "SELECT " COLUMNS " FROM promotion_policy WHERE name = ?1 AND version = ?2";
static const char ALL_CURRENT[] = "SELECT " COLUMNS " FROM promotion_policy INDEXED BY promotion_policy_current "
                                  "WHERE is_current = 1 ORDER BY name";
static const char HISTORY[] = "SELECT " COLUMNS " FROM promotion_policy WHERE name = ?1 ORDER BY version DESC";
static const char OF_FILE[] =
    "SELECT " COLUMNS " FROM promotion_policy WHERE bundle = ?1 AND file = ?2 AND is_current = 1 ORDER BY name";
static const char RULES[] = "SELECT kind, name, value, number, days, from_minute, to_minute FROM promotion_rule "
                            "WHERE policy_key = ?1 ORDER BY position";
static const char LAST_VERSION[] = "SELECT version FROM promotion_policy WHERE name = ?1 ORDER BY version DESC LIMIT 1";
static const char RETIRE[] = "UPDATE promotion_policy SET is_current = 0 WHERE name = ?1 AND is_current = 1";
static const char INSERT[] =
    "INSERT INTO promotion_policy (name, version, model, target_kind, target, removal_role, document, bundle, file, "
    "actor, created_us, is_deleted, is_current) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1 - ?12)";
static const char INSERT_RULE[] =
    "INSERT INTO promotion_rule (policy_key, position, kind, name, value, number, days, from_minute, to_minute) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

struct keyed_row {
    int64_t key;
    struct hk_policy_row row;
};

static bool read_row(struct hk_stmt *q, struct hk_arena *arena, struct keyed_row *out, struct hk_error *err)
{
    struct hk_policy_row *row = &out->row;
    *out = (struct keyed_row){.key = hk_column_int(q, 0)};
    row->policy.name = hk_arena_strdup(arena, hk_column_text(q, 1));
    row->policy.version = hk_column_int(q, 2);
    row->policy.model = hk_arena_strdup(arena, hk_column_text(q, 3));
    row->policy.target.name = hk_arena_strdup(arena, hk_column_text(q, 5));
    row->policy.removal_role = hk_arena_strdup(arena, hk_column_text(q, 6));
    row->document_json = hk_arena_strdup(arena, hk_column_text(q, 7));
    row->bundle = hk_arena_strdup(arena, hk_column_text(q, 8));
    row->file = hk_arena_strdup(arena, hk_column_text(q, 9));
    row->actor = hk_arena_strdup(arena, hk_column_text(q, 10));
    row->created_us = hk_column_int(q, 11);
    row->is_deleted = hk_column_int(q, 12) != 0;
    return hk_target_kind_find(hk_column_str(q, 4), &row->policy.target.kind) ||
           hk_error_set(err, HK_CORRUPT, "policy '%s' has a target of an unknown kind", row->policy.name);
}

static bool read_rules(struct hk_db *db, struct hk_arena *arena, struct keyed_row *row, struct hk_error *err)
{
    struct hk_rule *rules = hk_arena_array(arena, HK_MAX_RULES, sizeof *rules);
    struct hk_stmt *q = hk_db_query(db, RULES);
    size_t count = 0;
    bool ok = true;
    hk_bind_int(q, 1, row->key);
    while (hk_step(q, &ok, err)) {
        if (count == HK_MAX_RULES || !hk_rule_kind_find(hk_column_str(q, 0), &rules[count].kind)) {
            hk_reset(q);
            return hk_error_set(err, HK_CORRUPT, "policy '%s' has a rule that this hanok does not know",
                                row->row.policy.name);
        }
        struct hk_rule *rule = &rules[count++];
        rule->name = hk_arena_strdup(arena, hk_column_text(q, 1));
        rule->value = hk_arena_strdup(arena, hk_column_text(q, 2));
        rule->number = hk_column_int(q, 3);
        rule->days = (unsigned)hk_column_int(q, 4);
        rule->from_minute = (int)hk_column_int(q, 5);
        rule->to_minute = (int)hk_column_int(q, 6);
    }
    row->row.policy.rules = rules;
    row->row.policy.rule_count = count;
    return ok;
}

/* Of a statement with at most one row. */
static bool find(struct hk_stmt *q, struct hk_arena *arena, struct keyed_row *out, bool *found, struct hk_error *err)
{
    bool ok = true;
    *found = false;
    while (ok && hk_step(q, &ok, err)) {
        *found = true;
        ok = read_row(q, arena, out, err);
    }
    hk_reset(q);
    return ok;
}

static bool find_current(struct hk_db *db, const char *name, struct hk_arena *arena, struct keyed_row *out, bool *found,
                         struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, CURRENT);
    hk_bind_text(q, 1, name);
    return find(q, arena, out, found, err);
}

static bool collect(struct hk_stmt *q, struct hk_arena *arena, struct hk_policy_rows *out, struct hk_error *err)
{
    bool ok = true;
    *out = (struct hk_policy_rows){0};
    while (ok && hk_step(q, &ok, err)) {
        struct keyed_row row;
        if (out->count == out->room) {
            size_t room = out->room == 0 ? 16 : out->room * 2;
            struct hk_policy_row *items = hk_arena_array(arena, room, sizeof *items);
            if (out->count > 0) {
                memcpy(items, out->items, out->count * sizeof *items);
            }
            out->items = items;
            out->room = room;
        }
        ok = read_row(q, arena, &row, err);
        out->items[out->count++] = row.row;
    }
    hk_reset(q);
    return ok;
}

bool hk_store_policy_get(struct hk_db *db, const char *name, int64_t version, struct hk_arena *arena,
                         struct hk_policy_row *out, struct hk_error *err)
{
    struct keyed_row row;
    bool found = false;
    struct hk_stmt *q = hk_db_query(db, version == 0 ? CURRENT : AT_VERSION);
    hk_bind_text(q, 1, name);
    if (version != 0) {
        hk_bind_int(q, 2, version);
    }
    if (!find(q, arena, &row, &found, err)) {
        return false;
    }
    if (!found) {
        return hk_error_set(err, HK_NOT_FOUND, "Promotion policy with name=%s not found", name);
    }
    if (!read_rules(db, arena, &row, err)) {
        return false;
    }
    *out = row.row;
    return true;
}

bool hk_store_policy_list(struct hk_db *db, struct hk_arena *arena, struct hk_policy_rows *out, struct hk_error *err)
{
    return collect(hk_db_query(db, ALL_CURRENT), arena, out, err);
}

bool hk_store_policy_history(struct hk_db *db, const char *name, struct hk_arena *arena, struct hk_policy_rows *out,
                             struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, HISTORY);
    hk_bind_text(q, 1, name);
    return collect(q, arena, out, err);
}

bool hk_store_policies_for(struct hk_db *db, const char *model, const struct hk_target *target, struct hk_arena *arena,
                           struct hk_policy_list *out, struct hk_error *err)
{
    struct hk_policy_rows all;
    *out = (struct hk_policy_list){0};
    if (!hk_store_policy_list(db, arena, &all, err)) {
        return false;
    }
    out->items = hk_arena_array(arena, all.count + 1, sizeof(struct hk_policy *));
    for (size_t i = 0; i < all.count; i++) {
        const struct hk_policy *policy = &all.items[i].policy;
        if (target != NULL ? !hk_policy_matches(policy, model, target) : !hk_glob_matches(policy->model, model)) {
            continue;
        }
        struct hk_policy_row *row = hk_arena_alloc(arena, sizeof *row);
        if (!hk_store_policy_get(db, policy->name, 0, arena, row, err)) {
            return false;
        }
        out->items[out->count++] = &row->policy;
    }
    return true;
}

/* ---- changes ---- */

static bool insert_rules(struct hk_db *db, int64_t policy_key, const struct hk_policy *policy, struct hk_error *err)
{
    bool ok = true;
    for (size_t i = 0; i < policy->rule_count && ok; i++) {
        const struct hk_rule *rule = &policy->rules[i];
        struct hk_stmt *q = hk_db_query(db, INSERT_RULE);
        hk_bind_int(q, 1, policy_key);
        hk_bind_int(q, 2, (int64_t)i);
        hk_bind_text(q, 3, hk_rule_kind_name(rule->kind));
        hk_bind_text(q, 4, rule->name);
        hk_bind_text(q, 5, rule->value);
        hk_bind_int(q, 6, rule->number);
        hk_bind_int(q, 7, rule->days);
        hk_bind_int(q, 8, rule->from_minute);
        hk_bind_int(q, 9, rule->to_minute);
        ok = hk_run(q, err);
    }
    return ok;
}

static bool note(struct hk_db *db, const struct hk_policy_row *row, struct hk_error *err)
{
    struct hk_arena arena;
    hk_arena_init(&arena);
    const struct hk_promotion_audit audit = {
        .happened_us = row->created_us,
        .action = "policy",
        .outcome = "applied",
        .model = row->policy.model,
        .target = &row->policy.target,
        .actor = row->actor,
        .message = hk_arena_printf(&arena, "policy '%s', version %lld%s%s%s", row->policy.name,
                                   (long long)row->policy.version, row->is_deleted ? ", ended" : "",
                                   row->file != NULL ? ", by file " : "", row->file != NULL ? row->file : "")};
    bool ok = hk_store_promotion_audit_add(db, &audit, NULL, NULL, err);
    hk_arena_clear(&arena);
    return ok;
}

static bool insert(struct hk_db *db, struct hk_policy_row *row, struct hk_error *err)
{
    int64_t last = 0;
    struct hk_stmt *q = hk_db_query(db, LAST_VERSION);
    hk_bind_text(q, 1, row->policy.name);
    if (!hk_run_for_int(q, &last, err)) {
        return false;
    }
    q = hk_db_query(db, RETIRE);
    hk_bind_text(q, 1, row->policy.name);
    if (!hk_run(q, err)) {
        return false;
    }
    row->policy.version = last + 1;
    q = hk_db_query(db, INSERT);
    hk_bind_text(q, 1, row->policy.name);
    hk_bind_int(q, 2, row->policy.version);
    hk_bind_text(q, 3, row->policy.model);
    hk_bind_text(q, 4, hk_target_kind_name(row->policy.target.kind));
    hk_bind_text(q, 5, row->policy.target.name);
    hk_bind_text(q, 6, row->policy.removal_role);
    hk_bind_text(q, 7, row->document_json);
    hk_bind_text(q, 8, row->bundle);
    hk_bind_text(q, 9, row->file);
    hk_bind_text(q, 10, row->actor);
    hk_bind_int(q, 11, row->created_us);
    hk_bind_int(q, 12, row->is_deleted);
    return hk_run(q, err) && insert_rules(db, hk_db_last_key(db), &row->policy, err) && note(db, row, err);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool check_owner(const struct hk_policy_row *current, const char *bundle, const char *file, struct hk_error *err)
{
    if (current->file == NULL && file != NULL) {
        return true; /* from now on, a file holds it */
    }
    if (is_same_text(current->file, file) && is_same_text(current->bundle, bundle)) {
        return true;
    }
    return hk_error_set(err, HK_CONFLICT, "policy '%s' is held by the file '%s': change it there", current->policy.name,
                        current->file);
}

bool hk_store_policy_set(struct hk_db *db, const struct hk_policy_save *save, int64_t *version, struct hk_error *err)
{
    struct hk_arena arena;
    struct keyed_row current;
    bool found = false;
    hk_arena_init(&arena);
    bool ok = find_current(db, save->policy->name, &arena, &current, &found, err) &&
              (!found || check_owner(&current.row, save->bundle, save->file, err));
    bool is_same = ok && found && hk_str_is(save->document_json, current.row.document_json) &&
                   is_same_text(save->file, current.row.file);
    if (is_same) {
        *version = current.row.policy.version;
    } else if (ok) {
        struct hk_policy_row row = {.policy = *save->policy,
                                    .document_json = hk_arena_str(&arena, save->document_json).data,
                                    .bundle = save->bundle,
                                    .file = save->file,
                                    .actor = save->actor,
                                    .created_us = save->now_us};
        ok = insert(db, &row, err);
        *version = row.policy.version;
    }
    hk_arena_clear(&arena);
    return ok;
}

static bool end(struct hk_db *db, const struct hk_policy_row *current, const char *actor, int64_t now_us,
                struct hk_error *err)
{
    struct hk_policy_row row = *current;
    row.actor = actor;
    row.created_us = now_us;
    row.is_deleted = true;
    row.policy.rule_count = 0;
    return insert(db, &row, err);
}

bool hk_store_policy_delete(struct hk_db *db, const char *name, const char *actor, int64_t now_us, struct hk_error *err)
{
    struct hk_arena arena;
    struct keyed_row current;
    bool found = false;
    hk_arena_init(&arena);
    bool ok = find_current(db, name, &arena, &current, &found, err);
    if (ok && !found) {
        ok = hk_error_set(err, HK_NOT_FOUND, "Promotion policy with name=%s not found", name);
    }
    ok = ok && check_owner(&current.row, NULL, NULL, err) && end(db, &current.row, actor, now_us, err);
    hk_arena_clear(&arena);
    return ok;
}

static bool is_among(const struct hk_policy_save *saves, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(saves[i].policy->name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool hk_store_policies_of_file(struct hk_db *db, const struct hk_policy_save *saves, size_t count, const char *bundle,
                               const char *file, int64_t now_us, struct hk_error *err)
{
    struct hk_arena arena;
    struct hk_policy_rows held;
    int64_t version = 0;
    hk_arena_init(&arena);
    struct hk_stmt *q = hk_db_query(db, OF_FILE);
    hk_bind_text(q, 1, bundle);
    hk_bind_text(q, 2, file);
    bool ok = collect(q, &arena, &held, err);
    for (size_t i = 0; ok && i < held.count; i++) {
        if (!is_among(saves, count, held.items[i].policy.name)) {
            ok = end(db, &held.items[i], NULL, now_us, err);
        }
    }
    for (size_t i = 0; ok && i < count; i++) {
        ok = hk_store_policy_set(db, &saves[i], &version, err);
    }
    hk_arena_clear(&arena);
    return ok;
}
