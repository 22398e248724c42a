/* Variables and connections. */
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/store/connection_store.h"
#include "engine/store/task_service_query.h"
#include "engine/store/variable_store.h"
#include "workers/services_internal.h"

enum { MAX_KEYS = 10000 }; /* of one answer, as in Airflow */

static const struct hk_secret_key *secret(const struct hk__call *call)
{
    return call->services->options.key;
}

static bool take_value(void *arg, const struct hk_variable_info *row)
{
    struct hk_buf *answer = arg;
    hk_buf_add_str(answer, row->value);
    return true;
}

static bool run_variable(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    bool found;
    return hk_store_variable_find(db, secret(call), call->key, take_value, &call->answer, &found, err) &&
           hk__found(found, err, "Variable with key '%.*s' not found.", HK_STR_ARG(call->key));
}

static void variable_get(void *context, struct hk_str key, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->key = hk__call_copy(call, key);
    hk__call_read(call, run_variable);
}

static bool run_variable_set(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    if (call->key.len == 0 || call->key.len > HK_MAX_ID_BYTES) {
        return hk_error_set(err, call->key.len == 0 ? HK_INVALID : HK_LIMIT,
                            "The key of a variable has 1 to %d bytes; this one has %zu.", HK_MAX_ID_BYTES,
                            call->key.len);
    }
    if (call->limit > HK_MAX_VARIABLE_BYTES) {
        return hk_error_set(err, HK_LIMIT, "The value of variable '%.*s' has %lld bytes; at most %d are kept.",
                            HK_STR_ARG(call->key), (long long)call->limit, HK_MAX_VARIABLE_BYTES);
    }
    struct hk_variable_save save = {
        .key = call->key, .value = call->text, .description = call->description, .now_us = call->at_us};
    return hk_store_variable_set(db, secret(call), &save, err);
}

static void variable_set(void *context, struct hk_str key, struct hk_str value, struct hk_str description,
                         hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    if (value.data == NULL) {
        value = HK_STR("None"); /* Airflow keeps str(value) */
    }
    call->key = hk__call_copy(call, key);
    call->limit = (int64_t)value.len;
    if (value.len <= HK_MAX_VARIABLE_BYTES) {
        call->text = hk__call_copy(call, value);
    }
    call->description = hk__call_copy(call, description);
    call->at_us = hk_clock_wall_us(call->services->options.clock);
    hk__call_write(call, run_variable_set);
}

/* Deleting what is not there is no error in Airflow either. */
static bool run_variable_delete(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    bool found;
    return hk_store_variable_delete(db, call->key, &found, err);
}

static void variable_delete(void *context, struct hk_str key, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->key = hk__call_copy(call, key);
    hk__call_write(call, run_variable_delete);
}

static bool add_key(void *arg, struct hk_str key)
{
    hk_json_string(arg, key);
    return true;
}

static bool run_keys(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    struct hk_variable_keys which = {.prefix = call->text, .limit = call->limit, .offset = call->offset};
    if (which.limit < 1 || which.limit > MAX_KEYS || which.offset < 0) {
        return hk_error_set(err, HK_INVALID,
                            "A list of variable keys has a limit of 1 to %d and an offset of 0 or more; asked for were "
                            "limit %lld and offset %lld.",
                            MAX_KEYS, (long long)which.limit, (long long)which.offset);
    }
    int64_t total = 0;
    struct hk_json w;
    hk_json_init(&w, &call->answer);
    hk_json_begin_object(&w);
    hk_json_key(&w, "keys");
    hk_json_begin_array(&w);
    if (!hk_store_variable_keys(db, &which, add_key, &w, &total, err)) {
        return false;
    }
    hk_json_end_array(&w);
    hk_json_kv_int(&w, "total_entries", total);
    hk_json_end_object(&w);
    return true;
}

static void variable_keys(void *context, struct hk_str prefix, int64_t limit, int64_t offset, hk__done_fn done,
                          void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->text = hk__call_copy(call, prefix);
    call->limit = limit;
    call->offset = offset;
    hk__call_read(call, run_keys);
}

static void kv_or_null(struct hk_json *w, const char *key, struct hk_str value)
{
    if (value.data == NULL) {
        hk_json_kv_null(w, key);
    } else {
        hk_json_kv_str(w, key, value);
    }
}

static bool write_connection(void *arg, const struct hk_connection_info *row)
{
    struct hk_json w;
    hk_json_init(&w, arg);
    hk_json_begin_object(&w);
    hk_json_kv_str(&w, "conn_id", row->conn_id);
    hk_json_kv_str(&w, "conn_type", row->conn_type);
    kv_or_null(&w, "host", row->host);
    kv_or_null(&w, "schema", row->schema);
    kv_or_null(&w, "login", row->login);
    kv_or_null(&w, "password", row->password);
    if (row->port == HK_TIME_NONE) {
        hk_json_kv_null(&w, "port");
    } else {
        hk_json_kv_int(&w, "port", row->port);
    }
    kv_or_null(&w, "extra", row->extra);
    hk_json_end_object(&w);
    return true;
}

static bool run_connection(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    bool found;
    return hk_store_connection_find(db, secret(call), call->key, write_connection, &call->answer, &found, err) &&
           hk__found(found, err, "Connection with ID %.*s not found.", HK_STR_ARG(call->key));
}

static void connection_get(void *context, struct hk_str conn_id, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->key = hk__call_copy(call, conn_id);
    hk__call_read(call, run_connection);
}

void hk__services_add_settings(struct hk_task_services *table)
{
    table->variable_get = variable_get;
    table->variable_set = variable_set;
    table->variable_delete = variable_delete;
    table->variable_keys = variable_keys;
    table->connection_get = connection_get;
}
