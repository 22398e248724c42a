#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"

static struct hk_graph *sample(void)
{
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *dag = hk_graph_builder_dag(b);
    dag->dag_id = "etl";
    dag->description = "quotes \" and\nlines, \xEC\xA7\x91";
    dag->fileloc = "/dags/etl.yaml";
    dag->params_json = "{\"n\": {\"value\":  3.0}}"; /* with its white space */
    dag->schedule = (struct hk_schedule){.kind = HK_SCHEDULE_CRON,
                                         .expression = "0 3 * * *",
                                         .zone = "Asia/Seoul",
                                         .has_interval = true,
                                         .interval_us = -1,
                                         .summary = "0 3 * * *"};
    dag->start_at_us = -1;
    dag->catchup = true;
    dag->is_paused_upon_creation = 1;
    dag->max_active_tasks = 0;
    dag->tags = hk_arena_array(&dag->arena, 2, sizeof *dag->tags);
    dag->tags[0] = "a";
    dag->tags[1] = "b";
    dag->tag_count = 2;
    uint32_t outer = hk_graph_builder_group(b, 0, hk_str_from("outer"));
    uint32_t inner = hk_graph_builder_group(b, outer, hk_str_from("outer.inner"));
    dag->groups[inner].tooltip = "tip";
    hk_graph_builder_task(b, hk_str_from("last"))->weight_rule = HK_WEIGHT_ABSOLUTE;
    struct hk_task *t = hk_graph_builder_task(b, hk_str_from("outer.inner.first"));
    t->group = inner;
    t->runner = HK_RUNNER_COMMAND;
    t->spec_json = "{\"command\":\"echo 1\"}";
    t->trigger_rule = HK_RULE_NONE_FAILED;
    t->retry_backoff = 1.1;
    t->retries = 4000000000u;
    t->priority_weight = -7;
    t->ignore_first_depends_on_past = true;
    hk_graph_builder_edge(b, hk_str_from("outer.inner.first"), hk_str_from("last"));
    struct hk_asset asset = {"out", "s3://out", "files", "{\"k\": 1}"};
    hk_graph_builder_outlet(b, 1, hk_graph_builder_asset(b, &asset));
    struct hk_graph *graph = NULL;
    struct hk_error err = {0};
    assert_true(hk_graph_build(b, &graph, &err));
    return graph;
}

static void write(const struct hk_graph *graph, struct hk_buf *out)
{
    struct hk_error err = {0};
    hk_buf_init(out, HK_MAX_DAG_DOCUMENT_BYTES);
    assert_true(hk_graph_write(graph, out, &err));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct hk_graph *graph = sample();
    struct hk_buf text;
    write(graph, &text);
    struct hk_graph *again = NULL;
    struct hk_error err = {0};
    assert_true(hk_graph_read(hk_buf_str(&text), &again, &err));
    struct hk_buf text2;
    write(again, &text2);
    assert_string_equal(text.data, text2.data);
    assert_string_equal(again->params_json, graph->params_json);
    assert_string_equal(again->description, graph->description);
    assert_int_equal(again->schedule.kind, HK_SCHEDULE_CRON);
    assert_int_equal(again->start_at_us, -1);
    assert_int_equal(again->tasks[1].retries, 4000000000u);
    assert_true(again->tasks[1].retry_backoff == 1.1);
    assert_int_equal(again->tasks[1].group, 2);
    assert_int_equal(again->groups[2].parent, 1);
    assert_int_equal(again->tasks[0].upstream[0], 1);
    assert_int_equal(again->tasks[1].total_weight, -6);
    char digest[HK_GRAPH_DIGEST_SIZE];
    char digest2[HK_GRAPH_DIGEST_SIZE];
    hk_graph_digest(hk_buf_str(&text), digest);
    hk_graph_digest(hk_buf_str(&text2), digest2);
    assert_string_equal(digest, digest2);
    assert_int_equal(strlen(digest), 32);
    text.data[20]++;
    hk_graph_digest(hk_buf_str(&text), digest2);
    assert_string_not_equal(digest, digest2);
    hk_buf_clear(&text);
    hk_buf_clear(&text2);
    hk_graph_unref(graph);
    hk_graph_unref(again);
}

static void refuse(const char *text, const char *words)
{
    struct hk_graph *graph = NULL;
    struct hk_error err = {0};
    assert_false(hk_graph_read(hk_str_from(text), &graph, &err));
    assert_int_equal(err.code, HK_CORRUPT);
    if (strstr(err.message, words) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
}

#define HEAD(groups, tasks) "{\"hanok_graph\":1,\"groups\":" #groups ",\"tasks\":" #tasks ",\"dag_id\":\"d\"}\n"

static void corrupt_text_is_refused(void **state)
{
    (void)state;
    refuse("", "line 1");
    refuse("[]\n", "an object");
    refuse("{}\n", "hanok_graph");
    refuse("{\"hanok_graph\":2}\n", "newer hanok");
    refuse("{\"hanok_graph\":1,\"groups\":0,\"tasks\":0}\n", "dag_id");
    refuse("{\"hanok_graph\":1,\"groups\":-1,\"tasks\":0}\n", "wrong number");
    refuse("{\"hanok_graph\":1,\"groups\":0,\"tasks\":9999999999}\n", "wrong number");
    refuse(HEAD(0, 1), "line 2");
    refuse(HEAD(0, 1) "{\"task_id\":\"a\"", "line 2");
    refuse(HEAD(0, 1) "{\"task_id\":\"a\",\"retries\":-1}\n", "retries");
    refuse(HEAD(0, 1) "{\"task_id\":\"a\",\"owner\":null}\n", "owner");
    refuse(HEAD(0, 1) "{\"task_id\":\"a\",\"runner\":\"magic\"}\n", "runner");
    refuse(HEAD(0, 1) "{\"task_id\":\"a\",\"up\":[0]}\n", "depends on itself");
    refuse(HEAD(0, 1) "{\"task_id\":\"a\",\"up\":[1]}\n", "up");
    refuse(HEAD(0, 1) "{\"task_id\":\"a\",\"group\":1}\n", "group");
    refuse(HEAD(0, 2) "{\"task_id\":\"a\",\"up\":[1]}\n{\"task_id\":\"b\",\"up\":[0]}\n", "Cycle");
    refuse(HEAD(0, 2) "{\"task_id\":\"a\"}\n{\"task_id\":\"a\"}\n", "repeated");
    refuse(HEAD(1, 0) "{\"group_id\":\"g\",\"parent\":1}\n", "parent");
    refuse(HEAD(0, 0) "{}\n", "goes on");
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct hk_graph *graph = sample();
    struct hk_buf text;
    write(graph, &text);
    for (size_t len = 0; len + 1 < text.len; len++) {
        struct hk_graph *again = NULL;
        struct hk_error err = {0};
        assert_false(hk_graph_read((struct hk_str){text.data, len}, &again, &err));
        assert_int_equal(err.code, HK_CORRUPT);
    }
    hk_buf_clear(&text);
    hk_graph_unref(graph);
}

static void unknown_members_are_passed_over(void **state)
{
    (void)state;
    struct hk_graph *graph = NULL;
    struct hk_error err = {0};
    assert_true(hk_graph_read(hk_str_from("{\"hanok_graph\":1,\"groups\":0,\"tasks\":1,\"dag_id\":\"d\",\"new\":[1]}\n"
                                          "{\"task_id\":\"a\",\"newer\":{}}\n"),
                              &graph, &err));
    hk_graph_unref(graph);
}

static void a_full_buffer_is_a_limit(void **state)
{
    (void)state;
    struct hk_graph *graph = sample();
    struct hk_buf text;
    struct hk_error err = {0};
    hk_buf_init(&text, 300);
    assert_false(hk_graph_write(graph, &text, &err));
    assert_int_equal(err.code, HK_LIMIT);
    hk_buf_clear(&text);
    hk_graph_unref(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),     cmocka_unit_test(corrupt_text_is_refused),
        cmocka_unit_test(every_truncation_is_refused), cmocka_unit_test(unknown_members_are_passed_over),
        cmocka_unit_test(a_full_buffer_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
