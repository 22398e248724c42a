/* Frames between engine and shim: whatever the bytes, decoding stays inside them, and what decodes encodes to the same
 * bytes again. */
#include <stddef.h>
#include <stdint.h>

#include "workers/shim_wire.h"

static void walk(const struct hk_shim_texts *texts)
{
    uint32_t count = 0;
    for (const char *at = hk_shim_texts_next(texts, NULL); at != NULL; at = hk_shim_texts_next(texts, at)) {
        count++;
    }
    HK_ASSERT(count == texts->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_str rest = {(const char *)data, size};
    struct hk_shim_message m;
    struct hk_error err;
    size_t used;
    while (hk_shim_decode(rest, &m, &used, &err) == HK_SHIM_FRAME) {
        struct hk_buf again;
        hk_buf_init(&again, HK_SHIM_MAX_FRAME_BYTES + HK_SHIM_HEADER_BYTES);
        hk_shim_encode(&again, &m);
        HK_ASSERT(again.len == used && memcmp(again.data, rest.data, used) == 0);
        hk_buf_clear(&again);
        if (m.type == HK_SHIM_START) {
            walk(&m.start.arguments);
            walk(&m.start.environment);
            walk(&m.start.skip_codes);
        }
        rest = (struct hk_str){rest.data + used, rest.len - used};
    }
    return 0;
}
