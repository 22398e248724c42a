#include "api/mlflow/mlflow.h"

#include <stdlib.h>
#include <string.h>

#include "api/mlflow/gate_calls.h"
#include "api/mlflow/mlflow_internal.h"
#include "api/mlflow/webhook_sender.h"
#include "engine/base/alloc.h"

/* One a line, so that two changes which each add one meet in no line. */
/* clang-format off */
static const struct hk__ml_table *const tables[] = {
    &hk__ml_server_table,
    &hk__ml_experiments_table,
    &hk__ml_runs_table,
    &hk__ml_metrics_table,
    &hk__ml_inputs_table,
    &hk__ml_artifact_table,
    &hk__ml_run_artifact_table,
    &hk__ml_models_table,
    &hk__ml_versions_table,
    &hk__ml_aliases_table,
    &hk__ml_logged_models_table,
    &hk__ml_search_table,
    &hk__ml_traces_table,
    &hk__ml_assessments_table,
    &hk__ml_spans_table,
    &hk__ml_trace_search_table,
    &hk__ml_model_search_table,
    &hk__ml_gates_table,
    &hk__ml_policies_table,
    &hk__ml_requests_table,
    &hk__ml_trace_get_table,
    &hk__ml_webhooks_table,
};
/* clang-format on */

static const char *const prefixes[] = {
    "/api/2.0/mlflow", "/api/3.0/mlflow", "/api/2.0/mlflow-artifacts", "/ajax-api",  "/version",
    "/graphql",        "/get-artifact",   "/model-versions",           "/v1/traces", NULL};

static const char *const bases[] = {"/api/", "/ajax-api/"};

enum { BASES = sizeof bases / sizeof bases[0] };

int64_t hk__ml_now_ms(const struct hk_mlflow *mlflow)
{
    return hk_clock_wall_us(mlflow->options.clock) / HK_MS_US;
}

static void add_route(struct hk_mlflow *mlflow, const struct hk__ml_route *route, const char *base)
{
    size_t base_len = strlen(base);
    size_t path_len = strlen(route->path);
    char *pattern = hk_alloc(base_len + path_len + 1);
    memcpy(pattern, base, base_len);
    memcpy(pattern + base_len, route->path, path_len + 1);
    mlflow->routes[mlflow->route_count++] =
        (struct hk_route){route->method, pattern, route->needs, route->handler, route->begin, route->takes_bytes};
}

static void add_table(struct hk_mlflow *mlflow, const struct hk__ml_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct hk__ml_route *route = &table->routes[i];
        if (route->path[0] == '/') {
            add_route(mlflow, route, "");
            continue;
        }
        for (size_t b = 0; b < BASES; b++) {
            add_route(mlflow, route, bases[b]);
        }
    }
}

static void set_rules(struct hk_webhook_rules *rules)
{
    rules->schemes = rules->schemes != NULL ? rules->schemes : "https";
    if (!rules->has_counts) {
        rules->timeout_s = 30;
        rules->max_retries = 3;
    }
}

struct hk_mlflow *hk_mlflow_new(const struct hk_mlflow_options *options)
{
    struct hk_mlflow *mlflow = hk_alloc(sizeof *mlflow);
    mlflow->options = *options;
    hk_rand_init_system(&mlflow->rand);
    set_rules(&mlflow->options.webhooks);
    mlflow->webhooks = hk__webhook_sender_new(&mlflow->options);
    hk_store_watch(options->store, hk__webhook_sender_wake, mlflow->webhooks);
    size_t most = 0;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        most += tables[i]->count * BASES;
    }
    mlflow->routes = hk_alloc_array(most, sizeof *mlflow->routes);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        add_table(mlflow, tables[i]);
    }
    return mlflow;
}

void hk_mlflow_free(struct hk_mlflow *mlflow)
{
    if (mlflow == NULL) {
        return;
    }
    hk_store_unwatch(mlflow->options.store, hk__webhook_sender_wake, mlflow->webhooks);
    hk__webhook_sender_free(mlflow->webhooks);
    for (size_t i = 0; i < mlflow->route_count; i++) {
        free((char *)(uintptr_t)mlflow->routes[i].pattern);
    }
    free(mlflow->routes);
    free(mlflow);
}

static uint64_t generation(void *context)
{
    struct hk_mlflow *mlflow = context;
    return hk_store_generation(mlflow->options.store);
}

bool hk_mlflow_register(struct hk_mlflow *mlflow, struct hk_router *router, struct hk_error *err)
{
    const struct hk_door door = {.name = "mlflow",
                                 .prefixes = prefixes,
                                 .routes = mlflow->routes,
                                 .route_count = mlflow->route_count,
                                 .write_error = hk__ml_write_error,
                                 .task_scope = HK_SCOPE_MLFLOW,
                                 .admits_task = hk__ml_admits_task,
                                 .context = mlflow,
                                 .generation = generation};
    return hk_router_add(router, &door, err);
}
