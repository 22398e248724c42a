/* Any bytes as a DAG file: read or refused with a sentence, and what is read can be stored. */
#include <stdint.h>
#include <stdlib.h>

#include "dags/read_yaml.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"

static const char *find_env(void *context, const char *name)
{
    (void)context;
    return name[0] == 'A' ? "value: [" : NULL;
}

static void store(const struct hk_graph *graph)
{
    struct hk_buf text;
    struct hk_error err = {0};
    hk_buf_init(&text, HK_MAX_DAG_DOCUMENT_BYTES);
    if (hk_graph_write(graph, &text, &err)) {
        struct hk_graph *again = NULL;
        HK_ASSERT(hk_graph_read(hk_buf_str(&text), &again, &err));
        hk_graph_unref(again);
    }
    hk_buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_yaml_source source = {.path = "/dags/f.yaml",
                                    .relative_path = "f.yaml",
                                    .bundle_name = "dags-folder",
                                    .text = {(const char *)data, size},
                                    .now_us = 1700000000 * HK_SECOND_US,
                                    .find_env = find_env};
    struct hk_yaml_dags dags;
    struct hk_error err = {0};
    if (!hk_read_yaml(&source, &dags, &err)) {
        HK_ASSERT(err.code != HK_OK && err.message[0] != '\0' && dags.count == 0);
        return 0;
    }
    for (size_t i = 0; i < dags.count; i++) {
        store(dags.graphs[i]);
    }
    hk_yaml_dags_clear(&dags);
    return 0;
}
