#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scheduler/trigger_rule.h"

/* Upstream states of three tasks, and what every rule makes of them: Wait, Run, Skip, upstream Failed. */
struct row {
    const char *name;
    struct hk_upstream_counts counts;
    const char *verdicts;
};

/* Columns: all_success, all_failed, all_done, all_done_min_one_success, all_done_setup_success, one_success,
 * one_failed, one_done, none_failed, none_failed_min_one_success, none_skipped, always, all_skipped. */
static const struct row ROWS[] = {
    {"nothing finished", {.total = 3}, "WWWWWWWWWWWRW"},
    {"one success", {.total = 3, .success = 1, .done = 1}, "WSWWWRWRWWWRS"},
    {"one failed", {.total = 3, .failed = 1, .done = 1}, "FWWWWWRRFFWRS"},
    {"one upstream_failed", {.total = 3, .upstream_failed = 1, .done = 1}, "FWWWWWRWFFWRS"},
    {"one skipped", {.total = 3, .skipped = 1, .done = 1}, "SSWSWWWWWWSRW"},
    {"all success", {.total = 3, .success = 3, .done = 3}, "RSRRRRSRRRRRS"},
    {"all failed", {.total = 3, .failed = 3, .done = 3}, "FRRFRFRRFFRRS"},
    {"all upstream_failed", {.total = 3, .upstream_failed = 3, .done = 3}, "FRRFRFRSFFRRS"},
    {"all skipped", {.total = 3, .skipped = 3, .done = 3}, "SSRSRSSSRSSRR"},
    {"success and skipped", {.total = 3, .success = 2, .skipped = 1, .done = 3}, "SSRSRRSRRRSRS"},
    {"success and failed", {.total = 3, .success = 2, .failed = 1, .done = 3}, "FSRRRRRRFFRRS"},
    {"failed and skipped", {.total = 3, .failed = 1, .skipped = 2, .done = 3}, "FSRSRFRRFFSRS"},
    {"all removed", {.total = 3, .removed = 3, .done = 3}, "RRRFRFSSRFRRW"},
    {"setups failed", {.total = 3, .total_setup = 2, .success = 1, .failed = 2, .done = 3}, "FSRRFRRRFFRRS"},
    {"setups skipped",
     {.total = 3, .total_setup = 2, .success = 1, .skipped = 2, .skipped_setup = 2, .done = 3},
     "SSRSSRSRRRSRS"},
    {"one setup succeeded",
     {.total = 3, .total_setup = 2, .success = 1, .failed = 2, .success_setup = 1, .done = 3},
     "FSRRRRRRFFRRS"},
    {"no upstream", {.total = 0}, "RRRRRRRRRRRRR"},
};

static void test_every_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        for (int rule = 0; rule < HK_RULE_COUNT; rule++) {
            enum hk_trigger_verdict got = hk_trigger_evaluate((enum hk_trigger_rule)rule, &ROWS[i].counts, -1);
            if ("WRSF-"[got] != ROWS[i].verdicts[rule]) {
                fail_msg("%s, %s: expected verdict %c, but got %c", ROWS[i].name,
                         hk_trigger_rule_name((enum hk_trigger_rule)rule), ROWS[i].verdicts[rule], "WRSF-"[got]);
            }
        }
    }
}

static void test_removed(void **state)
{
    (void)state;
    struct hk_upstream_counts counts = {.total = 3, .success = 2, .removed = 1, .done = 3};
    assert_int_equal(hk_trigger_evaluate(HK_RULE_ALL_SUCCESS, &counts, 1), HK_TRIGGER_RUN);
    assert_int_equal(hk_trigger_evaluate(HK_RULE_ALL_SUCCESS, &counts, 2), HK_TRIGGER_REMOVE);
    assert_int_equal(hk_trigger_evaluate(HK_RULE_ALL_SUCCESS, &counts, -1), HK_TRIGGER_RUN);
    assert_int_equal(hk_trigger_evaluate_setups(&counts, 2), HK_TRIGGER_REMOVE);
    assert_int_equal(hk_trigger_evaluate_setups(&counts, 1), HK_TRIGGER_RUN);
    assert_int_equal(hk_trigger_evaluate_setups(&counts, -1), HK_TRIGGER_WAIT);
}

static void test_setups(void **state)
{
    (void)state;
    struct hk_upstream_counts none = {.total = 0};
    struct hk_upstream_counts open = {.total = 2, .success = 1, .done = 1};
    struct hk_upstream_counts failed = {.total = 2, .failed = 1, .skipped = 1, .done = 2};
    struct hk_upstream_counts skipped = {.total = 2, .skipped = 1, .done = 1};
    assert_int_equal(hk_trigger_evaluate_setups(&none, -1), HK_TRIGGER_RUN);
    assert_int_equal(hk_trigger_evaluate_setups(&open, -1), HK_TRIGGER_WAIT);
    assert_int_equal(hk_trigger_evaluate_setups(&failed, -1), HK_TRIGGER_UPSTREAM_FAILED);
    assert_int_equal(hk_trigger_evaluate_setups(&skipped, -1), HK_TRIGGER_SKIP);
}

static void test_reason(void **state)
{
    (void)state;
    static const uint32_t UPSTREAM[] = {0, 1};
    struct hk_task tasks[3] = {{.task_id = "a"}, {.task_id = "b"}, {.task_id = "c"}};
    struct hk_graph graph = {.tasks = tasks, .task_count = 3};
    struct hk_upstream_counts counts = {.total = 2, .success = 1, .done = 1};
    struct hk_buf text;
    tasks[2].upstream = UPSTREAM;
    tasks[2].upstream_count = 2;
    hk_buf_init(&text, 1000);
    hk_trigger_reason(&graph, &tasks[2], &counts, &text);
    assert_string_equal(text.data,
                        "Task's trigger rule 'all_success' requires all upstream tasks to have succeeded, but found 1 "
                        "non-success(es). upstream_states=_UpstreamTIStates(success=1, skipped=0, failed=0, "
                        "upstream_failed=0, removed=0, done=1, success_setup=0, skipped_setup=0), "
                        "upstream_task_ids={'a', 'b'}");
    hk_buf_reset(&text);
    counts.success = 2;
    counts.done = 2;
    hk_trigger_reason(&graph, &tasks[2], &counts, &text);
    assert_int_equal(text.len, 0);
    struct hk_links scopes[3] = {{0}, {0}, {.upstream = UPSTREAM, .upstream_count = 1}};
    struct hk_upstream_counts scope = {.total = 1, .success = 1, .done = 1};
    graph.scopes = scopes;
    tasks[2].index = 2;
    hk_trigger_scope_reason(&graph, &tasks[2], &scope, &text);
    assert_int_equal(text.len, 0);
    scope.success = 0;
    scope.failed = 1;
    hk_trigger_scope_reason(&graph, &tasks[2], &scope, &text);
    assert_non_null(strstr(text.data, "All setup tasks must complete successfully. Relevant setups: {'a'}: "));
    assert_non_null(strstr(text.data, "failed=1"));
    tasks[2].is_teardown = true;
    hk_buf_reset(&text);
    hk_trigger_scope_reason(&graph, &tasks[2], &scope, &text);
    assert_int_equal(text.len, 0);
    scope.done = 0;
    hk_trigger_scope_reason(&graph, &tasks[2], &scope, &text);
    assert_non_null(strstr(text.data, "found 1 in-scope task(s) not done. in_scope_task_ids={'a'}"));
    tasks[2].is_teardown = false;
    for (int rule = 0; rule < HK_RULE_COUNT; rule++) { /* whoever waits is told why */
        struct hk_upstream_counts open = {.total = 2};
        tasks[2].trigger_rule = (enum hk_trigger_rule)rule;
        hk_buf_reset(&text);
        hk_trigger_reason(&graph, &tasks[2], &open, &text);
        assert_int_equal(text.len == 0, hk_trigger_evaluate(tasks[2].trigger_rule, &open, -1) == HK_TRIGGER_RUN);
    }
    hk_buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule),
        cmocka_unit_test(test_removed),
        cmocka_unit_test(test_setups),
        cmocka_unit_test(test_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
