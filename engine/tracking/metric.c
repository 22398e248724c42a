#include "engine/tracking/metric.h"

#include <float.h>
#include <math.h>

void hk_metric_set_value(struct hk_metric *metric, double value)
{
    metric->is_nan = isnan(value);
    metric->value = isnan(value) ? 0 : value;
    if (isinf(value)) {
        metric->value = value > 0 ? DBL_MAX : -DBL_MAX;
    }
}

double hk_metric_value(const struct hk_metric *metric)
{
    return metric->is_nan ? (double)NAN : metric->value;
}

bool hk_metric_is_later(const struct hk_metric *a, const struct hk_metric *b)
{
    if (a->step != b->step) {
        return a->step > b->step;
    }
    if (a->timestamp_ms != b->timestamp_ms) {
        return a->timestamp_ms > b->timestamp_ms;
    }
    return a->value > b->value;
}

bool hk_metric_is_sampled(uint64_t index, uint64_t count, uint64_t most)
{
    if (count <= most) {
        return true;
    }
    uint64_t size = count / most;
    uint64_t longer = count % most; /* so many pieces of size + 1 come first */
    uint64_t in_longer = longer * (size + 1);
    return index < in_longer ? index % (size + 1) == 0 : (index - in_longer) % size == 0;
}
