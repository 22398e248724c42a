#include "api/cli/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"

static void add(struct hk_error *err, const char *before, const char *what, const char *after)
{
    char so_far[sizeof err->message];
    snprintf(so_far, sizeof so_far, "%s", err->message);
    hk_error_set(err, err->code, "%s%s%s%s", so_far, before, what, after);
}

/* false: the word is one of them. */
static bool add_nearest(const char *word, const json_t *items, const char *member, struct hk_error *err)
{
    const char **names = hk_alloc_array(json_array_size(items) + 1, sizeof *names);
    size_t i;
    json_t *item;
    bool is_there = false;
    json_array_foreach ((json_t *)items, i, item) {
        names[i] = hk_json_get_text(item, member, "");
        is_there = is_there || strcmp(names[i], word) == 0;
    }
    const char *nearest = is_there ? NULL : hk_nearest(word, names, json_array_size(items));
    if (nearest != NULL) {
        add(err, "; did you mean '", nearest, "'?");
    }
    free(names);
    return !is_there;
}

static bool has_positions(const struct hk_cli *cli, const char *names)
{
    const char *positions = cli->args->verb->positions;
    return positions != NULL && strncmp(positions, names, strlen(names)) == 0;
}

static void suggest_model(const struct hk_cli *cli, struct hk_error *err)
{
    struct hk_error ignored;
    const char *word = hk_arguments_position(cli->args, 0);
    bool is_policy = !has_positions(cli, "name") || strcmp(cli->args->verb->name, "delete-policy") == 0;
    const char *path = is_policy ? "/api/2.0/mlflow/promotion-policies/list"
                                 : "/api/2.0/mlflow/registered-models/search?max_results=1000";
    json_t *reply = word != NULL ? hk_client_get(cli->client, path, &ignored) : NULL;
    if (reply != NULL) {
        (void)add_nearest(word, json_object_get(reply, is_policy ? "policies" : "registered_models"), "name", err);
    }
    json_decref(reply);
}

void hk_cli_suggest(const struct hk_cli *cli, struct hk_error *err)
{
    struct hk_error ignored;
    if (err->code != HK_NOT_FOUND || cli->client == NULL) {
        return;
    }
    if (cli->args->group == &hk_models_group) {
        suggest_model(cli, err);
        return;
    }
    if (!has_positions(cli, "dag_id")) {
        return;
    }
    const char *dag_id = hk_arguments_position(cli->args, 0);
    json_t *dags = hk_client_list(cli->client, "/api/v2/dags?order_by=dag_id", "dags", &ignored);
    bool is_unknown = dags != NULL && add_nearest(dag_id, dags, "dag_id", err);
    if (is_unknown && json_array_size(dags) == 0) {
        add(err, "; the home ", cli->home->path, " knows no DAGs: name the server's with --home or HANOK_HOME");
    }
    json_decref(dags);
    if (is_unknown || !has_positions(cli, "dag_id task_id")) {
        return;
    }
    const char *path = hk_client_path(cli->client, "/api/v2/dags/{}/tasks", dag_id);
    json_t *reply = hk_client_get(cli->client, path, &ignored);
    if (reply != NULL) {
        (void)add_nearest(hk_arguments_position(cli->args, 1), json_object_get(reply, "tasks"), "task_id", err);
    }
    json_decref(reply);
}
