#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/connection_uri.h"
#include "api/cli/output.h"
#include "api/cli/verbs.h"
#include "engine/base/json.h"

/* Connections come through the private door: REST masks their passwords, and here their owner asks. */

static json_t *uri_text(const json_t *connection, bool is_masked)
{
    json_t *copy = json_deep_copy(connection);
    const char *password = hk_json_get_text(copy, "password", NULL);
    if (is_masked && password != NULL) {
        json_object_set_new(copy, "password", json_string("***"));
        json_object_set_new(copy, "login", json_string("***"));
    }
    if (is_masked) {
        json_object_set_new(copy, "extra", json_null());
    }
    struct hk_buf text;
    hk_buf_init(&text, HK_OUTPUT_BYTES);
    hk_connection_uri_write(copy, &text);
    json_decref(copy);
    json_t *uri = json_string(text.data);
    hk_buf_clear(&text);
    return uri;
}

static json_t *extra_object(const json_t *connection)
{
    struct hk_error ignored;
    const char *extra = hk_json_get_text(connection, "extra", NULL);
    json_t *object = extra != NULL ? hk_json_parse(hk_str_from(extra), &ignored) : NULL;
    return object != NULL ? object : json_object();
}

static json_t *full_row(const json_t *c, bool is_masked)
{
    json_t *row = json_object();
    static const char *const fields[] = {"conn_type", "description", "host", "schema", "login"};
    json_object_set(row, "conn_id", json_object_get(c, "connection_id"));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        json_object_set(row, fields[i], json_object_get(c, fields[i]));
    }
    bool masks = is_masked && json_is_string(json_object_get(c, "password"));
    json_object_set_new(row, "password", masks ? json_string("***") : json_incref(json_object_get(c, "password")));
    json_object_set(row, "port", json_object_get(c, "port"));
    json_object_set_new(row, "is_encrypted", json_true());
    json_object_set_new(row, "is_extra_encrypted", json_true());
    json_object_set_new(row, "extra_dejson", is_masked ? json_string("***") : extra_object(c));
    json_object_set_new(row, "get_uri", uri_text(c, is_masked));
    return row;
}

static json_t *all_connections(const struct hk_cli *cli, struct hk_error *err)
{
    return hk_client_list(cli->client, "/hanok/connections", "connections", err);
}

static bool list_connections(struct hk_cli *cli, struct hk_error *err)
{
    bool shows = hk_arguments_has(cli->args, "show-values");
    bool hides = hk_arguments_has(cli->args, "hide-sensitive");
    if (hides && !shows) {
        return hk_error_set(err, HK_INVALID, "--hide-sensitive can only be used with --show-values");
    }
    json_t *connections = all_connections(cli, err);
    if (connections == NULL) {
        return false;
    }
    json_t *rows = json_array();
    size_t i;
    json_t *c;
    json_array_foreach (connections, i, c) {
        json_array_append_new(rows, shows ? full_row(c, hides)
                                          : json_pack("{s:O, s:O}", "conn_id", json_object_get(c, "connection_id"),
                                                      "conn_type", json_object_get(c, "conn_type")));
    }
    json_decref(connections);
    return hk_cli_print_rows(cli, rows);
}

static bool get_connection(struct hk_cli *cli, struct hk_error *err)
{
    const char *path = hk_client_path(cli->client, "/hanok/connections/{}", hk_arguments_position(cli->args, 0));
    json_t *connection = hk_client_get(cli->client, path, err);
    if (connection == NULL) {
        return false;
    }
    json_t *rows = json_array();
    json_array_append_new(rows, full_row(connection, false));
    json_decref(connection);
    return hk_cli_print_rows(cli, rows);
}

/* ---- add ---- */

static bool refuse_beside(const struct hk_arguments *args, const char *flag, struct hk_error *err)
{
    static const char *const fields[] = {"conn-type",     "conn-host",   "conn-login",
                                         "conn-password", "conn-schema", "conn-port"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (hk_arguments_has(args, fields[i])) {
            return hk_error_set(err, HK_INVALID, "--%s cannot be given beside --%s, which has it already", fields[i],
                                flag);
        }
    }
    return true;
}

static json_t *from_fields(const struct hk_arguments *args, struct hk_error *err)
{
    static const char *const fields[][2] = {{"conn-type", "conn_type"},
                                            {"conn-host", "host"},
                                            {"conn-login", "login"},
                                            {"conn-password", "password"},
                                            {"conn-schema", "schema"}};
    int64_t port = 0;
    if (!hk_arguments_has(args, "conn-type")) {
        hk_error_set(err, HK_INVALID, "a connection needs --conn-type, --conn-uri or --conn-json");
        return NULL;
    }
    if (!hk_arguments_int(args, "conn-port", 0, &port, err)) {
        return NULL;
    }
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *text = hk_arguments_text(args, fields[i][0]);
        json_object_set_new(out, fields[i][1], text != NULL ? json_string(text) : json_null());
    }
    json_object_set_new(out, "port", hk_arguments_has(args, "conn-port") ? json_integer(port) : json_null());
    return out;
}

/* "extra" may be an object in files; REST takes text. "uri" stands for all. Takes the object. */
static json_t *tidied(json_t *connection, struct hk_error *err)
{
    static const char *const known[] = {"conn_type", "description", "host", "login",
                                        "password",  "schema",      "port", "extra"};
    const char *uri = hk_json_get_text(connection, "uri", NULL);
    if (uri != NULL) {
        json_t *read = hk_connection_uri_read(uri, err);
        json_decref(connection);
        return read;
    }
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        json_object_set(out, known[i], json_object_get(connection, known[i]));
    }
    json_t *extra = json_object_get(out, "extra");
    if (extra == NULL) {
        extra = json_object_get(connection, "extra_dejson");
    }
    if (json_is_object(extra)) {
        char *text = json_dumps(extra, 0);
        json_object_set_new(out, "extra", json_string(text));
        free(text);
    }
    int64_t port = 0;
    const char *port_text = hk_json_get_text(out, "port", NULL);
    if (port_text != NULL && hk_str_to_i64(hk_str_from(port_text), &port)) {
        json_object_set_new(out, "port", json_integer(port));
    }
    json_decref(connection);
    if (hk_json_get_text(out, "conn_type", NULL) == NULL) {
        hk_error_set(err, HK_INVALID, "a connection needs a \"conn_type\"");
        json_decref(out);
        return NULL;
    }
    return out;
}

static json_t *given_connection(const struct hk_arguments *args, struct hk_error *err)
{
    const char *uri = hk_arguments_text(args, "conn-uri");
    const char *json = hk_arguments_text(args, "conn-json");
    if (uri != NULL && json != NULL) {
        hk_error_set(err, HK_INVALID, "--conn-uri and --conn-json cannot be given together");
        return NULL;
    }
    if (uri != NULL) {
        return refuse_beside(args, "conn-uri", err) ? hk_connection_uri_read(uri, err) : NULL;
    }
    if (json == NULL) {
        return from_fields(args, err);
    }
    json_t *document = refuse_beside(args, "conn-json", err) ? hk_json_parse(hk_str_from(json), err) : NULL;
    if (document != NULL && !json_is_object(document)) {
        json_decref(document);
        hk_error_set(err, HK_INVALID, "--conn-json is a JSON object, as in '{\"conn_type\": \"http\"}'");
        return NULL;
    }
    return document != NULL ? tidied(document, err) : NULL;
}

static bool add_connection(struct hk_cli *cli, struct hk_error *err)
{
    const char *id = hk_arguments_position(cli->args, 0);
    const char *extra = hk_arguments_text(cli->args, "conn-extra");
    const char *description = hk_arguments_text(cli->args, "conn-description");
    json_t *body = given_connection(cli->args, err);
    if (body == NULL) {
        return false;
    }
    json_object_set_new(body, "connection_id", json_string(id));
    if (extra != NULL) {
        json_object_set_new(body, "extra", json_string(extra));
    }
    if (description != NULL) {
        json_object_set_new(body, "description", json_string(description));
    }
    json_t *reply = hk_client_send(cli->client, "POST", "/api/v2/connections", body, err);
    if (reply == NULL) {
        return err->code == HK_CONFLICT
                   ? hk_error_set(err, HK_CONFLICT, "A connection with `conn_id`=%s already exists.", id)
                   : false;
    }
    printf("Successfully added `conn_id`=%s\n", id);
    json_t *rows = json_array();
    json_array_append_new(rows,
                          json_pack("{s:s, s:O, s:O, s:O, s:O}", "conn_id", id, "conn_type",
                                    json_object_get(reply, "conn_type"), "host", json_object_get(reply, "host"),
                                    "login", json_object_get(reply, "login"), "port", json_object_get(reply, "port")));
    json_decref(reply);
    return hk_cli_print_rows(cli, rows);
}

static bool delete_connection(struct hk_cli *cli, struct hk_error *err)
{
    const char *id = hk_arguments_position(cli->args, 0);
    const char *path = hk_client_path(cli->client, "/api/v2/connections/{}", id);
    json_t *reply = hk_client_send(cli->client, "DELETE", path, NULL, err);
    if (reply == NULL) {
        return false;
    }
    json_decref(reply);
    printf("Successfully deleted connection with `conn_id`=%s\n", id);
    return true;
}

static bool test_connection(struct hk_cli *cli, struct hk_error *err)
{
    return hk_error_set(err, HK_DENIED,
                        "testing connections is disabled, as it is in Airflow unless core.test_connection says "
                        "otherwise; hanok cannot enable it yet (connection '%s')",
                        hk_arguments_position(cli->args, 0));
}

/* ---- import and export ---- */

/* value: an object, or a URI as text. Takes nothing. */
static bool import_one(const struct hk_cli *cli, const char *id, json_t *value, struct hk_error *err)
{
    json_t *body = json_is_string(value)   ? hk_connection_uri_read(json_string_value(value), err)
                   : json_is_object(value) ? tidied(json_deep_copy(value), err)
                                           : NULL;
    if (body == NULL) {
        return json_is_string(value) || json_is_object(value)
                   ? false
                   : hk_error_set(err, HK_INVALID, "a connection is a JSON object or a URI");
    }
    json_object_set_new(body, "connection_id", json_string(id));
    json_t *reply = hk_client_send(cli->client, "POST", "/api/v2/connections", json_incref(body), err);
    if (reply == NULL && err->code == HK_CONFLICT && hk_arguments_has(cli->args, "overwrite")) {
        const char *path = hk_client_path(cli->client, "/api/v2/connections/{}", id);
        reply = hk_client_send(cli->client, "PATCH", path, json_incref(body), err);
    } else if (reply == NULL && err->code == HK_CONFLICT) {
        hk_error_set(err, HK_CONFLICT, "connection already exists; --overwrite replaces it");
    }
    json_decref(body);
    json_decref(reply);
    return reply != NULL;
}

static bool import_connections(struct hk_cli *cli, struct hk_error *err)
{
    json_t *document = hk_cli_read_json(hk_arguments_position(cli->args, 0), err);
    const char *id;
    json_t *value;
    if (document == NULL) {
        return false;
    }
    json_object_foreach (document, id, value) {
        if (import_one(cli, id, value, err)) {
            printf("Imported connection %s\n", id);
        } else {
            printf("Could not import connection %s: %s\n", id, err->message);
            cli->status = 1;
        }
    }
    json_decref(document);
    return true;
}

static void add_environment(const json_t *document, bool as_uri, struct hk_buf *out)
{
    const char *id;
    json_t *c;
    json_object_foreach ((json_t *)document, id, c) {
        char *json = json_dumps(c, 0);
        hk_buf_printf(out, "%s=", id);
        if (as_uri) {
            hk_connection_uri_write(c, out);
        } else {
            hk_buf_add_text(out, json);
        }
        hk_buf_add_char(out, '\n');
        free(json);
    }
}

static bool pick_format(const struct hk_arguments *args, const char *path, const char **format, struct hk_error *err)
{
    *format = hk_arguments_text(args, "file-format");
    struct hk_str name = hk_str_from(path);
    if (*format == NULL) {
        *format = strcmp(path, "-") == 0 || hk_str_ends_with(name, ".json") ? "json"
                  : hk_str_ends_with(name, ".yaml")                         ? "yaml"
                  : hk_str_ends_with(name, ".env")                          ? "env"
                                                                            : NULL;
    }
    return *format != NULL ||
           hk_error_set(err, HK_INVALID,
                        "file '%s' has none of the endings .json, .yaml and .env; name the form with --file-format",
                        path);
}

static bool export_connections(struct hk_cli *cli, struct hk_error *err)
{
    static const char *const fields[] = {"conn_type", "description", "login",  "password",
                                         "host",      "port",        "schema", "extra"};
    const char *path = hk_arguments_position(cli->args, 0);
    const char *format = NULL;
    const char *serialized = hk_arguments_text(cli->args, "serialization-format");
    json_t *connections = pick_format(cli->args, path, &format, err) ? all_connections(cli, err) : NULL;
    if (connections == NULL) {
        return false;
    }
    json_t *document = json_object();
    size_t i;
    json_t *c;
    json_array_foreach (connections, i, c) {
        json_t *entry = json_object();
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
            json_object_set(entry, fields[f], json_object_get(c, fields[f]));
        }
        json_object_set_new(document, hk_json_get_text(c, "connection_id", ""), entry);
    }
    struct hk_buf text;
    hk_buf_init(&text, HK_OUTPUT_BYTES);
    if (format != NULL && strcmp(format, "env") == 0) {
        add_environment(document, serialized == NULL || strcmp(serialized, "uri") == 0, &text);
    } else if (format != NULL && strcmp(format, "yaml") == 0) {
        hk_output_yaml(document, &text);
    } else {
        char *json = json_dumps(document, JSON_INDENT(2));
        hk_buf_add_text(&text, json);
        free(json);
    }
    bool ok = hk_cli_write_file(path, hk_buf_str(&text), err);
    if (ok && strcmp(path, "-") == 0) {
        fprintf(stderr, "\n%zu Connections successfully exported.\n", json_object_size(document));
    } else if (ok) {
        printf("%zu Connections successfully exported to %s.\n", json_object_size(document), path);
    }
    hk_buf_clear(&text);
    json_decref(document);
    json_decref(connections);
    return ok;
}

static const struct hk_option get_options[] = {HK_OPTION_OUTPUT, HK_OPTIONS_END};
static const struct hk_option list_options[] = {
    HK_OPTION_OUTPUT,
    {"show-values", NULL, NULL, "show everything, passwords too", NULL, NULL},
    {"hide-sensitive", NULL, NULL, "with --show-values: mask passwords and extras", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_option add_options[] = {
    HK_OPTION_OUTPUT,
    {"conn-uri", NULL, "URI", "all in one: type://login:password@host:port/schema?extra=...", NULL, NULL},
    {"conn-json", NULL, "JSON", "all in one, as an object", NULL, NULL},
    {"conn-type", NULL, "TYPE", "http, postgres, ...", NULL, NULL},
    {"conn-description", NULL, "TEXT", "what it is for", NULL, NULL},
    {"conn-host", NULL, "HOST", "where it leads", NULL, NULL},
    {"conn-login", NULL, "NAME", "user name", NULL, NULL},
    {"conn-password", NULL, "TEXT", "password", NULL, NULL},
    {"conn-schema", NULL, "TEXT", "schema or database", NULL, NULL},
    {"conn-port", NULL, "PORT", "port", NULL, NULL},
    {"conn-extra", NULL, "JSON", "more settings, as an object", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_option import_options[] = {
    {"overwrite", NULL, NULL, "replace connections that are there already", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_option export_options[] = {
    {"file-format", NULL, "FORMAT", "json, yaml or env (default: by the file's ending)", "json|yaml|env", "format"},
    {"serialization-format", NULL, "FORMAT", "of env lines: uri (default) or json", "json|uri", NULL},
    HK_OPTIONS_END,
};
static const struct hk_verb verbs[] = {
    {"list", "List connections", HK_NEEDS_CLIENT, NULL, list_options, list_connections},
    {"get", "Get a connection", HK_NEEDS_CLIENT, "conn_id", get_options, get_connection},
    {"add", "Add a connection", HK_NEEDS_CLIENT, "conn_id", add_options, add_connection},
    {"delete", "Delete a connection", HK_NEEDS_CLIENT, "conn_id", NULL, delete_connection},
    {"import", "Import connections from a JSON file", HK_NEEDS_CLIENT, "file", import_options, import_connections},
    {"export", "Export all connections ('-': standard output)", HK_NEEDS_CLIENT, "file", export_options,
     export_connections},
    {"test", "Test a connection", HK_NEEDS_NOTHING, "conn_id", NULL, test_connection},
};
const struct hk_verb_group hk_connections_group = {"connections", "Manage connections", verbs,
                                                   sizeof verbs / sizeof *verbs};
