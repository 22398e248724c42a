#include "engine/store/dag_marks.h"

static const char RUN_COUNTS[] =
    "SELECT r.dag_id, coalesce((SELECT display_name FROM dag d WHERE d.dag_id = r.dag_id), "
    "r.dag_id), r.state, count(*) FROM dag_run r";
static const char TAG_SELECT[] = "SELECT DISTINCT g.name FROM dag_tag g JOIN dag d USING (dag_key)";
static const char TAG_COUNT[] = "SELECT count(DISTINCT g.name) FROM dag_tag g JOIN dag d USING (dag_key)";
#define OF_USER "username = ?1 AND dag_key = (SELECT dag_key FROM dag WHERE dag_id = ?2)"
static const char FAVORITE_ADD[] = "INSERT OR IGNORE INTO dag_favorite (username, dag_key) SELECT ?1, dag_key FROM dag "
                                   "WHERE dag_id = ?2";
static const char FAVORITE_REMOVE[] = "DELETE FROM dag_favorite WHERE " OF_USER;
static const char FAVORITE_IS[] = "SELECT 1 FROM dag_favorite WHERE " OF_USER;

const struct hk_order_field hk_tag_orders[] = {
    {"name", "g.name", NULL},
    {NULL, NULL, NULL},
};
static const char *const TAG_KEY[] = {"g.name", NULL};
static const struct hk_list_sql TAGS = {TAG_SELECT, NULL, TAG_KEY};

static bool hand_out_counts(struct hk_stmt *q, hk_run_count_fn each, void *arg, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        const struct hk_run_count row = {hk_column_text(q, 0), hk_column_text(q, 1), hk_column_text(q, 2),
                                         hk_column_int(q, 3)};
        if (!each(arg, &row)) {
            hk_reset(q);
            break;
        }
    }
    return ok;
}

bool hk_store_run_counts(struct hk_db *db, struct hk_texts dag_ids, hk_run_count_fn each, void *arg,
                         struct hk_error *err)
{
    static const char *const key[] = {"r.dag_id", "r.state", NULL};
    static const struct hk_list_sql list = {RUN_COUNTS, NULL, key};
    const struct hk_page all = {.limit = -1};
    struct hk_filter f;
    struct hk_stmt *q = NULL;
    hk_filter_init(&f);
    hk_filter_any(&f, "r.dag_id", dag_ids);
    hk_buf_add_text(&f.where, " GROUP BY r.dag_id, r.state");
    bool ok = hk_filter_select(&f, db, &list, &all, &q, err) && hand_out_counts(q, each, arg, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_tag_list(struct hk_db *db, const struct hk_search *name, const struct hk_page *page, hk_tag_fn each,
                       void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    struct hk_stmt *q = NULL;
    hk_filter_init(&f);
    hk_filter_sql(&f, "d.is_stale = 0");
    hk_filter_search(&f, "g.name", name);
    bool ok = hk_filter_count(&f, db, TAG_COUNT, total, err) && hk_filter_select(&f, db, &TAGS, page, &q, err);
    while (ok && hk_step(q, &ok, err)) {
        if (!each(arg, hk_column_text(q, 0))) {
            break;
        }
    }
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

static struct hk_stmt *of_user(struct hk_db *db, const char *sql, struct hk_str username, struct hk_str dag_id)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_str(q, 1, username);
    hk_bind_str(q, 2, dag_id);
    return q;
}

bool hk_store_favorite_add(struct hk_db *db, struct hk_str username, struct hk_str dag_id, bool *done,
                           struct hk_error *err)
{
    bool ok = hk_run(of_user(db, FAVORITE_ADD, username, dag_id), err);
    *done = ok && hk_db_changes(db) > 0;
    return ok;
}

bool hk_store_favorite_remove(struct hk_db *db, struct hk_str username, struct hk_str dag_id, bool *done,
                              struct hk_error *err)
{
    bool ok = hk_run(of_user(db, FAVORITE_REMOVE, username, dag_id), err);
    *done = ok && hk_db_changes(db) > 0;
    return ok;
}

bool hk_store_favorite_is(struct hk_db *db, struct hk_str username, struct hk_str dag_id, bool *out,
                          struct hk_error *err)
{
    struct hk_stmt *q = of_user(db, FAVORITE_IS, username, dag_id);
    bool ok = true;
    *out = false;
    while (hk_step(q, &ok, err)) {
        *out = true;
    }
    return ok;
}
