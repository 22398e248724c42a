/* Callbacks: dag-factory imports them in the Python host, by their dotted path, alone or with arguments, or by the name
 * they have in a file. What is wrong about the form is said here. */
#include <stdio.h>
#include <string.h>

#include "dags/yaml_dag.h"

enum { MAX_KEY = 64 };

static const char *const task_callbacks[] = {"on_execute_callback", "on_success_callback", "on_failure_callback",
                                             "on_retry_callback", "on_skipped_callback"};

bool hk__yaml_read_callback(const struct hk__yaml_dag *d, const struct hk_yaml_node *map, const char *key,
                            bool *has_callback, struct hk_error *err)
{
    char name_key[MAX_KEY];
    char file_key[MAX_KEY];
    const char *file = NULL;
    snprintf(name_key, sizeof name_key, "%s_name", key);
    snprintf(file_key, sizeof file_key, "%s_file", key);
    const struct hk_yaml_node *callback = hk_yaml_get(map, key);
    const struct hk_yaml_node *path = callback;
    if (callback != NULL && callback->kind == HK_YAML_MAP) {
        path = hk_yaml_get(callback, "callback");
    }
    const char *dot = path != NULL && path->kind == HK_YAML_TEXT ? strrchr(path->text.data, '.') : NULL;
    if (callback != NULL && (dot == NULL || dot == path->text.data)) {
        return hk__yaml_refuse(
            d, callback, err, "%s takes the dotted path of a callable, or a mapping with 'callback' and its arguments.",
            key);
    }
    const struct hk_yaml_node *file_node = hk_yaml_get(map, file_key);
    bool has_file = hk_yaml_get(map, name_key) != NULL && file_node != NULL;
    if (has_file && !hk__yaml_take_text(d, file_node, file_key, &file, err)) {
        return false;
    }
    if (has_file && file[0] != '/') {
        return hk__yaml_refuse(d, file_node, err, "%s takes an absolute path, not '%.100s'.", file_key, file);
    }
    *has_callback = callback != NULL || has_file;
    return true;
}

bool hk__yaml_check_callbacks(const struct hk__yaml_dag *d, const struct hk_yaml_node *map, struct hk_error *err)
{
    for (size_t i = 0; i < sizeof task_callbacks / sizeof task_callbacks[0]; i++) {
        bool has_callback = false;
        if (!hk__yaml_read_callback(d, map, task_callbacks[i], &has_callback, err)) {
            return false;
        }
    }
    return true;
}
