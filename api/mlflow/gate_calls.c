#include "api/mlflow/gate_calls.h"

#include "api/mlflow/artifact_answer.h"
#include "api/mlflow/model_files.h"
#include "engine/registry/model_name.h"
#include "engine/store/promotion_facts.h"

void hk__ml_promotion_by(const struct hk_request *req, struct hk_promotion *promotion)
{
    enum hk_role role = req->caller.role == HK_ROLE_TASK ? HK_ROLE_USER : req->caller.role;
    promotion->actor = hk__ml_actor(req);
    promotion->role = hk_role_name(role);
    promotion->now_us = hk_clock_wall_us(hk__ml(req)->options.clock);
}

bool hk__ml_may_open(struct hk_db *db, const struct hk__ml_write *write, struct hk_promotion *promotion,
                     struct hk_error *err)
{
    char *id = hk_arena_alloc(write->req->arena, HK_UUID_SIZE);
    hk_uuid7(&hk__ml(write->req)->rand, promotion->now_us, id);
    promotion->request_id = id;
    return hk__ml_maker(db, write->req, &promotion->maker_key, err);
}

void hk__ml_promotion_lost(struct hk__ml_write *write, const struct hk_promotion *promotion, const struct hk_error *err)
{
    bool is_towards = promotion->kind == HK_PROMOTE_ALIAS || promotion->kind == HK_PROMOTE_STAGE;
    if (is_towards && err->code == HK_CONFLICT) {
        write->error_code = HK__ML_CONFLICT;
    }
}

void hk__ml_target_argument(struct hk__ml_arguments *args, struct hk_promotion *promotion)
{
    struct hk_str alias = hk__ml_string(args, "alias", HK__ML_OPTIONAL);
    struct hk_str stage = hk__ml_string(args, "stage", HK__ML_OPTIONAL);
    if ((alias.len == 0) == (stage.len == 0)) {
        hk__ml_mistake(args, "Name one target: 'alias' or 'stage'.");
    } else if (alias.len > 0) {
        promotion->kind = HK_PROMOTE_ALIAS;
        promotion->alias = alias.data;
        hk__ml_refuse(args, hk_model_alias_mistake(args->req->arena, alias));
        hk__ml_refuse(args, hk_model_alias_reserved(args->req->arena, alias));
    } else {
        promotion->kind = HK_PROMOTE_STAGE;
        if (!hk_model_stage_find(stage, &promotion->stage)) {
            hk__ml_refuse(args, hk_model_stage_mistake(args->req->arena, stage));
        }
    }
}

/* ---- before the write ---- */

struct looked {
    struct hk_promotion *promotion;
    struct hk__ml_write write;
    struct hk_model_version_row version;
    struct hk_policy_list policies;
    bool asks_files;
    bool asks_checksums;
    struct hk_artifact_facts files;
};

static bool look(struct hk_db *db, const struct hk_request *req, struct looked *l, struct hk_error *err)
{
    struct hk_promotion *p = l->promotion;
    struct hk_target target = {HK_TARGET_ALIAS, p->alias};
    bool found = false;
    struct hk_model_row model;
    if (p->kind == HK_PROMOTE_STAGE) {
        target = (struct hk_target){HK_TARGET_STAGE, hk_model_stage_name(p->stage)};
    }
    if (!hk_store_policies_for(db, p->model, &target, req->arena, &l->policies, err) ||
        !hk_store_model_find(db, p->model, req->arena, &model, &found, err)) {
        return false;
    }
    if (l->policies.count == 0 || !found) {
        return true;
    }
    p->has_expected = true;
    l->asks_files = hk_policies_ask_files(&l->policies, &l->asks_checksums);
    if (l->asks_files && !hk_store_model_version_get(db, p->model, p->version, req->arena, &l->version, err)) {
        l->asks_files = false; /* the write will say that there is none */
        return err->code == HK_NOT_FOUND;
    }
    return hk_store_target_holder(db, model.key, &target, &p->expected_version, err);
}

static bool write_at_once(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct looked *l = arg;
    hk_buf_reset(&l->write.res->body);
    return l->write.run(db, &l->write, err);
}

/* On a thread that may wait: the files, then the write. */
static void look_and_write(const struct hk_request *req, struct hk_response *res, void *data)
{
    struct looked *l = data;
    struct hk_store *store = hk__ml(req)->options.store;
    struct hk_db *db = NULL;
    struct hk_error err;
    bool ok = hk_store_reader_take(store, &db, &err);
    if (ok) {
        hk_model_files_look(hk__ml(req)->options.artifacts, db, &l->version, l->asks_checksums, req->arena, &l->files);
        hk_store_reader_give(store, db);
        l->promotion->artifacts = &l->files;
        ok = hk_store_write_now(store, write_at_once, l, &err);
    }
    if (!ok && l->write.error_code != NULL) {
        hk__ml_fail(res, l->write.error_code, "%s", err.message);
    } else if (!ok) {
        hk__ml_fail_error(res, &err);
    }
}

void hk__ml_promotion_begin(const struct hk_request *req, struct hk_response *res, struct hk_promotion *promotion,
                            void *data, bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err))
{
    struct looked *l = hk_arena_alloc(req->arena, sizeof *l);
    struct hk_db *db = NULL;
    struct hk_error err;
    l->promotion = promotion;
    l->write = (struct hk__ml_write){.req = req, .res = res, .data = data, .run = run};
    hk__ml_promotion_by(req, promotion);
    bool is_towards = promotion->kind == HK_PROMOTE_ALIAS || promotion->kind == HK_PROMOTE_STAGE;
    if (is_towards) {
        bool ok = hk_store_reader_take(hk__ml(req)->options.store, &db, &err);
        if (ok) {
            ok = look(db, req, l, &err);
            hk_store_reader_give(hk__ml(req)->options.store, db);
        }
        if (!ok) {
            hk__ml_fail_error(res, &err);
            return;
        }
    }
    if (l->asks_files) {
        hk__ml_later(req, res, look_and_write, l);
    } else {
        hk__ml_write_begin(req, res, data, run);
    }
}

/* ---- as JSON ---- */

void hk__ml_write_target(struct hk_json *w, const struct hk_target *target)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, hk_target_kind_name(target->kind), target->name);
    hk_json_end_object(w);
}

void hk__ml_write_verdict(struct hk_json *w, const struct hk_verdict *verdict)
{
    hk_json_kv_text(w, "outcome", hk_rule_outcome_name(verdict->outcome));
    hk_json_key(w, "rules");
    hk_json_begin_array(w);
    for (size_t i = 0; i < verdict->rule_count; i++) {
        const struct hk_rule_verdict *rule = &verdict->rules[i];
        hk_json_begin_object(w);
        hk_json_kv_text(w, "policy", rule->policy->name);
        hk_json_kv_int(w, "policy_version", rule->policy->version);
        hk_json_kv_text(w, "kind", hk_rule_kind_name(rule->rule->kind));
        hk_json_kv_text(w, "rule", rule->text);
        hk_json_kv_text(w, "outcome", hk_rule_outcome_name(rule->outcome));
        hk_json_kv_text(w, "measured", rule->measured);
        hk_json_kv_text(w, "threshold", rule->threshold);
        hk_json_kv_text(w, "sentence", rule->sentence);
        hk_json_end_object(w);
    }
    hk_json_end_array(w);
}
