#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/base/rand.h"
#include "workers/shim_wire.h"

static const struct hk_job_key key = {.run = -5, .task = 7, .map_index = -1, .try_number = 3};

static struct hk_shim_message round_trip(struct hk_buf *frame, const struct hk_shim_message *m)
{
    hk_buf_init(frame, HK_SHIM_MAX_FRAME_BYTES + 100);
    hk_shim_encode(frame, m);
    assert_false(frame->is_full);
    struct hk_shim_message back;
    struct hk_error err;
    size_t used;
    for (size_t n = 0; n < frame->len; n++) { /* no part of it is a message */
        assert_int_equal(hk_shim_decode((struct hk_str){frame->data, n}, &back, &used, &err), HK_SHIM_MORE);
    }
    assert_int_equal(hk_shim_decode(hk_buf_str(frame), &back, &used, &err), HK_SHIM_FRAME);
    assert_int_equal(used, frame->len);
    assert_int_equal(back.type, m->type);
    return back;
}

static void start_keeps_all_fields(void **state)
{
    (void)state;
    struct hk_buf packed;
    struct hk_buf more;
    hk_buf_init(&packed, 1000);
    hk_buf_init(&more, 1000);
    struct hk_shim_message m = {.type = HK_SHIM_START, .key = key};
    m.start.kind = HK_SHIM_TASK;
    m.start.inherits_environment = true;
    m.start.id = HK_STR("id");
    m.start.cwd = HK_STR("/tmp");
    m.start.timeout_us = INT64_MIN;
    hk_shim_texts_add(&m.start.arguments, &packed, "bash");
    hk_shim_texts_add(&m.start.arguments, &packed, "");
    hk_shim_texts_add(&m.start.arguments, &packed, "-c");
    hk_shim_texts_add(&m.start.environment, &more, "A=\xC3\xA9");
    struct hk_buf frame;
    struct hk_shim_message back = round_trip(&frame, &m);
    assert_true(hk_job_key_eq(&back.key, &key));
    assert_int_equal(back.start.kind, HK_SHIM_TASK);
    assert_true(back.start.inherits_environment);
    assert_string_equal(back.start.id.data, "id");
    assert_string_equal(back.start.log_path.data, "");
    assert_true(back.start.timeout_us == INT64_MIN);
    const char *at = hk_shim_texts_next(&back.start.arguments, NULL);
    assert_string_equal(at, "bash");
    at = hk_shim_texts_next(&back.start.arguments, at);
    assert_string_equal(at, "");
    at = hk_shim_texts_next(&back.start.arguments, at);
    assert_string_equal(at, "-c");
    assert_null(hk_shim_texts_next(&back.start.arguments, at));
    assert_string_equal(hk_shim_texts_next(&back.start.environment, NULL), "A=\xC3\xA9");
    assert_null(hk_shim_texts_next(&back.start.skip_codes, NULL));
    hk_buf_clear(&frame);
    hk_buf_clear(&packed);
    hk_buf_clear(&more);
}

static void every_type_goes_round(void **state)
{
    (void)state;
    for (int type = 1; type < HK_SHIM_TYPE_END; type++) {
        struct hk_buf frame;
        struct hk_shim_message m = {.type = (enum hk_shim_type)type, .key = key};
        round_trip(&frame, &m);
        hk_buf_clear(&frame);
    }
    struct hk_shim_message m = {.type = HK_SHIM_ENDED, .key = key};
    m.ended = (struct hk_shim_ended){.exit_code = -9, .is_timed_out = true, .ended_at_us = 5, .peak_rss_bytes = 6};
    m.ended.last_line = (struct hk_str){"a\0b", 3}; /* bytes, not text */
    struct hk_buf frame;
    struct hk_shim_message back = round_trip(&frame, &m);
    assert_int_equal(back.ended.exit_code, -9);
    assert_true(back.ended.is_timed_out && !back.ended.is_stopped);
    assert_memory_equal(back.ended.last_line.data, "a\0b", 4);
    hk_buf_clear(&frame);
}

static void expect_broken(const char *data, size_t len)
{
    struct hk_shim_message m;
    struct hk_error err;
    size_t used;
    assert_int_equal(hk_shim_decode((struct hk_str){data, len}, &m, &used, &err), HK_SHIM_BROKEN);
    assert_int_equal(err.code, HK_CORRUPT);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    expect_broken("\0\0\0\0", 4);               /* empty */
    expect_broken("\xFF\xFF\xFF\xFF", 4);       /* too long, before it is there */
    expect_broken("\x01\0\0\0\0", 5);           /* no type 0 */
    expect_broken("\x01\0\0\0\x63", 5);         /* no type 99 */
    expect_broken("\x02\0\0\0\x02x", 6);        /* SHUTDOWN with something behind */
    expect_broken("\x03\0\0\0\x07\x01\x02", 7); /* STOP with half a key */
    struct hk_buf frame;
    hk_buf_init(&frame, 1000);
    hk_shim_encode(&frame,
                   &(struct hk_shim_message){.type = HK_SHIM_LOG, .key = key, .log = {HK_STR("info"), HK_STR("x")}});
    frame.data[frame.len - 8] = '\0'; /* a NUL inside the level */
    expect_broken(frame.data, frame.len);
    hk_buf_clear(&frame);
}

static void too_long_is_not_written(void **state)
{
    (void)state;
    struct hk_buf small;
    hk_buf_init(&small, 40);
    hk_shim_encode(&small, &(struct hk_shim_message){.type = HK_SHIM_STOP, .key = key});
    size_t len = small.len;
    hk_shim_encode(&small, &(struct hk_shim_message){.type = HK_SHIM_STOP, .key = key});
    assert_true(small.is_full);
    assert_int_equal(small.len, len);
    hk_buf_clear(&small);
}

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    struct hk_rand rand;
    hk_rand_init(&rand, 3);
    for (int i = 0; i < 20000; i++) {
        char data[64];
        size_t len = 5 + hk_rand_below(&rand, sizeof data - 5);
        for (size_t j = 0; j < len; j++) {
            data[j] = (char)hk_rand_below(&rand, j > 4 && j % 3 == 0 ? 3 : 256);
        }
        data[0] = (char)(len - 4);
        data[1] = data[2] = data[3] = 0;
        data[4] = (char)(1 + hk_rand_below(&rand, HK_SHIM_TYPE_END - 1));
        struct hk_shim_message m;
        struct hk_error err;
        size_t used;
        assert_int_not_equal(hk_shim_decode((struct hk_str){data, len}, &m, &used, &err), HK_SHIM_MORE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_keeps_all_fields),  cmocka_unit_test(every_type_goes_round),
        cmocka_unit_test(nonsense_is_refused),     cmocka_unit_test(too_long_is_not_written),
        cmocka_unit_test(random_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
