/* What a client asks about the server itself. */
#include "api/mlflow/mlflow_internal.h"

static void get_version(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    res->content_type = "text/html; charset=utf-8"; /* as Flask sends a bare string */
    hk_buf_add_text(&res->body, HK_MLFLOW_VERSION);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_GET, "/version", HK_ROLE_ANYONE, get_version},
};

const struct hk__ml_table hk__ml_server_table = HK__ML_TABLE(routes);
