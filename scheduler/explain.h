/* Why is this task not running? One sentence for each dependency that is not met, in the words of Airflow 3.3.2 where
 * it has them (`tasks failed-deps`, GET .../taskInstances/{id}/dependencies), from the same functions that the tick
 * decides by. Where Airflow is silent, hanok adds what it waits for: "Max Active Runs", "Run After", "Executor Slots".
 *
 *     struct hk_explanations why;
 *     if (hk_explain_task(scheduler, &query, &arena, &why, err)) {
 *         for (size_t i = 0; i < why.count; i++) { print(why.items[i].name, why.items[i].reason); }
 *     }
 */
#ifndef HK_SCHEDULER_EXPLAIN_H
#define HK_SCHEDULER_EXPLAIN_H

#include "engine/base/arena.h"
#include "scheduler/scheduler.h"

struct hk_explain_query {
    const char *dag_id;
    const char *run_id;
    const char *task_id;
};

struct hk_explanation {
    const char *name;   /* "Trigger Rule" */
    const char *reason; /* in the arena */
};

struct hk_explanations {
    struct hk_explanation *items; /* by name; in the arena */
    size_t count;                 /* 0: nothing keeps it */
    size_t cap;
};

/* Loop thread. HK_NOT_FOUND when there is no such DAG or task, or no such run among those that have not finished: what
 * has finished is in the database only. */
HK_MUST_USE bool hk_explain_task(const struct hk_scheduler *s, const struct hk_explain_query *query,
                                 struct hk_arena *arena, struct hk_explanations *out, struct hk_error *err);

#endif
