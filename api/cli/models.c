/* `hanok models ...`: versions of registered models and their gates. Airflow has no such verbs; these follow its
 * manners and speak to the MLflow door. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/verbs.h"
#include "engine/base/civil.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"

#define API "/api/2.0/mlflow/"

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return value != NULL ? value : json_null();
}

static json_t *time_of(const json_t *object, const char *name)
{
    char text[HK_ISO_SIZE];
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value)) {
        return json_null();
    }
    hk_iso_z(json_integer_value(value) * HK_MS_US, text);
    return json_string(text);
}

/* "@champion" or "Production". */
static json_t *target_of(const json_t *target)
{
    const char *alias = hk_json_get_text(target, "alias", NULL);
    const char *stage = hk_json_get_text(target, "stage", NULL);
    return alias != NULL ? json_sprintf("@%s", alias) : stage != NULL ? json_string(stage) : json_null();
}

/* {"name", "version", "alias" or "stage", "comment", "archive_existing_versions"}; NULL with err set. */
static json_t *promotion_body(const struct hk_cli *cli, bool has_version, struct hk_error *err)
{
    const char *alias = hk_arguments_text(cli->args, "alias");
    const char *stage = hk_arguments_text(cli->args, "stage");
    const char *comment = hk_arguments_text(cli->args, "comment");
    if ((alias == NULL) == (stage == NULL)) {
        hk_error_set(err, HK_INVALID, "name one target: --alias NAME or --stage NAME");
        return NULL;
    }
    json_t *body = json_pack("{s:s, s:s}", "name", hk_arguments_position(cli->args, 0),
                             alias != NULL ? "alias" : "stage", alias != NULL ? alias : stage);
    if (body == NULL) {
        hk_error_set(err, HK_INVALID, "the names are not UTF-8");
        return NULL;
    }
    if (has_version) {
        json_object_set_new(body, "version", json_string(hk_arguments_position(cli->args, 1)));
    }
    if (comment != NULL) {
        json_object_set_new(body, "comment", json_string(comment));
    }
    return body;
}

/* ---- looking ---- */

/* All pages of a search, as one array; path has a query. */
static json_t *search(struct hk_cli *cli, const char *path, const char *list, struct hk_error *err)
{
    json_t *all = json_array();
    const char *page_path = path;
    while (page_path != NULL) {
        json_t *page = hk_client_get(cli->client, page_path, err);
        if (page == NULL) {
            json_decref(all);
            return NULL;
        }
        json_array_extend(all, json_object_get(page, list));
        const char *token = hk_json_get_text(page, "next_page_token", "");
        page_path = NULL;
        if (token[0] != '\0') {
            struct hk_buf joined;
            hk_buf_init(&joined, 65536);
            hk_buf_printf(&joined, "%s&page_token=%s", path, hk_client_path(cli->client, "{}", token));
            page_path = hk_client_path(cli->client, joined.data);
            hk_buf_clear(&joined);
        }
        json_decref(page);
    }
    return all;
}

static json_t *aliases_of(const json_t *model)
{
    json_t *out = json_array();
    size_t i;
    json_t *alias;
    json_array_foreach (json_object_get(model, "aliases"), i, alias) {
        json_array_append_new(
            out, json_sprintf("%s=%s", hk_json_get_text(alias, "alias", ""), hk_json_get_text(alias, "version", "")));
    }
    return out;
}

static bool list_models(struct hk_cli *cli, struct hk_error *err)
{
    json_t *models = search(cli, API "registered-models/search?max_results=1000", "registered_models", err);
    json_t *rows = json_array();
    size_t i;
    json_t *model;
    json_array_foreach (models, i, model) {
        json_array_append_new(rows,
                              json_pack("{s:O, s:o, s:o}", "name", member(model, "name"), "aliases", aliases_of(model),
                                        "last_updated", time_of(model, "last_updated_timestamp")));
    }
    bool ok = models != NULL;
    json_decref(models);
    if (!ok) {
        json_decref(rows);
        return false;
    }
    return hk_cli_print_rows(cli, rows);
}

/* The model itself tells which alias a version has; and that there is no such model. */
static json_t *aliases_of_version(const json_t *model, const char *version)
{
    json_t *out = json_array();
    size_t i;
    json_t *alias;
    json_array_foreach (json_object_get(model, "aliases"), i, alias) {
        if (strcmp(hk_json_get_text(alias, "version", ""), version) == 0) {
            json_array_append(out, json_object_get(alias, "alias"));
        }
    }
    return out;
}

static json_t *get_model(struct hk_cli *cli, struct hk_error *err)
{
    const char *name = hk_arguments_position(cli->args, 0);
    return hk_client_get(cli->client, hk_client_path(cli->client, API "registered-models/get?name={}", name), err);
}

static bool list_versions(struct hk_cli *cli, struct hk_error *err)
{
    const char *name = hk_arguments_position(cli->args, 0);
    const char *path =
        hk_client_path(cli->client, API "model-versions/search?max_results=1000&filter=name%3D%27{}%27", name);
    json_t *reply = get_model(cli, err);
    json_t *versions = reply != NULL ? search(cli, path, "model_versions", err) : NULL;
    if (versions == NULL) {
        json_decref(reply);
        return false;
    }
    const json_t *model = json_object_get(reply, "registered_model");
    json_t *rows = json_array();
    size_t i;
    json_t *version;
    json_array_foreach (versions, i, version) {
        json_array_append_new(rows, json_pack("{s:O, s:O, s:o, s:O, s:O, s:o}", "version", member(version, "version"),
                                              "stage", member(version, "current_stage"), "aliases",
                                              aliases_of_version(model, hk_json_get_text(version, "version", "")),
                                              "run_id", member(version, "run_id"), "source", member(version, "source"),
                                              "created", time_of(version, "creation_timestamp")));
    }
    json_decref(versions);
    json_decref(reply);
    return hk_cli_print_rows(cli, rows);
}

static bool print_rules(const struct hk_cli *cli, const json_t *rules)
{
    json_t *rows = json_array();
    size_t i;
    json_t *rule;
    json_array_foreach ((json_t *)rules, i, rule) {
        json_array_append_new(rows, json_pack("{s:O, s:O, s:O, s:O, s:O, s:O}", "policy", member(rule, "policy"),
                                              "rule", member(rule, "rule"), "outcome", member(rule, "outcome"),
                                              "measured", member(rule, "measured"), "threshold",
                                              member(rule, "threshold"), "sentence", member(rule, "sentence")));
    }
    return hk_cli_print_rows(cli, rows);
}

static bool show_gates(struct hk_cli *cli, struct hk_error *err)
{
    json_t *body = promotion_body(cli, true, err);
    json_t *reply = body != NULL ? hk_client_send(cli->client, "POST", API "gates:evaluate", body, err) : NULL;
    if (reply == NULL) {
        return false;
    }
    cli->status = strcmp(hk_json_get_text(reply, "outcome", ""), "failed") == 0;
    print_rules(cli, json_object_get(reply, "rules"));
    json_decref(reply);
    return true;
}

static bool show_history(struct hk_cli *cli, struct hk_error *err)
{
    int64_t limit = 100;
    if (!hk_arguments_int(cli->args, "limit", 1, &limit, err)) {
        return false;
    }
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)limit);
    const char *path = hk_client_path(cli->client, API "promotion-audit/list?name={}&max_results={}",
                                      hk_arguments_position(cli->args, 0), number);
    json_t *reply = hk_client_get(cli->client, path, err);
    if (reply == NULL) {
        return false;
    }
    if (json_array_size(json_object_get(reply, "decisions")) == 0) {
        json_decref(reply);
        reply = get_model(cli, err); /* one that is there has no history yet; a name that never was is a mistake */
        if (reply == NULL) {
            return false;
        }
    }
    json_t *rows = json_array();
    size_t i;
    json_t *d;
    json_array_foreach (json_object_get(reply, "decisions"), i, d) {
        json_array_append_new(rows, json_pack("{s:o, s:O, s:O, s:O, s:o, s:O, s:O, s:O, s:O}", "time",
                                              time_of(d, "timestamp"), "action", member(d, "action"), "outcome",
                                              member(d, "outcome"), "version", member(d, "version"), "target",
                                              target_of(json_object_get(d, "target")), "previous",
                                              member(d, "previous_version"), "user", member(d, "user_id"), "comment",
                                              member(d, "comment"), "message", member(d, "message")));
    }
    json_decref(reply);
    return hk_cli_print_rows(cli, rows);
}

/* ---- moving ---- */

static bool send(struct hk_cli *cli, const char *method, const char *path, json_t *body, struct hk_error *err)
{
    json_t *reply = body != NULL ? hk_client_send(cli->client, method, path, body, err) : NULL;
    json_decref(reply);
    return reply != NULL;
}

static bool promote(struct hk_cli *cli, struct hk_error *err)
{
    json_t *body = promotion_body(cli, true, err);
    bool is_alias = hk_arguments_text(cli->args, "alias") != NULL;
    if (body != NULL && hk_arguments_has(cli->args, "archive-existing")) {
        json_object_set_new(body, "archive_existing_versions", json_true());
    }
    if (!send(cli, "POST", is_alias ? API "registered-models/alias" : API "databricks/model-versions/transition-stage",
              body, err)) {
        return false;
    }
    printf("Version %s of %s promoted\n", hk_arguments_position(cli->args, 1), hk_arguments_position(cli->args, 0));
    return true;
}

static bool print_request(struct hk_cli *cli, const char *verb, struct hk_error *err)
{
    json_t *body = promotion_body(cli, true, err);
    const char *path = hk_client_path(cli->client, API "transition-requests/{}", verb);
    bool is_delete = strcmp(verb, "delete") == 0;
    if (body != NULL && hk_arguments_has(cli->args, "archive-existing")) {
        json_object_set_new(body, "archive_existing_versions", json_true());
    }
    json_t *reply = body != NULL ? hk_client_send(cli->client, is_delete ? "DELETE" : "POST", path, body, err) : NULL;
    if (reply == NULL) {
        return false;
    }
    const json_t *request = json_object_get(reply, "request");
    request = request != NULL ? request : json_object_get(reply, "activity");
    const char *id = hk_json_get_text(request, "id", "");
    const char *waits = hk_json_get_text(request, "system_comment", NULL);
    printf("Request%s%s is %s%s%s\n", id[0] != '\0' ? " " : "", id, hk_json_get_text(request, "state", "?"),
           waits != NULL ? ": " : "", waits != NULL ? waits : "");
    json_decref(reply);
    return true;
}

static bool request(struct hk_cli *cli, struct hk_error *err)
{
    return print_request(cli, "create", err);
}

static bool approve(struct hk_cli *cli, struct hk_error *err)
{
    return print_request(cli, "approve", err);
}

static bool reject(struct hk_cli *cli, struct hk_error *err)
{
    return print_request(cli, "reject", err);
}

static bool cancel(struct hk_cli *cli, struct hk_error *err)
{
    return print_request(cli, "delete", err);
}

static bool list_requests(struct hk_cli *cli, struct hk_error *err)
{
    const char *path = hk_client_path(cli->client, API "transition-requests/list?name={}&version={}",
                                      hk_arguments_position(cli->args, 0), hk_arguments_position(cli->args, 1));
    json_t *reply = hk_client_get(cli->client, path, err);
    if (reply == NULL) {
        return false;
    }
    json_t *rows = json_array();
    size_t i;
    json_t *r;
    json_array_foreach (json_object_get(reply, "requests"), i, r) {
        const char *alias = hk_json_get_text(r, "to_alias", NULL);
        json_array_append_new(
            rows, json_pack("{s:O, s:o, s:O, s:o, s:O, s:O}", "id", member(r, "id"), "target",
                            alias != NULL ? json_sprintf("@%s", alias) : json_incref((json_t *)member(r, "to_stage")),
                            "user", member(r, "user_id"), "created", time_of(r, "creation_timestamp"), "waits_for",
                            member(r, "system_comment"), "comment", member(r, "comment")));
    }
    json_decref(reply);
    return hk_cli_print_rows(cli, rows);
}

static bool roll_back(struct hk_cli *cli, struct hk_error *err)
{
    json_t *body = promotion_body(cli, false, err);
    json_t *reply = body != NULL ? hk_client_send(cli->client, "POST", API "gates:rollback", body, err) : NULL;
    if (reply == NULL) {
        return false;
    }
    printf("Version %s of %s is back\n", hk_json_get_text(json_object_get(reply, "model_version"), "version", "?"),
           hk_arguments_position(cli->args, 0));
    json_decref(reply);
    return true;
}

/* ---- policies ---- */

static bool list_policies(struct hk_cli *cli, struct hk_error *err)
{
    const char *name = hk_arguments_position(cli->args, 0);
    const char *path = name != NULL ? hk_client_path(cli->client, API "promotion-policies/history?name={}", name)
                                    : API "promotion-policies/list";
    json_t *reply = hk_client_get(cli->client, path, err);
    if (reply == NULL) {
        return false;
    }
    json_t *rows = json_array();
    size_t i;
    json_t *p;
    json_array_foreach (json_object_get(reply, "policies"), i, p) {
        json_array_append_new(rows, json_pack("{s:O, s:O, s:O, s:o, s:O, s:O, s:o, s:O}", "name", member(p, "name"),
                                              "version", member(p, "version"), "model", member(p, "model"), "target",
                                              target_of(json_object_get(p, "target")), "file", member(p, "file"),
                                              "user", member(p, "user_id"), "created", time_of(p, "creation_timestamp"),
                                              "is_deleted", member(p, "is_deleted")));
    }
    json_decref(reply);
    return hk_cli_print_rows(cli, rows);
}

/* A file with one policy; its YAML goes as it is, so that the server tells the line of a mistake. */
static bool set_policy(struct hk_cli *cli, struct hk_error *err)
{
    char *text = NULL;
    size_t len = 0;
    if (!hk_cli_read_file(hk_arguments_position(cli->args, 0), &text, &len, err)) {
        return false;
    }
    json_t *body = json_pack("{s:s%}", "policy_yaml", text, len);
    free(text);
    if (body == NULL) {
        return hk_error_set(err, HK_INVALID, "the file is not UTF-8");
    }
    json_t *reply = hk_client_send(cli->client, "POST", API "promotion-policies/set", body, err);
    if (reply == NULL) {
        return false;
    }
    const json_t *policy = json_object_get(reply, "policy");
    printf("Policy %s is at version %lld\n", hk_json_get_text(policy, "name", "?"),
           (long long)hk_json_get_int(policy, "version", 0));
    json_decref(reply);
    return true;
}

static bool delete_policy(struct hk_cli *cli, struct hk_error *err)
{
    const char *name = hk_arguments_position(cli->args, 0);
    if (!send(cli, "DELETE", API "promotion-policies/delete", json_pack("{s:s}", "name", name), err)) {
        return false;
    }
    printf("Policy %s deleted\n", name);
    return true;
}

#define OPTION_ALIAS                                                                                                   \
    {                                                                                                                  \
        "alias", NULL, "NAME", "the alias that the version is to hold", NULL, NULL                                     \
    }
#define OPTION_STAGE                                                                                                   \
    {                                                                                                                  \
        "stage", NULL, "NAME", "the stage that it is to be in: Staging, Production, Archived, None", NULL, NULL        \
    }
#define OPTION_COMMENT                                                                                                 \
    {                                                                                                                  \
        "comment", NULL, "TEXT", "why; the audit trail keeps it", NULL, NULL                                           \
    }
#define OPTION_ARCHIVE                                                                                                 \
    {                                                                                                                  \
        "archive-existing", NULL, NULL, "others in the stage are archived", NULL, NULL                                 \
    }

static const struct hk_option output[] = {HK_OPTION_OUTPUT, HK_OPTIONS_END};
static const struct hk_option history_options[] = {
    {"limit", NULL, "N", "so many of the newest decisions (default: 100, at most 1000)", NULL, NULL},
    HK_OPTION_OUTPUT,
    HK_OPTIONS_END};
static const struct hk_option gates_options[] = {OPTION_ALIAS, OPTION_STAGE, OPTION_COMMENT, HK_OPTION_OUTPUT,
                                                 HK_OPTIONS_END};
static const struct hk_option promote_options[] = {OPTION_ALIAS, OPTION_STAGE, OPTION_ARCHIVE, OPTION_COMMENT,
                                                   HK_OPTIONS_END};
static const struct hk_option decide_options[] = {OPTION_ALIAS, OPTION_STAGE, OPTION_ARCHIVE, OPTION_COMMENT,
                                                  HK_OPTIONS_END};
static const struct hk_option back_options[] = {OPTION_ALIAS, OPTION_STAGE, OPTION_COMMENT, HK_OPTIONS_END};

static const struct hk_verb verbs[] = {
    {"list", "List registered models", HK_NEEDS_CLIENT, NULL, output, list_models},
    {"versions", "List the versions of a model", HK_NEEDS_CLIENT, "name", output, list_versions},
    {"promote", "Bring a version to an alias or a stage, if its gates let it", HK_NEEDS_CLIENT, "name version",
     promote_options, promote},
    {"gates", "Tell what promoting a version would find, changing nothing; ends with 1 if a rule fails",
     HK_NEEDS_CLIENT, "name version", gates_options, show_gates},
    {"request", "Ask for a promotion that somebody has to approve", HK_NEEDS_CLIENT, "name version", promote_options,
     request},
    {"requests", "List the open requests of a version", HK_NEEDS_CLIENT, "name version", output, list_requests},
    {"approve", "Approve a request", HK_NEEDS_CLIENT, "name version", decide_options, approve},
    {"reject", "Reject a request", HK_NEEDS_CLIENT, "name version", decide_options, reject},
    {"cancel", "Take a request back", HK_NEEDS_CLIENT, "name version", decide_options, cancel},
    {"rollback", "Give a target back to the version that held it before", HK_NEEDS_CLIENT, "name", back_options,
     roll_back},
    {"history", "Show the audit trail of a model", HK_NEEDS_CLIENT, "name", history_options, show_history},
    {"policies", "List promotion policies, or all versions of one", HK_NEEDS_CLIENT, "[name]", output, list_policies},
    {"set-policy", "Set a promotion policy from a YAML or JSON file", HK_NEEDS_CLIENT, "file", NULL, set_policy},
    {"delete-policy", "End a promotion policy", HK_NEEDS_CLIENT, "name", NULL, delete_policy},
};

const struct hk_verb_group hk_models_group = {"models", "Manage registered models and what they must have earned",
                                              verbs, sizeof verbs / sizeof verbs[0]};
