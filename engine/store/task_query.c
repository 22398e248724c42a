#include "engine/store/task_query.h"

#include <string.h>

#include "engine/store/dag_store.h"
#include "engine/store/walk.h"

/* A row of the task instance, or of one of its tries, by itself; what it shares with the others of its run is read once
 * for all of them that follow each other (RUN_PART). Joined, a page of a hundred would look up and sort the same run a
 * hundred times. */
#define COLUMNS(own)                                                                                                   \
    "SELECT " own ".run_key, " own ".task, " own ".map_index, " own ".starts, " own ".state, " own ".start_us, " own   \
    ".end_us, " own ".queued_us, " own ".scheduled_us, " own ".try_number, " own                                       \
    ".pid, t.task_id, t.max_tries, t.display_name, t.pool, t.pool_slots, t.queue, t.priority_weight, t.operator, "     \
    "t.operator_name, t.note, t.rendered_map_index, f.fields FROM task_instance t "
#define FIELDS "LEFT JOIN rendered_fields f ON f.run_key = t.run_key AND f.task = t.task AND f.map_index = t.map_index "
#define OF_TASK "WHERE t.run_key = (SELECT run_key FROM dag_run WHERE dag_id = ?1 AND run_id = ?2) AND t.task_id = ?3 "

static const char TI_COUNT[] = "SELECT count(*) FROM task_instance t";
static const char TI_COUNT_RUN[] = "SELECT count(*) FROM task_instance t JOIN dag_run r USING (run_key)";
static const char TI_GET[] = COLUMNS("t") FIELDS "WHERE t.run_key = ?1 AND t.task = ?2 AND t.map_index = ?3";
static const char TI_FIND[] = COLUMNS("t") FIELDS OF_TASK "ORDER BY t.map_index";
static const char TI_TRIES[] = COLUMNS(
    "y") "JOIN task_try y ON y.run_key = t.run_key AND y.task = t.task AND y.map_index = t.map_index " FIELDS OF_TASK
         "ORDER BY t.map_index, y.try_number";
static const char RUN_PART[] =
    "SELECT r.dag_id, r.run_id, r.logical_us, r.run_after_us, v.version_id, v.version_number, v.bundle_name, "
    "v.bundle_version, v.created_us, coalesce(d.display_name, r.dag_id), r.version_key FROM dag_run r JOIN dag_version "
    "v "
    "USING (version_key) LEFT JOIN dag d ON d.dag_id = r.dag_id WHERE r.run_key = ?1";
static const char SET_NOTE[] = "UPDATE task_instance SET note = ?5 WHERE run_key = (SELECT run_key FROM dag_run WHERE "
                               "dag_id = ?1 AND run_id = ?2) "
                               "AND task_id = ?3 AND (?4 IS NULL OR map_index = ?4)";
static const char RENDERED_SET[] =
    "INSERT OR REPLACE INTO rendered_fields (run_key, task, map_index, fields) VALUES (?1, ?2, ?3, ?4)";

const struct hk_order_field hk_ti_orders[] = {
    {"id", "t.run_key", NULL},
    {"state", "t.state", NULL},
    {"duration", "(t.end_us - t.start_us)", NULL},
    {"start_date", "t.start_us", NULL},
    {"end_date", "t.end_us", NULL},
    {"map_index", "t.map_index", NULL},
    {"try_number", "t.try_number", NULL},
    {"logical_date", "r.logical_us", NULL},
    {"run_after", "r.run_after_us", NULL},
    {"data_interval_start", "r.interval_start_us", NULL},
    {"data_interval_end", "r.interval_end_us", NULL},
    {"rendered_map_index", "t.rendered_map_index", "t.map_index"},
    {"operator", "t.operator", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"t.run_key", "t.task", "t.map_index", NULL};
static const struct hk_list_sql KEYS = {
    "SELECT t.run_key, t.task, t.map_index FROM task_instance t JOIN dag_run r USING (run_key)", NULL, KEY};

/* The run of the rows being handed out; its statement stays on its row, so that the texts stay valid. */
struct run_part {
    struct hk_db *db;
    struct hk_stmt *q; /* NULL: none yet */
    int64_t run_key;
    struct hk_graph *graph; /* NULL: nobody has asked for it yet */
};

static void forget_graph(struct run_part *run)
{
    hk_graph_unref(run->graph);
    run->graph = NULL;
}

static bool turn_to_run(struct run_part *run, int64_t run_key, struct hk_error *err)
{
    if (run->q != NULL && run->run_key == run_key) {
        return true;
    }
    forget_graph(run);
    run->q = hk_db_query(run->db, RUN_PART);
    run->run_key = run_key;
    hk_bind_int(run->q, 1, run_key);
    bool ok = true;
    return hk_step(run->q, &ok, err) ||
           (ok && hk_error_set(err, HK_CORRUPT, "the run %lld is not in the database", (long long)run_key));
}

static void end_run(struct run_part *run)
{
    forget_graph(run);
    if (run->q != NULL) {
        hk_reset(run->q);
    }
}

/* What a command is run with stands in the run's graph alone: it is the same for all runs of the version. */
static bool read_command(struct run_part *run, struct hk_ti_info *row, struct hk_error *err)
{
    bool is_waiting = row->state != NULL && strcmp(row->state, "queued") == 0;
    bool has_begun = row->starts > (is_waiting ? 1 : 0);
    if (!has_begun || row->rendered_json.len > 0 || strcmp(row->operator_class, "BashOperator") != 0) {
        return true;
    }
    if (run->graph == NULL && !hk_store_version_graph(run->db, hk_column_int(run->q, 10), NULL, &run->graph, err)) {
        return false;
    }
    const struct hk_task *task = row->task < run->graph->task_count ? &run->graph->tasks[row->task] : NULL;
    if (task != NULL && task->runner == HK_RUNNER_COMMAND) {
        row->command_json = task->spec_json != NULL ? task->spec_json : "{}";
    }
    return true;
}

static bool read_ti(struct hk_stmt *q, struct run_part *run, struct hk_ti_info *row, struct hk_error *err)
{
    if (!turn_to_run(run, hk_column_int(q, 0), err)) {
        return false;
    }
    *row = (struct hk_ti_info){
        .run_key = hk_column_int(q, 0),
        .task = (uint32_t)hk_column_int(q, 1),
        .map_index = (int32_t)hk_column_int(q, 2),
        .starts = (uint32_t)hk_column_int(q, 3),
        .state = hk_column_text(q, 4),
        .start_us = hk_column_time(q, 5),
        .end_us = hk_column_time(q, 6),
        .queued_us = hk_column_time(q, 7),
        .scheduled_us = hk_column_time(q, 8),
        .try_number = hk_column_int(q, 9),
        .pid = hk_column_int(q, 10),
        .task_id = hk_column_text(q, 11),
        .max_tries = hk_column_int(q, 12),
        .display_name = hk_column_text(q, 13),
        .pool = hk_column_text(q, 14),
        .pool_slots = hk_column_int(q, 15),
        .queue = hk_column_text(q, 16),
        .priority_weight = hk_column_int(q, 17),
        .operator_class = hk_column_text(q, 18),
        .operator_name = hk_column_text(q, 19),
        .note = hk_column_text(q, 20),
        .rendered_map_index = hk_column_text(q, 21),
        .rendered_json = hk_column_str(q, 22),
        .dag_id = hk_column_text(run->q, 0),
        .run_id = hk_column_text(run->q, 1),
        .logical_us = hk_column_time(run->q, 2),
        .run_after_us = hk_column_time(run->q, 3),
        .version = {.version_id = hk_column_text(run->q, 4),
                    .number = hk_column_int(run->q, 5),
                    .dag_id = hk_column_text(run->q, 0),
                    .bundle_name = hk_column_text(run->q, 6),
                    .bundle_version = hk_column_text(run->q, 7),
                    .created_us = hk_column_int(run->q, 8),
                    .dag_display_name = hk_column_text(run->q, 9)},
    };
    return read_command(run, row, err);
}

/* Whether a condition looks at the run; without one the count need not visit dag_run. */
static bool looks_at_run(const struct hk_ti_filter *f)
{
    return f->dag_id.data != NULL || f->dag_ids.count > 0 || f->run_ids.count > 0 || f->version_number_count > 0 ||
           f->dag_id_search.pattern.data != NULL || f->dag_id_search.prefix.data != NULL ||
           f->run_id_search.pattern.data != NULL || f->run_id_search.prefix.data != NULL ||
           !hk_range_is_all(&f->run_after) || !hk_range_is_all(&f->logical);
}

static void compose_run(struct hk_filter *f, const struct hk_ti_filter *filter)
{
    hk_filter_given(f, "r.dag_id = ?", filter->dag_id);
    hk_filter_any(f, "r.dag_id", filter->dag_ids);
    hk_filter_any(f, "r.run_id", filter->run_ids);
    hk_filter_search(f, "r.dag_id", &filter->dag_id_search);
    hk_filter_search(f, "r.run_id", &filter->run_id_search);
    hk_filter_range(f, "r.run_after_us", &filter->run_after);
    hk_filter_range(f, "r.logical_us", &filter->logical);
    if (filter->version_number_count > 0) {
        hk_filter_ints(f, "r.version_key IN (SELECT version_key FROM dag_version WHERE version_number",
                       filter->version_numbers, filter->version_number_count);
        hk_buf_add_text(&f->where, ")");
    }
}

static void compose_times(struct hk_filter *f, const struct hk_ti_filter *filter)
{
    if (filter->has_nullable_times) {
        hk_filter_range_or_null(f, "t.start_us", &filter->start, filter->now_us);
        hk_filter_range_or_null(f, "t.end_us", &filter->end, filter->now_us);
    } else {
        hk_filter_range(f, "t.start_us", &filter->start);
        hk_filter_range(f, "t.end_us", &filter->end);
    }
    hk_filter_range(f, "(t.end_us - t.start_us)", &filter->duration);
}

static void compose(struct hk_filter *f, const struct hk_ti_filter *filter)
{
    if (filter->matches_nothing) {
        hk_filter_sql(f, "0");
    }
    if (filter->run_key != 0) {
        hk_filter_int(f, "t.run_key = ?", filter->run_key);
    }
    hk_filter_given(f, "t.task_id = ?", filter->task_id);
    if (filter->only_mapped) {
        hk_filter_sql(f, "t.map_index >= 0");
    }
    hk_filter_any(f, "t.task_id", filter->task_ids);
    hk_filter_any_or_null(f, "t.state", filter->states);
    hk_filter_any(f, "t.pool", filter->pools);
    hk_filter_any(f, "t.queue", filter->queues);
    hk_filter_any(f, "t.operator", filter->operator_names);
    hk_filter_search(f, "t.display_name", &filter->display_name);
    hk_filter_search(f, "t.pool", &filter->pool_search);
    hk_filter_search(f, "t.queue", &filter->queue_search);
    hk_filter_search(f, "t.operator_name", &filter->operator_search);
    hk_filter_search(f, "coalesce(t.rendered_map_index, t.map_index)", &filter->rendered_map_index);
    hk_filter_ints(f, "t.try_number", filter->try_numbers, filter->try_number_count);
    hk_filter_ints(f, "t.map_index", filter->map_indexes, filter->map_index_count);
    compose_times(f, filter);
    compose_run(f, filter);
}

static bool hand_out(struct hk_db *db, struct hk_stmt *q, hk_ti_info_fn each, void *arg, struct hk_error *err)
{
    struct run_part run = {.db = db};
    struct hk_ti_info row;
    bool ok = true;
    bool goes_on = true;
    while (goes_on && hk_step(q, &ok, err)) {
        ok = read_ti(q, &run, &row, err);
        goes_on = ok && each(arg, &row);
    }
    hk_reset(q);
    end_run(&run);
    return ok;
}

/* The page is picked on the keys alone; then each row is fetched by its key. */
static bool hand_out_keys(struct hk_db *db, struct hk_stmt *keys, hk_ti_info_fn each, void *arg, struct hk_error *err)
{
    struct run_part run = {.db = db};
    struct hk_ti_info row;
    bool ok = true;
    bool goes_on = true;
    while (goes_on && hk_step(keys, &ok, err)) {
        struct hk_stmt *q = hk_db_query(db, TI_GET);
        for (int i = 0; i < 3; i++) {
            hk_bind_int(q, i + 1, hk_column_int(keys, i));
        }
        if (hk_step(q, &ok, err)) {
            ok = read_ti(q, &run, &row, err);
            goes_on = ok && each(arg, &row);
        }
        goes_on = goes_on && ok;
        hk_reset(q);
    }
    end_run(&run);
    return ok;
}

bool hk_store_ti_list(struct hk_db *db, const struct hk_ti_filter *filter, const struct hk_page *page,
                      hk_ti_info_fn each, void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    compose(&f, filter);
    struct hk_stmt *keys = NULL;
    struct hk_page shown = *page;
    bool ok = hk_filter_count(&f, db, looks_at_run(filter) ? TI_COUNT_RUN : TI_COUNT, total, err) &&
              hk_walk_find(&f, db, "task_instance t JOIN dag_run r USING (run_key)", KEY, &shown, err) &&
              hk_filter_select(&f, db, &KEYS, &shown, &keys, err) && hand_out_keys(db, keys, each, arg, err);
    hk_stmt_free(keys);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_ti_count(struct hk_db *db, const struct hk_ti_filter *filter, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    compose(&f, filter);
    bool ok = hk_filter_count(&f, db, looks_at_run(filter) ? TI_COUNT_RUN : TI_COUNT, total, err);
    hk_filter_clear(&f);
    return ok;
}

static void of_task(struct hk_stmt *q, struct hk_str dag_id, struct hk_str run_id, struct hk_str task_id)
{
    hk_bind_str(q, 1, dag_id);
    hk_bind_str(q, 2, run_id);
    hk_bind_str(q, 3, task_id);
}

bool hk_store_ti_find(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, struct hk_str task_id,
                      hk_ti_info_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TI_FIND);
    of_task(q, dag_id, run_id, task_id);
    return hand_out(db, q, each, arg, err);
}

bool hk_store_ti_tries(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, struct hk_str task_id,
                       hk_ti_info_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TI_TRIES);
    of_task(q, dag_id, run_id, task_id);
    return hand_out(db, q, each, arg, err);
}

bool hk_store_ti_set_note(struct hk_db *db, const struct hk_ti_ref *ref, struct hk_str note, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SET_NOTE);
    hk_bind_str(q, 1, ref->dag_id);
    hk_bind_str(q, 2, ref->run_id);
    hk_bind_str(q, 3, ref->task_id);
    hk_bind_time(q, 4, ref->map_index);
    hk_bind_str(q, 5, note);
    return hk_run(q, err);
}

bool hk_store_rendered_set(struct hk_db *db, int64_t run_key, uint32_t task, int32_t map_index,
                           struct hk_str fields_json, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RENDERED_SET);
    hk_bind_int(q, 1, run_key);
    hk_bind_int(q, 2, task);
    hk_bind_int(q, 3, map_index);
    hk_bind_str(q, 4, fields_json);
    return hk_run(q, err);
}
