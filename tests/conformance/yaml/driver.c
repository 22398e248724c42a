/* Reads one YAML file of DAGs as hanok does and prints each graph in the form it is stored in, a blank line after each;
 * for tests/conformance/yaml/compare.py.  yaml_driver FILE NOW_US [DEFAULTS-FILE]...   Nearest defaults first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dags/read_yaml.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"

enum { MAX_DEFAULTS = 16 };

static const char *find_env(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static bool read_whole(const char *path, struct hk_buf *out)
{
    char block[65536];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    hk_buf_init(out, HK_MAX_DAG_FILE_BYTES);
    for (size_t n = fread(block, 1, sizeof block, file); n > 0; n = fread(block, 1, sizeof block, file)) {
        hk_buf_add(out, block, n);
    }
    fclose(file);
    return !out->is_full;
}

static bool print_graphs(const struct hk_yaml_dags *dags, struct hk_error *err)
{
    for (size_t i = 0; i < dags->count; i++) {
        struct hk_buf text;
        hk_buf_init(&text, HK_MAX_DAG_DOCUMENT_BYTES);
        bool ok = hk_graph_write(dags->graphs[i], &text, err);
        struct hk_graph *again = NULL;
        ok = ok && hk_graph_read(hk_buf_str(&text), &again, err);
        if (ok) {
            printf("%s", text.data);
            for (uint32_t t = 0; t < again->task_count; t++) {
                printf("{\"weight\":%" PRId32 "}\n", again->tasks[t].total_weight);
            }
            printf("\n");
        }
        hk_graph_unref(again);
        hk_buf_clear(&text);
        if (!ok) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc - 3 > MAX_DEFAULTS) {
        fprintf(stderr, "usage: yaml_driver FILE NOW_US [DEFAULTS-FILE]...\n");
        return 2;
    }
    struct hk_buf texts[MAX_DEFAULTS + 1] = {{0}};
    struct hk_yaml_defaults defaults[MAX_DEFAULTS];
    size_t count = (size_t)argc - 3;
    bool ok = read_whole(argv[1], &texts[0]);
    for (size_t i = 0; ok && i < count; i++) {
        ok = read_whole(argv[i + 3], &texts[i + 1]);
        defaults[i] = (struct hk_yaml_defaults){argv[i + 3], hk_buf_str(&texts[i + 1])};
    }
    struct hk_error err = {0};
    struct hk_yaml_dags dags = {0};
    const char *slash = strrchr(argv[1], '/');
    struct hk_yaml_source source = {.path = argv[1],
                                    .relative_path = slash != NULL ? slash + 1 : argv[1],
                                    .bundle_name = "dags-folder",
                                    .text = hk_buf_str(&texts[0]),
                                    .now_us = strtoll(argv[2], NULL, 10),
                                    .find_env = find_env,
                                    .defaults = defaults,
                                    .default_count = count};
    ok = ok && hk_read_yaml(&source, &dags, &err) && print_graphs(&dags, &err);
    if (ok && dags.is_other) {
        printf("other\n");
    } else if (!ok) {
        fprintf(stderr, "%s\n", err.message);
    }
    hk_yaml_dags_clear(&dags);
    for (size_t i = 0; i <= count; i++) {
        hk_buf_clear(&texts[i]);
    }
    return ok ? 0 : 1;
}
