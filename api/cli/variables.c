#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/output.h"
#include "api/cli/verbs.h"
#include "engine/base/json.h"

/* Values that REST would mask (secrets) are the owner's own here: read through the private door. */
static json_t *all_variables(const struct hk_cli *cli, struct hk_error *err)
{
    return hk_client_list(cli->client, "/hanok/variables", "variables", err);
}

static bool exists(const struct hk_cli *cli, const char *key, bool *is_there, struct hk_error *err)
{
    json_t *found = hk_client_get(cli->client, hk_client_path(cli->client, "/api/v2/variables/{}", key), err);
    *is_there = found != NULL;
    json_decref(found);
    return *is_there || err->code == HK_NOT_FOUND;
}

static bool set(const struct hk_cli *cli, const char *key, const char *value, const json_t *description,
                struct hk_error *err)
{
    bool is_there = false;
    if (!exists(cli, key, &is_there, err)) {
        return false;
    }
    json_t *body = json_object();
    json_object_set_new(body, "key", json_string(key));
    json_object_set_new(body, "value", json_string(value));
    json_object_set(body, "description", description != NULL ? (json_t *)description : json_null());
    const char *path = is_there ? hk_client_path(cli->client, "/api/v2/variables/{}", key) : "/api/v2/variables";
    json_t *reply = hk_client_send(cli->client, is_there ? "PATCH" : "POST", path, body, err);
    json_decref(reply);
    return reply != NULL;
}

static bool list_variables(struct hk_cli *cli, struct hk_error *err)
{
    bool shows = hk_arguments_has(cli->args, "show-values");
    bool hides = hk_arguments_has(cli->args, "hide-sensitive");
    if (hides && !shows) {
        return hk_error_set(err, HK_INVALID, "--hide-sensitive can only be used with --show-values");
    }
    json_t *variables = all_variables(cli, err);
    if (variables == NULL) {
        return false;
    }
    json_t *rows = json_array();
    size_t i;
    json_t *variable;
    json_array_foreach (variables, i, variable) {
        json_t *row = json_object();
        json_object_set(row, "key", json_object_get(variable, "key"));
        if (shows) {
            json_object_set_new(row, "val",
                                hides ? json_string("***") : json_incref(json_object_get(variable, "value")));
        }
        json_array_append_new(rows, row);
    }
    json_decref(variables);
    return hk_cli_print_rows(cli, rows);
}

static bool print_value(const json_t *variable, bool as_json, struct hk_error *err)
{
    const char *value = json_string_value(json_object_get(variable, "value"));
    if (!as_json) {
        puts(value != NULL ? value : "");
        return true;
    }
    json_t *document = hk_json_parse(hk_str_from(value), err);
    if (document == NULL) {
        return hk_error_prefix(err, "the value is not JSON");
    }
    char *text = json_dumps(document, JSON_ENCODE_ANY);
    puts(text);
    free(text);
    json_decref(document);
    return true;
}

static bool get_variable(struct hk_cli *cli, struct hk_error *err)
{
    const char *key = hk_arguments_position(cli->args, 0);
    const char *fallback = hk_arguments_text(cli->args, "default");
    json_t *variable = hk_client_get(cli->client, hk_client_path(cli->client, "/hanok/variables/{}", key), err);
    if (variable == NULL && err->code == HK_NOT_FOUND && fallback != NULL) {
        puts(fallback);
        return true;
    }
    bool ok = variable != NULL && print_value(variable, hk_arguments_has(cli->args, "json"), err);
    json_decref(variable);
    return ok;
}

static bool set_variable(struct hk_cli *cli, struct hk_error *err)
{
    const char *key = hk_arguments_position(cli->args, 0);
    const char *value = hk_arguments_position(cli->args, 1);
    const char *description = hk_arguments_text(cli->args, "description");
    /* As Airflow's serialize_json: the text becomes a JSON string. */
    json_t *given = json_string(value);
    char *quoted = hk_arguments_has(cli->args, "json") ? json_dumps(given, JSON_ENCODE_ANY) : NULL;
    json_t *text = description != NULL ? json_string(description) : NULL;
    bool ok = set(cli, key, quoted != NULL ? quoted : value, text, err);
    json_decref(text);
    free(quoted);
    json_decref(given);
    if (ok) {
        printf("Variable %s created\n", key);
    }
    return ok;
}

static bool delete_variable(struct hk_cli *cli, struct hk_error *err)
{
    const char *key = hk_arguments_position(cli->args, 0);
    const char *path = hk_client_path(cli->client, "/api/v2/variables/{}", key);
    json_t *reply = hk_client_send(cli->client, "DELETE", path, NULL, err);
    if (reply != NULL) {
        printf("Variable %s deleted\n", key);
    }
    json_decref(reply);
    return reply != NULL;
}

/* ---- import and export ---- */

static bool import_one(const struct hk_cli *cli, const char *key, const json_t *value, struct hk_error *err)
{
    const json_t *description = NULL;
    if (json_is_object(value) && json_object_get(value, "value") != NULL) {
        description = json_object_get(value, "description");
        value = json_object_get(value, "value");
    }
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    bool ok = set(cli, key, text != NULL ? text : json_string_value(value), description, err);
    free(text);
    return ok;
}

/* Which of the file's keys are there already; a list of names. */
static bool find_existing(const struct hk_cli *cli, const json_t *document, json_t *names, struct hk_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)document, key, value) {
        bool is_there = false;
        (void)value;
        if (!exists(cli, key, &is_there, err)) {
            return false;
        }
        if (is_there) {
            json_object_set_new(names, key, json_true());
        }
    }
    return true;
}

static void add_names(const json_t *names, struct hk_buf *out)
{
    const char *key;
    json_t *ignored;
    json_object_foreach ((json_t *)names, key, ignored) {
        (void)ignored;
        hk_buf_printf(out, "%s'%s'", out->len > 0 ? ", " : "", key);
    }
}

static bool import_all(struct hk_cli *cli, const json_t *document, const json_t *existing, struct hk_error *err)
{
    const char *key;
    json_t *value;
    size_t done = 0;
    size_t failed = 0;
    bool skips = hk_str_is(hk_str_from(hk_arguments_text(cli->args, "action-on-existing-key")), "skip");
    json_object_foreach ((json_t *)document, key, value) {
        if (skips && json_object_get(existing, key) != NULL) {
            continue;
        }
        if (import_one(cli, key, value, err)) {
            done++;
        } else {
            printf("Variable import failed: %s: %s\n", key, err->message);
            failed++;
        }
    }
    printf("%zu of %zu variables successfully updated.\n", done, json_object_size(document));
    if (failed > 0) {
        printf("%zu variable(s) failed to be updated.\n", failed);
        cli->status = 1;
    }
    if (skips && json_object_size(existing) > 0) {
        struct hk_buf names;
        hk_buf_init(&names, 64 * 1024);
        add_names(existing, &names);
        printf("The variables with these keys: [%s] were skipped because they already exists\n", names.data);
        hk_buf_clear(&names);
    }
    return true;
}

static bool import_variables(struct hk_cli *cli, struct hk_error *err)
{
    const char *action = hk_arguments_text(cli->args, "action-on-existing-key");
    json_t *document = hk_cli_read_json(hk_arguments_position(cli->args, 0), err);
    if (document == NULL) {
        return false;
    }
    json_t *existing = json_object();
    bool looks = action != NULL && strcmp(action, "overwrite") != 0;
    bool ok = !looks || find_existing(cli, document, existing, err);
    if (ok && looks && strcmp(action, "fail") == 0 && json_object_size(existing) > 0) {
        struct hk_buf names;
        hk_buf_init(&names, 4096);
        add_names(existing, &names);
        ok = hk_error_set(err, HK_CONFLICT, "Failed. These keys: [%s] already exists.", names.data);
        hk_buf_clear(&names);
    }
    ok = ok && import_all(cli, document, existing, err);
    json_decref(existing);
    json_decref(document);
    return ok;
}

static json_t *exported(const json_t *variable)
{
    struct hk_error ignored;
    json_t *description = json_object_get(variable, "description");
    json_t *text = json_object_get(variable, "value");
    json_t *value = hk_json_parse(hk_str_from(json_string_value(text)), &ignored);
    if (value == NULL || json_is_string(value)) {
        json_decref(value);
        value = json_incref(text);
    }
    bool is_described = json_is_string(description) && json_string_length(description) > 0;
    if (!is_described && json_object_get(value, "value") == NULL) {
        return value;
    }
    return json_pack("{s:o, s:O}", "value", value, "description", description);
}

static bool export_variables(struct hk_cli *cli, struct hk_error *err)
{
    const char *path = hk_arguments_position(cli->args, 0);
    json_t *variables = all_variables(cli, err);
    if (variables == NULL) {
        return false;
    }
    json_t *document = json_object();
    size_t i;
    json_t *variable;
    json_array_foreach (variables, i, variable) {
        json_object_set_new(document, json_string_value(json_object_get(variable, "key")), exported(variable));
    }
    char *text = json_dumps(document, JSON_INDENT(4) | JSON_SORT_KEYS);
    bool ok = hk_cli_write_file(path, hk_str_from(text), err);
    if (ok && strcmp(path, "-") == 0) {
        fprintf(stderr, "\n%zu Variables successfully exported.\n", json_object_size(document));
    } else if (ok) {
        printf("%zu Variables successfully exported to %s.\n", json_object_size(document), path);
    }
    free(text);
    json_decref(document);
    json_decref(variables);
    return ok;
}

static const struct hk_option list_options[] = {
    HK_OPTION_OUTPUT,
    {"show-values", NULL, NULL, "show the values, too", NULL, NULL},
    {"hide-sensitive", NULL, NULL, "with --show-values: mask the values", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_option get_options[] = {
    {"json", "j", NULL, "read the value as JSON", NULL, NULL},
    {"default", "d", "VALUE", "what to print when there is no such variable", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_option set_options[] = {
    {"json", "j", NULL, "keep the value as a JSON string", NULL, NULL},
    {"description", NULL, "TEXT", "what it is for", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_option import_options[] = {
    {"action-on-existing-key", "a", "ACTION", "overwrite (default), fail or skip", "overwrite|fail|skip", NULL},
    HK_OPTIONS_END,
};
static const struct hk_verb verbs[] = {
    {"list", "List variables", HK_NEEDS_CLIENT, NULL, list_options, list_variables},
    {"get", "Get variable", HK_NEEDS_CLIENT, "key", get_options, get_variable},
    {"set", "Set variable", HK_NEEDS_CLIENT, "key value", set_options, set_variable},
    {"delete", "Delete variable", HK_NEEDS_CLIENT, "key", NULL, delete_variable},
    {"import", "Import variables from a JSON file", HK_NEEDS_CLIENT, "file", import_options, import_variables},
    {"export", "Export all variables to a JSON file ('-': standard output)", HK_NEEDS_CLIENT, "file", NULL,
     export_variables},
};
const struct hk_verb_group hk_variables_group = {"variables", "Manage variables", verbs, sizeof verbs / sizeof *verbs};
