/* For the tests of gates: a store in memory with models, versions, policies and DAG runs, and the calls that move
 * versions, each in a write of its own. */
#ifndef HK_TESTS_PROMOTION_WORLD_H
#define HK_TESTS_PROMOTION_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/rand.h"
#include "engine/store/dag_store.h"
#include "engine/store/event_store.h"
#include "engine/store/model_alias_store.h"
#include "engine/store/policy_store.h"
#include "engine/store/promotion_audit_store.h"
#include "engine/store/promotion_request_store.h"
#include "engine/store/promotion_store.h"
#include "engine/store/store.h"

static struct hk_store *store;
static struct hk_arena arena;
static struct hk_error err;
static int64_t now_us;
static int requests; /* asked for so far, for their ids */

static inline int set_up(void **state)
{
    (void)state;
    const struct hk_store_options options = {.path = ":memory:", .is_inline = true, .no_sync = true};
    assert_true(hk_store_open(&options, &store, &err));
    hk_arena_init(&arena);
    now_us = 100 * HK_DAY_US;
    requests = 0;
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    hk_store_close(store);
    return 0;
}

/* ---- one write each ---- */

static inline void keep(void *arg, const struct hk_error *e)
{
    (void)arg;
    if (e != NULL) {
        err = *e;
    } else {
        err.code = HK_OK;
    }
}

static inline enum hk_code write_once(bool (*run)(struct hk_db *db, void *arg, struct hk_error *e), const void *arg)
{
    const struct hk_write w = {.run = run, .done = keep, .arg = (void *)(uintptr_t)arg};
    err.code = HK_INTERNAL;
    hk_store_submit(store, &w);
    hk_store_pump(store);
    return err.code;
}

static inline bool run_sql(struct hk_db *db, void *arg, struct hk_error *e)
{
    return hk_db_exec(db, arg, e);
}

static inline void sql(const char *fmt, ...) HK_PRINTF(1, 2);
static inline void sql(const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (write_once(run_sql, text) != HK_OK) {
        fail_msg("%s: %s", text, err.message);
    }
}

static inline bool create_version(struct hk_db *db, void *arg, struct hk_error *e)
{
    int64_t key = 0;
    int64_t version = 0;
    return hk_store_model_version_create(db, arg, &key, &version, e);
}

static inline bool create_model(struct hk_db *db, void *arg, struct hk_error *e)
{
    int64_t key = 0;
    return hk_store_model_create(db, arg, &key, e);
}

static inline void a_model(const char *name)
{
    const struct hk_model_save model = {.name = name, .now_ms = now_us / HK_MS_US};
    assert_int_equal(write_once(create_model, &model), HK_OK);
}

/* A version by "ann", from a run with that AUC. */
static inline void a_version(const char *model, double auc)
{
    static int runs;
    char run_id[40];
    snprintf(run_id, sizeof run_id, "run%d", ++runs);
    sql("INSERT INTO ml_run (run_uuid, experiment_key, name, user_id, status, start_ms, artifact_uri) "
        "VALUES ('%s', 0, 'r', 'ann', 'FINISHED', 1, 'x'); "
        "INSERT INTO ml_latest_metric SELECT run_key, 'auc', %g, 1, 0, 0 FROM ml_run WHERE run_uuid = '%s'",
        run_id, auc, run_id);
    const struct hk_model_version_save save = {.model = model,
                                               .source = "s3://b/m",
                                               .storage_location = "s3://b/m",
                                               .author = "ann",
                                               .run_id = run_id,
                                               .now_ms = now_us / HK_MS_US};
    assert_int_equal(write_once(create_version, &save), HK_OK);
}

static inline bool set_policy(struct hk_db *db, void *arg, struct hk_error *e)
{
    const struct hk_policy *policy = arg;
    const struct hk_policy_save save = {
        .policy = policy, .document_json = hk_str_from(policy->rules[0].name), .actor = "op", .now_us = now_us};
    int64_t version = 0;
    return hk_store_policy_set(db, &save, &version, e);
}

static inline void a_policy(const char *model, struct hk_target target, const struct hk_rule *rules, size_t count)
{
    const struct hk_policy policy = {
        .name = model, .model = model, .target = target, .removal_role = "Op", .rules = rules, .rule_count = count};
    assert_int_equal(write_once(set_policy, &policy), HK_OK);
}

static const struct hk_target champion = {HK_TARGET_ALIAS, "champion"};
static const struct hk_target production = {HK_TARGET_STAGE, "Production"};
static const struct hk_rule good_auc[] = {{.kind = HK_RULE_METRIC, .name = "auc >= 0.9"}};
static const struct hk_rule approved[] = {{.kind = HK_RULE_METRIC, .name = "auc >= 0.9"},
                                          {.kind = HK_RULE_APPROVALS, .name = "Op", .number = 1}};
static const struct hk_rule validated[] = {{.kind = HK_RULE_METRIC, .name = "auc >= 0.9"},
                                           {.kind = HK_RULE_VALIDATION, .name = "check"}};

static struct hk_promotion_result result;
static char message[4096];
static char request_id[64];

static inline void keep_result(const struct hk_promotion_result *r)
{
    result = *r;
    snprintf(message, sizeof message, "%s", r->message != NULL ? r->message : "");
    if (r->request_id != NULL) {
        snprintf(request_id, sizeof request_id, "%s", r->request_id);
    }
}

static inline bool apply(struct hk_db *db, void *arg, struct hk_error *e)
{
    struct hk_promotion_result r;
    bool ok = hk_promotion_apply(db, arg, &arena, &r, e);
    keep_result(&r);
    return ok;
}

static inline bool approve(struct hk_db *db, void *arg, struct hk_error *e)
{
    struct hk_promotion_result r = {0};
    bool ok = hk_promotion_approve(db, arg, &arena, &r, e);
    keep_result(&r);
    return ok;
}

static inline bool reject(struct hk_db *db, void *arg, struct hk_error *e)
{
    return hk_promotion_reject(db, arg, &arena, e);
}

static inline bool cancel(struct hk_db *db, void *arg, struct hk_error *e)
{
    return hk_promotion_cancel(db, arg, &arena, e);
}

static inline bool roll_back(struct hk_db *db, void *arg, struct hk_error *e)
{
    int64_t version = 0;
    return hk_promotion_rollback(db, arg, &arena, &version, e);
}

static inline bool go_on(struct hk_db *db, void *arg, struct hk_error *e)
{
    struct hk_request_rows rows;
    struct hk_promotion_result r = {0};
    (void)arg;
    bool ok = hk_store_requests_open(db, &arena, &rows, e);
    for (size_t i = 0; ok && i < rows.count; i++) {
        ok = hk_promotion_continue(db, &rows.items[i], NULL, now_us, &arena, &r, e);
    }
    keep_result(&r);
    return ok;
}

static inline struct hk_promotion to(const struct hk_target *target, const char *model, int64_t version)
{
    struct hk_promotion p = {.kind = HK_PROMOTE_ALIAS,
                             .model = model,
                             .version = version,
                             .alias = target->name,
                             .actor = "uma",
                             .role = "User",
                             .request_id = hk_arena_printf(&arena, "q%d", ++requests),
                             .now_us = ++now_us};
    if (target->kind == HK_TARGET_STAGE) {
        p.kind = HK_PROMOTE_STAGE;
        assert_true(hk_model_stage_find(hk_str_from(target->name), &p.stage));
    }
    return p;
}

static inline struct hk_promotion by(const char *actor, const char *role, struct hk_promotion p)
{
    p.actor = actor;
    p.role = role;
    return p;
}

static inline enum hk_promotion_outcome try_it(struct hk_promotion p)
{
    if (write_once(apply, &p) != HK_OK) {
        fail_msg("%s", err.message);
    }
    return result.outcome;
}

static inline int64_t number(const char *query)
{
    struct hk_db *db = NULL;
    struct hk_stmt *q = NULL;
    bool ok = true;
    int64_t out = -1;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_db_prepare(db, hk_str_from(query), &q, &err));
    while (hk_step(q, &ok, &err)) {
        out = hk_column_int(q, 0);
    }
    assert_true(ok);
    hk_stmt_free(q);
    hk_store_reader_give(store, db);
    return out;
}

static inline int64_t holder(const char *model, const struct hk_target *target)
{
    char query[512];
    if (target->kind == HK_TARGET_ALIAS) {
        snprintf(query, sizeof query,
                 "SELECT coalesce(max(a.version), 0) FROM model_alias a JOIN registered_model m USING (model_key) "
                 "WHERE m.name = '%s' AND a.alias = '%s'",
                 model, target->name);
    } else {
        snprintf(query, sizeof query,
                 "SELECT coalesce(max(v.version), 0) FROM model_version v JOIN registered_model m USING (model_key) "
                 "WHERE m.name = '%s' AND v.stage = '%s'",
                 model, target->name);
    }
    return number(query);
}

static int due_count;
static char due_text[512];

static inline void see_due(void *arg, const struct hk_validation_due *due)
{
    (void)arg;
    due_count++;
    snprintf(due_text, sizeof due_text, "%s %s %s", due->dag_id, due->run_id, due->conf_json);
}

static inline int validations_due(void)
{
    struct hk_db *db = NULL;
    due_count = 0;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_validations_due(db, see_due, NULL, &err));
    hk_store_reader_give(store, db);
    return due_count;
}

static inline void a_dag(const char *dag_id)
{
    sql("INSERT INTO dag (dag_id, is_paused, bundle_name, relative_fileloc, fileloc, display_name, owners, "
        "max_active_tasks, max_active_runs) VALUES ('%s', 0, 'b', 'f', 'f', 'd', '[]', 16, 16); "
        "INSERT OR IGNORE INTO dag_source VALUES (1, 'd', ''); "
        "INSERT INTO dag_version (version_id, dag_id, version_number, bundle_name, created_us, digest, document, "
        "source_key) VALUES ('%s', '%s', 1, 'b', 1, 'd', '', 1)",
        dag_id, dag_id, dag_id);
}

static inline void a_run(const char *dag_id, const char *run_id, const char *state, const char *conf)
{
    sql("INSERT INTO dag_run (dag_id, run_id, run_type, state, run_after_us, conf, version_key) "
        "SELECT '%s', '%s', 'manual', '%s', 1, '%s', version_key FROM dag_version WHERE dag_id = '%s'",
        dag_id, run_id, state, conf, dag_id);
}

#endif
