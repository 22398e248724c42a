/* Any bytes as spans in protobuf: reading must end, quickly, and what is read must be JSON. */
#include "engine/base/json.h"
#include "engine/tracking/otlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_arena arena;
    struct hk_spans spans;
    struct hk_error err;
    hk_arena_init(&arena);
    struct hk_str body = {(const char *)data, size};
    if (!hk_otlp_read(body, &arena, &spans, &err)) {
        HK_ASSERT(err.message[0] != '\0');
        spans.len = 0;
    }
    for (size_t i = 0; i < spans.len; i++) {
        /* A text may hold a NUL, which is \u0000 in JSON. */
        json_t *tree = json_loadb(spans.items[i].json.data, spans.items[i].json.len, JSON_ALLOW_NUL, NULL);
        HK_ASSERT(tree != NULL);
        json_decref(tree);
        HK_ASSERT(hk_str_is_utf8(spans.items[i].json));
    }
    hk_arena_clear(&arena);
    return 0;
}
