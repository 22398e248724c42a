#include "api/cli/test_copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/cli/client.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/store/connection_store.h"
#include "engine/store/pool_store.h"
#include "engine/store/variable_store.h"

static bool has_database(const char *home)
{
    char path[HK_HOME_PATH_SIZE + 64];
    const char *named = home != NULL ? home : getenv("HANOK_HOME");
    const char *user = getenv("HOME");
    int n = named != NULL && named[0] != '\0'
                ? snprintf(path, sizeof path, "%s/hanok.db", named)
                : snprintf(path, sizeof path, "%s/.hanok/hanok.db", user != NULL ? user : "/");
    return n < (int)sizeof path && access(path, F_OK) == 0;
}

bool hk_test_copy_read(const char *home_path, json_t **out, struct hk_error *err)
{
    static struct hk_home home;
    static const char *const parts[][2] = {
        {"/hanok/variables", "variables"}, {"/hanok/connections", "connections"}, {"/api/v2/pools", "pools"}};
    struct hk_client *client = NULL;
    *out = NULL;
    if (!has_database(home_path)) {
        return true;
    }
    if (!hk_home_open(home_path, &home, err) || !hk_client_open(&home, NULL, &client, err)) {
        return hk_error_prefix(err, "variables, connections and pools cannot be taken from the home");
    }
    bool ok = true;
    json_t *copy = json_object();
    for (size_t i = 0; ok && i < sizeof parts / sizeof *parts; i++) {
        json_t *list = hk_client_list(client, parts[i][0], parts[i][1], err);
        ok = list != NULL;
        json_object_set_new(copy, parts[i][1], list);
    }
    hk_client_close(client);
    if (!ok) {
        json_decref(copy);
        return hk_error_prefix(err, "variables, connections and pools cannot be taken from the home");
    }
    *out = copy;
    return true;
}

/* ---- writing ---- */

struct writing {
    const json_t *copy;
    const struct hk_secret_key *key;
    int64_t now_us;
};

/* data NULL for null. */
static struct hk_str member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct hk_str){json_string_value(value), json_string_length(value)};
}

static bool write_connection(struct hk_db *db, const struct writing *w, const json_t *c, struct hk_error *err)
{
    const json_t *port = json_object_get(c, "port");
    struct hk_connection_info row = {
        .conn_id = member(c, "connection_id"),
        .conn_type = member(c, "conn_type"),
        .description = member(c, "description"),
        .host = member(c, "host"),
        .login = member(c, "login"),
        .schema = member(c, "schema"),
        .port = json_is_integer(port) ? json_integer_value(port) : HK_TIME_NONE,
        .password = member(c, "password"),
        .extra = member(c, "extra"),
    };
    return hk_store_connection_set(db, w->key, &row, w->now_us, err);
}

static bool write_pool(struct hk_db *db, const json_t *pool, struct hk_error *err)
{
    struct hk_pool_row row = {.name = hk_json_get_text(pool, "name", ""),
                              .slots = hk_json_get_int(pool, "slots", 0),
                              .description = hk_json_get_text(pool, "description", NULL),
                              .include_deferred = hk_json_get_bool(pool, "include_deferred", false)};
    return hk_store_pool_set(db, &row, err);
}

static bool write_all(struct hk_db *db, void *arg, struct hk_error *err)
{
    const struct writing *w = arg;
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(w->copy, "variables"), i, item) {
        struct hk_variable_save save = {.key = member(item, "key"),
                                        .value = member(item, "value"),
                                        .description = member(item, "description"),
                                        .now_us = w->now_us};
        if (!hk_store_variable_set(db, w->key, &save, err)) {
            return false;
        }
    }
    json_array_foreach (json_object_get(w->copy, "connections"), i, item) {
        if (!write_connection(db, w, item, err)) {
            return false;
        }
    }
    json_array_foreach (json_object_get(w->copy, "pools"), i, item) {
        if (!write_pool(db, item, err)) {
            return false;
        }
    }
    return true;
}

bool hk_test_copy_write(const json_t *copy, struct hk_store *store, struct hk_scheduler *scheduler,
                        const struct hk_secret_key *key, struct hk_error *err)
{
    struct writing w = {.copy = copy, .key = key, .now_us = hk_clock_wall_us(hk_clock_system())};
    size_t i;
    json_t *pool;
    if (copy == NULL) {
        return true;
    }
    if (!hk_store_write_now(store, write_all, &w, err)) {
        return false;
    }
    json_array_foreach (json_object_get(copy, "pools"), i, pool) {
        hk_scheduler_pool_put(scheduler, hk_json_get_text(pool, "name", ""), hk_json_get_int(pool, "slots", 0));
    }
    return true;
}
