/* Any bytes as a schedule: reading, searching and describing must end, quickly, and agree with one another. The first
 * byte picks a time; the rest is the expression, or, when it starts with "TZif", a zone file. */
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/graph/cron.h"
#include "engine/graph/zone.h"

static void try_zone(struct hk_str bytes, int64_t at_us)
{
    struct hk_zone *zone = NULL;
    struct hk_error err;
    if (!hk_zone_read("Fuzz/Zone", bytes, &zone, &err)) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        int64_t wall_us = hk_zone_to_wall(zone, at_us);
        (void)hk_zone_to_instant(zone, wall_us, i == 1);
    }
    (void)hk_zone_to_wall(zone, INT64_MAX);
    (void)hk_zone_to_instant(zone, INT64_MIN + 1, true);
    hk_zone_free(zone);
}

static void try_cron(struct hk_str text, int64_t at_us)
{
    struct hk_cron cron;
    struct hk_error err;
    int64_t next_us = 0;
    int64_t previous_us = 0;
    struct hk_buf words;
    if (!hk_cron_parse(text, &cron, &err)) {
        HK_ASSERT(err.message[0] != '\0');
        return;
    }
    if (hk_cron_next_wall(&cron, at_us, &next_us)) {
        HK_ASSERT(next_us > at_us);
    }
    if (hk_cron_previous_wall(&cron, at_us, &previous_us)) {
        HK_ASSERT(previous_us < at_us);
    }
    hk_buf_init(&words, 1024 * 1024);
    hk_cron_describe(text, &words);
    hk_buf_clear(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    int64_t at_us = ((int64_t)data[0] - 64) * 199 * HK_DAY_US + data[0] * INT64_C(7654321);
    struct hk_str text = {(const char *)data + 1, size - 1};
    if (hk_str_starts_with(text, "TZif")) {
        try_zone(text, at_us);
    } else {
        try_cron(text, at_us);
    }
    return 0;
}
