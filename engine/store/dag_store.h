/* DAGs, their versions and files, import errors. The scheduler and dags/bundle use these inside writes; REST's lists
 * are in the query files beside this one. Texts in rows are valid during the call that hands them out. */
#ifndef HK_STORE_DAG_STORE_H
#define HK_STORE_DAG_STORE_H

#include "engine/base/rand.h"
#include "engine/graph/graph.h"
#include "engine/store/db.h"

/* One DAG as just read from its file. */
struct hk_dag_save {
    const struct hk_graph *graph;
    struct hk_str document; /* hk_graph_write's text */
    const char *digest;     /* of the document: unchanged means no new version */
    struct hk_str source;   /* the file */
    const char *source_digest;
    const char *version_id; /* UUID for the version, should it be a new one */
    const char *timetable_description;
    bool is_periodic;
    bool starts_paused; /* for a DAG never seen before (dags_are_paused_at_creation) */
    int64_t parsed_us;
    double parse_seconds;
};

/* What the database knew. */
struct hk_dag_saved {
    int64_t version_key;
    char version_id[HK_UUID_SIZE];
    bool is_new_version;
    bool is_paused;
    int64_t last_start_us; /* data interval of the newest scheduled or backfilled run; HK_TIME_NONE: none */
    int64_t last_end_us;
    uint32_t failed_in_row;
};

/* Inserts or refreshes the DAG, its tags and, if the document changed, a new version. HK_CONFLICT when the DAG is
 * alive in another file: the sentence names it. */
HK_MUST_USE bool hk_store_dag_save(struct hk_db *db, const struct hk_dag_save *dag, struct hk_dag_saved *out,
                                   struct hk_error *err);

/* The dates that GET dags shows; all HK_TIME_NONE: no automated run to come. */
struct hk_dag_next {
    int64_t logical_us;
    int64_t interval_start_us;
    int64_t interval_end_us;
    int64_t run_after_us;
};
HK_MUST_USE bool hk_store_dag_set_next(struct hk_db *db, const char *dag_id, const struct hk_dag_next *next,
                                       struct hk_error *err);
HK_MUST_USE bool hk_store_dag_set_paused(struct hk_db *db, const char *dag_id, bool is_paused, struct hk_error *err);
/* The DAG, its versions and all its runs; its file will be read anew. HK_CONFLICT when a run has not ended. */
HK_MUST_USE bool hk_store_dag_delete(struct hk_db *db, const char *dag_id, struct hk_error *err);
HK_MUST_USE bool hk_store_dag_set_stale(struct hk_db *db, const char *dag_id, bool is_stale, struct hk_error *err);

/* The newest version of a DAG and what its runs tell about it; version_key 0 when there is no such DAG. */
struct hk_dag_found {
    int64_t version_key;
    bool is_paused;
    bool is_stale;
};
HK_MUST_USE bool hk_store_dag_state(struct hk_db *db, const char *dag_id, struct hk_dag_found *out,
                                    struct hk_error *err);
/* Fills in last_start_us, last_end_us and failed_in_row. */
HK_MUST_USE bool hk_store_dag_history(struct hk_db *db, const struct hk_graph *graph, struct hk_dag_saved *out,
                                      struct hk_error *err);

/* Every DAG that is not stale. */
struct hk_dag_row {
    const char *dag_id;
    const char *bundle_name;
    const char *relative_fileloc;
    const char *version_id;
    int64_t version_key;
    bool is_paused;
};
typedef bool (*hk_dag_row_fn)(void *arg, const struct hk_dag_row *row);
/* The DAGs of one file. */
HK_MUST_USE bool hk_store_file_dags(struct hk_db *db, const char *bundle_name, const char *relative_fileloc,
                                    hk_dag_row_fn each, void *arg, struct hk_error *err);

/* The graph of a version, decoded: one reference. version_id may be NULL. HK_NOT_FOUND, HK_CORRUPT. */
HK_MUST_USE bool hk_store_version_graph(struct hk_db *db, int64_t version_key, char version_id[HK_UUID_SIZE],
                                        struct hk_graph **out, struct hk_error *err);

/* Files: digest of what was last read without error, "" when never. */
enum { HK_DIGEST_SIZE = 40 };
HK_MUST_USE bool hk_store_file_digest(struct hk_db *db, const char *bundle_name, const char *relative_fileloc,
                                      char out[HK_DIGEST_SIZE], struct hk_error *err);
HK_MUST_USE bool hk_store_file_set(struct hk_db *db, const char *bundle_name, const char *relative_fileloc,
                                   const char *digest, int64_t parsed_us, struct hk_error *err);
HK_MUST_USE bool hk_store_file_forget(struct hk_db *db, const char *bundle_name, const char *relative_fileloc,
                                      struct hk_error *err);
typedef bool (*hk_file_row_fn)(void *arg, const char *bundle_name, const char *relative_fileloc);
/* All of which something is there: also those whose mistakes keep them from being read. */
HK_MUST_USE bool hk_store_files_each(struct hk_db *db, hk_file_row_fn each, void *arg, struct hk_error *err);

/* Sets or, with stack_trace empty, removes a file's import error, and marks its DAGs. */
HK_MUST_USE bool hk_store_import_error_set(struct hk_db *db, const char *bundle_name, const char *filename,
                                           struct hk_str stack_trace, int64_t now_us, struct hk_error *err);

#endif
