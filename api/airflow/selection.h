/* Which task instances a clear or a mark means: of one run or of the runs around it, of named tasks and their
 * relatives. Everything lives in the request's arena. */
#ifndef HK_API_AIRFLOW_SELECTION_H
#define HK_API_AIRFLOW_SELECTION_H

#include "api/airflow/rest_internal.h"

struct hk__run_tasks {
    int64_t run_key;
    const char *run_id;
    const char **task_ids;
    size_t count;
    size_t cap;
    bool has_active; /* one of them is running, queued or scheduled */
};

struct hk__selection {
    struct hk_arena *arena;
    struct hk_str dag_id;
    struct hk__run_tasks *runs;
    size_t count;
    size_t cap;
    size_t total; /* task instances */
};

/* Which runs: one by its id, or all of the DAG whose logical date lies in the range. */
struct hk__which_runs {
    struct hk_str run_id; /* data NULL: by date */
    struct hk_range logical;
};

/* Which tasks in them. */
struct hk__which_tasks {
    struct hk_texts task_ids; /* items NULL: all */
    struct hk_texts states;   /* count 0: any; an item without data is "none yet" */
    struct hk_str not_state;  /* data NULL: none is left out */
};

HK_MUST_USE bool hk__select(struct hk_db *db, struct hk__selection *out, const struct hk__which_runs *runs,
                            const struct hk__which_tasks *tasks, struct hk_error *err);
/* The tasks and, as asked for, all before and after them. Names that the graph does not have are kept as they are. */
struct hk_texts hk__with_relatives(struct hk_arena *arena, const struct hk_graph *graph, struct hk_texts task_ids,
                                   bool with_upstream, bool with_downstream);
/* The same for a clear, which takes the setups and teardowns of all these along. */
struct hk_texts hk__with_setups(struct hk_arena *arena, const struct hk_graph *graph, struct hk_texts task_ids,
                                bool with_upstream, bool with_downstream);
/* The tasks of a group and of the groups in it; false: no such group. */
HK_MUST_USE bool hk__group_tasks(const struct hk_graph *g, struct hk_str group_id, struct hk_arena *arena,
                                 struct hk_texts *out);
/* The rows as they are now, appended to the list. */
HK_MUST_USE bool hk__write_selection(struct hk_db *db, struct hk__list *list, const struct hk__selection *selection,
                                     struct hk_error *err);

#endif
