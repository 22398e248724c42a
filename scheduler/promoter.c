#include "scheduler/promoter.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"

struct hk_promoter {
    struct hk_promoter_options options;
    bool is_looking;
    bool looks_again;
    bool is_stopping;
    bool has_begun;   /* all that was open has been looked at once */
    int64_t sequence; /* events up to here have been read */
    int64_t next_us;  /* when something is due; HK_TIME_NONE: nothing is */
    int64_t retry_us; /* when what failed is tried again, likewise */
};

enum { RETRY_US = 1000000 };

/* One look: found by a reader, done by a write, ended on the loop. */
struct look {
    struct hk_promoter *promoter;
    struct hk_arena arena;
    bool is_first;
    int64_t sequence;
    int64_t now_us;
    int64_t next_us;                  /* when the next window opens */
    struct hk_request_rows *requests; /* lists of those to go on with */
    size_t list_count;
    struct hk_validation_due *validations;
    size_t validation_count;
    size_t validation_room;
    struct hk_artifact_facts *files; /* by request, in the order of the lists */
    struct hk_error err;
    bool ok;
};

static void begin(struct hk_promoter *p);

static void free_look(struct look *look)
{
    hk_arena_clear(&look->arena);
    free(look);
}

/* ---- on the loop ---- */

static void set_timer(struct hk_promoter *p)
{
    bool is_retry = p->retry_us != HK_TIME_NONE && (p->next_us == HK_TIME_NONE || p->retry_us < p->next_us);
    p->options.set_timer(p->options.context, is_retry ? p->retry_us : p->next_us);
}

static void ended(void *arg)
{
    struct look *look = arg;
    struct hk_promoter *p = look->promoter;
    p->is_looking = false;
    if (!look->ok) {
        hk_log(HK_WARN, "promoter", "requests could not be looked at", HK_KEY("why", look->err.message));
        p->retry_us = hk_clock_wall_us(p->options.clock) + RETRY_US;
    } else {
        p->next_us = look->next_us;
        p->sequence = look->sequence;
        p->has_begun = true;
    }
    for (size_t i = 0; look->ok && i < look->validation_count && !p->is_stopping; i++) {
        p->options.trigger(p->options.context, &look->validations[i]);
    }
    if (!p->is_stopping) {
        set_timer(p);
    }
    free_look(look);
    if (p->looks_again) {
        p->looks_again = false;
        begin(p);
    }
}

static void written(void *arg, const struct hk_error *err)
{
    struct look *look = arg;
    look->ok = err == NULL;
    if (err != NULL) {
        look->err = *err;
    }
    ended(look);
}

/* ---- on the writer thread ---- */

static void keep_validation(void *arg, const struct hk_validation_due *due)
{
    struct look *look = arg;
    struct hk_arena *a = &look->arena;
    if (look->validation_count == look->validation_room) {
        size_t room = look->validation_room == 0 ? 8 : look->validation_room * 2;
        struct hk_validation_due *list = hk_arena_array(a, room, sizeof *list);
        if (look->validation_count > 0) {
            memcpy(list, look->validations, look->validation_count * sizeof *list);
        }
        look->validations = list;
        look->validation_room = room;
    }
    look->validations[look->validation_count++] = (struct hk_validation_due){
        hk_arena_strdup(a, due->request_id), hk_arena_strdup(a, due->dag_id), hk_arena_strdup(a, due->run_id),
        hk_arena_strdup(a, due->conf_json), hk_arena_strdup(a, due->user)};
}

static bool find_what_follows(struct hk_db *db, struct look *look, struct hk_error *err)
{
    look->validation_count = 0;
    return hk_store_validations_due(db, keep_validation, look, err) &&
           hk_store_requests_next_due(db, &look->next_us, err);
}

static bool go_on(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct look *look = arg;
    size_t at = 0;
    for (size_t i = 0; i < look->list_count; i++) {
        for (size_t k = 0; k < look->requests[i].count; k++) {
            struct hk_promotion_result result;
            if (!hk_promotion_continue(db, &look->requests[i].items[k], &look->files[at++], look->now_us, &look->arena,
                                       &result, err)) {
                return false;
            }
        }
    }
    return find_what_follows(db, look, err);
}

/* ---- on the thread that may wait ---- */

static bool look_at_files(struct hk_db *db, struct look *look, const struct hk_request_row *request,
                          struct hk_artifact_facts *out, struct hk_error *err)
{
    const struct hk_promoter_options *o = &look->promoter->options;
    struct hk_policy_list policies;
    struct hk_model_version_row version;
    bool asks_checksums = false;
    *out = (struct hk_artifact_facts){0};
    if (o->look_at_files == NULL) {
        return true;
    }
    if (!hk_store_policies_for(db, request->model, &request->target, &look->arena, &policies, err)) {
        return false;
    }
    if (!hk_policies_ask_files(&policies, &asks_checksums)) {
        return true;
    }
    if (!hk_store_model_version_get(db, request->model, request->version, &look->arena, &version, err)) {
        return err->code == HK_NOT_FOUND;
    }
    o->look_at_files(o->context, db, &version, &policies, &look->arena, out);
    return true;
}

static bool find_requests(struct hk_db *db, struct look *look, struct hk_error *err)
{
    struct hk_arena *a = &look->arena;
    look->requests = hk_arena_array(a, 3, sizeof *look->requests);
    if (look->is_first) {
        look->list_count = 1;
        return hk_store_requests_after(db, INT64_MAX, &look->sequence, a, &look->requests[0], err) &&
               hk_store_requests_open(db, a, &look->requests[0], err);
    }
    look->list_count = 3;
    return hk_store_requests_after(db, look->sequence, &look->sequence, a, &look->requests[0], err) &&
           hk_store_requests_due(db, look->now_us, a, &look->requests[1], err) &&
           hk_store_requests_stirred(db, a, &look->requests[2], err);
}

static bool find(struct look *look, struct hk_error *err)
{
    struct hk_db *db = NULL;
    size_t count = 0;
    if (!hk_store_reader_take(look->promoter->options.store, &db, err)) {
        return false;
    }
    bool ok = find_requests(db, look, err);
    for (size_t i = 0; i < look->list_count; i++) {
        count += look->requests[i].count;
    }
    look->files = hk_arena_array(&look->arena, count + 1, sizeof *look->files);
    count = 0;
    for (size_t i = 0; ok && i < look->list_count; i++) {
        for (size_t k = 0; ok && k < look->requests[i].count; k++) {
            ok = look_at_files(db, look, &look->requests[i].items[k], &look->files[count++], err);
        }
    }
    ok = ok && find_what_follows(db, look, err);
    hk_store_reader_give(look->promoter->options.store, db);
    if (count == 0) {
        look->list_count = 0;
    }
    return ok;
}

static void work(void *arg)
{
    struct look *look = arg;
    struct hk_promoter *p = look->promoter;
    look->ok = find(look, &look->err);
    if (look->ok && look->list_count > 0) {
        const struct hk_write write = {go_on, written, look, false};
        hk_store_submit(p->options.store, &write);
    } else if (p->options.post != NULL) {
        p->options.post(p->options.context, ended, look);
    } else {
        ended(look);
    }
}

/* ---- from outside ---- */

static void begin(struct hk_promoter *p)
{
    if (p->is_stopping) {
        return;
    }
    if (p->is_looking) {
        p->looks_again = true;
        return;
    }
    struct look *look = hk_alloc(sizeof *look);
    look->promoter = p;
    look->is_first = !p->has_begun;
    look->sequence = p->sequence;
    look->now_us = hk_clock_wall_us(p->options.clock);
    p->is_looking = true;
    p->retry_us = HK_TIME_NONE;
    if (p->options.work == NULL) {
        work(look);
    } else if (!p->options.work(p->options.context, work, look)) {
        p->is_looking = false;
        free_look(look);
        p->retry_us = hk_clock_wall_us(p->options.clock) + RETRY_US;
        set_timer(p);
    }
}

void hk_promoter_retry(struct hk_promoter *promoter, const struct hk_error *why)
{
    if (promoter != NULL && !promoter->is_stopping && (why->code == HK_UNAVAILABLE || why->code == HK_LIMIT)) {
        promoter->retry_us = hk_clock_wall_us(promoter->options.clock) + RETRY_US;
        set_timer(promoter);
    }
}

static void on_news(void *context)
{
    begin(context);
}

struct hk_promoter *hk_promoter_new(const struct hk_promoter_options *options)
{
    struct hk_promoter *p = hk_alloc(sizeof *p);
    p->options = *options;
    p->next_us = p->retry_us = HK_TIME_NONE;
    hk_store_watch(options->store, on_news, p);
    begin(p);
    return p;
}

void hk_promoter_look(struct hk_promoter *promoter)
{
    begin(promoter);
}

void hk_promoter_stop(struct hk_promoter *promoter)
{
    if (promoter != NULL && !promoter->is_stopping) {
        promoter->is_stopping = true;
        hk_store_unwatch(promoter->options.store, on_news, promoter);
    }
}

bool hk_promoter_is_idle(const struct hk_promoter *promoter)
{
    return promoter == NULL || !promoter->is_looking;
}

void hk_promoter_free(struct hk_promoter *promoter)
{
    hk_promoter_stop(promoter);
    free(promoter);
}
