#include "engine/store/skip_store.h"

#include <stdlib.h>

#include "engine/base/alloc.h"

/* One row for each listed task; one with NULL for an empty list. */
static const char LISTED[] =
    "SELECT json_type(x.value, '$.followed') IS NOT NULL, e.value FROM xcom x LEFT JOIN json_each(x.value, "
    "CASE WHEN json_type(x.value, '$.followed') IS NULL THEN '$.skipped' ELSE '$.followed' END) e "
    "WHERE x.run_key = ?1 AND x.task_id = ?2 AND x.map_index = -1 AND x.key = 'skipmixin_key' AND json_valid(x.value)";

struct decision {
    const struct hk_task *decider;
    bool *is_listed; /* by edge, and one more for what is no edge */
    bool is_made;
    bool has_followed; /* the list is of those that are not skipped */
};

static bool read_decision(struct hk_db *db, int64_t run_key, const struct hk_graph *graph, struct decision *d,
                          struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, LISTED);
    bool ok = true;
    hk_bind_int(q, 1, run_key);
    hk_bind_text(q, 2, d->decider->task_id);
    while (hk_step(q, &ok, err)) {
        d->is_made = true;
        d->has_followed = hk_column_int(q, 0) != 0;
        struct hk_str listed_id = hk_column_str(q, 1);
        const struct hk_task *listed = listed_id.data != NULL ? hk_graph_find_task(graph, listed_id) : NULL;
        if (listed != NULL) {
            d->is_listed[hk_task_find_downstream(d->decider, listed->index)] = true;
        }
    }
    hk_reset(q);
    return ok;
}

bool hk_store_run_skips(struct hk_db *db, int64_t run_key, const struct hk_graph *graph, hk_skip_fn each, void *arg,
                        struct hk_error *err)
{
    bool ok = true;
    for (uint32_t t = 0; t < graph->task_count && ok; t++) {
        const struct hk_task *decider = &graph->tasks[t];
        if (!decider->can_skip_downstream || decider->downstream_count == 0) {
            continue;
        }
        struct decision d = {.decider = decider,
                             .is_listed = hk_alloc_array(decider->downstream_count + 1, sizeof(bool))};
        ok = read_decision(db, run_key, graph, &d, err);
        for (uint32_t i = 0; i < decider->downstream_count && ok && d.is_made; i++) {
            if (d.is_listed[i] != d.has_followed) {
                each(arg, t, decider->downstream[i]);
            }
        }
        free(d.is_listed);
    }
    return ok;
}
