#include "engine/store/metric_store.h"

#include "engine/base/map.h"

static const char METRIC_INSERT[] =
    "INSERT INTO ml_metric (run_key, key, timestamp_ms, step, value, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
    "ON CONFLICT DO NOTHING";
static const char METRIC_LATEST_SET[] =
    "INSERT INTO ml_latest_metric (run_key, key, timestamp_ms, step, value, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
    "ON CONFLICT (run_key, key) DO UPDATE SET timestamp_ms = ?3, step = ?4, value = ?5, is_nan = ?6 "
    "WHERE (?4, ?3, ?5) > (step, timestamp_ms, value)";
static const char METRICS_LATEST[] = "SELECT key, timestamp_ms, step, value, is_nan FROM ml_latest_metric "
                                     "WHERE run_key = ?1 ORDER BY key";
#define OF_RUN "run_key = (SELECT run_key FROM ml_run WHERE run_uuid = ?1) AND key = ?2 "
#define METRIC_SELECT "SELECT key, timestamp_ms, step, value, is_nan FROM ml_metric WHERE " OF_RUN
#define METRIC_ORDER "ORDER BY timestamp_ms, step, value, is_nan LIMIT ?3 OFFSET ?4"
static const char METRIC_HISTORY[] = METRIC_SELECT METRIC_ORDER;
static const char METRIC_HISTORY_AFTER[] =
    METRIC_SELECT "AND (timestamp_ms, step, value, is_nan) > (?5, ?6, ?7, ?8) " METRIC_ORDER;
static const char METRIC_RANGE_SIZE[] = "SELECT count(*) FROM ml_metric WHERE " OF_RUN "AND step BETWEEN ?3 AND ?4";
static const char METRIC_RANGE[] =
    METRIC_SELECT "AND step BETWEEN ?3 AND ?4 ORDER BY step, timestamp_ms, value, is_nan";

static bool write_metric(struct hk_db *db, const char *sql, int64_t run_key, const struct hk_metric *metric,
                         struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_int(q, 1, run_key);
    hk_bind_str(q, 2, metric->key);
    hk_bind_int(q, 3, metric->timestamp_ms);
    hk_bind_int(q, 4, metric->step);
    hk_bind_double(q, 5, metric->value);
    hk_bind_int(q, 6, metric->is_nan);
    return hk_run(q, err);
}

/* Of each key only the latest of the batch can become the latest of all. */
static bool write_latest(struct hk_db *db, int64_t run_key, const struct hk_metric *metrics, size_t count,
                         struct hk_error *err)
{
    struct hk_map latest;
    bool ok = true;
    hk_map_init(&latest);
    for (size_t i = 0; i < count; i++) {
        uint64_t best = 0;
        if (!hk_map_find(&latest, metrics[i].key, &best) || hk_metric_is_later(&metrics[i], &metrics[best])) {
            hk_map_set(&latest, metrics[i].key, i);
        }
    }
    for (size_t i = 0; i < latest.len && ok; i++) {
        ok = write_metric(db, METRIC_LATEST_SET, run_key, &metrics[latest.entries[i].value], err);
    }
    hk_map_clear(&latest);
    return ok;
}

bool hk_store_metrics_log(struct hk_db *db, int64_t run_key, const struct hk_metric *metrics, size_t count,
                          struct hk_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!write_metric(db, METRIC_INSERT, run_key, &metrics[i], err)) {
            return false;
        }
    }
    return count == 1 ? write_metric(db, METRIC_LATEST_SET, run_key, metrics, err)
                      : write_latest(db, run_key, metrics, count, err);
}

static struct hk_metric row_of(struct hk_stmt *q)
{
    return (struct hk_metric){.key = hk_column_str(q, 0),
                              .timestamp_ms = hk_column_int(q, 1),
                              .step = hk_column_int(q, 2),
                              .value = hk_column_double(q, 3),
                              .is_nan = hk_column_int(q, 4) != 0};
}

static bool hand_out(struct hk_stmt *q, hk_metric_fn each, void *arg, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_metric row = row_of(q);
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_metrics_latest(struct hk_db *db, int64_t run_key, hk_metric_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, METRICS_LATEST);
    hk_bind_int(q, 1, run_key);
    return hand_out(q, each, arg, err);
}

bool hk_store_metric_history(struct hk_db *db, const struct hk_metric_page *page, hk_metric_fn each, void *arg,
                             struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, page->after != NULL ? METRIC_HISTORY_AFTER : METRIC_HISTORY);
    hk_bind_str(q, 1, page->run_uuid);
    hk_bind_str(q, 2, page->key);
    hk_bind_int(q, 3, page->most);
    hk_bind_int(q, 4, page->skip);
    if (page->after != NULL) {
        hk_bind_int(q, 5, page->after->timestamp_ms);
        hk_bind_int(q, 6, page->after->step);
        hk_bind_double(q, 7, page->after->value);
        hk_bind_int(q, 8, page->after->is_nan);
    }
    return hand_out(q, each, arg, err);
}

static struct hk_stmt *range_query(struct hk_db *db, const char *sql, const struct hk_metric_range *range)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_str(q, 1, range->run_uuid);
    hk_bind_str(q, 2, range->key);
    hk_bind_int(q, 3, range->first_step);
    hk_bind_int(q, 4, range->last_step);
    return q;
}

/* One sampled value is held back until it is known whether the very last one takes its place: there may be no more
 * than `most`, and the last must be among them. */
struct sampling {
    const struct hk_metric_range *range;
    uint64_t count;
    uint64_t index;
    uint64_t given;
    bool is_held;
    struct hk_metric held;
};

bool hk_store_metric_sample(struct hk_db *db, const struct hk_metric_range *range, hk_metric_fn each, void *arg,
                            struct hk_error *err)
{
    int64_t count = 0;
    if (!hk_run_for_int(range_query(db, METRIC_RANGE_SIZE, range), &count, err)) {
        return false;
    }
    struct sampling s = {.range = range, .count = (uint64_t)count};
    struct hk_stmt *q = range_query(db, METRIC_RANGE, range);
    bool ok = true;
    bool goes_on = true;
    for (; goes_on && hk_step(q, &ok, err); s.index++) {
        struct hk_metric row = row_of(q);
        bool is_last = s.index + 1 == s.count;
        if (!is_last && !hk_metric_is_sampled(s.index, s.count, range->most)) {
            continue;
        }
        row.key = range->key; /* outlives the row */
        if (s.is_held && !(is_last && s.given + 1 == range->most)) {
            goes_on = each(arg, &s.held);
            s.given++;
        }
        s.held = row;
        s.is_held = true;
    }
    hk_reset(q);
    if (ok && goes_on && s.is_held) {
        (void)each(arg, &s.held);
    }
    return ok;
}
