#include "workers/services.h"

#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "workers/services_internal.h"

struct hk_services *hk_services_new(const struct hk_services_options *options)
{
    struct hk_services *services = hk_alloc(sizeof *services);
    services->options = *options;
    return services;
}

bool hk_services_is_idle(const struct hk_services *services)
{
    return services->under_way == 0;
}

void hk_services_free(struct hk_services *services)
{
    HK_ASSERT(services == NULL || services->under_way == 0);
    free(services);
}

struct hk_task_services hk_services_table(struct hk_services *services)
{
    struct hk_task_services table = {.context = services};
    hk__services_add_xcoms(&table);
    hk__services_add_settings(&table);
    hk__services_add_runs(&table);
    hk__services_add_tasks(&table);
    return table;
}

struct hk__call *hk__call_new(void *context, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk_alloc(sizeof *call);
    call->services = context;
    call->services->under_way++;
    call->done = done;
    call->arg = arg;
    call->work.data = call;
    hk_arena_init(&call->arena);
    hk_buf_init(&call->answer, HK_MAX_FRAME_BYTES);
    return call;
}

struct hk_str hk__call_copy(struct hk__call *call, struct hk_str text)
{
    return text.data == NULL ? (struct hk_str){NULL, 0} : hk_arena_str(&call->arena, text);
}

/* The call is gone before its answer is given: whoever is told may look whether the services are idle. */
static void finish(struct hk__call *call, const struct hk_error *err)
{
    struct hk_services *services = call->services;
    hk__done_fn done = call->done;
    void *arg = call->arg;
    struct hk_buf answer = call->answer;
    struct hk_error why = {0};
    if (err != NULL) {
        why = *err;
    }
    bool failed = err != NULL;
    services->under_way--;
    hk_arena_clear(&call->arena);
    free(call);
    done(arg, failed ? (struct hk_str){NULL, 0} : hk_buf_str(&answer), failed ? &why : NULL);
    hk_buf_clear(&answer);
    if (services->under_way == 0 && services->options.became_idle != NULL) {
        services->options.became_idle(services->options.context);
    }
}

static bool run_checked(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    if (!call->run(db, call, err)) {
        return false;
    }
    return !call->answer.is_full ||
           hk_error_set(err, HK_LIMIT,
                        "The answer is larger than %d bytes, which is the limit of one message. Ask for fewer values.",
                        HK_MAX_FRAME_BYTES);
}

static void read_work(uv_work_t *work)
{
    struct hk__call *call = work->data;
    struct hk_store *store = call->services->options.store;
    struct hk_db *db;
    if (!hk_store_reader_take(store, &db, &call->err)) {
        call->failed = true;
        return;
    }
    call->failed = !run_checked(db, call, &call->err);
    hk_store_reader_give(store, db);
}

static void read_done(uv_work_t *work, int status)
{
    struct hk__call *call = work->data;
    HK_ASSERT(status == 0);
    struct hk_error err = call->err;
    finish(call, call->failed ? &err : NULL);
}

void hk__call_read(struct hk__call *call, hk__run_fn run)
{
    call->run = run;
    HK_ASSERT(uv_queue_work(call->services->options.loop, &call->work, read_work, read_done) == 0);
}

static bool write_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    return run_checked(db, arg, err);
}

static void write_done(void *arg, const struct hk_error *err)
{
    finish(arg, err);
}

void hk__call_write(struct hk__call *call, hk__run_fn run)
{
    call->run = run;
    struct hk_write write = {.run = write_run, .done = write_done, .arg = call};
    hk_store_submit(call->services->options.store, &write);
}

bool hk__found(bool found, struct hk_error *err, const char *fmt, ...)
{
    if (found) {
        return true;
    }
    va_list args;
    va_start(args, fmt);
    bool ok = hk_error_set_v(err, HK_NOT_FOUND, fmt, args);
    va_end(args);
    return ok;
}
