#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/events/event.h"

static struct hk_arena arena;

static int close_arena(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

static void test_names(void **state)
{
    (void)state;
    enum hk_event_kind found = HK_EVENT_KIND_COUNT;
    for (size_t i = 0; i < HK_EVENT_KIND_COUNT; i++) {
        assert_true(hk_event_kind_find(hk_str_from(hk_event_kind_name((enum hk_event_kind)i)), &found));
        assert_int_equal(found, i);
    }
    assert_false(hk_event_kind_find(HK_STR("model_created_by_nobody"), &found));
}

static void expect(const struct hk_model_event *e, const char *payload, const char *asset)
{
    struct hk_event event = hk_event_of_model(e, &arena);
    const char *is = hk_event_model_asset(e, &arena);
    assert_string_equal(event.subject, e->model);
    assert_string_equal(event.payload_json, payload);
    assert_int_equal(event.kind, e->kind);
    assert_int_equal(event.happened_us, e->happened_us);
    if (asset == NULL) {
        assert_null(is);
    } else {
        assert_string_equal(is, asset);
    }
}

static void test_model(void **state)
{
    (void)state;
    struct hk_model_event e = {
        .kind = HK_EVENT_MODEL_VERSION_CREATED, .model = "fraud \"x\"", .version = 3, .happened_us = 7};
    expect(&e, "{\"model\":\"fraud \\\"x\\\"\",\"version\":3,\"run_id\":null}", NULL);
    e = (struct hk_model_event){.kind = HK_EVENT_MODEL_ALIAS_SET,
                                .model = "fraud",
                                .version = 3,
                                .previous_version = 2,
                                .target = "champion",
                                .comment = "better",
                                .happened_us = 8};
    expect(&e,
           "{\"model\":\"fraud\",\"version\":3,\"alias\":\"champion\",\"previous_version\":2,\"comment\":"
           "\"better\"}",
           "model://fraud@champion");
    e = (struct hk_model_event){.kind = HK_EVENT_MODEL_STAGE_CHANGED,
                                .model = "fraud",
                                .version = 3,
                                .from_stage = "None",
                                .target = "Production"};
    expect(&e, "{\"model\":\"fraud\",\"version\":3,\"from\":\"None\",\"to\":\"Production\"}",
           "model://fraud/Production");
    e = (struct hk_model_event){
        .kind = HK_EVENT_MODEL_ALIAS_DELETED, .model = "fraud", .previous_version = 3, .target = "champion"};
    expect(&e, "{\"model\":\"fraud\",\"alias\":\"champion\",\"previous_version\":3}", NULL);
}

static void test_run(void **state)
{
    (void)state;
    struct hk_run_event_text e = {"d", "r", "manual", "failed", HK_TIME_NONE, 9};
    struct hk_event event = hk_event_of_run(&e, &arena);
    assert_int_equal(event.kind, HK_EVENT_RUN_ENDED);
    assert_string_equal(event.subject, "d");
    assert_int_equal(event.happened_us, 9);
    assert_string_equal(event.payload_json, "{\"dag_id\":\"d\",\"run_id\":\"r\",\"run_type\":\"manual\","
                                            "\"state\":\"failed\",\"logical_date\":null}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_teardown(test_model, close_arena),
        cmocka_unit_test_teardown(test_run, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
