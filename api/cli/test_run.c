#include "api/cli/test_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/progress.h"
#include "api/cli/temporary_home.h"
#include "api/cli/test_copy.h"
#include "engine/base/alloc.h"
#include "engine/base/clock.h"

enum { LOG_LINES = 1000 };

struct test_run {
    const struct hk_test_run_options *options;
    struct hk_engine *engine;
    struct hk_progress progress;
    struct hk_home home;
    char run_id[HK_RUN_ID_SIZE];
    const struct hk_graph *graph; /* one reference */
    size_t pending;               /* task states being set */
    bool is_over;
    bool has_run;
    enum hk_run_state state;
    bool has_failed; /* err says why there is no run */
    struct hk_error err;
};

/* ---- the end ---- */

/* As in Airflow, callbacks of the DAG belong to a test of it. */
static void quit(void *arg)
{
    struct test_run *t = arg;
    if (!hk_engine_is_calling(t->engine)) {
        hk_engine_quit(t->engine);
    }
}

static void on_called(void *context)
{
    struct test_run *t = context;
    if (t->is_over) {
        hk_engine_post(t->engine, quit, t);
    }
}

static void over(struct test_run *t)
{
    if (!t->is_over) {
        t->is_over = true;
        /* Not at once: the scheduler is in the middle of something. */
        hk_engine_post(t->engine, quit, t);
    }
}

static void failed(struct test_run *t, const struct hk_error *err)
{
    if (!t->has_failed) {
        t->has_failed = true;
        t->err = *err;
    }
    over(t);
}

static bool is_task_over(const struct test_run *t, const struct hk_run *run, int64_t task)
{
    return task >= 0 && t->options->task_id != NULL && t->pending == 0 &&
           strcmp(run->graph->tasks[task].task_id, t->options->task_id) == 0 &&
           (hk_task_state_is_finished(run->tasks[task].state) || run->tasks[task].state == HK_TASK_UP_FOR_RETRY);
}

static void on_change(void *context, const struct hk_run *run, int64_t task)
{
    struct test_run *t = context;
    bool is_asked =
        task < 0 || t->options->task_id == NULL || strcmp(run->graph->tasks[task].task_id, t->options->task_id) == 0;
    if (t->is_over) {
        return;
    }
    if (is_asked && (task >= 0 || t->options->task_id == NULL)) {
        hk_progress_change(&t->progress, run, task, hk_clock_wall_us(hk_clock_system()));
    }
    if (is_task_over(t, run, task)) {
        t->has_run = true;
        t->state = run->tasks[task].state == HK_TASK_SUCCESS ? HK_RUN_SUCCESS : HK_RUN_FAILED;
        if (t->state == HK_RUN_SUCCESS) {
            hk_progress_tail(&t->progress, run, (uint32_t)task, LOG_LINES); /* what it said is what was asked for */
        }
        over(t);
    } else if (task < 0 && t->options->task_id == NULL && hk_run_state_is_finished(run->state)) {
        t->has_run = true;
        t->state = run->state;
        over(t);
    }
}

/* ---- the beginning ---- */

static void unpaused(void *arg, const struct hk_error *err)
{
    if (err != NULL) {
        failed(arg, err);
    }
}

static void unpause(struct test_run *t)
{
    struct hk_command_done done = {unpaused, t};
    hk_scheduler_pause(hk_engine_scheduler(t->engine), t->graph->dag_id, false, done);
}

static void on_marked(void *arg, const struct hk_error *err)
{
    struct test_run *t = arg;
    t->pending--;
    if (err != NULL) {
        failed(t, err);
    } else if (t->pending == 0 && !t->is_over) {
        unpause(t);
    }
}

/* What the tasks before it must have come to for its trigger rule to let it run. */
static enum hk_task_state state_before(const struct hk_task *task)
{
    switch (task->trigger_rule) {
    case HK_RULE_ALL_FAILED:
    case HK_RULE_ONE_FAILED:
        return HK_TASK_FAILED;
    case HK_RULE_ALL_SKIPPED:
        return HK_TASK_SKIPPED;
    default:
        return HK_TASK_SUCCESS;
    }
}

/* Every other task is marked done while the DAG is paused, so that nothing runs but the one. */
static void mark_others(struct test_run *t)
{
    const struct hk_task *task = hk_graph_find_task(t->graph, hk_str_from(t->options->task_id));
    struct hk_command_done done = {on_marked, t};
    t->pending = t->graph->task_count; /* one more than there are, held until all are on their way */
    for (uint32_t i = 0; i < t->graph->task_count; i++) {
        if (i != task->index) {
            hk_scheduler_set_task_state(hk_engine_scheduler(t->engine), t->graph->dag_id, t->run_id,
                                        t->graph->tasks[i].task_id, -1, state_before(task), done);
        }
    }
    on_marked(t, NULL);
}

static void on_triggered(void *arg, const struct hk_error *err)
{
    struct test_run *t = arg;
    if (err != NULL) {
        failed(t, err);
    } else if (t->options->task_id != NULL) {
        mark_others(t);
    } else {
        unpause(t);
    }
}

static bool pick_dag(struct test_run *t, struct hk_error *err)
{
    const struct hk_model *model = hk_scheduler_model(hk_engine_scheduler(t->engine));
    const char *wanted = t->options->dag_id;
    const struct hk_graph *found = NULL;
    size_t count = 0;
    struct hk_buf names;
    hk_buf_init(&names, 300);
    for (size_t i = 0; i < model->dag_count; i++) {
        const struct hk_graph *graph = model->dags[i]->graph;
        if (graph != NULL && (wanted == NULL || strcmp(graph->dag_id, wanted) == 0)) {
            found = graph;
            count++;
        }
        hk_buf_printf(&names, "%s'%s'", names.len > 0 ? ", " : "", model->dags[i]->dag_id);
    }
    bool ok = count == 1;
    if (count > 1) {
        hk_error_set(err, HK_INVALID,
                     "there are several DAGs (%s); name one: hanok dags test DAG_ID --dagfile-path FILE", names.data);
    } else if (!ok && t->err.message[0] != '\0') {
        *err = t->err; /* the import error */
    } else if (!ok) {
        hk_error_set(err, HK_NOT_FOUND, "Dag '%s' could not be found in '%s'; found: %s", wanted != NULL ? wanted : "",
                     t->options->folders[0], names.len > 0 ? names.data : "nothing");
    }
    hk_buf_clear(&names);
    t->graph = ok ? hk_graph_ref(found) : NULL;
    return ok;
}

static bool check_task(const struct test_run *t, struct hk_error *err)
{
    const char *task_id = t->options->task_id;
    const struct hk_task *task = task_id != NULL ? hk_graph_find_task(t->graph, hk_str_from(task_id)) : NULL;
    if (task_id != NULL && task == NULL) {
        return hk_error_set(err, HK_NOT_FOUND, "dag '%s' has no task '%s'", t->graph->dag_id, task_id);
    }
    return task == NULL || !task->is_mapped ||
           hk_error_set(err, HK_INVALID, "task '%s' is mapped, and hanok cannot test one instance of it yet", task_id);
}

static void on_settled(void *context)
{
    struct test_run *t = context;
    struct hk_error err;
    if (!pick_dag(t, &err) || !check_task(t, &err)) {
        failed(t, &err);
        return;
    }
    struct hk_trigger_request request = {.dag_id = t->graph->dag_id,
                                         .run_type = "manual",
                                         .logical_us = t->options->logical_us,
                                         .interval_start_us = HK_TIME_NONE,
                                         .interval_end_us = HK_TIME_NONE,
                                         .run_after_us = HK_TIME_NONE,
                                         .conf_json = t->options->conf_json,
                                         .triggered_by = "test"};
    struct hk_command_done done = {on_triggered, t};
    hk_scheduler_trigger(hk_engine_scheduler(t->engine), &request, t->run_id, done);
}

static void on_problem(void *context, const char *file, const char *message)
{
    struct test_run *t = context;
    if (t->options->dag_id == NULL && t->err.message[0] == '\0') {
        hk_error_set(&t->err, HK_INVALID, "%s: %s", file,
                     message); /* the reason why there is no DAG, told at the end */
    } else {
        fprintf(stderr, "hanok: %s: %s\n", file, message);
    }
}

static bool run_engine(struct test_run *t, const char *script, struct hk_error *err)
{
    struct hk_engine_options options = {.home = &t->home,
                                        .dag_folders = t->options->folders,
                                        .dag_folder_count = t->options->folder_count,
                                        .python = t->options->python,
                                        .host_script = script,
                                        .only_triggered = true,
                                        .context = t,
                                        .observe = on_change,
                                        .problem = on_problem,
                                        .settled = on_settled,
                                        .called = on_called};
    json_t *copy = NULL;
    struct hk_secret_key key;
    memcpy(key.bytes, t->home.fernet_key, sizeof key.bytes);
    if (!hk_test_copy_read(t->options->from_home, &copy, err)) {
        return false;
    }
    bool started = hk_engine_start(&options, &t->engine, err);
    bool ok =
        started && hk_test_copy_write(copy, hk_engine_store(t->engine), hk_engine_scheduler(t->engine), &key, err);
    json_decref(copy);
    if (!started) {
        return false;
    }
    if (!ok) {
        hk_engine_quit(t->engine);
    }
    hk_engine_run(t->engine);
    hk_engine_free(t->engine);
    if (!ok) {
        return false;
    }
    if (t->has_failed) {
        *err = t->err;
        return false;
    }
    return t->has_run || hk_error_set(err, HK_CANCELLED, "interrupted before the run had ended");
}

bool hk_test_run(const struct hk_test_run_options *options, bool *succeeded, struct hk_error *err)
{
    struct test_run *t = hk_alloc(sizeof *t);
    char script[HK_HOST_SCRIPT_PATH_SIZE];
    t->options = options;
    bool ok = hk_temporary_home_make(&t->home, script, err);
    bool has_home = ok;
    if (ok) {
        hk_progress_init(&t->progress, stdout, t->home.logs);
        ok = run_engine(t, script, err);
        hk_progress_clear(&t->progress);
    }
    *succeeded = ok && t->state == HK_RUN_SUCCESS;
    if (ok && !*succeeded) {
        fprintf(stderr, "hanok: the logs are in %s\n", t->home.logs);
    } else if (has_home) {
        hk_temporary_home_remove(&t->home);
    }
    hk_graph_unref((struct hk_graph *)(uintptr_t)t->graph);
    free(t);
    return ok;
}
