/* What branches and short circuits of a run have decided to skip, as Airflow remembers it: the XCom "skipmixin_key" of
 * the task, {"followed": [...]} (all others after it are to be skipped) or {"skipped": [...]}. It outlasts a clear of
 * the tasks that were skipped, which are then skipped again, and goes with a clear of the task that decided. */
#ifndef HK_STORE_SKIP_STORE_H
#define HK_STORE_SKIP_STORE_H

#include "engine/graph/graph.h"
#include "engine/store/db.h"

/* `each` hears of every edge (indexes of its tasks) whose upper end has decided so; lists may name other tasks, too. */
typedef void (*hk_skip_fn)(void *arg, uint32_t decider, uint32_t task);
HK_MUST_USE bool hk_store_run_skips(struct hk_db *db, int64_t run_key, const struct hk_graph *graph, hk_skip_fn each,
                                    void *arg, struct hk_error *err);

#endif
