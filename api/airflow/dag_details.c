#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"
#include "engine/base/limits.h"
#include "engine/store/dag_marks.h"
#include "engine/store/version_query.h"

struct details {
    struct hk_json w;
    const struct hk_airflow *air;
    const struct hk_graph *graph;
    int64_t running;
    bool is_favorite;
    struct hk_db *db;
    struct hk_error err;
    bool has_failed;
};

/* pydantic's ISO 8601 duration of a timedelta: "PT1H", "P1DT30S". */
static void write_duration(struct hk_json *w, const char *key, int64_t us)
{
    if (us == 0) {
        hk_json_kv_null(w, key);
        return;
    }
    int64_t days = us / HK_DAY_US;
    int64_t rest = us % HK_DAY_US;
    int64_t hours = rest / HK_HOUR_US;
    int64_t minutes = rest % HK_HOUR_US / HK_MINUTE_US;
    int64_t micros = rest % HK_MINUTE_US;
    struct hk_buf text;
    hk_buf_init(&text, 128);
    hk_buf_add_char(&text, 'P');
    if (days != 0) {
        hk_buf_printf(&text, "%lldD", (long long)days);
    }
    if (rest != 0) {
        hk_buf_add_char(&text, 'T');
    }
    if (hours != 0) {
        hk_buf_printf(&text, "%lldH", (long long)hours);
    }
    if (minutes != 0) {
        hk_buf_printf(&text, "%lldM", (long long)minutes);
    }
    if (micros % HK_SECOND_US != 0) {
        hk_buf_printf(&text, "%lld.%06lldS", (long long)(micros / HK_SECOND_US), (long long)(micros % HK_SECOND_US));
    } else if (micros != 0) {
        hk_buf_printf(&text, "%lldS", (long long)(micros / HK_SECOND_US));
    }
    hk_json_kv_str(w, key, hk_buf_str(&text));
    hk_buf_clear(&text);
}

static size_t indent_of(struct hk_str line)
{
    size_t indent = 0;
    while (indent < line.len && line.data[indent] == ' ') {
        indent++;
    }
    return indent;
}

/* inspect.cleandoc: the margin that all lines but the first share goes, and empty lines at both ends. */
static void write_doc(struct hk_json *w, const char *doc)
{
    if (doc == NULL) {
        hk_json_kv_null(w, "doc_md");
        return;
    }
    struct hk_str rest = hk_str_from(doc);
    struct hk_str line;
    size_t margin = SIZE_MAX;
    bool is_first = true;
    while (hk_str_next(&rest, '\n', &line)) {
        size_t indent = indent_of(line);
        if (!is_first && indent < line.len && indent < margin) {
            margin = indent;
        }
        is_first = false;
    }
    struct hk_buf text;
    hk_buf_init(&text, HK_MAX_DAG_FILE_BYTES);
    rest = hk_str_from(doc);
    is_first = true;
    while (hk_str_next(&rest, '\n', &line)) {
        size_t cut = is_first ? indent_of(line) : margin < line.len ? margin : line.len;
        hk_buf_add_text(&text, is_first ? "" : "\n");
        hk_buf_add(&text, line.data + cut, line.len - cut);
        is_first = false;
    }
    struct hk_str clean = hk_buf_str(&text);
    while (clean.len > 0 && clean.data[0] == '\n') {
        clean.data++;
        clean.len--;
    }
    while (clean.len > 0 && clean.data[clean.len - 1] == '\n') {
        clean.len--;
    }
    hk_json_kv_str(w, "doc_md", clean.data != NULL ? clean : HK_STR(""));
    hk_buf_clear(&text);
}

static void write_condition(struct hk_json *w, const struct hk_graph *g)
{
    struct hk_buf text;
    hk_buf_init(&text, HK_MAX_BODY_BYTES);
    hk_asset_condition_write(g, &text);
    hk_json_kv_raw(w, "asset_expression", hk_buf_str(&text));
    hk_buf_clear(&text);
}

static void write_graph(struct hk_json *w, const struct hk_graph *g)
{
    hk_json_kv_bool(w, "catchup", g->catchup);
    write_duration(w, "dag_run_timeout", g->run_timeout_us);
    write_condition(w, g);
    write_doc(w, g->doc_md);
    hk_json_kv_time(w, "start_date", g->start_at_us);
    hk_json_kv_time(w, "end_date", g->end_at_us);
    if (g->is_paused_upon_creation < 0) {
        hk_json_kv_null(w, "is_paused_upon_creation");
    } else {
        hk_json_kv_bool(w, "is_paused_upon_creation", g->is_paused_upon_creation != 0);
    }
    hk_json_kv_raw(w, "params", hk_str_from(g->params_json != NULL ? g->params_json : "{}"));
    hk_json_kv_bool(w, "render_template_as_native_obj", g->renders_native);
    hk_json_kv_null(w, "template_search_path");
    hk_json_kv_text(w, "timezone", g->schedule.zone);
}

static bool write_details(void *arg, const struct hk_dag_info *d)
{
    struct details *details = arg;
    struct hk_json *w = &details->w;
    const struct hk_graph *g = details->graph;
    hk_json_begin_object(w);
    hk__write_dag_members(w, details->air, d);
    write_graph(w, g);
    hk_json_kv_time(w, "last_parsed", d->last_parsed_us);
    hk_json_kv_raw(w, "default_args", hk_str_from(g->default_args_json != NULL ? g->default_args_json : "{}"));
    hk_json_kv_null(w, "rerun_with_latest_version");
    hk_json_kv_raw(w, "owner_links", hk_str_from(g->owner_links_json != NULL ? g->owner_links_json : "{}"));
    hk_json_kv_bool(w, "is_favorite", details->is_favorite);
    hk_json_kv_int(w, "active_runs_count", details->running);
    hk__write_dag_tail(w, details->air, d);
    hk_json_kv_int(w, "concurrency", d->max_active_tasks);
    hk_json_key(w, "latest_dag_version");
    struct hk__list one = {.w = *w};
    bool found = false;
    details->has_failed =
        !hk_store_version_find(details->db, hk_str_from(g->dag_id), 0, hk__each_version, &one, &found, &details->err);
    *w = one.w;
    hk_json_end_object(w);
    return true;
}

void hk__dag_details(const struct hk_request *req, struct hk_response *res)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_graph *graph = hk__dag_graph(req, res, db, dag_id);
    res->is_lasting = true;
    if (graph != NULL) {
        struct details details = {.air = req->context, .graph = graph, .db = db};
        hk_json_init(&details.w, &res->body);
        bool found = false;
        struct hk_error err;
        if (!hk_store_dag_running_count(db, dag_id, &details.running, &err) ||
            !hk_store_favorite_is(db, req->caller.username, dag_id, &details.is_favorite, &err) ||
            !hk_store_dag_find(db, dag_id, write_details, &details, &found, &err)) {
            hk__broken(req, res, &err);
        } else if (details.has_failed) {
            hk__broken(req, res, &details.err);
        } else if (!found) {
            hk__detail(res, 404, "Unable to obtain dag with id %.*s from session", HK_STR_ARG(dag_id));
        }
        hk_graph_unref(graph);
    }
    hk__read_end(req, db);
}
