/* People and time: what becomes of requests, and the way back. */
#include "engine/store/promotion_internal.h"

#include <inttypes.h>
#include <string.h>

#include "engine/base/clock.h"

static void aim(struct hk_promotion *p, const struct hk_target *target)
{
    if (target->kind == HK_TARGET_STAGE) {
        p->kind = HK_PROMOTE_STAGE;
        hk_model_stage_find(hk_str_from(target->name), &p->stage);
    } else {
        p->kind = HK_PROMOTE_ALIAS;
        p->alias = target->name;
    }
}

struct hk_promotion hk__promotion_of_request(const struct hk_request_row *request)
{
    struct hk_promotion p = {.model = request->model,
                             .version = request->version,
                             .archive_existing = request->archive_existing,
                             .actor = request->creator,
                             .comment = request->comment,
                             .request_id = request->id,
                             .is_request = true,
                             .continues = true};
    aim(&p, &request->target);
    return p;
}

bool hk_promotion_continue(struct hk_db *db, const struct hk_request_row *request,
                           const struct hk_artifact_facts *artifacts, int64_t now_us, struct hk_arena *arena,
                           struct hk_promotion_result *result, struct hk_error *err)
{
    struct hk_promotion p = hk__promotion_of_request(request);
    p.artifacts = artifacts;
    p.now_us = now_us;
    return hk_store_request_settle(db, request->key, err) && hk_promotion_apply(db, &p, arena, result, err);
}

/* The open request that p means. */
static bool find(struct hk__attempt *a, struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                 struct hk_error *err)
{
    if (!hk__attempt_open(a, db, p, arena, err)) {
        return false;
    }
    return a->has_request ||
           hk_error_set(err, HK_NOT_FOUND,
                        "No transition request is open for version %" PRId64 " of the model '%.200s' and the %.200s",
                        p->version, p->model, hk_target_text(&a->target, arena));
}

/* The least role that any rule asks of those who approve; a request that needs no approval takes those of Users. */
static int least_rank(const struct hk__attempt *a)
{
    int least = 0;
    for (size_t i = 0; i < a->policies.count; i++) {
        for (size_t k = 0; k < a->policies.items[i]->rule_count; k++) {
            const struct hk_rule *rule = &a->policies.items[i]->rules[k];
            int rank = hk_policy_role_rank(rule->name);
            if (rule->kind == HK_RULE_APPROVALS && (least == 0 || rank < least)) {
                least = rank;
            }
        }
    }
    return least != 0 ? least : hk_policy_role_rank("User");
}

static bool is_same_user(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool may_decide(const struct hk__attempt *a, struct hk_error *err)
{
    if (a->p->actor == NULL || a->p->actor[0] == '\0' || hk_policy_role_rank(a->p->role) < least_rank(a)) {
        return hk_error_set(err, HK_DENIED, "The role %s may not decide about this transition request",
                            a->p->role != NULL ? a->p->role : "of a caller without a name");
    }
    return true;
}

/* Whether the actor has made the version or asked for its promotion. */
static bool is_author(const struct hk__attempt *a, bool *out, struct hk_error *err)
{
    struct hk_authors authors;
    if (!hk_store_authors(a->db, &a->version, &a->request, a->arena, &authors, err)) {
        return false;
    }
    *out = false;
    for (size_t i = 0; i < authors.count; i++) {
        *out = *out || is_same_user(a->p->actor, authors.names[i]);
    }
    return true;
}

static bool may_cancel(const struct hk__attempt *a)
{
    return is_same_user(a->p->actor, a->request.creator) ||
           hk_policy_role_rank(a->p->role) >= hk_policy_role_rank("Admin");
}

bool hk_promotion_actions(struct hk_db *db, const struct hk_request_row *request, const char *actor, const char *role,
                          struct hk_arena *arena, struct hk_request_actions *out, struct hk_error *err)
{
    struct hk_promotion p = hk__promotion_of_request(request);
    struct hk__attempt a;
    struct hk_error ignored;
    bool by_author = false;
    p.actor = actor;
    p.role = role;
    *out = (struct hk_request_actions){0};
    if (strcmp(request->state, "open") != 0) {
        return true;
    }
    if (!hk__attempt_open(&a, db, &p, arena, err) || !is_author(&a, &by_author, err)) {
        return false;
    }
    out->reject = may_decide(&a, &ignored);
    out->approve = out->reject && !by_author;
    out->cancel = may_cancel(&a);
    return true;
}

bool hk_promotion_approve(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                          struct hk_promotion_result *result, struct hk_error *err)
{
    struct hk__attempt a;
    bool by_author = false;
    if (!find(&a, db, p, arena, err) || !may_decide(&a, err) || !is_author(&a, &by_author, err)) {
        return false;
    }
    if (by_author) {
        return hk_error_set(err, HK_DENIED,
                            "'%.200s' has made the version or asked for its promotion, and may not approve it",
                            p->actor);
    }
    const struct hk_approval approval = {p->actor, p->role, p->comment, p->now_us};
    if (!hk_store_approval_add(db, a.request.key, &approval, err) ||
        (p->archive_existing && !hk_store_request_archive(db, a.request.key, true, err)) ||
        !hk__attempt_note(&a, "approve", "noted", NULL, err)) {
        return false;
    }
    a.request.archive_existing = a.request.archive_existing || p->archive_existing;
    return hk_promotion_continue(db, &a.request, p->artifacts, p->now_us, arena, result, err);
}

bool hk_promotion_reject(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena, struct hk_error *err)
{
    struct hk__attempt a;
    return find(&a, db, p, arena, err) && may_decide(&a, err) &&
           hk_store_request_close(db, a.request.key, "rejected", p->comment, p->now_us, err) &&
           hk__attempt_note(&a, "reject", "rejected", NULL, err);
}

bool hk_promotion_cancel(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena, struct hk_error *err)
{
    struct hk__attempt a;
    if (!find(&a, db, p, arena, err)) {
        return false;
    }
    if (!may_cancel(&a)) {
        return hk_error_set(err, HK_DENIED,
                            "Only '%.200s', who has opened this transition request, or an Admin may delete it",
                            a.request.creator != NULL ? a.request.creator : "");
    }
    return hk_store_request_close(db, a.request.key, "cancelled", p->comment, p->now_us, err) &&
           hk__attempt_note(&a, "cancel", "cancelled", NULL, err);
}

/* A version that held the target under another name has passed the rules only if they were asked under that name, too.
 */
static bool check_name(struct hk_db *db, const struct hk_promotion *p, const struct hk_target *target,
                       const struct hk_previous_holder *previous, struct hk_arena *arena, struct hk_error *err)
{
    struct hk_policy_list policies;
    if (!hk_store_policies_for(db, p->model, target, arena, &policies, err)) {
        return false;
    }
    for (size_t i = 0; i < policies.count; i++) {
        if (!hk_policy_matches(policies.items[i], previous->model, target)) {
            return hk_error_set(
                err, HK_NOT_FOUND,
                "Version %" PRId64 " held the %.100s under the name '%.100s', where the policy '%.100s' "
                "did not guard it; promote it",
                previous->version, hk_target_text(target, arena), previous->model, policies.items[i]->name);
        }
    }
    return true;
}

bool hk_promotion_rollback(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena, int64_t *version,
                           struct hk_error *err)
{
    struct hk_model_row model;
    struct hk_target target = {HK_TARGET_ALIAS, p->alias};
    struct hk_promotion back = *p;
    struct hk_previous_holder previous;
    const char *message = NULL;
    int64_t holder = 0;
    if (p->kind == HK_PROMOTE_STAGE) {
        target = (struct hk_target){HK_TARGET_STAGE, hk_model_stage_name(p->stage)};
    }
    if (!hk_store_model_get(db, p->model, arena, &model, err) ||
        !hk_store_target_holder(db, model.key, &target, &holder, err) ||
        !hk_store_promotion_previous(db, p->model, &target, holder, model.created_ms * HK_MS_US, arena, &previous,
                                     err) ||
        !hk__promotion_may_remove(db, p, &target, arena, &message, err)) {
        return false;
    }
    if (message != NULL) {
        return hk_error_set(err, HK_DENIED, "%s", message);
    }
    back.version = previous.version;
    if (holder == 0 || back.version == 0) {
        return hk_error_set(err, HK_NOT_FOUND, "No version held the %.200s of the model '%.200s' before",
                            hk_target_text(&target, arena), p->model);
    }
    back.archive_existing = p->kind == HK_PROMOTE_STAGE && p->stage != HK_STAGE_ARCHIVED;
    *version = back.version;
    struct hk__attempt a;
    return check_name(db, p, &target, &previous, arena, err) && hk__attempt_open(&a, db, &back, arena, err) &&
           hk__attempt_apply(&a, "rollback", err);
}
