/* struct hk_promoter: sees to it that promotions which wait go on by themselves. It begins the validations that
 * requests ask for, and looks at a request again when a DAG run that it waits for has ended or was deleted, when its
 * DAG is paused or goes away, when its window opens, and, since a crash may have come between anything, at all open
 * ones once when it begins. It decides nothing: engine/store's hk_promotion_continue judges anew, in the transaction
 * that lets the version move.
 *
 * One look is under way at a time. It reads (and has files looked at) on a thread of its caller's, so that the loop
 * never waits; then come one write, and the runs that are to be made. All of it can be done twice without harm: a
 * request that is closed meanwhile is left alone, and a validation's run_id is made of its request's id.
 *
 * Loop thread. No polling: hk_store_watch and one timer wake it. */
#ifndef HK_SCHEDULER_PROMOTER_H
#define HK_SCHEDULER_PROMOTER_H

#include "engine/store/promotion_store.h"
#include "engine/store/store.h"

struct hk_promoter;

struct hk_promoter_options {
    struct hk_store *store;
    const struct hk_clock *clock;
    void *context;
    /* Runs fn(arg) on a thread that may wait; false: not now. NULL: at once, on this one. */
    bool (*work)(void *context, void (*fn)(void *arg), void *arg);
    /* Runs fn(arg) on the loop, soon; from any thread. NULL: at once. */
    void (*post)(void *context, void (*fn)(void *arg), void *arg);
    void (*set_timer)(void *context, int64_t at_us); /* for hk_promoter_look; HK_TIME_NONE: none. Replaces the last */
    /* Makes a DAG run; one that is there already is fine. */
    void (*trigger)(void *context, const struct hk_validation_due *due);
    /* What the files of a version are; on the thread of work. NULL: nobody can say. */
    void (*look_at_files)(void *context, struct hk_db *db, const struct hk_model_version_row *version,
                          const struct hk_policy_list *policies, struct hk_arena *arena, struct hk_artifact_facts *out);
};

struct hk_promoter *hk_promoter_new(const struct hk_promoter_options *options); /* looks at all that is open */
void hk_promoter_look(struct hk_promoter *promoter);                            /* something may be due */
/* A run could not be made: looks again, soon if the reason is one that passes (HK_UNAVAILABLE, HK_LIMIT), else when
 * there is news. */
void hk_promoter_retry(struct hk_promoter *promoter, const struct hk_error *why);
/* No new look begins. Free it only when it is idle. */
void hk_promoter_stop(struct hk_promoter *promoter);
bool hk_promoter_is_idle(const struct hk_promoter *promoter); /* true for NULL */
void hk_promoter_free(struct hk_promoter *promoter);          /* NULL is fine */

#endif
