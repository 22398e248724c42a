#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/cli/arguments.h"

static bool run_nothing(struct hk_cli *cli, struct hk_error *err)
{
    (void)cli;
    (void)err;
    return true;
}

static const struct hk_option trigger_options[] = {
    HK_OPTION_OUTPUT,
    {"conf", "c", "JSON", "configuration", NULL, NULL},
    {"logical-date", "le", "DATE", "date", NULL, "exec-date"},
    {"dags", NULL, "DIR", "folder", NULL, NULL},
    HK_OPTION_YES,
    HK_OPTIONS_END,
};
static const struct hk_verb dag_verbs[] = {
    {"list", "List", HK_NEEDS_CLIENT, NULL, trigger_options, run_nothing},
    {"trigger", "Trigger", HK_NEEDS_CLIENT, "dag_id [note]", trigger_options, run_nothing},
    {"unpause", "Unpause", HK_NEEDS_CLIENT, "dag_id...", NULL, run_nothing},
};
static const struct hk_verb top_verbs[] = {
    {"version", "Version", HK_NEEDS_NOTHING, NULL, NULL, run_nothing},
};
static const struct hk_verb_group dags = {"dags", "Manage DAGs", dag_verbs, 3};
static const struct hk_verb_group top = {"", "", top_verbs, 1};
static const struct hk_verb_group *const groups[] = {&top, &dags};

static struct hk_arguments args;
static struct hk_buf text;

static enum hk_parsed parse(const char *const *words)
{
    int count = 0;
    while (words[count] != NULL) {
        count++;
    }
    hk_buf_clear(&text);
    hk_buf_init(&text, HK_ARGUMENTS_TEXT_BYTES);
    return hk_arguments_parse(groups, 2, count, (char *const *)(uintptr_t)words, &args, &text);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static int clear(void **state)
{
    (void)state;
    hk_buf_clear(&text);
    return 0;
}

static void reads_words_and_options(void **state)
{
    (void)state;
    assert_int_equal(
        PARSE("--home", "/h", "dags", "trigger", "etl", "-c", "{}", "--exec-date=2026-01-01", "-ojson", "-y"),
        HK_PARSED_VERB);
    assert_string_equal(args.verb->name, "trigger");
    assert_string_equal(hk_arguments_position(&args, 0), "etl");
    assert_null(hk_arguments_position(&args, 1));
    assert_string_equal(hk_arguments_text(&args, "home"), "/h");
    assert_string_equal(hk_arguments_text(&args, "conf"), "{}");
    assert_string_equal(hk_arguments_text(&args, "logical-date"), "2026-01-01");
    assert_string_equal(hk_arguments_text(&args, "output"), "json");
    assert_true(hk_arguments_has(&args, "yes"));
    assert_false(hk_arguments_has(&args, "dags"));
}

static void reads_repeats_and_abbreviations(void **state)
{
    (void)state;
    assert_int_equal(PARSE("dags", "trigger", "--dags", "a", "etl", "--dags", "b", "--out", "yaml", "-l", "2026-02-02"),
                     HK_PARSED_VERB);
    assert_string_equal(hk_arguments_at(&args, "dags", 0), "a");
    assert_string_equal(hk_arguments_at(&args, "dags", 1), "b");
    assert_null(hk_arguments_at(&args, "dags", 2));
    assert_string_equal(hk_arguments_text(&args, "dags"), "b");
    assert_string_equal(hk_arguments_text(&args, "output"), "yaml");
    assert_string_equal(hk_arguments_text(&args, "logical-date"), "2026-02-02");
}

static void keeps_dashes_after_two_dashes(void **state)
{
    (void)state;
    assert_int_equal(PARSE("dags", "trigger", "--", "--odd"), HK_PARSED_VERB);
    assert_string_equal(hk_arguments_position(&args, 0), "--odd");
    assert_int_equal(PARSE("dags", "trigger", "etl", "-1"), HK_PARSED_VERB);
    assert_string_equal(hk_arguments_position(&args, 1), "-1");
    assert_int_equal(PARSE("dags", "unpause", "a", "b", "c"), HK_PARSED_VERB);
    assert_int_equal(args.position_count, 3);
}

static void names_the_nearest(void **state)
{
    (void)state;
    assert_int_equal(PARSE("dag", "list"), HK_PARSED_WRONG);
    assert_string_equal(text.data, "hanok has no verb 'dag'; did you mean 'dags'?; see 'hanok --help'");
    assert_int_equal(PARSE("dags", "tirgger", "x"), HK_PARSED_WRONG);
    assert_string_equal(text.data,
                        "'hanok dags' has no verb 'tirgger'; did you mean 'trigger'?; see 'hanok dags --help'");
    assert_int_equal(PARSE("dags", "trigger", "x", "--cnof", "{}"), HK_PARSED_WRONG);
    assert_string_equal(text.data,
                        "there is no option '--cnof'; did you mean '--conf'?; see 'hanok dags trigger --help'");
    assert_int_equal(PARSE("dags", "zzzzzz"), HK_PARSED_WRONG);
    assert_string_equal(text.data, "'hanok dags' has no verb 'zzzzzz'; see 'hanok dags --help'");
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    assert_int_equal(PARSE("dags", "trigger"), HK_PARSED_WRONG);
    assert_string_equal(text.data, "the argument dag_id is missing; see 'hanok dags trigger --help'");
    assert_int_equal(PARSE("dags", "trigger", "a", "b", "c"), HK_PARSED_WRONG);
    assert_string_equal(text.data, "the argument 'c' is one too many; see 'hanok dags trigger --help'");
    assert_int_equal(PARSE("dags", "list", "-o", "xml"), HK_PARSED_WRONG);
    assert_string_equal(text.data,
                        "option '--output' is one of table|json|yaml|plain, not 'xml'; see 'hanok dags list --help'");
    assert_int_equal(PARSE("dags", "list", "--output"), HK_PARSED_WRONG);
    assert_string_equal(text.data, "option '--output' needs a value (FORMAT); see 'hanok dags list --help'");
    assert_int_equal(PARSE("dags", "list", "--yes=1"), HK_PARSED_WRONG);
    assert_int_equal(PARSE("dags", "list", "-q"), HK_PARSED_WRONG);
    assert_int_equal(PARSE("dags"), HK_PARSED_WRONG);
    assert_int_equal(PARSE("version", "x"), HK_PARSED_WRONG);
    assert_int_equal(PARSE("dags", "list", "--h"), HK_PARSED_WRONG); /* --home or --help */
}

static void helps(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--help"), HK_PARSED_HELP);
    assert_non_null(strstr(text.data, "version"));
    assert_non_null(strstr(text.data, "dags"));
    assert_int_equal(PARSE("dags", "--help"), HK_PARSED_HELP);
    assert_non_null(strstr(text.data, "unpause"));
    assert_int_equal(PARSE("dags", "trigger", "-h"), HK_PARSED_HELP);
    assert_non_null(strstr(text.data, "usage: hanok dags trigger dag_id [note]"));
    assert_non_null(strstr(text.data, "-l, -e, --logical-date, --exec-date DATE"));
    assert_non_null(strstr(text.data, "--home DIR"));
    assert_int_equal(parse((const char *const[]){NULL}), HK_PARSED_HELP);
}

static void reads_numbers(void **state)
{
    (void)state;
    struct hk_error err;
    int64_t number = 7;
    assert_int_equal(PARSE("dags", "list"), HK_PARSED_VERB);
    assert_true(hk_arguments_int(&args, "conf", 1, &number, &err));
    assert_int_equal(number, 7);
    assert_int_equal(PARSE("dags", "list", "--conf", "12"), HK_PARSED_VERB);
    assert_true(hk_arguments_int(&args, "conf", 1, &number, &err));
    assert_int_equal(number, 12);
    assert_int_equal(PARSE("dags", "list", "--conf", "0"), HK_PARSED_VERB);
    assert_false(hk_arguments_int(&args, "conf", 1, &number, &err));
    assert_string_equal(err.message, "option '--conf' is a whole number of at least 1, not '0'");
}

static void refuses_floods(void **state)
{
    (void)state;
    const char *words[HK_MAX_OPTIONS_GIVEN + 8] = {"dags", "list"};
    for (size_t i = 2; i < HK_MAX_OPTIONS_GIVEN + 7; i++) {
        words[i] = "-y";
    }
    assert_int_equal(parse(words), HK_PARSED_WRONG);
    for (size_t i = 2; i < HK_MAX_OPTIONS_GIVEN + 7; i++) {
        words[i] = "x";
    }
    assert_int_equal(parse(words), HK_PARSED_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_words_and_options, clear),
        cmocka_unit_test_teardown(reads_repeats_and_abbreviations, clear),
        cmocka_unit_test_teardown(keeps_dashes_after_two_dashes, clear),
        cmocka_unit_test_teardown(names_the_nearest, clear),
        cmocka_unit_test_teardown(refuses_what_does_not_fit, clear),
        cmocka_unit_test_teardown(helps, clear),
        cmocka_unit_test_teardown(reads_numbers, clear),
        cmocka_unit_test_teardown(refuses_floods, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
