/* The values of metrics: every one that was logged, and the latest of each key. Reading works on any connection,
 * writing on the writer's, inside a hk_write. */
#ifndef HK_STORE_METRIC_STORE_H
#define HK_STORE_METRIC_STORE_H

#include "engine/store/db.h"
#include "engine/tracking/metric.h"

/* Adds values to a run; one that is there already, the same in everything, is no second one. Keys are the caller's to
 * check. */
HK_MUST_USE bool hk_store_metrics_log(struct hk_db *db, int64_t run_key, const struct hk_metric *metrics, size_t count,
                                      struct hk_error *err);

/* Texts are valid during the call; false ends the walk. */
typedef bool (*hk_metric_fn)(void *arg, const struct hk_metric *metric);

/* The latest of each key, in the order of the keys. */
HK_MUST_USE bool hk_store_metrics_latest(struct hk_db *db, int64_t run_key, hk_metric_fn each, void *arg,
                                         struct hk_error *err);

/* What was logged under one key, in the order of (timestamp, step, value), from behind *after on (NULL: from the
 * beginning) but for the first `skip`. Of an unknown run: nothing. */
struct hk_metric_page {
    struct hk_str run_uuid;
    struct hk_str key;
    const struct hk_metric *after;
    int64_t skip;
    int64_t most; /* -1: all */
};
HK_MUST_USE bool hk_store_metric_history(struct hk_db *db, const struct hk_metric_page *page, hk_metric_fn each,
                                         void *arg, struct hk_error *err);

/* The same in the order of (step, timestamp, value), with steps from first to last: at most `most` of them, evenly
 * chosen, the very last one among them (hk_metric_is_sampled). */
struct hk_metric_range {
    struct hk_str run_uuid;
    struct hk_str key;
    int64_t first_step;
    int64_t last_step;
    uint64_t most; /* at least 1 */
};
HK_MUST_USE bool hk_store_metric_sample(struct hk_db *db, const struct hk_metric_range *range, hk_metric_fn each,
                                        void *arg, struct hk_error *err);

#endif
