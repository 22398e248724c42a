/* Shared by scheduler.c (step and decisions), save.c (from changes to a commit), jobs.c (the executor's side),
 * commands.c and load.c. Nobody else includes it. */
#ifndef HK_SCHEDULER_INTERNAL_H
#define HK_SCHEDULER_INTERNAL_H

#include "engine/store/dag_store.h"
#include "engine/store/run_store.h"
#include "scheduler/scheduler.h"

struct hk__xcom {
    int64_t run_key;
    char *task_id;
    int32_t map_index;
    char *value;
    size_t value_len;
};

/* An event of an asset, of a task that has succeeded. */
struct hk__outlet {
    struct hk_graph *graph; /* one reference */
    uint32_t task;
    uint32_t asset;
    char *run_id;
    char *extra_json; /* NULL: {} */
    int64_t happened_us;
};

/* A task that waits for a promotion which happens from since_us on. */
struct hk__waiter {
    int64_t run_key;
    uint32_t task;
    uint32_t try_number;
    int64_t since_us;
};

struct hk__ack {
    void (*call)(void *arg, const struct hk_error *err);
    void (*plain)(void *arg);
    void *arg;
};

struct hk__stop {
    struct hk_job_key key;
    const char *why; /* a constant */
};

enum { HK__SPARE_MAX = 32 };

struct hk_scheduler {
    struct hk_scheduler_options options;
    struct hk_executor executor;
    struct hk_model model;
    struct hk_arena arena; /* of one tick */
    bool is_started;
    bool is_stopping;
    bool is_awake;                   /* wake was called, step not yet */
    uint32_t dispatched;             /* jobs in the executor */
    int64_t ended_us[HK__SPARE_MAX]; /* a ring: when the last jobs ended */
    size_t ended_count;
    size_t backlog_head;

    /* What will go with the next save. */
    struct hk__xcom *xcoms;
    size_t xcom_count;
    size_t xcom_cap;
    struct hk__outlet *outlets;
    size_t outlet_count;
    size_t outlet_cap;
    struct hk__ack *acks;
    size_t ack_count;
    size_t ack_cap;
    struct hk__stop *stops; /* jobs to be stopped once it is committed why */
    size_t stop_count;
    size_t stop_cap;
    struct hk_job_key *recovering; /* jobs that the executor is being asked about */
    size_t recovering_count;
    struct hk__save *saving; /* the save under way; NULL: none */
    bool has_failed_save;
    struct hk__reload *failed_reloads;
    int64_t retry_us;     /* when what failed is tried again; HK_TIME_NONE: no failure */
    bool is_failing;      /* the database could not be written, and has not been since */
    int64_t complaint_us; /* monotonic: when that is said again */

    /* assets.c */
    int64_t asset_event_key;   /* news after this one have not been read */
    uint64_t asset_news_count; /* the store's, when they were */
    bool wants_asset_news;     /* reading them has failed */
    bool is_watching;

    /* waiting.c */
    struct hk__waiter *waiters;
    size_t waiter_count;
    size_t waiter_cap;
    struct hk__waiter *unlooked; /* could not be looked up */
    size_t unlooked_count;
    size_t unlooked_cap;
    int64_t event_sequence; /* those that wait know of the events up to it */
    bool wants_events;      /* reading them has failed */

    uint32_t writes;             /* other writes under way */
    struct run_command *loading; /* commands whose run is being read (commands.c) */
    struct hk__deletion *gone;   /* runs that are deleted in the database and still in the model */

    struct hk_dag **due_dags; /* to be asked for their next run */
    size_t due_dag_count;
    size_t due_dag_cap;
    struct hk_run **timeouts;
    size_t timeout_count;
    size_t timeout_cap;
};

static inline int64_t hk__now(const struct hk_scheduler *s)
{
    return hk_clock_wall_us(s->options.clock);
}

void hk__wake(struct hk_scheduler *s);
void hk__due(struct hk_scheduler *s, struct hk_dag *dag);
/* Every write but the save: counted until its done calls hk__written. */
void hk__submit(struct hk_scheduler *s, const struct hk_write *write);
void hk__written(struct hk_scheduler *s);

/* save.c */
void hk__save_changes(struct hk_scheduler *s); /* if there are any and no save is under way */
void hk__save_retry(struct hk_scheduler *s);
void hk__retry_later(struct hk_scheduler *s);
/* What the database cannot do is tried often and told seldom. */
void hk__complain(struct hk_scheduler *s, const struct hk_error *err);
void hk__uncomplain(struct hk_scheduler *s); /* it could */   /* hk__save_retry and hk__reload_retry will be called */
void hk__ack_add(struct hk_scheduler *s, struct hk__ack ack); /* with the next save */
bool hk__save_is_pending(const struct hk_scheduler *s);
void hk__save_free(struct hk__save *save);
/* Takes a run out of memory when it is finished, saved and no process of it is left. */
void hk__drop_if_over(struct hk_scheduler *s, struct hk_run *run);

/* commands.c */
void hk__delete(struct hk__deletion *d);      /* of a run that is not in the model */
void hk__delete_if_saved(struct hk_run *run); /* one that is to be deleted */
void hk__deletions_free(struct hk_scheduler *s);
void hk__drop_deleted(struct hk_scheduler *s); /* runs that the database does not have any more */

/* jobs.c */
/* How many jobs to choose beyond those that can run now, at most HK__SPARE_MAX. */
uint32_t hk__spare(const struct hk_scheduler *s);
void hk__dispatch(struct hk_scheduler *s);
void hk__fill_job(const struct hk_run *run, uint32_t task, char *log_path, size_t log_path_size, struct hk_job *job);
void hk__stop_job(void *context, struct hk_run *run, uint32_t task, const char *why); /* with the next save */
void hk__send_stops(struct hk_scheduler *s, const struct hk__stop *stops, size_t count);

/* assets.c */
HK_MUST_USE bool hk__assets_begin(struct hk_scheduler *s, struct hk_db *db, struct hk_error *err);
void hk__assets_end(struct hk_scheduler *s);
void hk__assets_load(struct hk_scheduler *s, struct hk_dag *dag); /* its graph is new */
void hk__assets_news(struct hk_scheduler *s);
void hk__assets_retry(struct hk_scheduler *s);
/* The task has just succeeded; result NULL: nothing had to run. */
void hk__take_outlets(struct hk_scheduler *s, const struct hk_run *run, uint32_t task,
                      const struct hk_job_result *result);
void hk__outlets_free(struct hk__outlet *outlets, size_t count);
bool hk__outlet_write(struct hk_db *db, const struct hk__outlet *outlet, struct hk_error *err);

/* waiting.c */
void hk__wait_begin(struct hk_scheduler *s, const struct hk_run *run, uint32_t task);
void hk__wait_loaded(struct hk_scheduler *s, const struct hk_run *run); /* those of its tasks that wait */
void hk__waiting_news(struct hk_scheduler *s);
void hk__waiting_retry(struct hk_scheduler *s);

/* jobs.c: the task's return_value, with the next save. */
void hk__take_xcom(struct hk_scheduler *s, const struct hk_run *run, uint32_t task, struct hk_str value);

/* known_dag.c: a DAG as it is in the database. */
struct hk__known_dag {
    struct hk_dag_found found;
    struct hk_dag_saved saved;
    struct hk_graph *graph; /* one reference; NULL: there is no such DAG */
};
bool hk__known_dag_load(struct hk_db *db, const char *dag_id, struct hk__known_dag *out, struct hk_error *err);
/* Unless its file has been read already. */
void hk__known_dag_put(struct hk_scheduler *s, const struct hk__known_dag *known);

/* load.c: a run row and its tasks, collected on the writer or a reader, made into a run of the model on the loop. */
struct hk__loaded {
    struct hk_arena arena;
    struct hk_run_row row;
    bool found;
    struct hk_graph *graph;
    char version_id[HK_UUID_SIZE];
    struct hk_task_row *tasks;
    size_t task_count;
    size_t task_cap;
    const char *asset_events; /* JSON, in the arena; NULL: none */
    struct hk_run_before prior;
    uint8_t *prior_states; /* malloc; NULL: no run before */
    struct hk__loaded_skip {
        uint32_t decider;
        uint32_t task;
    } * skips;
    size_t skip_count;
    size_t skip_cap;
};
bool hk__load_run(struct hk_db *db, const char *dag_id, const char *run_id, struct hk__loaded *out,
                  struct hk_error *err);
bool hk__load_asset_events(struct hk_db *db, struct hk__loaded *out, struct hk_error *err);
bool hk__load_prior(struct hk_db *db, const struct hk_graph *graph, struct hk__loaded *out, struct hk_error *err);
struct hk_run *hk__loaded_run(struct hk_scheduler *s, struct hk__loaded *loaded); /* adds it to the model */
/* The run before is gone: finds the one before that. */
void hk__reload_prior(struct hk_scheduler *s, const struct hk_run *run);
void hk__reload_retry(struct hk_scheduler *s);
void hk__reload_free(struct hk_scheduler *s); /* those that failed */
void hk__loaded_clear(struct hk__loaded *loaded);

/* commands.c: a run in memory; NULL: none. */
struct hk_run *hk__active_run(const struct hk_scheduler *s, const char *dag_id, const char *run_id);

/* create.c */
void hk__create_automated(struct hk_scheduler *s, struct hk_dag *dag);
void hk__note_next(struct hk_scheduler *s, const struct hk_dag *dag); /* for GET dags */

#endif
