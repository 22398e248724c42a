/* What a branch has decided holds for tasks that are cleared without it (Airflow's NotPreviouslySkippedDep). */
#include "scheduler/explain.h"
#include "tests/unit/scheduler/world.h"

static const char *const NAMES[] = {"branch", "left", "right", "after"};

/* branch >> [left, right], right >> after, which runs whatever becomes of right. */
static struct hk_graph *put(struct world *w)
{
    struct hk_graph_builder *b = world_dag("d", NAMES, 4);
    hk_graph_builder_find_task(b, HK_STR("branch"))->can_skip_downstream = true;
    hk_graph_builder_find_task(b, HK_STR("after"))->trigger_rule = HK_RULE_ALL_DONE;
    hk_graph_builder_edge(b, HK_STR("branch"), HK_STR("left"));
    hk_graph_builder_edge(b, HK_STR("branch"), HK_STR("right"));
    hk_graph_builder_edge(b, HK_STR("right"), HK_STR("after"));
    return world_put(w, b, "v1");
}

static bool write_xcom(struct hk_db *db, void *arg, struct hk_error *err)
{
    return hk_store_xcom_set(db, 1, HK_STR("branch"), -1, HK_STR("skipmixin_key"), hk_str_from(arg), 1, err);
}

/* As the SDK: the XCom, the request, and then the end. */
static void branch(struct world *w, const struct hk_job_key *key, const char *skipped, const char *xcom)
{
    struct hk_error err;
    struct hk_executor_host host = hk_scheduler_host(w->scheduler);
    struct hk_job_skip skip = {skipped, -1};
    assert_true(hk_store_write_now(w->store, write_xcom, (void *)(uintptr_t)xcom, &err));
    (host.skip)(host.context, key, &skip, 1, world_answer, w); /* in brackets: cmocka has a macro of that name */
    world_settle(w);
    world_finish(w, key, HK_JOB_SUCCEEDED);
}

static void clear(struct world *w, const char *const *tasks, size_t count)
{
    struct hk_clear_request request = {.dag_id = "d", .run_id = "r", .task_ids = tasks, .task_count = count};
    hk_scheduler_clear(w->scheduler, &request, world_done(w));
    world_settle(w);
    assert_int_equal(w->last_code, HK_OK);
}

/* Ends what has been started since `from`. */
static void end_others(struct world *w, size_t from)
{
    for (size_t i = from; i < w->start_count; i++) {
        world_finish(w, &w->started[i], HK_JOB_SUCCEEDED);
    }
}

static struct hk_graph *run_once(struct world *w, const char *xcom)
{
    world_open(w);
    struct hk_graph *graph = put(w);
    world_trigger(w, "d", "r", HK_TIME_NONE);
    branch(w, &w->started[0], "right", xcom);
    return graph;
}

static void a_skipped_task_that_is_cleared_alone_is_skipped_again(void **state)
{
    (void)state;
    struct world w;
    struct hk_graph *graph = run_once(&w, "{\"followed\":[\"left\"]}");
    assert_int_equal(w.start_count, 3); /* branch, left, after */
    clear(&w, &NAMES[2], 1);            /* the run is still in memory */
    assert_string_equal(world_state(&w, "r", "right"), "skipped");
    end_others(&w, 1);
    assert_int_equal(hk_scheduler_model(w.scheduler)->dags[0]->run_count, 0);
    clear(&w, &NAMES[2], 1); /* it is not any more: read again */
    assert_string_equal(world_state(&w, "r", "right"), "skipped");
    assert_int_equal(w.start_count, 3);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run WHERE state = 'success'"), 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void the_decision_outlasts_the_engine(void **state)
{
    (void)state;
    struct world w;
    struct hk_graph *graph = run_once(&w, "{\"skipped\":[\"right\",\"elsewhere\"]}");
    world_crash(&w);
    w.answer = HK_JOB_ALIVE;
    world_open_engine(&w);
    clear(&w, &NAMES[2], 1);
    assert_string_equal(world_state(&w, "r", "right"), "skipped");
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_branch_that_is_cleared_decides_anew(void **state)
{
    (void)state;
    struct world w;
    struct hk_graph *graph = run_once(&w, "{\"followed\":[\"left\"]}");
    end_others(&w, 1);
    clear(&w, NAMES, 3);
    assert_int_equal(w.start_count, 4);
    branch(&w, &w.started[3], "left", "{\"followed\":[\"right\"]}");
    assert_int_equal(w.start_count, 5);
    assert_string_equal(world_state(&w, "r", "right"), "queued");
    assert_string_equal(world_state(&w, "r", "left"), "skipped");
    clear(&w, &NAMES[1], 1);
    assert_string_equal(world_state(&w, "r", "left"), "skipped");
    assert_int_equal(w.start_count, 5);
    hk_graph_unref(graph);
    world_close(&w);
}

static void it_is_explained(void **state)
{
    (void)state;
    struct world w;
    struct hk_error err;
    struct hk_arena arena = {0};
    struct hk_explanations why;
    struct hk_explain_query query = {"d", "r", "right"};
    struct hk_graph *graph = run_once(&w, "{\"followed\":[\"left\"]}");
    hk_scheduler_pause(w.scheduler, "d", true, world_done(&w));
    world_settle(&w);
    clear(&w, &NAMES[2], 1);
    assert_string_equal(world_state(&w, "r", "right"), ""); /* not while the DAG is paused */
    assert_true(hk_explain_task(w.scheduler, &query, &arena, &why, &err));
    bool is_told = false;
    for (size_t i = 0; i < why.count; i++) {
        is_told = is_told || (strcmp(why.items[i].name, "Not Previously Skipped") == 0 &&
                              strcmp(why.items[i].reason,
                                     "Skipping because of previous XCom result from parent task branch") == 0);
    }
    assert_true(is_told);
    hk_arena_clear(&arena);
    hk_graph_unref(graph);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_skipped_task_that_is_cleared_alone_is_skipped_again),
        cmocka_unit_test(the_decision_outlasts_the_engine),
        cmocka_unit_test(a_branch_that_is_cleared_decides_anew),
        cmocka_unit_test(it_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
