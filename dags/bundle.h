/* struct hk_bundle: a folder of DAG files, kept in step with the database and the scheduler.
 *
 * At the start, and whenever the operating system reports a change below the folder (inotify through libuv; there is no
 * polling), the files are listed and those whose size or time changed are read. A file whose content is what was read
 * last time is not parsed again, not even after a restart: its DAGs come from the database. Only when a file changes,
 * comes or goes that others may read (defaults.yml, a Python module without DAGs), all are parsed again. YAML is read
 * in C on libuv's worker threads; Python goes to the warm host through struct hk_python_parser. What was read is saved
 * (a new version only where a DAG changed) and then handed on. A file with a mistake gets an import error and changes
 * nothing else.
 *
 * Loop thread.
 */
#ifndef HK_DAGS_BUNDLE_H
#define HK_DAGS_BUNDLE_H

#include <jansson.h>
#include <uv.h>

#include "engine/base/clock.h"
#include "engine/base/rand.h"
#include "engine/store/dag_store.h"
#include "engine/store/store.h"

/* Parses one Python file; done follows on a later turn, with the SDK's DagFileParsingResult (borrowed) or an error. */
struct hk_python_parser {
    void *context;
    void (*parse)(void *context, const char *path, const char *bundle_path, const char *bundle_name,
                  void (*done)(void *arg, const json_t *result, const struct hk_error *err), void *arg);
};

struct hk_bundle_dag {
    struct hk_graph *graph; /* borrowed */
    const struct hk_dag_saved *saved;
};

struct hk_bundle_options {
    uv_loop_t *loop;
    struct hk_store *store;
    const struct hk_clock *clock;
    struct hk_rand *rand;
    const char *name; /* "dags-folder" */
    const char *path; /* a folder, or one file */
    struct hk_python_parser python;
    const char *stub_folder;        /* where the Python files lie through which YAML DAGs' Python tasks are imported */
    const char *const *environment; /* NAME=value, NULL-terminated: what $NAME in YAML means */
    /* What Airflow says of a schedule ("At 00:00"), malloc'd; NULL when no timetable can be made of it. Any thread. */
    char *(*describe)(const struct hk_schedule *schedule, bool *is_periodic, struct hk_error *err);
    bool starts_paused; /* new DAGs are paused unless they say otherwise */
    bool watch;         /* false: read once */
    void *context;
    void (*dag)(void *context, const struct hk_bundle_dag *dag);
    void (*gone)(void *context, const char *dag_id);
    void (*problem)(void *context, const char *relative_path,
                    const char *message); /* NULL: only the import error is kept */
    void (*settled)(void *context);       /* all files of a scan have been dealt with */
};

struct hk_bundle;

/* HK_NOT_FOUND when there is no such folder. The first scan begins at once. */
HK_MUST_USE bool hk_bundle_start(const struct hk_bundle_options *options, struct hk_bundle **out, struct hk_error *err);
void hk_bundle_rescan(struct hk_bundle *bundle, bool everything); /* everything: even what did not change */
/* done is called when nothing of it is under way; then it is freed. */
void hk_bundle_stop(struct hk_bundle *bundle, void (*done)(void *arg), void *arg);

#endif
