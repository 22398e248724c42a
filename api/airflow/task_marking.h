/* Marking task instances success, failed or skipped, with relatives and other runs as asked for, and their notes: what
 * PATCH of one, of a task group and of many have in common. Everything lives in the request's arena. */
#ifndef HK_API_AIRFLOW_TASK_MARKING_H
#define HK_API_AIRFLOW_TASK_MARKING_H

#include "api/airflow/selection.h"

struct hk__marking {
    struct hk_str dag_id;
    struct hk_str run_id;
    struct hk_texts task_ids; /* one, or those of a group */
    int64_t map_index;        /* INT64_MIN: all */
    enum hk_task_state state;
    const char *state_name; /* NULL: no new state */
    bool has_note;
    struct hk_str note;
    bool include_upstream;
    bool include_downstream;
    bool include_future;
    bool include_past;
    struct hk__selection selection; /* to be marked */
    struct hk__selection blocked;   /* failed ones after it, to be run again */
};

/* The members of PatchTaskInstanceBody. */
void hk__marking_read(struct hk_validation *v, struct hk_body *body, struct hk_texts mask, struct hk__marking *m);
/* How many instances the run has of the tasks. */
HK_MUST_USE bool hk__marking_count(struct hk_db *db, const struct hk__marking *m, size_t *count, struct hk_error *err);
/* Fills selection and blocked, when there is a new state. */
HK_MUST_USE bool hk__marking_select(struct hk_db *db, struct hk_arena *arena, const struct hk_graph *graph,
                                    struct hk__marking *m, struct hk_error *err);
/* The calls of the scheduler that it takes, and making them, each answered by done. */
size_t hk__marking_calls(const struct hk__marking *m);
void hk__marking_start(struct hk__command *command, const struct hk__marking *m, struct hk_command_done done);
HK_MUST_USE bool hk__marking_write_note(struct hk_db *db, const struct hk__marking *m, struct hk_error *err);
/* {"task_instances": [...]} of the tasks themselves, or of all that are marked. */
HK_MUST_USE bool hk__marking_write_own(struct hk_db *db, const struct hk_airflow *air, struct hk_response *res,
                                       const struct hk__marking *m, struct hk_error *err);
HK_MUST_USE bool hk__marking_write_marked(struct hk_db *db, const struct hk_airflow *air, struct hk_response *res,
                                          const struct hk__marking *m, struct hk_error *err);

#endif
