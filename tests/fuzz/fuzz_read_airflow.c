/* Any JSON as a serialized DAG: a graph, or a sentence. */
#include "dags/read_airflow.h"
#include "engine/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hk_airflow_source source = {"/dags/fuzz.py", "fuzz.py", "dags"};
    struct hk_error err = {0};
    struct hk_graph *graph = NULL;
    json_t *document = hk_json_parse((struct hk_str){(const char *)data, size}, &err);
    if (document == NULL) {
        return 0;
    }
    if (hk_airflow_read(document, &source, &graph, &err)) {
        hk_graph_unref(graph);
    } else {
        HK_ASSERT(err.message[0] != '\0');
    }
    json_decref(document);
    return 0;
}
