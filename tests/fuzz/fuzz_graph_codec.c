/* Any bytes as a stored graph: read or refused, and what is read is written as the same text again and again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"

static void write(const struct hk_graph *graph, struct hk_buf *out)
{
    struct hk_error err = {0};
    hk_buf_init(out, HK_MAX_DAG_DOCUMENT_BYTES);
    HK_ASSERT(hk_graph_write(graph, out, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_graph *graph = NULL;
    struct hk_graph *again = NULL;
    struct hk_error err = {0};
    if (!hk_graph_read((struct hk_str){(const char *)data, size}, &graph, &err)) {
        HK_ASSERT(err.code == HK_CORRUPT && err.message[0] != '\0');
        return 0;
    }
    struct hk_buf first;
    struct hk_buf second;
    write(graph, &first);
    HK_ASSERT(hk_graph_read(hk_buf_str(&first), &again, &err));
    write(again, &second);
    HK_ASSERT(hk_str_eq(hk_buf_str(&first), hk_buf_str(&second)));
    hk_buf_clear(&first);
    hk_buf_clear(&second);
    hk_graph_unref(graph);
    hk_graph_unref(again);
    return 0;
}
