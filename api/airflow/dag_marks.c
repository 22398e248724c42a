/* dagStats, dagTags, favourites; and what there is none of in hanok, so that tools which look find the right nothing.
 */
#include "api/airflow/routes.h"

#include <string.h>

#include "api/airflow/rest_internal.h"
#include "engine/store/dag_marks.h"

/* ---- dagStats ---- */

enum { RUN_STATES = 4 };

struct stats {
    struct hk__list *list;
    int64_t total;
    const char *dag_id; /* being counted; NULL: none yet */
    const char *display_name;
    int64_t counts[RUN_STATES];
};

static void write_stats(struct stats *stats)
{
    struct hk_json *w = &stats->list->w;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "dag_id", stats->dag_id);
    hk_json_kv_text(w, "dag_display_name", stats->display_name);
    hk_json_key(w, "stats");
    hk_json_begin_array(w);
    for (size_t i = 0; i < RUN_STATES; i++) {
        hk_json_begin_object(w);
        hk_json_kv_text(w, "state", hk__run_states[i]);
        hk_json_kv_int(w, "count", stats->counts[i]);
        hk_json_end_object(w);
    }
    hk_json_end_array(w);
    hk_json_end_object(w);
    stats->total++;
}

static bool count_runs(void *arg, const struct hk_run_count *row)
{
    struct stats *stats = arg;
    struct hk_arena *arena = stats->list->req->arena;
    if (stats->dag_id == NULL || strcmp(stats->dag_id, row->dag_id) != 0) {
        if (stats->dag_id != NULL) {
            write_stats(stats);
        }
        memset(stats->counts, 0, sizeof stats->counts);
        stats->dag_id = hk_arena_strdup(arena, row->dag_id);
        stats->display_name = hk_arena_strdup(arena, row->display_name);
    }
    for (size_t i = 0; i < RUN_STATES; i++) {
        stats->counts[i] += strcmp(hk__run_states[i], row->state) == 0 ? row->count : 0;
    }
    return true;
}

static bool fill_stats(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    struct stats stats = {.list = list};
    bool ok = hk_store_run_counts(db, *(const struct hk_texts *)list->filter, count_runs, &stats, err);
    if (ok && stats.dag_id != NULL) {
        write_stats(&stats);
    }
    *total = stats.total;
    return ok;
}

void hk__dag_stats(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    const struct hk_texts dag_ids = hk__query_texts(&v, "dag_ids");
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res, &(struct hk__listing){.name = "dags", .filter = &dag_ids, .fill = fill_stats});
    }
}

/* ---- dagTags ---- */

static bool each_tag(void *list, const char *name)
{
    hk_json_text(&((struct hk__list *)list)->w, name);
    return true;
}

static bool fill_tags(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    return hk_store_tag_list(db, list->filter, list->page, each_tag, list, total, err);
}

void hk__dag_tags(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_tag_orders, NULL, &page);
    const struct hk_search name = hk__query_search(&v, "tag_name");
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "tags", .filter = &name, .page = &page, .fill = fill_tags});
    }
}

/* ---- favourites ---- */

static bool need_dag(struct hk_db *db, struct hk_str dag_id, struct hk_error *err)
{
    return hk__need_dag(db, dag_id, err) ||
           (err->code == HK_NOT_FOUND &&
            hk_error_set(err, HK_NOT_FOUND, "Dag with id '%.*s' not found", HK_STR_ARG(dag_id)));
}

static bool add_favorite(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct hk_str dag_id = hk_request_path(c->req, "dag_id");
    bool done = false;
    hk_response_empty(c->res, 204);
    return need_dag(db, dag_id, err) && hk_store_favorite_add(db, c->req->caller.username, dag_id, &done, err) &&
           (done || hk_error_set(err, HK_CONFLICT, "the DAG is marked as favorite already"));
}

static bool remove_favorite(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct hk_str dag_id = hk_request_path(c->req, "dag_id");
    bool done = false;
    hk_response_empty(c->res, 204);
    return need_dag(db, dag_id, err) && hk_store_favorite_remove(db, c->req->caller.username, dag_id, &done, err) &&
           (done || hk_error_set(err, HK_CONFLICT, "Dag is not marked as favorite"));
}

static void fail_favorite(struct hk__command *c, const struct hk_error *err)
{
    if (err->code == HK_CONFLICT) {
        hk__unique_violation(c->req, c->res, err);
    } else {
        hk__broken(c->req, c->res, err);
    }
}

void hk__dag_favorite(const struct hk_request *req, struct hk_response *res)
{
    const struct hk__command command = {.finish = add_favorite, .fail = fail_favorite};
    hk__command_begin(req, res, "favorite_dag", &command);
}

void hk__dag_unfavorite(const struct hk_request *req, struct hk_response *res)
{
    hk__write_begin(req, res, "unfavorite_dag", NULL, remove_favorite);
}

/* ---- what there is none of ---- */

static bool fill_nothing(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    (void)db;
    (void)list;
    (void)total;
    (void)err;
    return true;
}

/* A DAG with something to warn of is not taken at all: it has an import error. */
void hk__dag_warnings(const struct hk_request *req, struct hk_response *res)
{
    static const char *const types[] = {"asset conflict", "non-existent pool", "runtime varying value", NULL};
    static const struct hk_order_field orders[] = {{"dag_id", "", NULL},
                                                   {"warning_type", "", NULL},
                                                   {"message", "", NULL},
                                                   {"timestamp", "", NULL},
                                                   {NULL, NULL, NULL}};
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    (void)hk_query_enum(&v, "warning_type", types, "enum");
    hk__page(&v, orders, NULL, &page);
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res, &(struct hk__listing){.name = "dag_warnings", .fill = fill_nothing});
    }
}

void hk__plugins(const struct hk_request *req, struct hk_response *res)
{
    static const struct hk_order_field none[] = {{NULL, NULL, NULL}};
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, none, NULL, &page);
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res, &(struct hk__listing){.name = "plugins", .fill = fill_nothing});
    }
}

void hk__plugin_errors(const struct hk_request *req, struct hk_response *res)
{
    hk__answer_list(req, res, &(struct hk__listing){.name = "import_errors", .fill = fill_nothing});
}

/* As in an Airflow that was not told to show it. */
void hk__config(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    hk__detail(res, 403,
               "Your Airflow administrator chose not to expose the configuration, most likely for security reasons.");
}
