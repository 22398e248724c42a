#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/verbs.h"
#include "engine/base/json.h"

static json_t *pool_row(const json_t *pool)
{
    return json_pack("{s:O, s:O, s:O, s:O, s:n}", "pool", json_object_get(pool, "name"), "slots",
                     json_object_get(pool, "slots"), "description", json_object_get(pool, "description"),
                     "include_deferred", json_object_get(pool, "include_deferred"), "team_name");
}

static json_t *pool_rows(const json_t *pools)
{
    json_t *rows = json_array();
    size_t i;
    json_t *pool;
    json_array_foreach ((json_t *)pools, i, pool) {
        json_array_append_new(rows, pool_row(pool));
    }
    return rows;
}

static bool list_pools(struct hk_cli *cli, struct hk_error *err)
{
    json_t *pools = hk_client_list(cli->client, "/api/v2/pools", "pools", err);
    if (pools == NULL) {
        return false;
    }
    json_t *rows = pool_rows(pools);
    json_decref(pools);
    return hk_cli_print_rows(cli, rows);
}

static bool get_pool(struct hk_cli *cli, struct hk_error *err)
{
    const char *path = hk_client_path(cli->client, "/api/v2/pools/{}", hk_arguments_position(cli->args, 0));
    json_t *pool = hk_client_get(cli->client, path, err);
    if (pool == NULL) {
        return false;
    }
    json_t *rows = json_array();
    json_array_append_new(rows, pool_row(pool));
    json_decref(pool);
    return hk_cli_print_rows(cli, rows);
}

/* body: name, slots, description, include_deferred. Takes it. */
static bool put_pool(const struct hk_cli *cli, const char *name, json_t *body, struct hk_error *err)
{
    const char *path = hk_client_path(cli->client, "/api/v2/pools/{}", name);
    json_t *found = hk_client_get(cli->client, path, err);
    if (found == NULL && err->code != HK_NOT_FOUND) {
        json_decref(body);
        return false;
    }
    if (found != NULL) {
        json_object_set_new(body, "pool", json_string(name)); /* what PATCH calls it */
        json_object_del(body, "name");
    }
    if (found != NULL && strcmp(name, "default_pool") == 0) {
        json_object_del(body, "description"); /* which REST lets nobody change */
        path = "/api/v2/pools/default_pool?update_mask=slots&update_mask=include_deferred";
    }
    const char *method = found != NULL ? "PATCH" : "POST";
    json_t *reply = hk_client_send(cli->client, method, found != NULL ? path : "/api/v2/pools", body, err);
    json_decref(found);
    json_decref(reply);
    return reply != NULL;
}

static bool set_pool(struct hk_cli *cli, struct hk_error *err)
{
    const char *name = hk_arguments_position(cli->args, 0);
    const char *text = hk_arguments_position(cli->args, 1);
    int64_t slots = 0;
    if (!hk_str_to_i64(hk_str_from(text), &slots)) {
        return hk_error_set(err, HK_INVALID, "the slots of a pool are a whole number (-1: no limit), not '%s'", text);
    }
    const char *description = hk_arguments_position(cli->args, 2);
    json_t *body = json_pack("{s:s, s:I, s:s, s:b}", "name", name, "slots", (json_int_t)slots, "description",
                             description != NULL ? description : "", "include_deferred",
                             hk_arguments_has(cli->args, "include-deferred") ? 1 : 0);
    if (body == NULL) {
        return hk_error_set(err, HK_INVALID, "the name or description of the pool is not UTF-8");
    }
    if (!put_pool(cli, name, body, err)) {
        return false;
    }
    printf("Pool %s created\n", name);
    return true;
}

static bool delete_pool(struct hk_cli *cli, struct hk_error *err)
{
    const char *name = hk_arguments_position(cli->args, 0);
    const char *path = hk_client_path(cli->client, "/api/v2/pools/{}", name);
    json_t *reply = hk_client_send(cli->client, "DELETE", path, NULL, err);
    if (reply == NULL) {
        return false;
    }
    json_decref(reply);
    printf("Pool %s deleted\n", name);
    return true;
}

static bool import_pools(struct hk_cli *cli, struct hk_error *err)
{
    json_t *document = hk_cli_read_json(hk_arguments_position(cli->args, 0), err);
    const char *name;
    json_t *pool;
    size_t done = 0;
    if (document == NULL) {
        return false;
    }
    json_object_foreach (document, name, pool) {
        if (!json_is_integer(json_object_get(pool, "slots")) || json_object_get(pool, "description") == NULL) {
            fprintf(stderr, "hanok: pool '%s' needs a number \"slots\" and a \"description\"\n", name);
            cli->status = 1;
            continue;
        }
        json_t *body = json_pack("{s:s, s:O, s:O, s:b}", "name", name, "slots", json_object_get(pool, "slots"),
                                 "description", json_object_get(pool, "description"), "include_deferred",
                                 hk_json_get_bool(pool, "include_deferred", false) ? 1 : 0);
        if (!put_pool(cli, name, body, err)) {
            fprintf(stderr, "hanok: pool '%s': %s\n", name, err->message);
            cli->status = 1;
            continue;
        }
        done++;
    }
    printf("Uploaded %zu pool(s)\n", done);
    json_decref(document);
    return true;
}

static bool export_pools(struct hk_cli *cli, struct hk_error *err)
{
    const char *path = hk_arguments_position(cli->args, 0);
    json_t *pools = hk_client_list(cli->client, "/api/v2/pools", "pools", err);
    if (pools == NULL) {
        return false;
    }
    json_t *document = json_object();
    size_t i;
    json_t *pool;
    json_array_foreach (pools, i, pool) {
        json_object_set_new(document, hk_json_get_text(pool, "name", ""),
                            json_pack("{s:O, s:O, s:O}", "slots", json_object_get(pool, "slots"), "description",
                                      json_object_get(pool, "description"), "include_deferred",
                                      json_object_get(pool, "include_deferred")));
    }
    char *text = json_dumps(document, JSON_INDENT(4) | JSON_SORT_KEYS);
    bool ok = hk_cli_write_file(path, hk_str_from(text), err);
    if (ok) {
        fprintf(strcmp(path, "-") == 0 ? stderr : stdout, "Exported %zu pools to %s\n", json_array_size(pools), path);
    }
    free(text);
    json_decref(document);
    json_decref(pools);
    return ok;
}

static const struct hk_option output_options[] = {HK_OPTION_OUTPUT, HK_OPTIONS_END};
static const struct hk_option set_options[] = {
    {"include-deferred", NULL, NULL, "deferred tasks take slots, too", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_verb verbs[] = {
    {"list", "List pools", HK_NEEDS_CLIENT, NULL, output_options, list_pools},
    {"get", "Get pool size", HK_NEEDS_CLIENT, "pool", output_options, get_pool},
    {"set", "Configure pool", HK_NEEDS_CLIENT, "pool slots [description]", set_options, set_pool},
    {"delete", "Delete pool", HK_NEEDS_CLIENT, "pool", NULL, delete_pool},
    {"import", "Import pools from a JSON file", HK_NEEDS_CLIENT, "file", NULL, import_pools},
    {"export", "Export all pools to a JSON file ('-': standard output)", HK_NEEDS_CLIENT, "file", NULL, export_pools},
};
const struct hk_verb_group hk_pools_group = {"pools", "Manage pools", verbs, sizeof verbs / sizeof *verbs};
