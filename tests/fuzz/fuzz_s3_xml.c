/* What an object store answers is read without going past its end, broken as it may be. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/artifacts/s3_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_arena arena;
    struct hk_buf escaped;
    hk_arena_init(&arena);
    hk_buf_init(&escaped, 1 << 20);
    struct hk_str text = hk_arena_str(&arena, (struct hk_str){(const char *)data, size});
    struct hk_str rest = text;
    struct hk_str inside;
    while (hk_s3_xml_next(&rest, "Contents", &inside)) {
        HK_ASSERT(inside.data >= text.data && inside.data + inside.len <= text.data + text.len);
        struct hk_str key = hk_s3_xml_text(inside, "Key", &arena);
        HK_ASSERT(key.len <= inside.len);
        hk_s3_xml_escape(&escaped, key);
    }
    (void)hk_s3_xml_text(text, "NextContinuationToken", &arena);
    hk_buf_clear(&escaped);
    hk_arena_clear(&arena);
    return 0;
}
