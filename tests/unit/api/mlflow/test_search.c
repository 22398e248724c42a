#include "tests/unit/api/mlflow/fixture.h"

#define RUNS "/api/2.0/mlflow/runs/search"
#define EXPERIMENTS "/api/2.0/mlflow/experiments/search"

static void make_run(const char *name, int start, const char *logged)
{
    char body[512];
    char run_id[33];
    snprintf(body, sizeof body, "{\"experiment_id\": \"0\", \"run_name\": \"%s\", \"start_time\": %d}", name, start);
    fx_expect(200, "POST", "/api/2.0/mlflow/runs/create", body, name);
    const char *id = strstr(fx_body, "\"run_id\": \"");
    id = id != NULL ? id + strlen("\"run_id\": \"") : strstr(fx_body, "\"run_id\":\"") + strlen("\"run_id\":\"");
    memcpy(run_id, id, 32);
    run_id[32] = '\0';
    snprintf(body, sizeof body, "{\"run_id\": \"%s\", %s}", run_id, logged);
    fx_expect(200, "POST", "/api/2.0/mlflow/runs/log-batch", body, NULL);
}

static int set_up(void **state)
{
    if (fx_set_up(state) != 0) {
        return 1;
    }
    make_run("first", 1,
             "\"metrics\": [{\"key\": \"m\", \"value\": 0.5, \"timestamp\": 1}], \"params\": [{\"key\": \"p\", "
             "\"value\": \"a\"}]");
    make_run("second", 2,
             "\"metrics\": [{\"key\": \"m\", \"value\": \"NaN\", \"timestamp\": 1}], \"tags\": [{\"key\": \"t\", "
             "\"value\": \"A\"}]");
    make_run("third", 3,
             "\"metrics\": [{\"key\": \"m\", \"value\": 2, \"timestamp\": 1}], \"params\": [{\"key\": \"p\", "
             "\"value\": \"b\"}]");
    make_run("fourth", 4, "\"params\": [{\"key\": \"p\", \"value\": \"ab\"}]");
    return 0;
}

/* The names of what a search finds, in their order. */
static void expect_names(const char *search, const char *wanted)
{
    char names[256] = "";
    char body[512];
    size_t used = 0;
    snprintf(body, sizeof body, "{\"experiment_ids\": [\"0\"], %s}", search);
    fx_expect(200, "POST", RUNS, body, NULL);
    static const char key[] = "\"run_name\":";
    for (const char *at = strstr(fx_body, key); at != NULL; at = strstr(at + 1, key)) {
        const char *begin = strchr(at + strlen(key), '"') + 1;
        int len = (int)(strchr(begin, '"') - begin);
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", used > 0 ? " " : "", len, begin);
    }
    assert_string_equal(names, wanted);
}

static void test_filters(void **state)
{
    (void)state;
    expect_names("\"filter\": \"\"", "fourth third second first");
    expect_names("\"filter\": \"metrics.m > 0\"", "third first");
    expect_names("\"filter\": \"metrics.m != 2\"", "second first");
    expect_names("\"filter\": \"params.p LIKE 'a%'\"", "fourth first");
    expect_names("\"filter\": \"params.p LIKE 'A%'\"", "");
    expect_names("\"filter\": \"params.p ILIKE 'A_'\"", "fourth");
    expect_names("\"filter\": \"params.p IS NULL\"", "second");
    expect_names("\"filter\": \"tags.t = 'A' AND run_name = 'second'\"", "second");
    expect_names("\"filter\": \"start_time >= 2 AND created < 4\"", "third second");
    expect_names("\"run_view_type\": \"DELETED_ONLY\"", "");
    fx_expect(200, "POST", RUNS, "{}", "{}");
    fx_expect(200, "POST", RUNS, "{\"experiment_ids\": [\"7\"]}", "{}");
}

static void test_orders(void **state)
{
    (void)state;
    expect_names("\"order_by\": [\"metrics.m\"]", "first third second fourth");
    expect_names("\"order_by\": [\"metrics.m DESC\"]", "third first second fourth");
    expect_names("\"order_by\": [\"params.p DESC\"]", "third fourth first second");
    expect_names("\"order_by\": [\"tags.t\", \"start_time\"]", "second first third fourth");
    fx_expect(400, "POST", RUNS, "{\"order_by\": [\"metrics.a\", \"metric.a DESC\"]}",
              "`order_by` contains duplicate fields: ['metrics.a', 'metric.a DESC']");
    fx_expect(400, "POST", RUNS, "{\"order_by\": [5]}", "Invalid value [5] for parameter 'order_by' supplied");
}

static void test_pages(void **state)
{
    (void)state;
    expect_names("\"max_results\": 2, \"order_by\": [\"metrics.m\"]", "first third");
    assert_non_null(strstr(fx_body, "eyJvZmZzZXQiOiAyfQ=="));
    expect_names("\"max_results\": 2, \"order_by\": [\"metrics.m\"], \"page_token\": \"eyJvZmZzZXQiOiAyfQ==\"",
                 "second fourth");
    assert_null(strstr(fx_body, "next_page_token"));
    static const char *const bad[][2] = {
        {"\"page_token\": \"x\"", "Invalid page token, could not base64-decode"},
        {"\"page_token\": \"bm90anNvbg==\"", "Invalid page token, decoded value=b'notjson'"},
        {"\"page_token\": \"eyJvZmZzZXQiOiAwfQ==\"", "Invalid page token, parsed value={'offset': 0}"},
        {"\"page_token\": \"eyJvZmZzZXQiOiAieCJ9\"", "Invalid page token, not stringable x"},
        {"\"max_results\": 0", "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"},
        {"\"max_results\": 50001", "Invalid value 50001 for parameter 'max_results' supplied:  Hint"},
        {"\"filter\": \"metrics.m > 1 OR x\"", "Invalid clause(s) in filter string: 'OR' (at character 15)"},
        {"\"experiment_ids\": [\"x\"]", "Invalid experiment ID 'x'. Experiment ID must be a valid integer."},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char body[256];
        snprintf(body, sizeof body, "{%s}", bad[i][0]);
        fx_expect(400, "POST", RUNS, body, bad[i][1]);
    }
}

static void test_experiments(void **state)
{
    (void)state;
    fx_expect(200, "POST", "/api/2.0/mlflow/experiments/create",
              "{\"name\": \"two\", \"tags\": [{\"key\": \"k\", \"value\": \"v\"}]}", NULL);
    fx_expect(200, "GET", EXPERIMENTS "?max_results=1&order_by=name%20DESC", NULL, "two");
    assert_non_null(strstr(fx_body, "next_page_token"));
    fx_expect(200, "GET", EXPERIMENTS "?max_results=5&filter=tags.k%20%3D%20'v'%20AND%20name%20LIKE%20't%25'", NULL,
              "two");
    fx_expect(200, "POST", EXPERIMENTS, "{\"max_results\": 5, \"filter\": \"experiment_id NOT IN ('0')\"}", "two");
    assert_null(strstr(fx_body, "Default"));
    fx_expect(200, "POST", EXPERIMENTS, "{\"max_results\": 5, \"filter\": \"tags.k IS NULL\"}", "Default");
    fx_expect(400, "POST", EXPERIMENTS, "{}", "Invalid value 0 for parameter 'max_results'");
    fx_expect(400, "POST", EXPERIMENTS, "{\"max_results\": 5, \"filter\": \"experiment_id = 'x'\"}",
              "Invalid experiment ID 'x'.");
    fx_expect(200, "POST", EXPERIMENTS, "{\"max_results\": 5, \"view_type\": \"DELETED_ONLY\"}", "{}");
}

static void test_datasets(void **state)
{
    (void)state;
    static const char path[] = "/ajax-api/2.0/mlflow/experiments/search-datasets";
    fx_expect(400, "POST", path, "{}", "SearchDatasets request must specify at least one experiment_id.");
    fx_expect(200, "POST", path, "{\"experiment_ids\": [\"0\"]}", "{}");
}

static void expect_in_order(const char *first, const char *second)
{
    const char *at = strstr(fx_body, first);
    assert_non_null(at);
    assert_non_null(strstr(at, second));
}

#define MODELS "/api/2.0/mlflow/registered-models/"
#define VERSIONS "/api/2.0/mlflow/model-versions/"

static void test_models_and_versions(void **state)
{
    (void)state;
    fx_expect(200, "POST", MODELS "create", "{\"name\": \"ant\", \"tags\": [{\"key\": \"t\", \"value\": \"x\"}]}",
              NULL);
    fx_expect(200, "POST", MODELS "create", "{\"name\": \"bee\"}", NULL);
    fx_expect(200, "POST", MODELS "create",
              "{\"name\": \"poem\", \"tags\": [{\"key\": \"mlflow.prompt.is_prompt\", \"value\": \"true\"}]}", NULL);
    for (int i = 0; i < 3; i++) {
        fx_expect(200, "POST", VERSIONS "create",
                  i < 2 ? "{\"name\": \"ant\", \"source\": \"s3://b/a\"}"
                        : "{\"name\": \"bee\", \"source\": \"s3://b/b\"}",
                  NULL);
    }
    fx_expect(200, "GET", MODELS "search", NULL, "ant");
    expect_in_order("\"ant\"", "\"bee\"");
    assert_null(strstr(fx_body, "poem"));
    fx_expect(200, "GET", MODELS "search?order_by=name%20DESC", NULL, "ant");
    expect_in_order("\"bee\"", "\"ant\"");
    fx_expect(200, "GET", MODELS "search?filter=tags.%60mlflow.prompt.is_prompt%60%20%3D%20'true'", NULL, "poem");
    fx_expect(200, "GET", MODELS "search?filter=tags.t%20%3D%20'x'", NULL, "ant");
    assert_null(strstr(fx_body, "bee"));
    fx_expect(200, "GET", MODELS "search?max_results=1", NULL, "next_page_token");
    fx_expect(400, "GET", MODELS "search?max_results=1001", NULL,
              "Invalid value \\\"1001\\\" for parameter 'max_results'");
    fx_expect(200, "GET", VERSIONS "search?filter=version_number%20%3E%20'1'", NULL, "ant");
    assert_null(strstr(fx_body, "bee"));
    fx_expect(200, "GET", VERSIONS "search?filter=run_id%20%3D%20''&order_by=version_number%20DESC", NULL, "bee");
    fx_expect(200, "GET", VERSIONS "search?filter=name%20IN%20('bee')", NULL, "s3://b/b");
    fx_expect(400, "GET", VERSIONS "search?max_results=0", NULL, "Invalid value for max_results.");
    fx_expect(400, "GET", VERSIONS "search?filter=version_number%20IN%20('1')", NULL, "(at character 19)");
}

static void test_logged_models(void **state)
{
    (void)state;
    static const char path[] = "/api/2.0/mlflow/logged-models/search";
    fx_expect(200, "POST", "/api/2.0/mlflow/logged-models",
              "{\"experiment_id\": \"0\", \"name\": \"cat\", \"params\": [{\"key\": \"p\", \"value\": \"5\"}]}", NULL);
    fx_expect(200, "POST", "/api/2.0/mlflow/logged-models",
              "{\"experiment_id\": \"0\", \"name\": \"dog\", \"tags\": [{\"key\": \"t\", \"value\": \"x\"}]}", NULL);
    fx_expect(200, "POST", path, "{\"experiment_ids\": [\"0\"], \"order_by\": [{\"field_name\": \"name\"}]}", NULL);
    expect_in_order("\"cat\"", "\"dog\"");
    fx_expect(200, "POST", path,
              "{\"experiment_ids\": [\"0\"], \"order_by\": [{\"field_name\": \"metrics.m\"}, "
              "{\"field_name\": \"name\", \"ascending\": false}]}",
              NULL);
    expect_in_order("\"dog\"", "\"cat\"");
    fx_expect(200, "POST", path, "{\"experiment_ids\": [\"0\"], \"filter\": \"params.p = 5\"}", "cat");
    assert_null(strstr(fx_body, "dog"));
    fx_expect(200, "POST", path, "{\"experiment_ids\": [\"0\"], \"filter\": \"metrics.m > 0\"}", "{}");
    fx_expect(200, "POST", path, "{\"experiment_ids\": [\"0\"], \"datasets\": [{\"dataset_name\": \"d\"}]}", "{}");
    fx_expect(200, "POST", path, "{\"experiment_ids\": [\"0\"], \"max_results\": 1}", "next_page_token");
    fx_expect(400, "POST", path, "{}", "Missing value for required parameter 'experiment_ids'.");
    fx_expect(400, "POST", path, "{\"experiment_ids\": [\"0\"], \"datasets\": [{}]}",
              "`dataset_name` in the `datasets` clause must be specified.");
    fx_expect(400, "POST", path, "{\"experiment_ids\": [\"0\"], \"order_by\": [{\"field_name\": \"params.x\"}]}",
              "Invalid order by field name: params.x. Only metrics are supported.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),       cmocka_unit_test(test_orders),
        cmocka_unit_test(test_pages),         cmocka_unit_test(test_experiments),
        cmocka_unit_test(test_datasets),      cmocka_unit_test(test_models_and_versions),
        cmocka_unit_test(test_logged_models),
    };
    return cmocka_run_group_tests(tests, set_up, fx_tear_down);
}
