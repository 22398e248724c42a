/* The MLflow door over a real store on a file, with a clock that stands still unless told. No sockets, no scheduler. */
#ifndef HK_TEST_MLFLOW_FIXTURE_H
#define HK_TEST_MLFLOW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/http/exchange.h"
#include "api/mlflow/mlflow.h"
#include "engine/artifacts/folder_artifacts.h"

#define FX_NOW_MS INT64_C(1700000000000)

static struct {
    char folder[64];
    _Atomic int64_t now_us; /* the sender of webhooks reads it on a thread of its own */
    struct hk_store *store;
    struct hk_secret_key key;
    struct hk_artifacts *artifacts;
    struct hk_job_queue *jobs;
    struct hk_mlflow *mlflow;
    struct hk_router *router;
    struct hk_auth *auth;
} fx;

static int64_t fx_now(void *context)
{
    (void)context;
    return fx.now_us;
}

static const struct hk_clock fx_clock = {.wall_us = fx_now, .monotonic_us = fx_now};

static void fx_post(void *context, void (*fn)(void *arg), void *arg)
{
    (void)context;
    fn(arg);
}

static void fx_notify(void *context)
{
    (void)context;
}

static bool fx_find_user(void *context, struct hk_str username, char *hash, size_t hash_size, char *role,
                         size_t role_size, struct hk_error *err)
{
    (void)context, (void)username, (void)hash, (void)hash_size, (void)role, (void)role_size;
    return hk_error_set(err, HK_NOT_FOUND, "no users here");
}

static struct hk_webhook_rules fx_rules; /* all zero: the defaults */

static int fx_set_up(void **state)
{
    (void)state;
    struct hk_error err;
    memset(&fx, 0, sizeof fx);
    fx.now_us = FX_NOW_MS * HK_MS_US;
    snprintf(fx.folder, sizeof fx.folder, "/tmp/hanok-test-mlflow-XXXXXX");
    assert_non_null(mkdtemp(fx.folder));
    char path[96];
    snprintf(path, sizeof path, "%s/hanok.db", fx.folder);
    const struct hk_store_options store = {.path = path, .no_sync = true, .notify = fx_notify};
    assert_true(hk_store_open(&store, &fx.store, &err));
    struct hk_auth_options auth = {.clock = hk_clock_system(), .users = {NULL, fx_find_user}};
    assert_true(hk_token_new_secret(auth.secret, &err));
    fx.auth = hk_auth_create(&auth);
    fx.router = hk_router_create();
    snprintf(path, sizeof path, "%s/artifacts", fx.folder);
    assert_true(hk_folder_artifacts_open(path, &fx.artifacts, &err));
    fx.jobs = hk_job_queue_new();
    const struct hk_mlflow_options mlflow = {.store = fx.store,
                                             .clock = &fx_clock,
                                             .secret = &fx.key,
                                             .webhooks = fx_rules,
                                             .artifacts = fx.artifacts,
                                             .jobs = fx.jobs,
                                             .post = fx_post};
    fx.mlflow = hk_mlflow_new(&mlflow);
    assert_true(hk_mlflow_register(fx.mlflow, fx.router, &err));
    return 0;
}

static int fx_tear_down(void **state)
{
    (void)state;
    char command[128];
    hk_job_queue_free(fx.jobs);
    hk_router_destroy(fx.router);
    hk_auth_destroy(fx.auth);
    hk_mlflow_free(fx.mlflow);
    hk_store_close(fx.store);
    hk_artifacts_free(fx.artifacts);
    snprintf(command, sizeof command, "rm -rf '%s'", fx.folder);
    return system(command);
}

static char fx_body[1024 * 1024];

static int fx_call_as(const char *user, const char *role, const char *method, const char *target, const char *body)
{
    struct hk_arena arena;
    struct hk_error err;
    struct hk_str token;
    hk_arena_init(&arena);
    const struct hk_token_grant grant = {.subject = hk_str_from(user),
                                         .role = hk_str_from(role),
                                         .audience = HK_STR(HK_AUDIENCE_USER),
                                         .valid_seconds = 60};
    assert_true(hk_auth_issue(fx.auth, &grant, &arena, &token, &err));
    const struct hk_call call = {.method = method,
                                 .target = target,
                                 .authorization = hk_arena_printf(&arena, "Bearer %.*s", HK_STR_ARG(token)),
                                 .body = body};
    struct hk_exchange *x = hk_exchange_call(fx.router, fx.auth, &call);
    int status = x->response.status;
    assert_true(hk_str_copy(fx_body, sizeof fx_body, hk_buf_str(&x->response.body)));
    hk_exchange_release(x);
    hk_arena_clear(&arena);
    return status;
}

/* part NULL: anything. */
static void fx_expect(int status, const char *method, const char *target, const char *body, const char *part)
{
    int got = fx_call_as("ann", "admin", method, target, body);
    if (got != status || (part != NULL && strstr(fx_body, part) == NULL)) {
        fail_msg("%s %s: %d instead of %d, or no\n  %s\nin\n  %.2000s", method, target, got, status,
                 part != NULL ? part : "", fx_body);
    }
}

#endif
