/* XComs. Values stay the JSON text they are. */
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/store/task_service_query.h"
#include "workers/services_internal.h"

static struct hk__call *xcom_call(void *context, const struct hk_xcom_ref *ref, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->xcom = (struct hk_xcom_key){.dag_id = hk__call_copy(call, ref->dag_id),
                                      .run_id = hk__call_copy(call, ref->run_id),
                                      .task_id = hk__call_copy(call, ref->task_id),
                                      .key = hk__call_copy(call, ref->key),
                                      .map_index = ref->map_index};
    return call;
}

static bool take_value(void *arg, struct hk_str value_json)
{
    struct hk_buf *answer = arg;
    hk_buf_add_str(answer, value_json);
    return false;
}

static bool run_get(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    const struct hk_xcom_key *key = &call->xcom;
    if (!hk_store_xcom_values(db, key, call->with_prior, 1, take_value, &call->answer, err)) {
        return false;
    }
    bool found = call->answer.len > 0 || call->answer.is_full;
    return hk__found(found, err,
                     "XCom with key='%.*s' map_index=%lld not found for task '%.*s' in DAG run '%.*s' of "
                     "'%.*s'.",
                     HK_STR_ARG(key->key), (long long)key->map_index, HK_STR_ARG(key->task_id), HK_STR_ARG(key->run_id),
                     HK_STR_ARG(key->dag_id));
}

static void xcom_get(void *context, const struct hk_xcom_ref *ref, bool include_prior, hk__done_fn done, void *arg)
{
    struct hk__call *call = xcom_call(context, ref, done, arg);
    call->with_prior = include_prior;
    hk__call_read(call, run_get);
}

static bool add_value(void *arg, struct hk_str value_json)
{
    struct hk_json *w = arg;
    hk_json_raw(w, value_json);
    return !w->out->is_full;
}

/* With include_prior these are the values of all runs up to this one, not of the newest that has any: so answers
 * Airflow 3, whatever the words of xcom_pull's documentation. */
static bool run_list(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    struct hk_json w;
    hk_json_init(&w, &call->answer);
    hk_json_begin_array(&w);
    call->xcom.map_index = HK_TIME_NONE;
    if (!hk_store_xcom_values(db, &call->xcom, call->with_prior, -1, add_value, &w, err)) {
        return false;
    }
    hk_json_end_array(&w);
    return true;
}

static void xcom_list(void *context, const struct hk_xcom_ref *ref, bool include_prior, hk__done_fn done, void *arg)
{
    struct hk__call *call = xcom_call(context, ref, done, arg);
    call->with_prior = include_prior;
    hk__call_read(call, run_list);
}

static bool run_set(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    if (call->xcom.key.len == 0) {
        return hk_error_set(err, HK_INVALID, "XCom key must be a non-empty string. Received: ''.");
    }
    return hk_store_xcom_put(db, &call->xcom, call->text, call->at_us, err);
}

static bool run_refuse(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    (void)db;
    return hk_error_set(err, HK_LIMIT,
                        "The XCom '%.*s' of task '%.*s' has %lld bytes; at most %d are kept. Pass large data by "
                        "reference.",
                        HK_STR_ARG(call->xcom.key), HK_STR_ARG(call->xcom.task_id), (long long)call->limit,
                        HK_MAX_XCOM_BYTES);
}

static void xcom_set(void *context, const struct hk_xcom_ref *ref, struct hk_str json, hk__done_fn done, void *arg)
{
    struct hk__call *call = xcom_call(context, ref, done, arg);
    if (json.len > HK_MAX_XCOM_BYTES) { /* not copied first */
        call->limit = (int64_t)json.len;
        hk__call_write(call, run_refuse);
        return;
    }
    call->text = hk__call_copy(call, json);
    call->at_us = hk_clock_wall_us(call->services->options.clock);
    hk__call_write(call, run_set);
}

/* Deleting what is not there is no error in Airflow either. */
static bool run_delete(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    bool found;
    return hk_store_xcom_delete(db, &call->xcom, &found, err);
}

static void xcom_delete(void *context, const struct hk_xcom_ref *ref, hk__done_fn done, void *arg)
{
    hk__call_write(xcom_call(context, ref, done, arg), run_delete);
}

void hk__services_add_xcoms(struct hk_task_services *table)
{
    table->xcom_get = xcom_get;
    table->xcom_list = xcom_list;
    table->xcom_set = xcom_set;
    table->xcom_delete = xcom_delete;
}
