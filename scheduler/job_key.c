/* A job's key as a UUID of version 8. In hexadecimal, with the fields in plain sight:
 *
 *     rrrrrrrr-rrTT-8TTU-8UUU-ttttttmmmmmm
 *
 * r run_key (40 bits), T try_number (its lower 16 bits) and U (its upper 16 bits: a sensor that is rescheduled each
 * second gets there within a day), t task index (24 bits), m map_index + 1 (24 bits; 0: not mapped). The remaining bits
 * are the version and the variant, which parsing insists on. A counter of one run a millisecond lasts for 34 years in
 * 40 bits. */
#include "scheduler/executor.h"

#include <string.h>

#define RUN_LIMIT (INT64_C(1) << 40)
#define FIELD_LIMIT (INT64_C(1) << 24)

/* By hand, because a list of task instances has one in every row. */
static void write_hex(char *at, size_t digits, uint64_t value)
{
    for (size_t i = digits; i > 0; i--) {
        at[i - 1] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

void hk_job_key_format(const struct hk_job_key *key, char out[HK_JOB_ID_SIZE])
{
    HK_ASSERT(key->run >= 0 && key->run < RUN_LIMIT);
    HK_ASSERT(key->task < FIELD_LIMIT);
    HK_ASSERT(key->map_index >= -1 && (int64_t)key->map_index + 1 < FIELD_LIMIT);
    uint64_t run = (uint64_t)key->run;
    memcpy(out, "rrrrrrrr-rrTT-8TTU-8UUU-ttttttmmmmmm", HK_JOB_ID_SIZE);
    write_hex(out, 8, run >> 8);
    write_hex(out + 9, 2, run);
    write_hex(out + 11, 2, (uint64_t)key->try_number >> 8);
    write_hex(out + 15, 2, (uint64_t)key->try_number);
    write_hex(out + 17, 1, (uint64_t)key->try_number >> 28);
    write_hex(out + 20, 3, (uint64_t)key->try_number >> 16);
    write_hex(out + 24, 6, key->task);
    write_hex(out + 30, 6, (uint64_t)((int64_t)key->map_index + 1));
}

static bool read_hex(const char *text, size_t digits, uint64_t *value)
{
    for (size_t i = 0; i < digits; i++) {
        char c = text[i];
        unsigned digit;
        if (c >= '0' && c <= '9') {
            digit = (unsigned)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = (unsigned)(c - 'a') + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = (unsigned)(c - 'A') + 10;
        } else {
            return false;
        }
        *value = *value << 4 | digit;
    }
    return true;
}

bool hk_job_key_parse(struct hk_str text, struct hk_job_key *out)
{
    if (text.len != HK_JOB_ID_SIZE - 1) {
        return false;
    }
    const char *s = text.data;
    uint64_t run = 0;
    uint64_t try_number = 0;
    uint64_t upper = 0;
    uint64_t task = 0;
    uint64_t map = 0;
    bool ok = read_hex(s, 8, &run) && s[8] == '-' && read_hex(s + 9, 2, &run) && read_hex(s + 11, 2, &try_number) &&
              memcmp(s + 13, "-8", 2) == 0 && read_hex(s + 15, 2, &try_number) && read_hex(s + 17, 1, &upper) &&
              memcmp(s + 18, "-8", 2) == 0 && read_hex(s + 20, 3, &upper) && s[23] == '-' &&
              read_hex(s + 24, 6, &task) && read_hex(s + 30, 6, &map);
    if (!ok) {
        return false;
    }
    *out = (struct hk_job_key){.run = (int64_t)run,
                               .task = (uint32_t)task,
                               .map_index = (int32_t)map - 1,
                               .try_number = (uint32_t)(upper << 16 | try_number)};
    return true;
}

bool hk_job_key_eq(const struct hk_job_key *a, const struct hk_job_key *b)
{
    return a->run == b->run && a->task == b->task && a->map_index == b->map_index && a->try_number == b->try_number;
}
