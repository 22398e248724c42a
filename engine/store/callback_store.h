/* Callbacks of whole DAGs (on_success_callback, on_failure_callback) that are owed. The row is written in the
 * transaction that ends the run and deleted after the call, so that a crash in between repeats a callback and loses
 * none. What a request says is the business of whoever makes and calls it.
 */
#ifndef HK_STORE_CALLBACK_STORE_H
#define HK_STORE_CALLBACK_STORE_H

#include "engine/store/db.h"

struct hk_callback_row {
    int64_t run_key;
    int64_t ended_us;
    const char *request_json;
};

HK_MUST_USE bool hk_store_callback_owe(struct hk_db *db, const struct hk_callback_row *row, struct hk_error *err);
HK_MUST_USE bool hk_store_callback_done(struct hk_db *db, int64_t run_key, int64_t ended_us, struct hk_error *err);
/* In the order of the runs' ends; texts are valid during the call. */
HK_MUST_USE bool hk_store_callbacks_owed(struct hk_db *db, void (*each)(void *arg, const struct hk_callback_row *row),
                                         void *arg, struct hk_error *err);

#endif
