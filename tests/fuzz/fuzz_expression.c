/* Any bytes as a comparison of a promotion policy: reading must end and tell the place of a mistake, and what was read
 * can be computed with every number that there is. */
#include <math.h>

#include "engine/registry/expression.h"

static bool find(void *context, const struct hk_reference *reference, double *out)
{
    const uint8_t *first = context;
    *out = *first % 3 == 0 ? INFINITY : (double)*first - 100;
    return reference->key.len != *first;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hk_arena arena;
    const struct hk_expression *e = NULL;
    struct hk_error err;
    if (size < 1) {
        return 0;
    }
    uint8_t first = data[0];
    struct hk_str text = {(const char *)data + 1, size - 1};
    if (!hk_expression_parse(text, &arena, &e, &err)) {
        HK_ASSERT(err.message[0] != '\0');
    } else {
        struct hk_reference r;
        HK_ASSERT(hk_expression_reference(e, 0, &r));
        struct hk_comparison c = hk_expression_compare(e, find, &first);
        HK_ASSERT(c.kind != HK_COMPARISON_HOLDS || (isfinite(c.left) && isfinite(c.right)));
    }
    hk_arena_reset(&arena);
    return 0;
}
