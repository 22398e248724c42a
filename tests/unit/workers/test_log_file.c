#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "workers/folder.h"
#include "workers/log_file.h"

#define AT_US INT64_C(1795380932716161) /* 2026-11-22T20:55:32.716161Z */

static char folder[64];
static char path[160];

static void open_log(struct hk_log_file *file, const char *context)
{
    snprintf(folder, sizeof folder, "/tmp/hanok-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/dag_id=d/run_id=manual__2026-11-22T00:00:00+00:00/task_id=t/attempt=1.log", folder);
    hk_log_file_init(file, hk_str_from(path), hk_str_from(context));
}

static char *close_log(struct hk_log_file *file)
{
    hk_log_file_clear(file);
    struct hk_buf text;
    hk_buf_init(&text, 64 * 1024 * 1024);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    char chunk[4096];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        hk_buf_add(&text, chunk, (size_t)n);
    }
    close(fd);
    hk_folder_remove(folder);
    return hk_buf_take(&text);
}

static void lines_as_airflow_writes_them(void **state)
{
    (void)state;
    struct hk_log_file file;
    open_log(&file, "\"ti_id\":\"x\"");
    hk_log_file_add(&file,
                    &(struct hk_log_line){
                        .at_us = AT_US, .level = "info", .logger = "task.stdout", .event = HK_STR("a \"b\" \xFF")});
    hk_log_file_add(&file, &(struct hk_log_line){.at_us = AT_US,
                                                 .level = "error",
                                                 .logger = "task",
                                                 .event = HK_STR(""),
                                                 .has_context = true,
                                                 .more = HK_STR("\"exit_code\":1")});
    char *text = close_log(&file);
    assert_string_equal(text,
                        "{\"timestamp\":\"2026-11-22T20:55:32.716161Z\",\"level\":\"info\",\"event\":\"a \\\"b\\\" "
                        "\xEF\xBF\xBD\",\"logger\":\"task.stdout\"}\n"
                        "{\"timestamp\":\"2026-11-22T20:55:32.716161Z\",\"level\":\"error\",\"event\":\"\","
                        "\"ti_id\":\"x\",\"logger\":\"task\",\"exit_code\":1}\n");
    free(text);
}

static void secrets_are_masked(void **state)
{
    (void)state;
    struct hk_log_file file;
    open_log(&file, "");
    size_t len = HK_MAX_LOG_LINE_BYTES + 10;
    char *across = hk_alloc(len + 1); /* a secret that the split of a long line would cut in two */
    memset(across, 'x', len);
    memcpy(across + HK_MAX_LOG_LINE_BYTES - 5, "hunter2", 7);
    hk_log_file_mask(&file, HK_STR("hunter2"));
    hk_log_file_mask(&file, HK_STR("\"quoted\""));
    hk_log_file_add(&file, &(struct hk_log_line){.level = "info", .event = HK_STR("is hunter2 \"quoted\"")});
    hk_log_file_add(&file, &(struct hk_log_line){.level = "info", .event = {across, len}});
    hk_log_file_add(&file, &(struct hk_log_line){.level = "info", .event = HK_STR("plain")});
    char *text = close_log(&file);
    assert_non_null(strstr(text, "\"event\":\"is *** ***\""));
    assert_non_null(strstr(text, "\"event\":\"plain\""));
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "x***x"));
    free(across);
    free(text);
}

/* What Airflow 3.3.2's process_log_messages_from_subprocess wrote for the same lines. */
static void json_lines_as_airflows_supervisor(void **state)
{
    (void)state;
    struct hk_log_file file;
    open_log(&file, "");
    static const char with_exception[] = "{\"timestamp\": \"2026-11-22T20:55:25.020370Z\", \"level\": \"info\", "
                                         "\"event\": \"hi\", \"ti_id\": \"x\", "
                                         "\"exception\": [{\"exc_type\": \"V\"}]}\n";
    static const char *const lines[] = {
        with_exception,
        "{\"event\":\"no ts\",\"level\":\"warning\",\"zed\":1,\"logger\":\"abc\"}",
        "{\"timestamp\":\"2026-11-22T20:55:25Z\",\"level\":\"info\",\"event\":\"as it is\",\"n\":0.1}",
        "garbage",
        "[1]",
        "",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        hk_log_file_add_json(&file, AT_US, hk_str_from(lines[i]), false);
    }
    char *text = close_log(&file);
    assert_string_equal(
        text,
        "{\"timestamp\":\"2026-11-22T20:55:25.020370Z\",\"level\":\"info\",\"event\":\"hi\",\"ti_id\":\"x\","
        "\"error_detail\":[{\"exc_type\":\"V\"}]}\n"
        "{\"timestamp\":\"2026-11-22T20:55:32.716161Z\",\"level\":\"warning\",\"event\":\"no ts\",\"zed\":1,"
        "\"logger\":\"abc\"}\n"
        "{\"timestamp\":\"2026-11-22T20:55:25Z\",\"level\":\"info\",\"event\":\"as it is\",\"n\":0.1}\n"
        "{\"timestamp\":\"2026-11-22T20:55:32.716161Z\",\"level\":\"error\",\"event\":\"garbage\",\"logger\":\"task\"}"
        "\n"
        "{\"timestamp\":\"2026-11-22T20:55:32.716161Z\",\"level\":\"error\",\"event\":\"[1]\",\"logger\":\"task\"}\n");
    free(text);
}

static void long_lines_are_split_between_characters(void **state)
{
    (void)state;
    struct hk_log_file file;
    open_log(&file, "");
    size_t len = 3 * HK_MAX_LOG_LINE_BYTES; /* of three-byte characters: 65536 is not a multiple of 3 */
    char *event = hk_alloc(len + 1);
    for (size_t i = 0; i < len; i += 3) {
        memcpy(event + i, "\xE2\x82\xAC", 3);
    }
    hk_log_file_add(&file, &(struct hk_log_line){.at_us = AT_US, .level = "info", .event = {event, len}});
    char *text = close_log(&file);
    size_t total = 0;
    struct hk_str rest = hk_str_from(text);
    struct hk_str line;
    while (hk_str_next(&rest, '\n', &line)) {
        struct hk_error err;
        json_t *object = hk_json_parse(line, &err);
        assert_non_null(object);
        size_t n = strlen(hk_json_get_text(object, "event", ""));
        assert_true(n <= HK_MAX_LOG_LINE_BYTES && n % 3 == 0);
        total += n;
        json_decref(object);
    }
    assert_int_equal(total, len);
    assert_null(strstr(text, "\xEF\xBF\xBD"));
    free(event);
    free(text);
}

static void goes_on_in_an_existing_file(void **state)
{
    (void)state;
    struct hk_log_file file;
    open_log(&file, "");
    for (int i = 0; i < 3; i++) {
        hk_log_file_add(&file, &(struct hk_log_line){.at_us = AT_US, .level = "info", .event = HK_STR("x")});
        assert_true(hk_log_file_is_pending(&file));
        hk_log_file_close(&file);
        assert_false(hk_log_file_is_pending(&file));
    }
    char *text = close_log(&file);
    assert_int_equal(strlen(text), 3 * strlen("{\"timestamp\":\"2026-11-22T20:55:32.716161Z\",\"level\":\"info\","
                                              "\"event\":\"x\"}\n"));
    free(text);
}

static void without_a_path_nothing_is_kept(void **state)
{
    (void)state;
    struct hk_log_file file;
    hk_log_file_init(&file, HK_STR(""), HK_STR(""));
    hk_log_file_add(&file, &(struct hk_log_line){.at_us = AT_US, .level = "info", .event = HK_STR("x")});
    hk_log_file_add_json(&file, AT_US, HK_STR("{}"), false);
    assert_false(hk_log_file_is_pending(&file));
    hk_log_file_clear(&file);
    /* A path that cannot be: the lines are lost, nothing else. */
    hk_log_file_init(&file, HK_STR("/dev/null/x/y.log"), HK_STR(""));
    hk_log_file_add(&file, &(struct hk_log_line){.at_us = AT_US, .level = "info", .event = HK_STR("x")});
    hk_log_file_clear(&file);
}

/* A limit on the size of files stands for a disk that is full for a while. */
static void a_gap_is_said(void **state)
{
    (void)state;
    struct hk_log_file file;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlim_t all = limit.rlim_cur;
    signal(SIGXFSZ, SIG_IGN);
    open_log(&file, "");
    static const char *const events[] = {"kept", "cut off", "lost", "kept again"};
    for (size_t i = 0; i < 4; i++) {
        limit.rlim_cur = i == 1 || i == 2 ? 80 : all; /* one line is 74 bytes long */
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        hk_log_file_add(&file, &(struct hk_log_line){.at_us = AT_US, .level = "info", .event = hk_str_from(events[i])});
        hk_log_file_flush(&file);
    }
    char *text = close_log(&file);
    assert_string_equal(text, "{\"timestamp\":\"2026-11-22T20:55:32.716161Z\",\"level\":\"info\",\"event\":\"kept\"}\n"
                              "{\"time\n"
                              "{\"level\":\"error\",\"event\":\"Lines are missing here: the disk was full.\","
                              "\"logger\":\"task\"}\n"
                              "{\"timestamp\":\"2026-11-22T20:55:32.716161Z\",\"level\":\"info\","
                              "\"event\":\"kept again\"}\n");
    free(text);
}

static void output_is_decoded_as_python_does(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"plain", "plain"},
        {"  a b \t\r\n", "  a b"},
        {"\xE2\x82\xAC", "\xE2\x82\xAC"},
        {"a\xFF"
         "b\xE2\x82",
         "a\\xffb\\xe2\\x82"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct hk_buf out;
        hk_buf_init(&out, 1000);
        hk_buf_add_char(&out, '>');
        hk_log_decode(&out, hk_str_from(pairs[i][0]));
        assert_string_equal(out.data + 1, pairs[i][1]);
        hk_buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_as_airflow_writes_them),
        cmocka_unit_test(secrets_are_masked),
        cmocka_unit_test(json_lines_as_airflows_supervisor),
        cmocka_unit_test(long_lines_are_split_between_characters),
        cmocka_unit_test(goes_on_in_an_existing_file),
        cmocka_unit_test(without_a_path_nothing_is_kept),
        cmocka_unit_test(a_gap_is_said),
        cmocka_unit_test(output_is_decoded_as_python_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
