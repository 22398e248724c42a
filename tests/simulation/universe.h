/* One universe of the simulation: the real scheduler and the real store (in memory, inline) on a virtual clock, with a
 * fake executor, random DAGs, people who meddle, and faults. Everything that happens is drawn from one seed, so a seed
 * is a repeatable history.
 *
 * universe.c    time, and what happens next       graphs.c        random DAGs
 * engine.c      the engine's birth and crash      fake_executor.c jobs, results, what survives a crash
 * people.c      commands                          invariants.c    what must be true, seen from the database
 * model_check.c the model's counters, recounted gates.c         promotions of models
 */
#ifndef HK_SIMULATION_UNIVERSE_H
#define HK_SIMULATION_UNIVERSE_H

#include "engine/base/clock.h"
#include "engine/base/rand.h"
#include "engine/store/dag_store.h"
#include "scheduler/promoter.h"
#include "scheduler/scheduler.h"

enum { MAX_DAGS = 4, MAX_JOBS = 4096, POOLS = 3, MAX_MEDDLED = 4096, MAX_PROMISES = 4096 };

struct sim_dag {
    char dag_id[32];
    struct hk_graph *graph;
    int64_t read_us;          /* monotonic time when its file is read after a restart; HK_TIME_NONE: it has been */
    uint32_t max_active_runs; /* the same in every version */
    unsigned version;
    uint64_t style; /* decides what is the same in every version */
};

/* A job of the fake executor. It outlives the engine. */
struct sim_job {
    struct hk_job_key key;
    bool is_used;
    bool is_alive;    /* the process exists */
    bool has_result;  /* ended; kept until the engine has committed it */
    bool was_started; /* the engine was told that it runs */
    bool has_skipped;
    int64_t next_us; /* monotonic time of what it does next */
    struct hk_job_result result;
    uint32_t skip_task; /* a task to be skipped by it; UINT32_MAX: none */
    char skip_id[16];
};

struct sim_executor {
    struct sim_job jobs[MAX_JOBS];
    size_t count;  /* slots in use, dead ones included */
    bool is_ready; /* recovery has been answered */
    bool wants_answer;
    enum hk_job_recovery *answers;
    size_t answer_count;
    int64_t answer_us;
    void (*answer)(void *arg, const enum hk_job_recovery *answers, size_t count);
    void *answer_arg;
    uint32_t parallelism;
    uint32_t ahead;
    uint64_t starts;
};

/* What was answered about a promotion. */
struct sim_promise {
    unsigned token;
    bool has_failed;
    bool was_applied;
};

struct sim_options {
    uint64_t seed;
    int64_t length_us; /* 0: the universe decides */
    bool trace;
    int fail_commit; /* fail just this commit, and no other fault; 0: random faults; -1: none */
    int fail_step;   /* and just this step of a statement inside of a write; 0: none */
};

struct universe {
    struct sim_options options;
    struct hk_rand rand;
    int64_t mono_us;
    int64_t wall_us;
    int64_t born_us;
    struct hk_clock clock;

    struct hk_store *store;
    int failing_step_left;
    struct hk_scheduler *scheduler;
    struct hk_rand engine_rand;
    bool is_awake;
    int64_t timer_us; /* wall */
    int64_t act_us;   /* monotonic: when the next person or fault comes */
    bool is_quiet;    /* the end: no more people or faults */
    unsigned crashes_left;

    struct sim_dag dags[MAX_DAGS];
    size_t dag_count;
    int64_t pool_slots[POOLS];
    struct sim_executor executor;

    char last_dag[32]; /* people come back to what they did */
    char last_run[HK_RUN_ID_SIZE];
    int64_t meddled[MAX_MEDDLED]; /* run keys a person has touched */
    size_t meddled_count;
    size_t commands;
    size_t answers;

    struct hk_promoter *promoter;
    int64_t promoter_us; /* wall */
    unsigned promotions;
    struct sim_promise promises[MAX_PROMISES];
    size_t promise_count;
    int64_t last_move;
    int64_t last_event;
    int64_t moves_told;
    bool has_decided; /* a gate, in what was written last: a good moment for a crash */
    bool has_no_dag;

    uint64_t step;
    uint64_t commits; /* those of files being read are not counted: one a DAG */
    uint64_t hash;    /* of the event log */
    char failure[600];
    bool has_failed;
};

/* Runs one universe. false: an invariant was broken; u->failure says which. */
bool universe_run(struct universe *u, const struct sim_options *options);

/* Helpers of all files. */
uint64_t pick(struct universe *u, uint64_t limit); /* 0 .. limit - 1 */
bool chance(struct universe *u, uint64_t percent);
void note(struct universe *u, const char *fmt, ...) HK_PRINTF(2, 3); /* into the event log */
void broken(struct universe *u, const char *fmt, ...) HK_PRINTF(2, 3);

/* graphs.c */
struct hk_graph *random_graph(struct universe *u, struct sim_dag *dag);
extern const char *const pool_names[POOLS];

/* engine.c */
void engine_create_database(struct universe *u);
void engine_start(struct universe *u);
void engine_crash(struct universe *u);
bool engine_read_files(struct universe *u); /* those that are due */
void engine_put_dag(struct universe *u, struct sim_dag *dag);

/* fake_executor.c */
struct hk_executor executor_face(struct universe *u);
int64_t executor_next_us(const struct universe *u); /* HK_TIME_NONE: nothing will happen */
bool executor_act(struct universe *u);              /* does one thing that is due; false: nothing is */
void executor_forget(struct universe *u);           /* the engine died; reports wait for the next */
void executor_die(struct universe *u);

/* people.c */
void people_act(struct universe *u);
bool is_meddled(const struct universe *u, int64_t run_key);

/* gates.c */
bool gates_prepare(struct hk_db *db, struct hk_error *err);
void gates_start(struct universe *u);
void gates_stop(struct universe *u);   /* before the writes that are under way are abandoned */
void gates_forget(struct universe *u); /* and after it */
void gates_act(struct universe *u);
void check_gates(struct universe *u); /* after each commit */
void check_gates_end(struct universe *u);

/* invariants.c */
void check_start(struct universe *u, const struct hk_job *job);
void check_database(struct universe *u);
void check_transitions(struct universe *u);
void check_end(struct universe *u);
/* model_check.c */
void check_model(struct universe *u);

#endif
