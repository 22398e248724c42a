/* traces/search. */
#include "api/mlflow/paging.h"
#include "api/mlflow/trace.h"
#include "api/mlflow/tracking.h"

enum { USUAL_RESULTS = 100 };

static bool write_found(struct hk_json *w, struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena,
                        struct hk_error *err)
{
    bool ok = true;
    hk_json_key(w, "traces");
    hk_json_begin_array(w);
    for (size_t i = 0; i < found->count && ok; i++) {
        struct hk_trace trace;
        ok = hk_store_trace_get_by_key(db, found->keys[i], arena, &trace, err) &&
             hk__ml_write_trace_info(w, db, &trace, err);
    }
    hk_json_end_array(w);
    return ok;
}

static bool read_found(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                       struct hk_error *err)
{
    const struct hk_ml_search *search = data;
    struct hk_ml_found found;
    struct hk_json w;
    if (!hk_store_search_traces(db, search, req->arena, &found, err)) {
        return false;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    bool ok = found.count == 0 || write_found(&w, db, &found, req->arena, err);
    hk__ml_write_next_page(&w, req->arena, search, &found);
    hk_json_end_object(&w);
    return ok;
}

/* Of places other than experiments (there are such elsewhere) nothing is found, as in MLflow. */
static void read_places(struct hk__ml_arguments *args, struct hk_ml_search *search)
{
    const json_t *array = hk__ml_array(args, "locations", HK__ML_REQUIRED);
    int64_t *keys = hk_arena_array(args->req->arena, json_array_size(array) + 1, sizeof *keys);
    size_t index;
    const json_t *place;
    if (array != NULL && json_array_size(array) == 0) {
        hk__ml_mistake(args, "Missing value for required parameter 'locations'. See the API docs for more information "
                             "about request parameters.");
    }
    json_array_foreach (array, index, place) {
        const json_t *id = json_object_get(json_object_get(place, "mlflow_experiment"), "experiment_id");
        if (json_is_string(id)) {
            struct hk_str text = {json_string_value(id), json_string_length(id)};
            keys[search->experiment_count++] = hk__ml_experiment_key(args, text);
        }
    }
    search->experiments = keys;
}

static void search_traces(const struct hk_request *req, struct hk_response *res)
{
    static const struct hk__ml_paging paging = {HK_SEARCH_TRACES, USUAL_RESULTS, HK__ML_MAX_TRACES, HK__ML_MAX_TRACES};
    struct hk_ml_search *search = hk_arena_alloc(req->arena, sizeof *search);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    read_places(&args, search);
    hk__ml_search_arguments(&args, &paging, search);
    hk__ml_read_with(&args, res, read_found, search);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "3.0/mlflow/traces/search", HK_ROLE_VIEWER, search_traces},
};

const struct hk__ml_table hk__ml_trace_search_table = HK__ML_TABLE(routes);
