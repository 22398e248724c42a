#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"
#include "engine/base/civil.h"

/* The version whose API this door speaks: clients choose by it what they may ask. */
#define AIRFLOW_VERSION "3.3.2"

void hk__version(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "version", AIRFLOW_VERSION);
    hk_json_kv_null(&w, "git_version");
    hk_json_end_object(&w);
}

static void write_component(struct hk_json *w, const char *name, const char *status, const char *heartbeat)
{
    hk_json_key(w, name);
    hk_json_begin_object(w);
    hk_json_kv_text(w, "status", status);
    if (name[0] != 'm') {
        hk_json_key(w, name[0] == 's'   ? "latest_scheduler_heartbeat"
                       : name[0] == 't' ? "latest_triggerer_heartbeat"
                                        : "latest_dag_processor_heartbeat");
        if (heartbeat != NULL) {
            hk_json_text(w, heartbeat);
        } else {
            hk_json_null(w);
        }
    }
    hk_json_end_object(w);
}

/* Loop thread: that this runs is the heartbeat. There is no triggerer, which Airflow shows as nulls. */
static void beat(void *arg)
{
    struct hk_deferred *deferred = arg;
    struct hk_response *res = hk_deferred_response(deferred);
    struct hk_airflow *air = hk_deferred_request(deferred)->context;
    bool has_database = res->status == 200 && !hk_scheduler_is_failing(air->options.scheduler);
    char now[HK_ISO_SIZE];
    hk_iso_offset(hk__airflow_now(air), now);
    res->status = 200;
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    write_component(&w, "metadatabase", has_database ? "healthy" : "unhealthy", NULL);
    write_component(&w, "scheduler", "healthy", now);
    write_component(&w, "triggerer", NULL, NULL);
    write_component(&w, "dag_processor", "healthy", now);
    hk_json_end_object(&w);
    hk_deferred_complete(deferred);
}

void hk__health(const struct hk_request *req, struct hk_response *res)
{
    struct hk_airflow *air = req->context;
    struct hk_db *db = hk__read_begin(req, res);
    if (db != NULL) {
        hk__read_end(req, db);
    } else {
        hk_buf_reset(&res->body); /* status keeps the news for the loop */
    }
    air->options.post(air->options.post_context, beat, hk_response_defer(res));
}
