/* What a client asks about the server itself. */
#include "api/mlflow/mlflow_internal.h"
#include "engine/artifacts/artifact_store.h"

static void get_version(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    res->content_type = "text/html; charset=utf-8"; /* as Flask sends a bare string */
    hk_buf_add_text(&res->body, HK_MLFLOW_VERSION);
}

/* What each answer makes a client do: with the store's type it knows that traces' spans may be sent; without workspaces
 * it sends no header about them; multipart tells it that large artifacts may be brought and fetched in parts, which
 * only a bucket can do; the presigned ones, that it may ask whether there are such addresses (and is told where there
 * are none). There is no gateway to models of others here. */
static void get_info(const struct hk_request *req, struct hk_response *res)
{
    bool has_parts = hk_artifacts_has_urls(hk__ml(req)->options.artifacts);
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "store_type", "SqlStore");
    hk_json_kv_bool(&w, "workspaces_enabled", false);
    hk_json_kv_bool(&w, "trace_archival_enabled", false);
    hk_json_kv_bool(&w, "multipart_uploads_enabled", has_parts);
    hk_json_kv_bool(&w, "multipart_downloads_enabled", has_parts);
    hk_json_kv_bool(&w, "presigned_upload_run_id_supported", false);
    hk_json_kv_bool(&w, "presigned_upload_model_id_supported", false);
    hk_json_key(&w, "features_enabled");
    hk_json_begin_object(&w);
    hk_json_kv_bool(&w, "gateway", false);
    hk_json_end_object(&w);
    hk_json_end_object(&w);
}

/* The pages of MLflow ask by GraphQL, and only they do; clients do not. */
static void refuse_graphql(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    hk__ml_fail(
        res, HK__ML_NOT_IMPLEMENTED,
        "GraphQL is spoken by MLflow's own pages only, which hanok does not have. Use the REST API, for example "
        "runs/search and runs/get.");
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_GET, "/version", HK_ROLE_ANYONE, get_version},
    {HK_METHOD_GET, "3.0/mlflow/server-info", HK_ROLE_ANYONE, get_info},
    {HK_METHOD_POST, "/graphql", HK_ROLE_VIEWER, refuse_graphql},
};

const struct hk__ml_table hk__ml_server_table = HK__ML_TABLE(routes);
