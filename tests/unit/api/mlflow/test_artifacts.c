/* mlflow-artifacts over a real folder. */
#include "tests/unit/api/mlflow/fixture.h"

#include <sys/stat.h>

#include "api/mlflow/artifact_answer.h"
#include "api/mlflow/artifact_type.h"
#include "engine/base/limits.h"

#define ROOT "/api/2.0/mlflow-artifacts/artifacts"
#define INVALID "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Invalid path\""

static void keeps_and_gives(void **state)
{
    (void)state;
    fx_expect(200, "PUT", ROOT "/0/run/artifacts/model/MLmodel", "flavors: {}", "");
    fx_expect(200, "PUT", "/ajax-api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/a.txt", "hello", "");
    fx_expect(200, "GET", ROOT "/0/run/artifacts/a.txt", NULL, NULL);
    assert_string_equal(fx_body, "hello");
    fx_expect(
        200, "GET", ROOT "?path=0/run/artifacts", NULL,
        "{\"files\":[{\"path\":\"a.txt\",\"is_dir\":false,\"file_size\":5},{\"path\":\"model\",\"is_dir\":true}]}");
    fx_expect(200, "GET", ROOT "?path=nothing", NULL, "{}");
    fx_expect(200, "GET", ROOT, NULL, "\"path\":\"0\"");
    fx_expect(404, "GET", ROOT "/0/nothing", NULL, "No such artifact: '0/nothing'");
    fx_expect(400, "GET", ROOT "/0/run", NULL,
              "{\"detail\":\"Artifact path refers to a directory, not a file: '0/run'\"}");
    fx_expect(400, "PUT", ROOT "/0/run/", "x",
              "{\"detail\":\"Artifact path must include a filename (cannot end with '/').\"}");
    fx_expect(200, "DELETE", ROOT "/0/run/artifacts/model", NULL, "{}");
    fx_expect(200, "DELETE", ROOT "/0/run/artifacts/model", NULL, "{}");
    fx_expect(404, "GET", ROOT "/0/run/artifacts/model/MLmodel", NULL, NULL);
    fx_expect(200, "GET", ROOT "/0/run/artifacts/a.txt", NULL, "hello");
}

static void refuses_what_leads_out(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/../x",   "/%2e%2e/x", "/a/%2e%2e%2fx", "/a/%252e%252e/x", "//etc/passwd", "/%2fetc/passwd", "/a%5c..%5cx",
        "/C:%5cx", "/a%23b",    "/..",           "/a/..",           "/file:x",
    };
    static const char *const methods[] = {"PUT", "GET", "DELETE"};
    char target[256];
    fx_expect(200, "PUT", ROOT "/x", "kept", "");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        snprintf(target, sizeof target, ROOT "%s", paths[i]);
        for (size_t k = 0; k < 3; k++) {
            fx_expect(400, methods[k], target, k == 0 ? "x" : NULL, INVALID);
        }
    }
    fx_expect(400, "GET", ROOT "?path=../x", NULL, INVALID);
    fx_expect(400, "GET", ROOT "?path=%252e%252e", NULL, INVALID);
    fx_expect(400, "GET", "/api/2.0/mlflow-artifacts/presigned/../x", NULL, INVALID);
    fx_expect(400, "PUT", ROOT "/a%00b", "x", "NUL");
    fx_expect(400, "PUT", ROOT "/a/%2e/b", "x", "This name would resolve to 'a/b'");
    fx_expect(400, "PUT", ROOT "/.artifact.uploading.1", "x", "are reserved");
    fx_expect(400, "DELETE", ROOT "/%2e", NULL, INVALID);
    memset(target, 'n', sizeof target);
    memcpy(target, ROOT "/", strlen(ROOT) + 1);
    target[sizeof target - 1] = '\0';
    fx_expect(200, "PUT", target, "x", "");
    char longer[512];
    snprintf(longer, sizeof longer, "%snnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", target);
    fx_expect(400, "PUT", longer, "x", "INVALID_PARAMETER_VALUE");
    char outside[96];
    char link[96];
    snprintf(outside, sizeof outside, "%s/hanok.db", fx.folder);
    snprintf(link, sizeof link, "%s/artifacts/link", fx.folder);
    assert_int_equal(symlink(outside, link), 0);
    fx_expect(400, "GET", ROOT "/link", NULL, "resolved path is outside the artifact directory");
    fx_expect(200, "GET", ROOT "/x", NULL, "kept");
}

static void needs_a_role(void **state)
{
    (void)state;
    assert_int_equal(fx_call_as("vera", "viewer", "PUT", ROOT "/a", "x"), 403);
    assert_int_equal(fx_call_as("vera", "viewer", "DELETE", ROOT "/a", NULL), 403);
    assert_int_equal(fx_call_as("vera", "viewer", "GET", ROOT, NULL), 200);
    assert_string_equal(fx_body, "{}");
    assert_int_equal(fx_call_as("uma", "user", "PUT", ROOT "/a", "x"), 200);
    assert_int_equal(fx_call_as("vera", "viewer", "GET", ROOT "/a", NULL), 200);
}

static void has_no_parts_in_a_folder(void **state)
{
    (void)state;
    static const char parts[] = "{\"path\":\"x\",\"upload_id\":\"1\",\"parts\":[{\"part_number\":1,\"etag\":\"e\"}]}";
    fx_expect(501, "POST", "/api/2.0/mlflow-artifacts/mpu/create/0", "{\"path\":\"x\",\"num_parts\":2}",
              "{\"error_code\":\"NOT_IMPLEMENTED\",\"message\":\"Multipart upload is not supported for the current "
              "artifact repository\"}");
    fx_expect(501, "POST", "/api/2.0/mlflow-artifacts/mpu/complete/0", parts, "Multipart upload is not supported");
    fx_expect(501, "POST", "/api/2.0/mlflow-artifacts/mpu/abort/0", parts, "Multipart upload is not supported");
    fx_expect(501, "GET", "/api/2.0/mlflow-artifacts/presigned/0/a", NULL, "Multipart download is not supported");
    fx_expect(400, "POST", "/api/2.0/mlflow-artifacts/mpu/create/0", "{}",
              "Missing value for required parameter 'path'.");
    fx_expect(400, "POST", "/api/2.0/mlflow-artifacts/mpu/complete/0", "{\"path\":\"x\"}",
              "Missing value for required parameter 'parts'.");
    fx_expect(400, "POST", "/api/2.0/mlflow-artifacts/mpu/create/..", "{\"path\":\"x\"}", INVALID);
}

static void knows_types(void **state)
{
    (void)state;
    static const char *const known[][2] = {
        {"a.txt", "text/plain"},
        {"MLmodel", "text/plain"},
        {"a.json", "text/plain"},
        {"a.png", "image/png"},
        {"a.PNG", "image/png"},
        {"a.TXT", "text/plain"},
        {"a.csv.gz", "text/csv"},
        {"a.tgz", "application/x-tar"},
        {"a.tar.gz", "application/x-tar"},
        {"x.Z", "application/octet-stream"},
        {".png", "application/octet-stream"},
        {"model.pkl", "application/octet-stream"},
        {"a.html", "text/html"},
        {"a", "application/octet-stream"},
        {"a.", "application/octet-stream"},
        {"a.verylongextensionindeed", "application/octet-stream"},
        {"a.svgz", "image/svg+xml"},
        {"", "application/octet-stream"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_string_equal(hk__ml_artifact_type(hk_str_from(known[i][0])), known[i][1]);
    }
}

static void expect_range(const char *header, uint64_t size, enum hk__ml_range_kind kind, uint64_t first,
                         uint64_t length)
{
    struct hk__ml_range range;
    if (hk__ml_range_read(hk_str_from(header), size, &range) != kind) {
        fail_msg("%s of %d", header, (int)size);
    }
    if (kind != HK__ML_RANGE_BAD) {
        assert_int_equal(range.first, first);
        assert_int_equal(range.size, length);
    }
}

static void reads_ranges(void **state)
{
    (void)state;
    expect_range("", 100, HK__ML_RANGE_WHOLE, 0, 100);
    expect_range("bytes=0-0", 100, HK__ML_RANGE_PART, 0, 1);
    expect_range("bytes=1-3", 100, HK__ML_RANGE_PART, 1, 3);
    expect_range("bytes=90-", 100, HK__ML_RANGE_PART, 90, 10);
    expect_range("bytes=-5", 100, HK__ML_RANGE_PART, 95, 5);
    expect_range("bytes=-500", 100, HK__ML_RANGE_PART, 0, 100);
    expect_range("bytes=0-500", 100, HK__ML_RANGE_PART, 0, 100);
    expect_range("bytes=100-", 100, HK__ML_RANGE_BAD, 0, 0);
    expect_range("bytes=-0", 100, HK__ML_RANGE_BAD, 0, 0);
    expect_range("bytes=0-", 0, HK__ML_RANGE_BAD, 0, 0);
    static const char *const whole[] = {"bytes=5-2", "bytes=a-b",     "bytes=",
                                        "bytes=-",   "bytes=1-2,5-6", "lines=1-2",
                                        "bytes=1",   "bytes=--5",     "bytes=99999999999999999999-"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        expect_range(whole[i], 100, HK__ML_RANGE_WHOLE, 0, 100);
    }
}

static void writes_dispositions(void **state)
{
    (void)state;
    static const char *const known[][2] = {
        {"a.txt", "attachment; filename=a.txt"},
        {"a b.txt", "attachment; filename=\"a b.txt\""},
        {"a\"b\\c", "attachment; filename=\"a\\\"b\\\\c\""},
        {"한옥.txt", "attachment; filename=.txt; filename*=UTF-8''%ED%95%9C%EC%98%A5.txt"},
        {"한옥", "attachment; filename=download; filename*=UTF-8''%ED%95%9C%EC%98%A5"},
    };
    struct hk_arena arena;
    hk_arena_init(&arena);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_string_equal(hk__ml_disposition(&arena, hk_str_from(known[i][0])).data, known[i][1]);
    }
    hk_arena_clear(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_set_up, fx_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_and_gives),
        TEST(refuses_what_leads_out),
        TEST(needs_a_role),
        TEST(has_no_parts_in_a_folder),
        cmocka_unit_test(knows_types),
        cmocka_unit_test(reads_ranges),
        cmocka_unit_test(writes_dispositions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
