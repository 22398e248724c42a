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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),     cmocka_unit_test(test_orders),   cmocka_unit_test(test_pages),
        cmocka_unit_test(test_experiments), cmocka_unit_test(test_datasets),
    };
    return cmocka_run_group_tests(tests, set_up, fx_tear_down);
}
