#include "api/http/throttle.h"

/* Addresses longer than the field (there are none) share their beginning. */
static struct hk_str cut(struct hk_str key)
{
    if (key.len >= HK_THROTTLE_KEY_SIZE) {
        key.len = HK_THROTTLE_KEY_SIZE - 1;
    }
    return key;
}

static struct hk_throttle_slot *find(const struct hk_throttle *throttle, struct hk_str key)
{
    for (size_t i = 0; i < HK_THROTTLE_SLOTS; i++) {
        const struct hk_throttle_slot *slot = &throttle->slots[i];
        if (slot->key[0] != '\0' && hk_str_is(key, slot->key)) {
            return (struct hk_throttle_slot *)(uintptr_t)slot;
        }
    }
    return NULL;
}

static struct hk_throttle_slot *oldest(struct hk_throttle *throttle)
{
    struct hk_throttle_slot *best = &throttle->slots[0];
    for (size_t i = 0; i < HK_THROTTLE_SLOTS; i++) {
        struct hk_throttle_slot *slot = &throttle->slots[i];
        if (slot->key[0] == '\0') {
            return slot;
        }
        if (slot->since_us < best->since_us) {
            best = slot;
        }
    }
    return best;
}

bool hk_throttle_is_closed(const struct hk_throttle *throttle, struct hk_str key, int64_t now_us)
{
    const struct hk_throttle_slot *slot = find(throttle, cut(key));
    return slot != NULL && now_us - slot->since_us < throttle->window_us && slot->failures >= throttle->most;
}

void hk_throttle_fail(struct hk_throttle *throttle, struct hk_str key, int64_t now_us)
{
    key = cut(key);
    if (key.len == 0) {
        return;
    }
    struct hk_throttle_slot *slot = find(throttle, key);
    if (slot == NULL) {
        slot = oldest(throttle);
        *slot = (struct hk_throttle_slot){.since_us = now_us};
        (void)hk_str_copy(slot->key, sizeof slot->key, key);
    } else if (now_us - slot->since_us >= throttle->window_us) {
        slot->since_us = now_us;
        slot->failures = 0;
    }
    slot->failures++;
}

void hk_throttle_forget(struct hk_throttle *throttle, struct hk_str key)
{
    struct hk_throttle_slot *slot = find(throttle, cut(key));
    if (slot != NULL) {
        *slot = (struct hk_throttle_slot){0};
    }
}
