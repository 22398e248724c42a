#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/log.h"

static char text[64 * 1024];
static char value[32 * 1024];
static int pipe_ends[2];
static int real_stderr;

static int set_up(void **state)
{
    (void)state;
    real_stderr = dup(STDERR_FILENO);
    return pipe(pipe_ends) != 0 || dup2(pipe_ends[1], STDERR_FILENO) < 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_log_configure(HK_INFO, false);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

/* What was written, without the time in front. */
static const char *logged(void)
{
    ssize_t n = read(pipe_ends[0], text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    return text + strcspn(text, " ");
}

static void one_line_an_event(void **state)
{
    (void)state;
    hk_log(HK_INFO, "store", "opened", HK_KEY("path", "/a/b"), HK_KEY_INT("version", -3));
    assert_string_equal(logged(), " info    store      opened path=/a/b version=-3\n");
    hk_log(HK_WARN, "http", "odd", HK_KEY("a", ""), HK_KEY("b", "x y"), HK_KEY("c", NULL), HK_KEY("d", "e=\"f\""));
    assert_string_equal(logged(), " warning http       odd a=\"\" b=\"x y\" c=\"\" d=\"e=\\\"f\\\"\"\n");
    hk_log(HK_DEBUG, "http", "not wanted");
    hk_log_configure(HK_DEBUG, true);
    hk_log(HK_DEBUG, "http", "wanted", HK_KEY("a", "x\ny"), HK_KEY_INT("n", 7));
    const char *line = logged();
    assert_non_null(strstr(line - strcspn(text, " "), "\"event\":\"wanted\",\"a\":\"x\\ny\",\"n\":7}\n"));
}

/* A value from outside can neither begin a line of its own nor speak to a terminal. */
static void values_cannot_break_out(void **state)
{
    (void)state;
    hk_log(HK_INFO, "a", "b", HK_KEY("k", "x\nforged"), HK_KEY("l", "\x1b[2J"), HK_KEY("m", "\x07\x08"),
           HK_KEY("n", "\x7f"),
           HK_KEY("o", "\xC2\x9B"
                       "2J"),
           HK_KEY("p", "\xC3\xA9"));
    assert_string_equal(logged(), " info    a          b k=\"x\\nforged\" l=\"\\u001b[2J\" m=\"\\u0007\\b\" "
                                  "n=\"\xEF\xBF\xBD\" o=\"\xEF\xBF\xBD"
                                  "2J\" p=\xC3\xA9\n");
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
    (void)state;
    memset(value, 'v', sizeof value - 1);
    for (size_t less = 0; less < 70; less++) {
        value[16384 - 70 + less] = '\0';
        hk_log(HK_INFO, "a", "long", HK_KEY("first", value), HK_KEY("last", "z"));
        const char *line = logged();
        size_t len = strlen(line);
        assert_true(len > 0 && line[len - 1] == '\n');
        assert_int_equal(strcspn(line, "\n"), len - 1);
        value[16384 - 70 + less] = 'v';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_line_an_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_cannot_break_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut_and_still_ends, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
