/* Tasks at this door: whether one may still come in, and who has made what it makes. */
#include "api/mlflow/mlflow_internal.h"
#include "engine/store/maker_store.h"
#include "scheduler/executor.h"

static bool read_task(struct hk_str id, struct hk_task_try *out)
{
    struct hk_job_key job;
    if (!hk_job_key_parse(id, &job)) {
        return false;
    }
    *out = (struct hk_task_try){job.run, job.task, job.map_index, job.try_number};
    return true;
}

bool hk__ml_admits_task(void *context, struct hk_str task, struct hk_error *err)
{
    struct hk_mlflow *mlflow = context;
    struct hk_task_try who;
    struct hk_db *db = NULL;
    bool is_at_work = false;
    if (!read_task(task, &who)) {
        return hk_error_set(err, HK_DENIED, "The token is of no task instance.");
    }
    if (!hk_store_reader_take(mlflow->options.store, &db, err)) {
        return false;
    }
    bool ok = hk_store_task_is_at_work(db, &who, hk_clock_wall_us(mlflow->options.clock), &is_at_work, err);
    hk_store_reader_give(mlflow->options.store, db);
    return ok && (is_at_work || hk_error_set(err, HK_DENIED,
                                             "The task whose token this is has ended; a token of a task is good for "
                                             "nothing afterwards. Use a user's name and password."));
}

bool hk__ml_maker(struct hk_db *db, const struct hk_request *req, int64_t *maker_key, struct hk_error *err)
{
    struct hk_task_try who;
    *maker_key = 0;
    return req->caller.role != HK_ROLE_TASK || !read_task(req->caller.username, &who) ||
           hk_store_maker_note(db, &who, maker_key, err);
}
