/* Every (state, event) pair; with --print, the table as Markdown for docs/architecture.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/state/task_state.h"

static bool next(enum hk_task_state state, enum hk_task_event event, enum hk_task_state *out)
{
    return hk_task_state_next(state, event, out);
}

static void every_pair_leads_to_one_state_or_to_none(void **state)
{
    (void)state;
    for (int s = 0; s < HK_TASK_STATE_COUNT; s++) {
        for (int e = 0; e < HK_TASK_EVENT_COUNT; e++) {
            enum hk_task_state to = HK_TASK_STATE_COUNT;
            bool moves = next((enum hk_task_state)s, (enum hk_task_event)e, &to);
            assert_true(moves ? to < HK_TASK_STATE_COUNT : to == HK_TASK_STATE_COUNT);
        }
    }
}

static void finished_tasks_are_moved_by_people_only(void **state)
{
    (void)state;
    for (int s = 0; s < HK_TASK_STATE_COUNT; s++) {
        for (int e = 0; e < HK_TASK_ON_CLEAR && hk_task_state_is_finished((enum hk_task_state)s); e++) {
            enum hk_task_state to;
            assert_false(next((enum hk_task_state)s, (enum hk_task_event)e, &to));
        }
    }
}

static void every_state_but_removed_can_be_cleared_set_and_left(void **state)
{
    (void)state;
    static const enum hk_task_event sets[] = {HK_TASK_ON_SET_SUCCESS, HK_TASK_ON_SET_FAILED, HK_TASK_ON_SET_SKIPPED};
    static const enum hk_task_state ends[] = {HK_TASK_SUCCESS, HK_TASK_FAILED, HK_TASK_SKIPPED};
    for (int s = 0; s < HK_TASK_STATE_COUNT; s++) {
        enum hk_task_state to = HK_TASK_NONE;
        bool is_restarting = s == HK_TASK_RESTARTING; /* it has just been cleared */
        assert_int_equal(next((enum hk_task_state)s, HK_TASK_ON_CLEAR, &to), !is_restarting);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(next((enum hk_task_state)s, sets[i], &to), s != HK_TASK_REMOVED);
            assert_true(s == HK_TASK_REMOVED || to == ends[i]);
        }
    }
}

static void a_stopped_task_that_was_cleared_begins_anew_however_it_ends(void **state)
{
    (void)state;
    static const enum hk_task_event ends[] = {HK_TASK_ON_SUCCEED, HK_TASK_ON_FAIL, HK_TASK_ON_RETRY,
                                              HK_TASK_ON_SKIP,    HK_TASK_ON_LOST, HK_TASK_ON_RESCHEDULE,
                                              HK_TASK_ON_DEFER};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        enum hk_task_state to = HK_TASK_FAILED;
        assert_true(next(HK_TASK_RESTARTING, ends[i], &to));
        assert_int_equal(to, HK_TASK_NONE);
    }
}

static void names_are_airflows_and_found_again(void **state)
{
    (void)state;
    for (int s = 0; s < HK_TASK_STATE_COUNT; s++) {
        enum hk_task_state found = HK_TASK_STATE_COUNT;
        assert_true(hk_task_state_find(hk_str_from(hk_task_state_name((enum hk_task_state)s)), &found));
        assert_int_equal(found, s);
    }
    enum hk_task_state found;
    assert_false(hk_task_state_find(HK_STR("Success"), &found));
    assert_false(hk_task_state_find(HK_STR(""), &found));
    assert_string_equal(hk_task_state_name(HK_TASK_UP_FOR_RESCHEDULE), "up_for_reschedule");
}

static void slots_are_held_by_what_executes(void **state)
{
    (void)state;
    unsigned held = 0;
    for (int s = 0; s < HK_TASK_STATE_COUNT; s++) {
        held += hk_task_state_holds_slot((enum hk_task_state)s);
        assert_false(hk_task_state_holds_slot((enum hk_task_state)s) &&
                     hk_task_state_is_finished((enum hk_task_state)s));
    }
    assert_int_equal(held, 3);
}

static void print_table(void)
{
    printf("| event |");
    for (int s = 0; s < HK_TASK_STATE_COUNT; s++) {
        printf(" %s |", hk_task_state_name((enum hk_task_state)s));
    }
    printf("\n|---|");
    for (int s = 0; s < HK_TASK_STATE_COUNT; s++) {
        printf("---|");
    }
    for (int e = 0; e < HK_TASK_EVENT_COUNT; e++) {
        printf("\n| %s |", hk_task_event_name((enum hk_task_event)e));
        for (int s = 0; s < HK_TASK_STATE_COUNT; s++) {
            enum hk_task_state to;
            bool moves = next((enum hk_task_state)s, (enum hk_task_event)e, &to);
            printf(" %s |", moves ? hk_task_state_name(to) : "");
        }
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_table();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_leads_to_one_state_or_to_none),
        cmocka_unit_test(finished_tasks_are_moved_by_people_only),
        cmocka_unit_test(every_state_but_removed_can_be_cleared_set_and_left),
        cmocka_unit_test(a_stopped_task_that_was_cleared_begins_anew_however_it_ends),
        cmocka_unit_test(names_are_airflows_and_found_again),
        cmocka_unit_test(slots_are_held_by_what_executes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
