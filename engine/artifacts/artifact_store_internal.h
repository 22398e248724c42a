/* What folder_artifacts.c, s3_artifacts.c and upload.c share: the table behind the port, and the spool. */
#ifndef HK_ARTIFACTS_ARTIFACT_STORE_INTERNAL_H
#define HK_ARTIFACTS_ARTIFACT_STORE_INTERNAL_H

#include "engine/artifacts/artifact_store.h"

struct hk_artifacts_type {
    void (*stop)(struct hk_artifacts *self);
    void (*free)(struct hk_artifacts *self);
    bool (*list)(struct hk_artifacts *self, struct hk_str path, struct hk_arena *arena, struct hk_artifact_entries *out,
                 struct hk_error *err);
    bool (*open)(struct hk_artifacts *self, struct hk_str path, struct hk_artifact *out, bool *is_folder,
                 struct hk_error *err);
    bool (*read)(struct hk_artifact *artifact, uint64_t offset, char *out, size_t size, struct hk_error *err);
    bool (*put)(struct hk_artifacts *self, struct hk_upload *upload, struct hk_error *err);
    bool (*delete)(struct hk_artifacts *self, struct hk_str path, struct hk_error *err);
    /* NULL: it has no addresses of its own */
    bool (*parts_begin)(struct hk_artifacts *self, struct hk_str path, size_t count, struct hk_arena *arena,
                        struct hk_str *upload_id, struct hk_str **urls, struct hk_error *err);
    bool (*parts_end)(struct hk_artifacts *self, struct hk_str path, struct hk_str upload_id,
                      const struct hk_artifact_part *parts, size_t count, struct hk_error *err);
    bool (*parts_abort)(struct hk_artifacts *self, struct hk_str path, struct hk_str upload_id, struct hk_error *err);
    bool (*url)(struct hk_artifacts *self, struct hk_str path, int seconds, struct hk_arena *arena, struct hk_str *url,
                uint64_t *size, struct hk_error *err);
};

/* The first member of either kind. */
struct hk_artifacts {
    const struct hk_artifacts_type *type;
    int spool; /* the folder in which files without a name are made */
};

/* A file in the spool. Where the file system cannot make files without a name it has one, HK_ARTIFACT_TEMPORARY and a
 * number, until it is committed or aborted. */
struct hk_upload {
    struct hk_artifacts *artifacts;
    char *path;
    int fd;
    char name[64]; /* in the spool; empty: none */
    uint64_t size;
    uint64_t flushed; /* so far handed to the disk */
};

/* A new name, HK_ARTIFACT_TEMPORARY and a number nobody else in this process uses. */
void hk__artifacts_temporary(char name[64]);
void hk__artifacts_add(struct hk_artifact_entries *entries, struct hk_arena *arena, struct hk_artifact_entry entry);
void hk__artifacts_sort(struct hk_artifact_entries *entries);
/* The sentence for errno: HK_LIMIT where there is no room, HK_IO otherwise. Returns false. */
bool hk__artifacts_failed(struct hk_error *err, int number, const char *what, const char *path);

#endif
