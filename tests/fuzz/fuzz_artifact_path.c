/* Paths of artifacts: whatever comes in, what is accepted stays below the folder. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/artifacts/artifact_path.h"
#include "engine/base/limits.h"

static void check(struct hk_str normal)
{
    struct hk_str rest = normal;
    struct hk_str segment;
    HK_ASSERT(strlen(normal.data) == normal.len);
    HK_ASSERT(!hk_str_starts_with(normal, "/") && !hk_str_ends_with(normal, "/"));
    while (hk_str_next(&rest, '/', &segment)) {
        HK_ASSERT(segment.len > 0 && !hk_str_is(segment, ".") && !hk_str_is(segment, ".."));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_arena arena;
    struct hk_artifact_path path;
    struct hk_artifact_path again;
    struct hk_error err;
    hk_arena_init(&arena);
    struct hk_str text = {(const char *)data, size};
    if (hk_artifact_path_read(text, &arena, &path, &err)) {
        check(path.normal);
        (void)hk_artifact_path_check_target(&path, &err);
        /* It means the same however often it is read: nothing is left to decode. */
        if (path.normal.len <= HK_MAX_ARTIFACT_PATH_BYTES && memchr(path.text.data, '%', path.text.len) == NULL) {
            HK_ASSERT(hk_artifact_path_read(path.normal, &arena, &again, &err));
            HK_ASSERT(hk_str_eq(again.normal, path.normal));
        }
    }
    hk_arena_clear(&arena);
    return 0;
}
