#include "api/airflow/rest.h"

#include <stdlib.h>

#include "api/airflow/rest_internal.h"
#include "api/airflow/routes.h"
#include "engine/base/alloc.h"

static const char *const PREFIXES[] = {"/api/v2", NULL};

static void write_error(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure)
{
    (void)req;
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    if (failure->is_unknown_route) {
        hk_json_kv_text(&w, "error", "API route not found");
    } else {
        hk_json_kv_text(&w, "detail", failure->message);
    }
    hk_json_end_object(&w);
}

struct hk_airflow *hk_airflow_new(const struct hk_airflow_options *options)
{
    struct hk_airflow *air = hk_alloc(sizeof *air);
    air->options = *options;
    air->file_tokens = hk_file_tokens_new(options->secret);
    return air;
}

void hk_airflow_free(struct hk_airflow *airflow)
{
    if (airflow != NULL) {
        hk_file_tokens_free(airflow->file_tokens);
        free(airflow);
    }
}

static uint64_t generation(void *airflow)
{
    return hk_store_generation(((struct hk_airflow *)airflow)->options.store);
}

bool hk_airflow_register(struct hk_airflow *airflow, struct hk_router *router, struct hk_error *err)
{
    const struct hk_door door = {
        .name = "airflow",
        .prefixes = PREFIXES,
        .routes = hk__airflow_routes,
        .route_count = hk__airflow_route_count,
        .write_error = write_error,
        .context = airflow,
        .generation = generation,
    };
    return hk_router_add(router, &door, err);
}
