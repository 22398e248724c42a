#include "engine/store/promotion_store.h"

#include <inttypes.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/store/promotion_internal.h"

/* ---- towards a target ---- */

static bool supersede(const struct hk__attempt *a, const struct hk_request_row *other, struct hk_error *err)
{
    const char *message =
        hk_arena_printf(a->arena, "Version %" PRId64 " has got the %s meanwhile; ask anew if it is still wanted.",
                        a->version.version, hk_target_text(&a->target, a->arena));
    const struct hk_promotion_audit audit = {.happened_us = a->p->now_us,
                                             .action = "request",
                                             .outcome = "superseded",
                                             .model = a->p->model,
                                             .version = other->version,
                                             .target = &a->target,
                                             .previous_version = a->version.version,
                                             .request_id = other->id,
                                             .message = message};
    return hk_store_request_close(a->db, other->key, "superseded", message, a->p->now_us, err) &&
           hk_store_promotion_audit_add(a->db, &audit, NULL, NULL, err);
}

/* Those for the version have what they wanted; those for others were made, and approved, against another holder. */
static bool settle_requests(const struct hk__attempt *a, struct hk_error *err)
{
    struct hk_request_rows rows;
    bool ok = hk_store_requests_of_target(a->db, a->version.model_key, &a->target, a->arena, &rows, err);
    for (size_t i = 0; ok && i < rows.count; i++) {
        const struct hk_request_row *row = &rows.items[i];
        ok = row->version == a->version.version
                 ? hk_store_request_close(a->db, row->key, "applied", NULL, a->p->now_us, err)
                 : supersede(a, row, err);
    }
    return ok;
}

bool hk__attempt_apply(struct hk__attempt *a, const char *action, struct hk_error *err)
{
    return hk__promotion_move(a->db, a->p, a->arena, err) && hk__attempt_note(a, action, "applied", NULL, err) &&
           settle_requests(a, err);
}

static bool refuse(struct hk__attempt *a, const char *action, const char *message, struct hk_promotion_result *result,
                   struct hk_error *err)
{
    result->outcome = HK_PROMOTION_REFUSED;
    result->message = message;
    if (a->p->continues && a->has_request &&
        !hk_store_request_close(a->db, a->request.key, "failed", message, a->p->now_us, err)) {
        return false;
    }
    return hk__attempt_note(a, action, "refused", message, err);
}

static bool note_wait(const struct hk__attempt *a, const struct hk_fact_dag_run *run, bool is_validation,
                      struct hk_error *err)
{
    if (!hk_store_request_wait(a->db, a->request.key, run, is_validation, err)) {
        return false;
    }
    if (hk_db_changes(a->db) > 0) {
        hk_db_note_news(a->db, HK_DB_NEWS); /* whoever begins validations looks for those to begin */
    }
    return true;
}

/* The DAG runs whose ends are waited for: later, too, when a policy has come to ask for another one. */
static bool note_waits(const struct hk__attempt *a, struct hk_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < a->verdict.rule_count; i++) {
        const struct hk_rule_verdict *rule = &a->verdict.rules[i];
        if (rule->outcome == HK_RULE_OUTSTANDING && rule->rule->kind == HK_RULE_VALIDATION) {
            const struct hk_fact_dag_run run = {.dag_id = rule->rule->name,
                                                .run_id = hk_validation_run_id(a->request.id, a->arena)};
            ok = note_wait(a, &run, true, err);
        } else if (rule->outcome == HK_RULE_OUTSTANDING && rule->rule->kind == HK_RULE_LINEAGE) {
            ok = note_wait(a, &a->maker, false, err);
        }
    }
    return ok;
}

static bool open_request(struct hk__attempt *a, const char *message, struct hk_error *err)
{
    a->request = (struct hk_request_row){.id = a->p->request_id,
                                         .version_key = a->version.key,
                                         .model = a->p->model,
                                         .version = a->version.version,
                                         .target = a->target,
                                         .creator = a->p->actor,
                                         .comment = a->p->comment,
                                         .archive_existing = a->p->archive_existing,
                                         .expected_version = a->holder,
                                         .message = message,
                                         .open_at_us = a->verdict.open_at_us,
                                         .created_us = a->p->now_us,
                                         .maker_key = a->p->maker_key};
    a->has_request = true;
    hk_db_note_news(a->db, HK_DB_NEWS); /* its window may be the next to open */
    return hk_store_request_insert(a->db, &a->request, &a->request.key, err) &&
           hk__attempt_note(a, "request", "requested", message, err);
}

static bool wait(struct hk__attempt *a, struct hk_promotion_result *result, struct hk_error *err)
{
    const char *sentences = hk__verdict_sentences(&a->verdict, HK_RULE_OUTSTANDING, a->arena);
    bool is_new = !a->has_request;
    const char *waits = sentences[0] == ' ' ? sentences + 1 : sentences;
    if (is_new && a->p->request_id == NULL) {
        return refuse(a, "promote", waits, result, err);
    }
    bool ok = is_new ? open_request(a, waits, err)
                     : hk_store_request_note(a->db, a->request.key, waits, a->verdict.open_at_us, a->p->now_us, err);
    result->outcome = HK_PROMOTION_REQUESTED;
    result->request_id = a->request.id;
    result->message = hk_arena_printf(a->arena,
                                      "Version %" PRId64 " of the model '%s' does not have the %s yet: the transition "
                                      "request %s %s, and completes by itself.%s",
                                      a->version.version, a->p->model, hk_target_text(&a->target, a->arena),
                                      a->request.id, is_new ? "was opened" : "is open", sentences);
    return ok && note_waits(a, err);
}

static bool pass(struct hk__attempt *a, struct hk_promotion_result *result, struct hk_error *err)
{
    bool is_bound = a->has_request || a->p->has_expected;
    int64_t expected = a->has_request ? a->request.expected_version : a->p->expected_version;
    result->request_id = a->has_request ? a->request.id : NULL;
    if (a->policies.count == 0 || !is_bound || expected == a->holder) {
        return hk__attempt_apply(a, "promote", err);
    }
    const char *message = hk_arena_printf(a->arena,
                                          "The %s of the model '%s' is held by version %" PRId64
                                          " now, and was by %" PRId64 " when this began.",
                                          hk_target_text(&a->target, a->arena), a->p->model, a->holder, expected);
    return a->p->continues ? refuse(a, "promote", message, result, err) : hk_error_set(err, HK_CONFLICT, "%s", message);
}

/* Out of a stage that is gated, on the way to another. */
static bool may_leave(struct hk__attempt *a, struct hk_promotion_result *result, struct hk_error *err)
{
    const struct hk_target left = {HK_TARGET_STAGE, hk_model_stage_name(a->version.stage)};
    const char *message = NULL;
    if (a->p->kind != HK_PROMOTE_STAGE || a->p->continues || a->version.stage == HK_STAGE_NONE ||
        a->version.stage == a->p->stage) {
        return true;
    }
    if (!hk__promotion_may_remove(a->db, a->p, &left, a->arena, &message, err)) {
        return false;
    }
    if (message != NULL) {
        a->target = left;
        return refuse(a, "remove", message, result, err);
    }
    return true;
}

static bool is_there_already(const struct hk__attempt *a)
{
    return a->p->kind == HK_PROMOTE_STAGE ? a->version.stage == a->p->stage && !a->p->archive_existing
                                          : a->holder == a->version.version;
}

static bool promote(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                    struct hk_promotion_result *result, struct hk_error *err)
{
    struct hk__attempt a;
    if (!hk__attempt_open(&a, db, p, arena, err)) {
        return false;
    }
    if (p->continues && (!a.has_request || strcmp(a.request.id, p->request_id) != 0)) {
        result->outcome = HK_PROMOTION_REFUSED;
        result->message = "The transition request is no longer open.";
        return true;
    }
    if (is_there_already(&a)) {
        return hk__promotion_move(db, p, arena, err) && settle_requests(&a, err);
    }
    if (!may_leave(&a, result, err)) {
        return false;
    }
    if (result->outcome != HK_PROMOTION_APPLIED) {
        return true;
    }
    if (!hk__attempt_judge(&a, err)) {
        return false;
    }
    switch (a.verdict.outcome) {
    case HK_RULE_FAILED:
        return refuse(&a, "promote",
                      hk_arena_printf(arena, "Version %" PRId64 " of the model '%s' may not have the %s.%s", p->version,
                                      p->model, hk_target_text(&a.target, arena),
                                      hk__verdict_sentences(&a.verdict, HK_RULE_FAILED, arena)),
                      result, err);
    case HK_RULE_OUTSTANDING:
        return wait(&a, result, err);
    case HK_RULE_PASSED:
        break;
    }
    return pass(&a, result, err);
}

/* ---- away from targets ---- */

struct held {
    struct hk_target target;
    int64_t version;
};

struct held_list {
    struct hk_arena *arena;
    struct held *items;
    size_t count;
    size_t room;
};

static void add_held(struct held_list *list, enum hk_target_kind kind, const char *name, int64_t version)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 8 : list->room * 2;
        struct held *items = hk_arena_array(list->arena, room, sizeof *items);
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof *items);
        }
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = (struct held){{kind, hk_arena_strdup(list->arena, name)}, version};
}

static void keep_alias(void *arg, const char *alias, int64_t version)
{
    add_held(arg, HK_TARGET_ALIAS, alias, version);
}

static bool list_stages(struct hk_db *db, int64_t model_key, struct held_list *list, struct hk_error *err)
{
    for (int stage = HK_STAGE_STAGING; stage <= HK_STAGE_ARCHIVED; stage++) {
        const struct hk_target target = {HK_TARGET_STAGE, hk_model_stage_name((enum hk_model_stage)stage)};
        int64_t holder = 0;
        if (!hk_store_target_holder(db, model_key, &target, &holder, err)) {
            return false;
        }
        if (holder != 0) {
            add_held(list, target.kind, target.name, holder);
        }
    }
    return true;
}

/* The targets that the change takes from versions. */
static bool list_held(struct hk_db *db, const struct hk_promotion *p, struct held_list *list, struct hk_error *err)
{
    struct hk_model_row model;
    if (p->kind == HK_PROMOTE_VERSION_DELETE) {
        struct hk_model_version_row version;
        if (!hk_store_model_version_get(db, p->model, p->version, list->arena, &version, err)) {
            return false;
        }
        if (version.stage != HK_STAGE_NONE) {
            add_held(list, HK_TARGET_STAGE, hk_model_stage_name(version.stage), version.version);
        }
        return hk_store_aliases(db, version.model_key, version.version, keep_alias, list, err);
    }
    if (!hk_store_model_get(db, p->model, list->arena, &model, err)) {
        return false;
    }
    if (p->kind == HK_PROMOTE_ALIAS_DELETE) {
        const struct hk_target target = {HK_TARGET_ALIAS, p->alias};
        int64_t holder = 0;
        bool ok = hk_store_target_holder(db, model.key, &target, &holder, err);
        if (ok && holder != 0) {
            add_held(list, HK_TARGET_ALIAS, p->alias, holder);
        }
        return ok;
    }
    return hk_store_aliases(db, model.key, 0, keep_alias, list, err) && list_stages(db, model.key, list, err);
}

static bool note_removal(struct hk_db *db, const struct hk_promotion *p, const struct held *held, const char *message,
                         struct hk_error *err)
{
    const struct hk_promotion_audit audit = {.happened_us = p->now_us,
                                             .action = p->kind == HK_PROMOTE_MODEL_RENAME ? "rename" : "remove",
                                             .outcome = message != NULL ? "refused" : "applied",
                                             .model = p->model,
                                             .version = p->version,
                                             .target = &held->target,
                                             .previous_version = held->version,
                                             .actor = p->actor,
                                             .comment = p->kind == HK_PROMOTE_MODEL_RENAME ? p->new_name : p->comment,
                                             .message = message};
    return hk_store_promotion_audit_add(db, &audit, NULL, NULL, err);
}

/* A name must not bring a version to a target that it has not earned there; that the policy matched the old name as
 * well says little, for it may be younger than what is held. */
static bool may_bring(struct hk_db *db, const struct hk_promotion *p, const struct held *held, struct hk_arena *arena,
                      const char **message, struct hk_error *err)
{
    struct hk_policy_list policies;
    if (!hk_store_policies_for(db, p->new_name, &held->target, arena, &policies, err)) {
        return false;
    }
    if (policies.count > 0) {
        *message =
            hk_arena_printf(arena,
                            "Under the name '%s' the policy '%s' guards the %s, which version %" PRId64
                            " holds: take it away first, rename the model, and promote the version.",
                            p->new_name, policies.items[0]->name, hk_target_text(&held->target, arena), held->version);
    }
    return true;
}

static bool may_lose(struct hk_db *db, const struct hk_promotion *p, const struct held *held, struct hk_arena *arena,
                     const char **message, struct hk_error *err)
{
    if (!hk__promotion_may_remove(db, p, &held->target, arena, message, err)) {
        return false;
    }
    bool is_rename = p->kind == HK_PROMOTE_MODEL_RENAME && strcmp(p->model, p->new_name) != 0;
    return *message != NULL || !is_rename || may_bring(db, p, held, arena, message, err);
}

/* A version that is deleted is not promoted any more; one whose model is renamed is judged by other policies, and its
 * validation was told another name. */
static bool cancel_requests(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                            struct hk_error *err)
{
    bool is_rename = p->kind == HK_PROMOTE_MODEL_RENAME;
    const char *message = is_rename ? hk_arena_printf(arena, "The model was renamed to '%s'; ask anew.", p->new_name)
                                    : "The version was deleted.";
    struct hk_request_rows rows = {0};
    bool ok = (!is_rename && p->kind != HK_PROMOTE_VERSION_DELETE) || hk_store_requests_open(db, arena, &rows, err);
    for (size_t i = 0; ok && i < rows.count; i++) {
        const struct hk_request_row *row = &rows.items[i];
        const struct hk_promotion_audit audit = {.happened_us = p->now_us,
                                                 .action = "request",
                                                 .outcome = "cancelled",
                                                 .model = p->model,
                                                 .version = row->version,
                                                 .target = &row->target,
                                                 .actor = p->actor,
                                                 .request_id = row->id,
                                                 .message = message};
        if (strcmp(row->model, p->model) == 0 && (is_rename || row->version == p->version)) {
            ok = hk_store_request_close(db, row->key, "cancelled", message, p->now_us, err) &&
                 hk_store_promotion_audit_add(db, &audit, NULL, NULL, err);
        }
    }
    return ok;
}

/* The trail of a name ends here, whether or not anything was held; that of a model that is renamed goes on. */
static bool note_end(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena, struct hk_error *err)
{
    struct hk_promotion_audit audit = {.happened_us = p->now_us,
                                       .action = "delete",
                                       .outcome = "applied",
                                       .model = p->model,
                                       .actor = p->actor,
                                       .comment = p->comment};
    if (p->kind == HK_PROMOTE_MODEL_RENAME) {
        audit.action = "rename";
        audit.comment = p->new_name;
        audit.message = hk_arena_printf(arena, "The model '%s' is called '%s' now.", p->model, p->new_name);
    }
    return hk_store_promotion_audit_add(db, &audit, NULL, NULL, err);
}

static bool take_away(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                      struct hk_promotion_result *result, struct hk_error *err)
{
    struct held_list list = {.arena = arena};
    if (!list_held(db, p, &list, err)) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (!may_lose(db, p, &list.items[i], arena, &result->message, err)) {
            return false;
        }
        if (result->message != NULL) {
            result->outcome = HK_PROMOTION_REFUSED;
            return note_removal(db, p, &list.items[i], result->message, err);
        }
    }
    bool is_rename = p->kind == HK_PROMOTE_MODEL_RENAME;
    bool is_same = is_rename && strcmp(p->model, p->new_name) == 0;
    bool ok = (is_same || cancel_requests(db, p, arena, err)) && hk__promotion_move(db, p, arena, err);
    for (size_t i = 0; ok && i < list.count && !is_rename; i++) {
        ok = note_removal(db, p, &list.items[i], NULL, err);
    }
    bool is_end = !is_same && (is_rename || p->kind == HK_PROMOTE_MODEL_DELETE);
    return ok && (!is_end || note_end(db, p, arena, err));
}

bool hk_promotion_apply(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                        struct hk_promotion_result *result, struct hk_error *err)
{
    *result = (struct hk_promotion_result){.outcome = HK_PROMOTION_APPLIED};
    bool is_towards = p->kind == HK_PROMOTE_STAGE || p->kind == HK_PROMOTE_ALIAS;
    return is_towards ? promote(db, p, arena, result, err) : take_away(db, p, arena, result, err);
}
