/* Who has made it: which try of which task of a DAG run made a run, a logged model or a version. A task's token says
 * which one it is (api/mlflow finds it there, never in what the call says), so the rule `lineage` rests on what nobody
 * can write. Tags that say the same (engine/tracking/lineage.h) are for people.
 *
 * Keys of makers are handed to the inserts of those three; 0 is nobody. */
#ifndef HK_STORE_MAKER_STORE_H
#define HK_STORE_MAKER_STORE_H

#include "engine/base/arena.h"
#include "engine/store/db.h"

/* One try of one task: what its job's key says (scheduler/executor.h). */
struct hk_task_try {
    int64_t run_key;
    uint32_t task;
    int32_t map_index;
    uint32_t starts;
};

/* What a task's process may still send after its end has been written. */
enum { HK_TASK_LAST_WORDS_SECONDS = 60 };

/* Whether this try is at work: sent to a worker and not yet ended, or ended a moment ago with no other try since. */
HK_MUST_USE bool hk_store_task_is_at_work(struct hk_db *db, const struct hk_task_try *who, int64_t now_us, bool *out,
                                          struct hk_error *err);

/* The key of this maker, which is noted when it is new. HK_DENIED when there is no such task instance. Writer's. */
HK_MUST_USE bool hk_store_maker_note(struct hk_db *db, const struct hk_task_try *who, int64_t *maker_key,
                                     struct hk_error *err);

struct hk_maker {
    int64_t run_key; /* of the DAG run */
    const char *dag_id;
    const char *run_id;
    const char *triggering_user; /* NULL: nobody; the same goes for the commit */
    const char *commit;
};

/* Who has made the run, the logged model or the version of that key, or asked for the promotion. *found is false when
 * nobody is known. */
enum hk_made { HK_MADE_RUN, HK_MADE_LOGGED_MODEL, HK_MADE_VERSION, HK_MADE_REQUEST };
HK_MUST_USE bool hk_store_maker_find(struct hk_db *db, enum hk_made what, int64_t key, struct hk_arena *arena,
                                     struct hk_maker *out, bool *found, struct hk_error *err);

#endif
