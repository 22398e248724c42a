/* Shared by the files of the model: model.c (DAGs, pools, timers), model_run.c (runs), model_past.c (the run before),
 * model_skip.c (what branches have decided), model_task.c (task instances) and model_ready.c (who waits for a slot).
 * Nobody else includes it. */
#ifndef HK_SCHEDULER_MODEL_INTERNAL_H
#define HK_SCHEDULER_MODEL_INTERNAL_H

#include "scheduler/model.h"

static inline struct hk_str hk__run_key_text(const int64_t *run_key)
{
    return (struct hk_str){(const char *)run_key, sizeof *run_key};
}

/* model.c */
void hk__add_wait_timer(struct hk_model *m, const struct hk_run *run, uint32_t task); /* when it has waited too long */
void hk__add_timer(struct hk_model *m, enum hk_timer_kind kind, int64_t at_us, const struct hk_run *run, uint32_t task);

/* model_run.c */
void hk__run_changed(struct hk_model *m, struct hk_run *run);
void hk__start_run_timer(struct hk_model *m, const struct hk_run *run);

/* model_past.c */
void hk__link_past(struct hk_dag *dag, struct hk_run *run); /* it is in dag->runs */
void hk__unlink_past(struct hk_dag *dag, struct hk_run *run);
void hk__tell_followers(struct hk_model *m, struct hk_run *run, uint32_t task); /* its task has finished */

/* model_skip.c */
void hk__forget_skips(struct hk_run *run, uint32_t decider); /* it begins anew */

/* model_task.c */
/* A task has entered (by 1) or left (by -1) a finished state: counts it for those that wait for it. */
void hk__count_finished(struct hk_run *run, uint32_t task, enum hk_task_state state, uint32_t by);

/* model_ready.c */
void hk__make_ready(struct hk_model *m, struct hk_run *run, uint32_t task);
void hk__take_slot(struct hk_model *m, struct hk_run *run, uint32_t task);
void hk__release_slot(struct hk_model *m, struct hk_run *run, uint32_t task);
void hk__withdraw(struct hk_run *run, uint32_t task);           /* no longer offered to its pool */
void hk__offer_limited(struct hk_model *m, struct hk_dag *dag); /* those held back by max_active_per_dag try again */
void hk__offer_too_large(struct hk_model *m, struct hk_pool *pool);

#endif
