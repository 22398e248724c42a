/* One value of a metric, as MLflow means it: NaN is kept as 0 with a mark beside it, an infinite value as the largest
 * number there is, and the latest of two is the one with the larger (step, timestamp, value). Pure. */
#ifndef HK_TRACKING_METRIC_H
#define HK_TRACKING_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/str.h"

struct hk_metric {
    struct hk_str key;
    double value; /* as it is kept */
    bool is_nan;
    int64_t timestamp_ms;
    int64_t step;
    /* Which logged model it is about and on which data; data NULL: not said. */
    struct hk_str model_id;
    struct hk_str dataset_name;
    struct hk_str dataset_digest;
};

void hk_metric_set_value(struct hk_metric *metric, double value);
double hk_metric_value(const struct hk_metric *metric); /* as it was said: NaN again */
bool hk_metric_is_later(const struct hk_metric *a, const struct hk_metric *b);

/* Of so many values in one order, keeps `most`: whether the index-th is one of them. The values are cut into `most`
 * pieces of equal length (the first ones one longer where it does not divide), each piece is shown by its first; the
 * caller adds the very last. This is SQL's ntile. */
bool hk_metric_is_sampled(uint64_t index, uint64_t count, uint64_t most);

#endif
