#include "api/mlflow/model_files.h"

#include <string.h>

#include "engine/artifacts/artifact_path.h"

#define SCHEME "mlflow-artifacts:/"

enum { MAX_MLMODEL_BYTES = 1024 * 1024 };

static bool is_nothing(struct hk_str value)
{
    return hk_str_is(value, "null") || hk_str_is(value, "~") || hk_str_is(value, "{}");
}

/* MLmodel is written by MLflow, in YAML's block style: a key at the beginning of a line, what belongs to it indented
 * below. */
bool hk_model_file_has(struct hk_str text, const char *key)
{
    struct hk_str line;
    size_t len = strlen(key);
    bool is_inside = false;
    while (hk_str_next(&text, '\n', &line)) {
        if (line.len > 0 && line.data[0] == ' ' && is_inside) {
            return hk_str_trim(line).len > 0;
        }
        is_inside = hk_str_starts_with(line, key) && line.len > len && line.data[len] == ':';
        if (!is_inside) {
            continue;
        }
        struct hk_str value = hk_str_trim((struct hk_str){line.data + len + 1, line.len - len - 1});
        if (value.len > 0) {
            return !is_nothing(value);
        }
    }
    return false;
}

static bool read_mlmodel(struct hk_artifacts *artifacts, struct hk_str folder, struct hk_arena *arena,
                         struct hk_str *out, struct hk_error *err)
{
    struct hk_artifact file;
    bool is_folder = false;
    if (!hk_artifacts_open(artifacts, hk_artifact_path_join(arena, folder, HK_STR("MLmodel")), &file, &is_folder,
                           err)) {
        return false;
    }
    bool ok = file.size <= MAX_MLMODEL_BYTES || hk_error_set(err, HK_LIMIT, "its MLmodel is larger than 1 MiB");
    if (ok) {
        char *text = hk_arena_alloc(arena, file.size + 1);
        *out = (struct hk_str){text, file.size};
        ok = hk_artifact_read(&file, 0, text, file.size, err);
    }
    hk_artifact_close(&file);
    return ok;
}

/* The folder of its files, where artifacts lie. */
static bool find_folder(const struct hk_model_version_row *version, struct hk_arena *arena, struct hk_str *out)
{
    struct hk_artifact_path path;
    struct hk_error ignored;
    struct hk_str location = hk_str_from(version->storage_location);
    if (!hk_str_starts_with(location, SCHEME)) {
        return false;
    }
    location.data += strlen(SCHEME);
    location.len -= strlen(SCHEME);
    if (location.len > 0 && location.data[0] == '/') { /* mlflow-artifacts://host/path */
        struct hk_str host;
        location.data++;
        location.len--;
        (void)hk_str_next(&location, '/', &host);
    }
    bool ok = hk_artifact_path_read(location, arena, &path, &ignored);
    *out = path.normal;
    return ok;
}

void hk_model_files_look(struct hk_artifacts *artifacts, const struct hk_model_version_row *version,
                         struct hk_arena *arena, struct hk_artifact_facts *out)
{
    struct hk_str folder;
    struct hk_str text;
    struct hk_error err;
    *out = (struct hk_artifact_facts){0};
    if (!find_folder(version, arena, &folder)) {
        out->trouble = hk_arena_printf(arena, "the files lie at '%.300s', which this server does not keep",
                                       version->storage_location);
        return;
    }
    if (!read_mlmodel(artifacts, folder, arena, &text, &err)) {
        out->trouble = hk_arena_printf(arena, "the model's MLmodel cannot be read (%s)", err.message);
        return;
    }
    out->has_signature = hk_model_file_has(text, "signature") ? HK_FACT_YES : HK_FACT_NO;
    out->has_input_example = hk_model_file_has(text, "saved_input_example_info") ? HK_FACT_YES : HK_FACT_NO;
}
