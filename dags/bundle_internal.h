/* Shared by bundle.c (which files, when) and bundle_file.c (one file: read, parse, save, hand on). */
#ifndef HK_DAGS_BUNDLE_INTERNAL_H
#define HK_DAGS_BUNDLE_INTERNAL_H

#include "dags/bundle.h"
#include "dags/dag_file.h"
#include "engine/base/map.h"

struct hk_bundle_entry {
    char *path;
    char *relative;
    enum hk_dag_file_kind kind;
    int64_t changed_ns; /* as last looked at; -1: not yet */
    int64_t size;
    bool is_busy;
    bool again; /* changed while busy */
    bool is_seen;
    bool is_gone;
    bool is_unsaved;   /* what was read could not be written down, and that has been told */
    bool waits_for_id; /* one of its dag_ids belongs to another file: read again when some file gives one up */
};

struct hk_bundle {
    struct hk_bundle_options options;
    char *name;
    char *path;   /* absolute */
    char *folder; /* path, or the folder it is in when it is a file */
    struct hk_bundle_entry **entries;
    size_t entry_count;
    size_t entry_cap;
    struct hk_map by_name;
    struct hk_map watched;
    uv_fs_event_t **watches;
    size_t watch_count;
    size_t watch_cap;
    uv_timer_t settle_timer;
    unsigned open_handles;
    size_t busy; /* files under way */
    bool is_listing;
    bool wants_scan;
    bool scan_everything;
    bool scan_everything_next;
    bool is_stopping;
    bool is_closing;
    void (*on_stopped)(void *arg);
    void *stopped_arg;
};

struct listing {
    uv_work_t work;
    struct hk_bundle *bundle;
    struct hk_dag_files files;
    char **known;
    size_t known_count;
    size_t known_cap;
    bool wants_known;
    bool ok;
    struct hk_error err;
};

/* Both end with hk__bundle_file_done. */
void hk__bundle_read(struct hk_bundle *b, struct hk_bundle_entry *entry, bool even_unchanged);
void hk__bundle_forget(struct hk_bundle *b, struct hk_bundle_entry *entry);

/* A file has given up a dag_id: those that wait for one are read again with the next scan, which is asked for. */
void hk__bundle_id_freed(struct hk_bundle *b);

/* What was read of this file could not be written down: it is read again after a while. */
void hk__bundle_unsaved(struct hk_bundle *b, struct hk_bundle_entry *entry, const struct hk_error *err);

void hk__bundle_file_done(struct hk_bundle *b, struct hk_bundle_entry *entry);

#endif
