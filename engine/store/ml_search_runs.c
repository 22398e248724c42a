#include <string.h>

#include "engine/base/limits.h"
#include "engine/store/ml_search_sql.h"

#define NAME_TAG "mlflow.runName"
#define CONTEXT_TAG "mlflow.data.context"

enum {
    FEW_ROWS = 5000,      /* so many are looked at before another way is thought of, */
    ROWS_A_RESULT = 25,   /* and of a text so many more for each run of the page */
    SCANNED_SHARE = 4,    /* all runs are read for a search among at least one in so many of them */
    DEEP_SHARE = 8,       /* nothing is walked that is sure to take one in so many of all runs */
    WALK_STEPS = 50000,   /* a metric's walk is given up after so many steps of SQLite's, */
    WALK_STEPS_A_RUN = 2, /* and so many for each run there is: about half of what a scan takes */
};

static const struct hk__search_columns columns[] = {
    {"run_id", "r.run_uuid", false},           {"run_name", "r.name", false},
    {"user_id", "r.user_id", false},           {"status", "r.status", false},
    {"start_time", "r.start_ms", false},       {"end_time", "r.end_ms", true},
    {"artifact_uri", "r.artifact_uri", false}, {0},
};

static const struct hk__search_tables tables = {
    .key = "r.run_key",
    .columns = columns,
    .sides = {[HK_SEARCH_METRIC] = {"ml_latest_metric", "run_key"},
              [HK_SEARCH_PARAM] = {"ml_param", "run_key"},
              [HK_SEARCH_TAG] = {"ml_run_tag", "run_key"}},
};

/* WALK_RUNS: from the newest on, until the page is full. WALK_METRIC: along its values, likewise. Both look up what
 * else is asked in an order that is none to the tables, a page of the file each. SCAN_RUNS: all runs in the order of
 * the tables, whose pages are then read once each; sorted at the end. */
enum way { WALK_RUNS, WALK_METRIC, BEGIN_WITH_TERM, SCAN_RUNS };

struct search {
    const struct hk_ml_search *asked;
    struct hk_sql sql;
    struct hk_arena *arena;
    struct hk_error *err;
    enum way way;
    size_t first;   /* the term with the fewest rows */
    int64_t fewest; /* INT64_MAX: no term has few */
    int64_t runs;   /* about how many there are, everywhere */
};

/* MLflow looks for the name in the tag, which is what it has been renamed by. */
static struct hk_search_term as_tag(const struct hk_search_term *term)
{
    struct hk_search_term tag = *term;
    if (term->entity == HK_SEARCH_ATTRIBUTE && hk_str_is(term->key, "run_name")) {
        tag.entity = HK_SEARCH_TAG;
        tag.key = HK_STR(NAME_TAG);
    }
    return tag;
}

/* ---- what there is least of ---- */

static bool can_begin_with(const struct hk_search_term *term)
{
    if (term->entity == HK_SEARCH_METRIC) {
        return term->op != HK_SEARCH_NE;
    }
    return (term->entity == HK_SEARCH_PARAM || term->entity == HK_SEARCH_TAG) && term->op == HK_SEARCH_EQ;
}

/* The rows of a term's index, as a condition on `alias`: of long texts those, too, that only begin alike. */
static bool add_index_condition(struct hk_sql *sql, const char *alias, const struct hk_search_term *term,
                                struct hk_arena *arena, struct hk_error *err)
{
    hk_sql_printf(sql, "%s.key = ? AND ", alias);
    hk_sql_text(sql, term->key);
    if (term->entity == HK_SEARCH_METRIC) {
        hk_sql_printf(sql, "%s.is_nan = 0 AND %s.", alias, alias);
        return hk__search_add_comparison(sql, "value", term, arena, err);
    }
    hk_sql_printf(sql, "substr(%s.value, 1, 60) = substr(?, 1, 60)", alias);
    hk_sql_text(sql, term->text);
    return true;
}

static bool run_for_int(struct hk_sql *sql, struct hk_db *db, int64_t *out, struct hk_error *err)
{
    struct hk_stmt *q = NULL;
    bool ok = hk_sql_prepare(sql, db, &q, err);
    if (ok) {
        ok = hk_run_for_int(q, out, err);
        hk_stmt_free(q);
    }
    return ok;
}

static bool count_rows(struct search *s, struct hk_db *db, const struct hk_search_term *term, int64_t most,
                       int64_t *out)
{
    struct hk_sql sql;
    hk_sql_init(&sql);
    hk_sql_printf(&sql, "SELECT count(*) FROM (SELECT 1 FROM %s t WHERE ", tables.sides[term->entity].table);
    bool ok = add_index_condition(&sql, "t", term, s->arena, s->err);
    hk_sql_add(&sql, " LIMIT ?)");
    hk_sql_int(&sql, most);
    ok = ok && run_for_int(&sql, db, out, s->err);
    hk_sql_clear(&sql);
    return ok;
}

/* How many runs there may be; keys are given in order and rows never deleted. */
static const char NEWEST_RUN[] = "SELECT max(run_key) FROM ml_run";

/* Chooses between the term with the fewest rows and walking until the page is full: with terms that are met by this and
 * that part of all runs, and have nothing to do with each other, the page is full after so many. The rows of a text
 * stand in the order of the runs, and looking up those one after another costs half of what it does here and there. */
static bool choose_way(struct search *s, struct hk_db *db)
{
    const struct hk_ml_search *asked = s->asked;
    bool is_by_metric = asked->order_count > 0 && asked->orders[0].entity == HK_SEARCH_METRIC;
    int64_t page = asked->limit + asked->offset;
    double steps = (double)page;
    s->fewest = INT64_MAX;
    s->way = is_by_metric ? WALK_METRIC : WALK_RUNS;
    if (!hk_run_for_int(hk_db_query(db, NEWEST_RUN), &s->runs, s->err)) {
        return false;
    }
    for (size_t i = 0; i < asked->filter.count; i++) {
        struct hk_search_term term = as_tag(&asked->filter.terms[i]);
        int64_t most = FEW_ROWS + (term.entity != HK_SEARCH_METRIC ? ROWS_A_RESULT * page : 0);
        int64_t rows = 0;
        if (!can_begin_with(&term)) {
            continue;
        }
        if (!count_rows(s, db, &term, most, &rows)) {
            return false;
        }
        steps *= (double)s->runs / (double)(rows > 0 ? rows : 1);
        if (rows < most && rows < s->fewest) {
            s->fewest = rows;
            s->first = i;
        }
    }
    double dear = s->fewest < FEW_ROWS ? 1 : 0.5;
    if (s->fewest != INT64_MAX && ((double)s->fewest * dear < steps || s->fewest < asked->limit)) {
        s->way = BEGIN_WITH_TERM;
    }
    return true;
}

/* ---- the statement ---- */

static bool add_dataset_term(struct search *s, const struct hk_search_term *term)
{
    struct hk_sql *sql = &s->sql;
    if (hk_str_is(term->key, "context")) {
        hk_sql_add(sql, "EXISTS (SELECT 1 FROM input i JOIN input_tag t ON t.input_key = i.input_key "
                        "AND t.name = '" CONTEXT_TAG "' WHERE i.run_key = r.run_key AND ");
    } else {
        hk_sql_add(sql, "EXISTS (SELECT 1 FROM input i JOIN dataset d ON d.dataset_key = i.dataset_key "
                        "WHERE i.run_key = r.run_key AND ");
    }
    const char *column = hk_str_is(term->key, "context") ? "t.value"
                         : hk_str_is(term->key, "name")  ? "d.name"
                                                         : "d.digest";
    if (!hk__search_add_comparison(sql, column, term, s->arena, s->err)) {
        return false;
    }
    hk_sql_add(sql, ")");
    return true;
}

static bool add_term(struct search *s, const struct hk_search_term *asked)
{
    struct hk_search_term term = as_tag(asked);
    if (term.entity == HK_SEARCH_DATASET) {
        return add_dataset_term(s, &term);
    }
    if (term.entity == HK_SEARCH_ATTRIBUTE) {
        return hk__search_add_comparison(&s->sql, hk__search_column(&tables, term.key)->sql, &term, s->arena, s->err);
    }
    /* Asked of the walked index's row where there is one: then the run itself is only looked up when all is met. */
    const char *key = s->way == WALK_METRIC ? "o0.run_key" : s->way == BEGIN_WITH_TERM ? "b.run_key" : tables.key;
    return hk__search_add_side(&s->sql, &tables.sides[term.entity], key, &term, s->arena, s->err);
}

static void add_from(struct search *s)
{
    const struct hk_ml_search *asked = s->asked;
    size_t walked = s->way == WALK_METRIC ? 1 : 0;
    hk_sql_add(&s->sql, "SELECT r.run_key FROM ");
    if (s->way == WALK_METRIC) {
        hk_sql_add(&s->sql, "ml_latest_metric o0 CROSS JOIN ml_run r ON r.run_key = o0.run_key");
    } else if (s->way == BEGIN_WITH_TERM) {
        struct hk_search_term first = as_tag(&asked->filter.terms[s->first]);
        hk_sql_printf(&s->sql, "%s b CROSS JOIN ml_run r ON r.run_key = b.run_key", tables.sides[first.entity].table);
    } else {
        hk_sql_add(&s->sql, s->way == SCAN_RUNS ? "ml_run r NOT INDEXED" : "ml_run r");
    }
    for (size_t i = walked; i < asked->order_count; i++) {
        const struct hk__search_side *side = &tables.sides[asked->orders[i].entity];
        if (asked->orders[i].entity != HK_SEARCH_ATTRIBUTE) {
            hk_sql_printf(&s->sql, " LEFT JOIN %s o%zu ON o%zu.run_key = r.run_key AND o%zu.key = ?", side->table, i, i,
                          i);
            hk_sql_text(&s->sql, asked->orders[i].key);
        }
    }
}

static void add_place(struct hk_sql *sql, const struct hk_ml_search *asked, struct hk_arena *arena)
{
    if (asked->experiment_count == 1) {
        hk_sql_add(sql, "r.experiment_key = ?");
        hk_sql_int(sql, asked->experiments[0]);
    } else {
        hk_sql_add(sql, "r.experiment_key IN (SELECT value FROM json_each(?))");
        hk_sql_text(sql, hk__search_numbers(asked->experiments, asked->experiment_count, arena));
    }
    if (asked->lifecycle != NULL) {
        hk_sql_add(sql, " AND r.lifecycle = ?");
        hk_sql_text(sql, hk_str_from(asked->lifecycle));
    }
}

static bool add_where(struct search *s)
{
    const struct hk_ml_search *asked = s->asked;
    hk_sql_add(&s->sql, " WHERE ");
    if (s->way == WALK_METRIC) {
        hk_sql_add(&s->sql, "o0.key = ? AND o0.is_nan = 0 AND ");
        hk_sql_text(&s->sql, asked->orders[0].key);
    } else if (s->way == BEGIN_WITH_TERM) {
        struct hk_search_term first = as_tag(&asked->filter.terms[s->first]);
        if (!add_index_condition(&s->sql, "b", &first, s->arena, s->err)) {
            return false;
        }
        hk_sql_add(&s->sql, " AND ");
        if (first.entity != HK_SEARCH_METRIC) {
            /* With the '+', or SQLite would put the text in the place of the value in substr, and not know the index.
             */
            hk_sql_add(&s->sql, "+b.value = ? AND ");
            hk_sql_text(&s->sql, first.text);
        }
    }
    add_place(&s->sql, asked, s->arena);
    for (size_t i = 0; i < asked->filter.count; i++) {
        if (s->way == BEGIN_WITH_TERM && i == s->first) {
            continue;
        }
        hk_sql_add(&s->sql, " AND ");
        if (!add_term(s, &asked->filter.terms[i])) {
            return false;
        }
    }
    return true;
}

/* What is missing comes last in both directions; before it what is not a number. Ties: the newest first. */
static void add_order(struct search *s)
{
    const struct hk_ml_search *asked = s->asked;
    bool is_by_start = false;
    hk_sql_add(&s->sql, " ORDER BY ");
    for (size_t i = 0; i < asked->order_count; i++) {
        const struct hk_search_order *order = &asked->orders[i];
        const char *down = order->is_descending ? " DESC" : "";
        if (order->entity == HK_SEARCH_ATTRIBUTE) {
            const struct hk__search_columns *column = hk__search_column(&tables, order->key);
            is_by_start = is_by_start || hk_str_is(order->key, "start_time");
            if (column->may_be_null) {
                hk_sql_printf(&s->sql, "%s IS NULL, ", column->sql);
            }
            hk_sql_printf(&s->sql, "%s%s, ", column->sql, down);
            continue;
        }
        if (order->entity == HK_SEARCH_METRIC && !(s->way == WALK_METRIC && i == 0)) {
            hk_sql_printf(&s->sql, "CASE WHEN o%zu.is_nan THEN 1 WHEN o%zu.value IS NULL THEN 2 ELSE 0 END, ", i, i);
        } else if (order->entity != HK_SEARCH_METRIC) {
            hk_sql_printf(&s->sql, "o%zu.value IS NULL, ", i);
        }
        hk_sql_printf(&s->sql, "o%zu.value%s, ", i, down);
    }
    hk_sql_add(&s->sql, is_by_start ? "r.run_uuid" : "r.start_ms DESC, r.run_uuid");
}

static bool search_one_way(struct search *s, struct hk_db *db, struct hk_ml_found *out)
{
    hk_sql_init(&s->sql);
    add_from(s);
    bool ok = add_where(s);
    add_order(s);
    ok = ok && hk__search_run(&s->sql, db, s->asked, s->arena, out, s->err);
    hk_sql_clear(&s->sql);
    return ok;
}

/* All that may match, sorted. Reading all runs is for experiments that have a good part of them; where they have few,
 * those are walked. */
static bool find_all(struct search *s, struct hk_db *db, struct hk_ml_found *out)
{
    struct hk_sql sql;
    int64_t rows = 0;
    if (s->fewest != INT64_MAX) {
        s->way = BEGIN_WITH_TERM;
        return search_one_way(s, db, out);
    }
    hk_sql_init(&sql);
    hk_sql_add(&sql, "SELECT count(*) FROM (SELECT 1 FROM ml_run r WHERE ");
    add_place(&sql, s->asked, s->arena);
    hk_sql_add(&sql, " LIMIT ?)");
    hk_sql_int(&sql, s->runs / SCANNED_SHARE + 1);
    bool ok = run_for_int(&sql, db, &rows, s->err);
    hk_sql_clear(&sql);
    s->way = rows > s->runs / SCANNED_SHARE ? SCAN_RUNS : WALK_RUNS;
    return ok && search_one_way(s, db, out);
}

/* A comparison with the very metric that orders the page is not met by those without it, or without a number. */
static bool is_about_order(const struct hk_ml_search *search)
{
    for (size_t i = 0; i < search->filter.count; i++) {
        const struct hk_search_term *term = &search->filter.terms[i];
        if (term->entity == HK_SEARCH_METRIC && term->op != HK_SEARCH_NE &&
            hk_str_eq(term->key, search->orders[0].key)) {
            return true;
        }
    }
    return false;
}

/* Along the metric's values until the page is full, or until that takes so long that finding all is better. */
static bool walk_metric(struct search *s, struct hk_db *db, struct hk_ml_found *out)
{
    hk_db_set_budget(db, WALK_STEPS + WALK_STEPS_A_RUN * s->runs);
    bool ok = search_one_way(s, db, out);
    hk_db_set_budget(db, 0);
    /* Where the metric's own rows do not fill the page, those without it, or without a number, come behind. */
    bool is_all = ok && (out->has_more || is_about_order(s->asked));
    return is_all || ((ok || s->err->code == HK_CANCELLED) && find_all(s, db, out));
}

/* The index of runs has this order. */
static bool is_by_start(const struct hk_ml_search *search)
{
    return search->order_count == 0 ||
           (search->orders[0].entity == HK_SEARCH_ATTRIBUTE && hk_str_is(search->orders[0].key, "start_time"));
}

bool hk_store_search_runs(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                          struct hk_ml_found *out, struct hk_error *err)
{
    struct search s = {.asked = search, .arena = arena, .err = err};
    *out = (struct hk_ml_found){0};
    HK_ASSERT(search->limit >= 1 && search->order_count <= HK_MAX_SEARCH_ORDERS);
    if (search->experiment_count == 0) {
        return true;
    }
    if (!choose_way(&s, db)) {
        return false;
    }
    bool is_deep = search->filter.count > 0 && search->limit + search->offset > s.runs / DEEP_SHARE;
    if (s.way == WALK_METRIC && !is_deep) {
        return walk_metric(&s, db, out);
    }
    bool is_all = s.way == WALK_METRIC || (s.way == WALK_RUNS && (is_deep || !is_by_start(search)));
    return is_all ? find_all(&s, db, out) : search_one_way(&s, db, out);
}
