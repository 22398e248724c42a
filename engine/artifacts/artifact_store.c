#include "engine/artifacts/artifact_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/artifacts/artifact_store_internal.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"

void hk_artifacts_stop(struct hk_artifacts *artifacts)
{
    if (artifacts->type->stop != NULL) {
        artifacts->type->stop(artifacts);
    }
}

void hk_artifacts_free(struct hk_artifacts *artifacts)
{
    if (artifacts != NULL) {
        artifacts->type->free(artifacts);
    }
}

bool hk_artifacts_list(struct hk_artifacts *artifacts, struct hk_str path, struct hk_arena *arena,
                       struct hk_artifact_entries *out, struct hk_error *err)
{
    *out = (struct hk_artifact_entries){0};
    return artifacts->type->list(artifacts, path, arena, out, err);
}

bool hk_artifacts_open(struct hk_artifacts *artifacts, struct hk_str path, struct hk_artifact *out, bool *is_folder,
                       struct hk_error *err)
{
    *out = (struct hk_artifact){.artifacts = artifacts, .fd = -1};
    *is_folder = false;
    if (!artifacts->type->open(artifacts, path, out, is_folder, err)) {
        return false;
    }
    out->path = hk_strndup(path.data, path.len);
    return true;
}

bool hk_artifact_read(struct hk_artifact *artifact, uint64_t offset, char *out, size_t size, struct hk_error *err)
{
    return artifact->artifacts->type->read(artifact, offset, out, size, err);
}

void hk_artifact_close(struct hk_artifact *artifact)
{
    if (artifact->fd >= 0) {
        (void)close(artifact->fd);
    }
    free(artifact->path);
    *artifact = (struct hk_artifact){.fd = -1};
}

bool hk_artifacts_delete(struct hk_artifacts *artifacts, struct hk_str path, struct hk_error *err)
{
    if (path.len == 0) {
        return hk_error_set(err, HK_INVALID, "Invalid path");
    }
    return artifacts->type->delete (artifacts, path, err);
}

bool hk_artifacts_has_urls(const struct hk_artifacts *artifacts)
{
    return artifacts->type->url != NULL;
}

bool hk_artifacts_parts_begin(struct hk_artifacts *artifacts, struct hk_str path, size_t count, struct hk_arena *arena,
                              struct hk_str *upload_id, struct hk_str **urls, struct hk_error *err)
{
    if (count < 1 || count > HK_MAX_ARTIFACT_PARTS) {
        return hk_error_set(err, HK_INVALID, "An upload has 1 to %d parts, not %zu.", HK_MAX_ARTIFACT_PARTS, count);
    }
    return artifacts->type->parts_begin(artifacts, path, count, arena, upload_id, urls, err);
}

bool hk_artifacts_parts_end(struct hk_artifacts *artifacts, struct hk_str path, struct hk_str upload_id,
                            const struct hk_artifact_part *parts, size_t count, struct hk_error *err)
{
    return artifacts->type->parts_end(artifacts, path, upload_id, parts, count, err);
}

bool hk_artifacts_parts_abort(struct hk_artifacts *artifacts, struct hk_str path, struct hk_str upload_id,
                              struct hk_error *err)
{
    return artifacts->type->parts_abort(artifacts, path, upload_id, err);
}

bool hk_artifacts_url(struct hk_artifacts *artifacts, struct hk_str path, int seconds, struct hk_arena *arena,
                      struct hk_str *url, uint64_t *size, struct hk_error *err)
{
    return artifacts->type->url(artifacts, path, seconds, arena, url, size, err);
}

/* -- for the two kinds -- */

void hk__artifacts_add(struct hk_artifact_entries *entries, struct hk_arena *arena, struct hk_artifact_entry entry)
{
    if (entries->len == entries->cap) {
        size_t cap = entries->cap == 0 ? 32 : entries->cap * 2;
        struct hk_artifact_entry *items = hk_arena_array(arena, cap, sizeof *items);
        if (entries->len > 0) {
            memcpy(items, entries->items, entries->len * sizeof *items);
        }
        entries->items = items;
        entries->cap = cap;
    }
    entry.name = hk_arena_str(arena, entry.name);
    entries->items[entries->len++] = entry;
}

static int compare(const void *left, const void *right)
{
    const struct hk_artifact_entry *a = left;
    const struct hk_artifact_entry *b = right;
    size_t least = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = memcmp(a->name.data, b->name.data, least);
    return order != 0 ? order : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

void hk__artifacts_sort(struct hk_artifact_entries *entries)
{
    if (entries->len > 1) {
        qsort(entries->items, entries->len, sizeof *entries->items, compare);
    }
}

bool hk__artifacts_failed(struct hk_error *err, int number, const char *what, const char *path)
{
    if (number == ENOSPC || number == EDQUOT || number == EFBIG) {
        return hk_error_set(err, HK_LIMIT, "There is no room left on the disk for '%s'; free some and try again.",
                            path);
    }
    if (number == ENAMETOOLONG || number == EILSEQ || number == EINVAL) {
        return hk_error_set(err, HK_INVALID, "The disk does not take names like '%s': %s.", path, strerror(number));
    }
    errno = number;
    return hk_error_set(err, HK_IO, "'%s' could not be %s: %m", path, what);
}
