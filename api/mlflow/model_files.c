#include "api/mlflow/model_files.h"

#include <stdlib.h>
#include <string.h>

#include "engine/artifacts/artifact_path.h"
#include "engine/artifacts/digest.h"
#include "engine/base/alloc.h"
#include "engine/base/clock.h"
#include "engine/base/limits.h"
#include "engine/store/artifact_digest_store.h"

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

/* ---- contents ---- */

struct logged {
    struct hk_arena *arena;
    struct hk_artifact_digest *items; /* by path */
    size_t count;
    size_t room;
};

static void keep_logged(void *arg, const struct hk_artifact_digest *digest)
{
    struct logged *list = arg;
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 32 : list->room * 2;
        struct hk_artifact_digest *items = hk_arena_array(list->arena, room, sizeof *items);
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof *items);
        }
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] =
        (struct hk_artifact_digest){hk_arena_strdup(list->arena, digest->path),
                                    hk_arena_strdup(list->arena, digest->sha256), digest->size, digest->logged_us};
}

static int compare_paths(const void *key, const void *item)
{
    return strcmp(key, ((const struct hk_artifact_digest *)item)->path);
}

struct comparison {
    struct hk_artifacts *artifacts;
    struct hk_arena *arena;
    const struct logged *logged;
    int64_t created_us;
    size_t files;
    const char *trouble; /* NULL: none so far */
};

static bool digest_file(struct comparison *c, struct hk_str path, char out[HK_ARTIFACT_DIGEST_SIZE],
                        struct hk_error *err)
{
    struct hk_artifact file;
    bool is_folder = false;
    if (!hk_artifacts_open(c->artifacts, path, &file, &is_folder, err)) {
        return false;
    }
    char *block = hk_alloc(HK_ARTIFACT_BLOCK_BYTES);
    struct hk_digest *digest = hk_digest_new();
    bool ok = true;
    for (uint64_t at = 0; ok && at < file.size;) {
        size_t size = file.size - at < HK_ARTIFACT_BLOCK_BYTES ? (size_t)(file.size - at) : HK_ARTIFACT_BLOCK_BYTES;
        ok = hk_artifact_read(&file, at, block, size, err);
        hk_digest_add(digest, block, ok ? size : 0);
        at += size;
    }
    hk_digest_end(digest, out);
    hk_digest_free(digest);
    free(block);
    hk_artifact_close(&file);
    return ok;
}

static void compare_file(struct comparison *c, struct hk_str path)
{
    char found[HK_ARTIFACT_DIGEST_SIZE];
    struct hk_error err;
    const char *name = hk_arena_str(c->arena, path).data;
    const struct hk_artifact_digest *logged = c->logged->count == 0 ? NULL
                                                                    : bsearch(name, c->logged->items, c->logged->count,
                                                                              sizeof *c->logged->items, compare_paths);
    c->files++;
    if (logged == NULL) {
        c->trouble = hk_arena_printf(c->arena, "'%.300s' was not logged through this server", name);
    } else if (logged->logged_us > c->created_us + HK_MS_US) {
        c->trouble = hk_arena_printf(c->arena, "'%.300s' was logged again after the version was made", name);
    } else if (!digest_file(c, path, found, &err)) {
        c->trouble = hk_arena_printf(c->arena, "'%.300s' cannot be read (%s)", name, err.message);
    } else if (strcmp(found, logged->sha256) != 0) {
        c->trouble = hk_arena_printf(c->arena, "'%.300s' has changed since it was logged", name);
    }
}

/* Folders are as deep as uploads may make them (HK_MAX_ARTIFACT_DEPTH). */
static void compare_folder(struct comparison *c, struct hk_str folder, int depth)
{
    struct hk_artifact_entries entries = {0};
    struct hk_error err;
    if (depth > HK_MAX_ARTIFACT_DEPTH || !hk_artifacts_list(c->artifacts, folder, c->arena, &entries, &err)) {
        c->trouble = "the model's files cannot be listed";
        return;
    }
    for (size_t i = 0; i < entries.len && c->trouble == NULL; i++) {
        struct hk_str path = hk_artifact_path_join(c->arena, folder, entries.items[i].name);
        if (entries.items[i].is_folder) {
            compare_folder(c, path, depth + 1);
        } else {
            compare_file(c, path);
        }
    }
}

static void look_at_contents(struct hk_artifacts *artifacts, struct hk_db *db,
                             const struct hk_model_version_row *version, struct hk_str folder, struct hk_arena *arena,
                             struct hk_artifact_facts *out)
{
    struct logged logged = {.arena = arena};
    struct hk_error err;
    struct comparison c = {artifacts, arena, &logged, version->created_ms * HK_MS_US, 0, NULL};
    if (!hk_store_artifact_digests_below(db, hk_arena_str(arena, folder).data, keep_logged, &logged, &err)) {
        out->content_trouble = hk_arena_strdup(arena, err.message);
        return;
    }
    compare_folder(&c, folder, 0);
    if (c.trouble == NULL && c.files != logged.count) {
        c.trouble = c.files == 0 ? "there are no files" : "files that were logged are no longer there";
    }
    out->content_trouble = c.trouble;
    out->is_unchanged = c.trouble == NULL ? HK_FACT_YES : HK_FACT_NO;
}

void hk_model_files_look(struct hk_artifacts *artifacts, struct hk_db *db, const struct hk_model_version_row *version,
                         bool asks_contents, struct hk_arena *arena, struct hk_artifact_facts *out)
{
    struct hk_str folder;
    struct hk_str text;
    struct hk_error err;
    *out = (struct hk_artifact_facts){0};
    if (!find_folder(version, arena, &folder)) {
        out->trouble = hk_arena_printf(arena, "the files lie at '%.300s', which this server does not keep",
                                       version->storage_location);
        out->content_trouble = out->trouble;
        return;
    }
    if (asks_contents) {
        look_at_contents(artifacts, db, version, folder, arena, out);
    }
    if (!read_mlmodel(artifacts, folder, arena, &text, &err)) {
        out->trouble = hk_arena_printf(arena, "the model's MLmodel cannot be read (%s)", err.message);
        return;
    }
    out->has_signature = hk_model_file_has(text, "signature") ? HK_FACT_YES : HK_FACT_NO;
    out->has_input_example = hk_model_file_has(text, "saved_input_example_info") ? HK_FACT_YES : HK_FACT_NO;
}
