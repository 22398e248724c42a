/* Every (stage, event) pair; with --print, the table as Markdown for docs/architecture.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/state/model_stage.h"

static void the_table_is_this(void **state)
{
    (void)state;
    static const int NO = -1;
    static const int expected[HK_STAGE_EVENT_COUNT][HK_STAGE_COUNT] = {
        /* from:                  None                 Staging              Production           Archived deleted */
        [HK_STAGE_ON_RESET] = {HK_STAGE_NONE, HK_STAGE_NONE, HK_STAGE_NONE, HK_STAGE_NONE, NO},
        [HK_STAGE_ON_STAGE] = {HK_STAGE_STAGING, HK_STAGE_STAGING, HK_STAGE_STAGING, HK_STAGE_STAGING, NO},
        [HK_STAGE_ON_PROMOTE] = {HK_STAGE_PRODUCTION, HK_STAGE_PRODUCTION, HK_STAGE_PRODUCTION, HK_STAGE_PRODUCTION,
                                 NO},
        [HK_STAGE_ON_ARCHIVE] = {HK_STAGE_ARCHIVED, HK_STAGE_ARCHIVED, HK_STAGE_ARCHIVED, HK_STAGE_ARCHIVED, NO},
        [HK_STAGE_ON_DISPLACE] = {NO, HK_STAGE_ARCHIVED, HK_STAGE_ARCHIVED, NO, NO},
        [HK_STAGE_ON_DELETE] = {HK_STAGE_DELETED, HK_STAGE_DELETED, HK_STAGE_DELETED, HK_STAGE_DELETED, NO},
    };
    for (int e = 0; e < HK_STAGE_EVENT_COUNT; e++) {
        for (int s = 0; s < HK_STAGE_COUNT; s++) {
            enum hk_model_stage to = HK_STAGE_COUNT;
            enum hk_stage_effect effect = HK_STAGE_DOES_NOTHING;
            bool moves = hk_model_stage_next((enum hk_model_stage)s, (enum hk_stage_event)e, &to, &effect);
            assert_int_equal(moves, expected[e][s] != NO);
            assert_int_equal(to, moves ? expected[e][s] : HK_STAGE_COUNT);
            bool is_active = moves && (e == HK_STAGE_ON_STAGE || e == HK_STAGE_ON_PROMOTE);
            assert_int_equal(effect, is_active                          ? HK_STAGE_MAY_DISPLACE
                                     : moves && e == HK_STAGE_ON_DELETE ? HK_STAGE_DROPS_ALIASES
                                                                        : HK_STAGE_DOES_NOTHING);
        }
    }
}

static void asking_for_a_stage_leads_there(void **state)
{
    (void)state;
    for (int s = 0; s < HK_STAGE_DELETED; s++) {
        enum hk_model_stage to = HK_STAGE_COUNT;
        enum hk_stage_effect effect;
        enum hk_stage_event event = hk_model_stage_request((enum hk_model_stage)s);
        assert_true(hk_model_stage_next(HK_STAGE_NONE, event, &to, &effect));
        assert_int_equal(to, s);
    }
}

static void names_are_found_in_any_case(void **state)
{
    (void)state;
    enum hk_model_stage found = HK_STAGE_COUNT;
    for (int s = 0; s < HK_STAGE_COUNT; s++) {
        struct hk_str name = hk_str_from(hk_model_stage_name((enum hk_model_stage)s));
        assert_true(hk_model_stage_read(name, &found));
        assert_int_equal(found, s);
        assert_int_equal(hk_model_stage_find(name, &found), s != HK_STAGE_DELETED);
    }
    assert_true(hk_model_stage_find(HK_STR("pRODUCTION"), &found));
    assert_int_equal(found, HK_STAGE_PRODUCTION);
    assert_false(hk_model_stage_read(HK_STR("pRODUCTION"), &found));
    assert_false(hk_model_stage_find(HK_STR(""), &found));
    assert_false(hk_model_stage_find(HK_STR("Prod"), &found));
}

static void print_table(void)
{
    printf("| event | None | Staging | Production | Archived | deleted |\n|---|---|---|---|---|---|\n");
    for (int e = 0; e < HK_STAGE_EVENT_COUNT; e++) {
        printf("| %s |", hk_stage_event_name((enum hk_stage_event)e));
        for (int s = 0; s < HK_STAGE_COUNT; s++) {
            enum hk_model_stage to;
            enum hk_stage_effect effect;
            bool moves = hk_model_stage_next((enum hk_model_stage)s, (enum hk_stage_event)e, &to, &effect);
            printf(" %s |", moves ? hk_model_stage_name(to) : "");
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_table();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_this),
        cmocka_unit_test(asking_for_a_stage_leads_there),
        cmocka_unit_test(names_are_found_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
