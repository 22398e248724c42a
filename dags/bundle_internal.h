/* Shared by bundle.c (which files, when) and bundle_file.c (one file's way), whose steps are in bundle_read.c (what it
 * says) and bundle_save.c (what becomes of that). */
#ifndef HK_DAGS_BUNDLE_INTERNAL_H
#define HK_DAGS_BUNDLE_INTERNAL_H

#include "dags/bundle.h"
#include "dags/dag_file.h"
#include "dags/read_policy.h"
#include "engine/base/buf.h"
#include "engine/base/map.h"
#include "engine/graph/graph_codec.h"

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
    bool is_past_first_scan;
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

/* A file that speaks for others (a module, defaults) is not what it was: all files are read again. */
void hk__bundle_read_all(struct hk_bundle *b);

/* What was read of this file could not be written down: it is read again after a while. */
void hk__bundle_unsaved(struct hk_bundle *b, struct hk_bundle_entry *entry, const struct hk_error *err);

void hk__bundle_file_done(struct hk_bundle *b, struct hk_bundle_entry *entry);

struct read_dag {
    struct hk_graph *graph; /* one reference */
    struct hk_buf document;
    char digest[HK_GRAPH_DIGEST_SIZE];
    char version_id[HK_UUID_SIZE];
    char *description; /* of its timetable */
    bool is_periodic;
    bool is_elsewhere; /* the DAG belongs to a YAML file, this is only its loader */
    struct hk_dag_saved saved;
};

/* One reading of one file. */
struct reading {
    uv_work_t work;
    struct hk_bundle *bundle;
    struct hk_bundle_entry *entry;
    bool even_unchanged;
    bool is_first_scan;
    bool is_new;       /* the database does not know the file */
    bool is_unchanged; /* content as in the database: DAGs come from there */
    bool is_helper;    /* Python without DAGs: others may import it */
    bool needs_host;
    char *stub;                       /* of a YAML file with tasks that need Python; else NULL */
    bool is_policies;                 /* holds promotion policies, and no DAGs */
    struct hk_read_policies policies; /* in the arena */
    struct hk_arena arena;
    bool is_loader; /* a Python file that hands YAML files to dag-factory: those are read already */
    struct hk_buf content;
    char digest[HK_GRAPH_DIGEST_SIZE];        /* with its defaults files */
    char source_digest[HK_GRAPH_DIGEST_SIZE]; /* of the file alone */
    struct read_dag *dags;
    size_t dag_count;
    size_t dag_cap;
    struct hk_buf problem; /* import error; empty: none */
    char **gone;           /* DAGs the file no longer defines */
    size_t gone_count;
    size_t gone_cap;
    json_t *result; /* DagFileParsingResult */
    int64_t started_us;
    int64_t parsed_us;
};

struct reading *hk__reading_new(struct hk_bundle *b, struct hk_bundle_entry *entry);
void hk__reading_finish(struct reading *r); /* frees it */
void hk__reading_set_problem(struct reading *r, const char *message);

/* bundle_read.c, on a worker thread */
bool hk__reading_read(struct reading *r, struct hk_error *err);
void hk__reading_add_dag(struct reading *r, struct hk_graph *graph); /* takes the reference */
/* Text, digests and descriptions for the database. */
bool hk__reading_prepare(struct reading *r, struct hk_error *err);

/* bundle_save.c, loop: ends with hk__reading_finish */
void hk__reading_save(struct reading *r);

#endif
