/* Any bytes as a search of MLflow's: reading must end, quickly, and every slice it gives lies within the text or the
 * arena. The first byte picks the kind of thing; the rest is read as a filter, an order and a field. */
#include <stdlib.h>

#include "engine/base/arena.h"
#include "engine/tracking/search.h"

static size_t touch(struct hk_str text)
{
    size_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        sum += (unsigned char)text.data[i];
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    enum hk_search_kind kind = (enum hk_search_kind)(data[0] % HK_SEARCH_KIND_COUNT);
    struct hk_str text = {(const char *)data + 1, size - 1};
    struct hk_arena arena = {0};
    struct hk_search_filter filter;
    struct hk_search_order order;
    struct hk_error err = {0};
    size_t sum = 0;
    if (hk_search_filter_parse(kind, text, &arena, &filter, &err)) {
        for (size_t i = 0; i < filter.count; i++) {
            const struct hk_search_term *term = &filter.terms[i];
            HK_ASSERT(term->op < HK_SEARCH_OP_COUNT);
            HK_ASSERT((term->type == HK_SEARCH_LIST) == (term->items != NULL));
            sum += touch(term->key) + touch(term->text);
            for (size_t item = 0; item < term->item_count; item++) {
                sum += touch(term->items[item]);
            }
        }
    } else {
        HK_ASSERT(err.message[0] != '\0');
    }
    if (hk_search_order_parse(kind, text, &arena, &order, &err)) {
        sum += touch(order.key);
    }
    if (hk_search_field_parse(text, &order, &err)) {
        sum += touch(order.key);
    }
    hk_arena_clear(&arena);
    return sum == SIZE_MAX ? 1 : 0;
}
