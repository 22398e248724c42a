/* Counts failures by address and says when there were too many: at most `most` within a window that begins with the
 * first. The table is bounded; when it is full the oldest window makes room. Not locked: the owner's lock guards it. */
#ifndef HK_HTTP_THROTTLE_H
#define HK_HTTP_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/str.h"

enum { HK_THROTTLE_SLOTS = 1024, HK_THROTTLE_KEY_SIZE = 48 };

struct hk_throttle_slot {
    char key[HK_THROTTLE_KEY_SIZE]; /* empty: free */
    int64_t since_us;
    int failures;
};

struct hk_throttle {
    int most;
    int64_t window_us;
    struct hk_throttle_slot slots[HK_THROTTLE_SLOTS];
};

bool hk_throttle_is_closed(const struct hk_throttle *throttle, struct hk_str key, int64_t now_us);
void hk_throttle_fail(struct hk_throttle *throttle, struct hk_str key, int64_t now_us);
void hk_throttle_forget(struct hk_throttle *throttle, struct hk_str key);

#endif
