/* What is asked before anything moves. */
#include "engine/store/promotion_internal.h"

#include <string.h>

#include "engine/base/buf.h"

/* A request for a target without a policy needs one approval all the same: somebody has asked to be asked. */
static const struct hk_rule one_approval[] = {{.kind = HK_RULE_APPROVALS, .name = "User", .number = 1}};
static const struct hk_policy asked_for = {
    .name = "(none)", .model = "*", .removal_role = "User", .rules = one_approval, .rule_count = 1};

static struct hk_target target_of(const struct hk_promotion *p)
{
    return p->kind == HK_PROMOTE_STAGE ? (struct hk_target){HK_TARGET_STAGE, hk_model_stage_name(p->stage)}
                                       : (struct hk_target){HK_TARGET_ALIAS, p->alias};
}

bool hk__attempt_open(struct hk__attempt *a, struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                      struct hk_error *err)
{
    *a = (struct hk__attempt){.db = db, .p = p, .arena = arena, .target = target_of(p)};
    return hk_store_model_version_get(db, p->model, p->version, arena, &a->version, err) &&
           hk_store_target_holder(db, a->version.model_key, &a->target, &a->holder, err) &&
           hk_store_request_find(db, a->version.key, &a->target, arena, &a->request, &a->has_request, err) &&
           hk_store_policies_for(db, p->model, &a->target, arena, &a->policies, err);
}

bool hk__attempt_judge(struct hk__attempt *a, struct hk_error *err)
{
    struct hk_promotion_facts facts;
    if (a->policies.count == 0 && a->p->is_request) {
        a->policies.items[a->policies.count++] = &asked_for;
    }
    const struct hk_facts_wanted wanted = {.version = &a->version,
                                           .target = a->target,
                                           .policies = &a->policies,
                                           .request = a->has_request ? &a->request : NULL,
                                           .artifacts = a->p->artifacts,
                                           .actor = a->p->actor,
                                           .now_us = a->p->now_us};
    if (!hk_promotion_facts_gather(a->db, &wanted, a->arena, &facts, err)) {
        return false;
    }
    a->verdict = hk_promotion_evaluate(a->policies.items, a->policies.count, &facts, a->arena);
    a->maker = facts.maker;
    hk_promotion_facts_clear(&facts);
    return true;
}

const char *hk__verdict_sentences(const struct hk_verdict *verdict, enum hk_rule_outcome outcome,
                                  struct hk_arena *arena)
{
    struct hk_buf text;
    hk_buf_init(&text, 1024 * 1024);
    for (size_t i = 0; i < verdict->rule_count; i++) {
        if (verdict->rules[i].outcome == outcome) {
            hk_buf_add_char(&text, ' ');
            hk_buf_add_text(&text, verdict->rules[i].sentence);
        }
    }
    const char *out = text.len > 0 ? hk_arena_str(arena, hk_buf_str(&text)).data : "";
    hk_buf_clear(&text);
    return out;
}

bool hk__attempt_note(const struct hk__attempt *a, const char *action, const char *outcome, const char *message,
                      struct hk_error *err)
{
    const struct hk_promotion_audit audit = {.happened_us = a->p->now_us,
                                             .action = action,
                                             .outcome = outcome,
                                             .model = a->p->model,
                                             .version = a->version.version,
                                             .target = &a->target,
                                             .previous_version = a->holder,
                                             .actor = a->p->actor,
                                             .comment = a->p->comment,
                                             .request_id = a->has_request ? a->request.id : NULL,
                                             .message = message};
    return hk_store_promotion_audit_add(a->db, &audit, &a->verdict, NULL, err);
}

bool hk__promotion_may_remove(struct hk_db *db, const struct hk_promotion *p, const struct hk_target *target,
                              struct hk_arena *arena, const char **message, struct hk_error *err)
{
    struct hk_policy_list policies;
    *message = NULL;
    if (!hk_store_policies_for(db, p->model, target, arena, &policies, err)) {
        return false;
    }
    for (size_t i = 0; i < policies.count && *message == NULL; i++) {
        const struct hk_policy *policy = policies.items[i];
        if (hk_policy_role_rank(p->role) < hk_policy_role_rank(policy->removal_role)) {
            *message = hk_arena_printf(arena,
                                       "The policy '%s' lets only the role %s take the %s of the model '%s' from the "
                                       "version that holds it; promote another version instead.",
                                       policy->name, policy->removal_role, hk_target_text(target, arena), p->model);
        }
    }
    return true;
}

bool hk_promotion_preview(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                          struct hk_promotion_preview *out, struct hk_error *err)
{
    struct hk__attempt a;
    if (!hk__attempt_open(&a, db, p, arena, err) || !hk__attempt_judge(&a, err)) {
        return false;
    }
    *out = (struct hk_promotion_preview){a.verdict, a.policies, a.holder, a.has_request ? a.request.id : NULL};
    return true;
}
