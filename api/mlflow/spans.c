/* POST /v1/traces: spans as OpenTelemetry's clients send them, MLflow's among these. Failures have the shapes of the
 * real server's framework, because clients look for their texts. */
#include "api/mlflow/otlp_json.h"
#include "api/mlflow/trace.h"
#include "api/mlflow/tracking.h"
#include "engine/base/limits.h"
#include "engine/tracking/inflate.h"

struct spans {
    struct hk_spans spans;
    int64_t experiment_key;
    struct hk_str run_uuid; /* whose traces they are; empty: nobody's */
};

static void fail_detail(struct hk_response *res, int status, const char *message)
{
    struct hk_json w;
    hk_buf_reset(&res->body);
    res->status = status;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "detail", message);
    hk_json_end_object(&w);
}

/* Those whose root is here are whole. */
static bool link_roots(struct hk_db *db, const struct hk__ml_write *write, struct hk_error *err)
{
    const struct spans *s = write->data;
    bool ok = true;
    for (size_t i = 0; i < s->spans.len && ok && s->run_uuid.len > 0; i++) {
        struct hk_trace trace;
        if (s->spans.items[i].parent_id.data == NULL) {
            ok = hk_store_trace_get(db, s->spans.items[i].trace_id, write->req->arena, &trace, err) &&
                 hk_store_trace_link(db, trace.trace_key, s->run_uuid, err);
        }
    }
    return ok;
}

static bool run_save(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct spans *s = write->data;
    struct hk_experiment experiment;
    struct hk_spans_save save = {.spans = &s->spans, .experiment_key = s->experiment_key};
    if (!hk_store_experiment_get(db, s->experiment_key, write->req->arena, &experiment, err)) {
        return false;
    }
    save.artifact_location = experiment.artifact_location;
    return hk_store_spans_save(db, &save, write->req->arena, err) && link_roots(db, write, err);
}

/* An ExportTraceServiceResponse without a word about what was refused is empty. */
static void after(struct hk__ml_write *write)
{
    write->res->content_type = "application/x-protobuf";
}

static bool is_json(const struct hk_request *req)
{
    return hk_str_is(hk_request_media_type(req), "application/json");
}

static bool check_headers(const struct hk_request *req, struct hk_response *res, struct spans *s)
{
    struct hk_str experiment = hk_request_header(req, "x-mlflow-experiment-id");
    struct hk_str type = hk_request_media_type(req);
    if (experiment.data == NULL) {
        res->status = 422;
        hk_buf_add_text(&res->body,
                        "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"header\",\"x-mlflow-experiment-id\"],"
                        "\"msg\":\"Field required\",\"input\":null}]}");
        return false;
    }
    if (!hk_str_to_i64(hk_str_trim(experiment), &s->experiment_key)) {
        fail_detail(res, 422, "The header x-mlflow-experiment-id must be the number of an experiment.");
        return false;
    }
    if (!hk_str_is(type, "application/x-protobuf") && !is_json(req)) {
        fail_detail(res, 400,
                    hk_arena_printf(req->arena,
                                    "Invalid Content-Type: %.*s. Expected: application/x-protobuf or application/json",
                                    HK_STR_ARG(type)));
        return false;
    }
    return true;
}

/* Unpacked, and as protobuf; of both the spans keep nothing. */
static bool read_spans(const struct hk_request *req, struct hk_spans *spans, struct hk_error *err)
{
    struct hk_str encoding = hk_str_trim(hk_request_header(req, "Content-Encoding"));
    struct hk_str body = req->body;
    struct hk_buf plain;
    struct hk_buf protobuf;
    bool ok = true;
    hk_buf_init(&plain, HK_MAX_BODY_BYTES);
    hk_buf_init(&protobuf, HK_MAX_BODY_BYTES);
    if (encoding.len > 0 && !hk_str_is(encoding, "identity")) {
        ok = hk_inflate(encoding, body, &plain, err);
        body = hk_buf_str(&plain);
    }
    if (ok && is_json(req)) {
        ok = hk__ml_otlp_of_json(body, req->arena, &protobuf, err);
        body = hk_buf_str(&protobuf);
    }
    ok = ok && hk_otlp_read(body, req->arena, spans, err);
    hk_buf_clear(&plain);
    hk_buf_clear(&protobuf);
    return ok;
}

static void export_spans(const struct hk_request *req, struct hk_response *res)
{
    struct spans *s = hk_arena_alloc(req->arena, sizeof *s);
    struct hk_error err;
    if (!check_headers(req, res, s)) {
        return;
    }
    if (!read_spans(req, &s->spans, &err)) {
        fail_detail(res, err.code == HK_LIMIT ? 413 : 400, hk_arena_strdup(req->arena, err.message));
        return;
    }
    s->run_uuid = hk_request_header(req, "x-mlflow-run-id");
    const struct hk__ml_write write = {.data = s, .run = run_save, .after = after};
    hk__ml_write_then(req, res, &write);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "/v1/traces", HK_ROLE_USER, export_spans, NULL, true},
};

const struct hk__ml_table hk__ml_spans_table = HK__ML_TABLE(routes);
