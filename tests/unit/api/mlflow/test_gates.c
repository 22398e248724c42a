/* Gates through the door: policies, requests, the dry run, the trail and the way back. */
#include "tests/unit/api/mlflow/fixture.h"

#include "api/mlflow/model_files.h"

#define A "/api/2.0/mlflow/"

static char body[4096];

static void ask(const char *method, int status, const char *path, const char *part, const char *json)
{
    char target[256];
    snprintf(target, sizeof target, A "%s", path);
    fx_expect(status, method, target, json, part);
}

static void post(int status, const char *path, const char *part, const char *json)
{
    ask("POST", status, path, part, json);
}

static void get(int status, const char *path, const char *part)
{
    ask("GET", status, path, part, NULL);
}

static void make(int versions)
{
    post(200, "registered-models/create", "fraud", "{\"name\":\"fraud\"}");
    for (int i = 0; i < versions; i++) {
        post(200, "model-versions/create", "READY",
             "{\"name\":\"fraud\",\"source\":\"s3://b/m\",\"tags\":[{\"key\":\"owner\",\"value\":\"ml\"}]}");
    }
}

static void set_policy(const char *target, const char *rules)
{
    snprintf(body, sizeof body, "{\"policy\":{\"name\":\"p\",\"model\":\"fraud\",\"target\":%s,\"rules\":[%s]}}",
             target, rules);
    post(200, "promotion-policies/set", "\"name\":\"p\"", body);
}

#define CHAMPION "{\"alias\":\"champion\"}"
#define SET "{\"name\":\"fraud\",\"version\":\"1\",\"alias\":\"champion\"}"

static void policies_are_set_told_of_and_end(void **state)
{
    (void)state;
    get(200, "promotion-policies/list", "{\"policies\":[]}");
    set_policy(CHAMPION, "{\"tag\":\"owner\"}");
    set_policy(CHAMPION, "{\"tag\":\"owner\"},\"signature\"");
    get(200, "promotion-policies/get?name=p", "\"version\":2");
    get(200, "promotion-policies/get?name=p&version=1", "\"rules\":[{\"tag\":\"owner\"}]}");
    get(404, "promotion-policies/get?name=q", "Promotion policy with name=q not found");
    get(200, "promotion-policies/history?name=p", "\"version\":1,");
    ask("DELETE", 200, "promotion-policies/delete", "{}", "{\"name\":\"p\"}");
    ask("DELETE", 404, "promotion-policies/delete", "not found", "{\"name\":\"p\"}");
    get(404, "promotion-policies/get?name=p", "not found");
    get(200, "promotion-policies/history?name=p", "\"version\":3,");
    post(400, "promotion-policies/set", "policy:1: there is no rule 'tags'",
         "{\"policy\":{\"name\":\"p\",\"model\":\"m\",\"target\":" CHAMPION ",\"rules\":[{\"tags\":\"x\"}]}}");
    post(400, "promotion-policies/set", "policy:5: 'auc >', character 6",
         "{\"policy_yaml\":\"name: p\\nmodel: m\\ntarget: {alias: a}\\nrules:\\n  - metric: auc >\\n\"}");
    post(400, "promotion-policies/set", "Missing value for required parameter 'policy'", "{}");
}

static void every_way_to_an_alias_is_gated(void **state)
{
    (void)state;
    make(2);
    set_policy(CHAMPION, "{\"tag\":{\"owner\":\"ops\"}}");
    post(200, "gates:evaluate", "\"outcome\":\"failed\",\"rules\":[{\"policy\":\"p\"", SET);
    post(403, "registered-models/alias",
         "PERMISSION_DENIED\",\"message\":\"Version 1 of the model 'fraud' may not have the alias 'champion'. tag "
         "owner = "
         "ops: it is 'ml'.\"",
         SET);
    get(400, "registered-models/alias?name=fraud&alias=champion", "alias champion not found");
    post(200, "model-versions/set-tag", "{}",
         "{\"name\":\"fraud\",\"version\":\"1\",\"key\":\"owner\",\"value\":\"ops\"}");
    post(200, "registered-models/alias", "{}", SET);
    post(200, "registered-models/alias", "{}", SET); /* it holds it already */
    get(200, "registered-models/alias?name=fraud&alias=champion", "\"version\":\"1\"");
    get(200, "promotion-audit/list?name=fraud&max_results=1",
        "\"outcome\":\"applied\",\"name\":\"fraud\",\"version\":1");
    get(200, "promotion-audit/list?name=fraud", "\"measured\":\"ml\",\"threshold\":\"ops\"");
    get(400, "promotion-audit/list?max_results=0", "it must be between 1 and 1000");
    post(400, "gates:evaluate", "Name one target: 'alias' or 'stage'.", "{\"name\":\"fraud\",\"version\":\"1\"}");
    post(404, "gates:evaluate", "not found", "{\"name\":\"fraud\",\"version\":\"9\",\"stage\":\"Production\"}");
}

static void stages_are_gated_and_requested(void **state)
{
    (void)state;
    make(1);
    set_policy("{\"stage\":\"Production\"}", "{\"approvals\":1}");
    post(403, "model-versions/transition-stage", "was opened, and completes by itself. 1 approval by User: 0 given.",
         "{\"name\":\"fraud\",\"version\":\"1\",\"stage\":\"production\"}");
    get(200, "transition-requests/list?name=fraud&version=1",
        "\"activity_type\":\"REQUESTED_TRANSITION\",\"state\":\"open\"");
    post(200, "transition-requests/create",
         "{\"request\":{\"id\":", "{\"name\":\"fraud\",\"version\":\"1\",\"stage\":\"Production\"}");
    /* Whoever asked may not approve; nobody else is here. */
    post(403, "transition-requests/approve", "may not approve it",
         "{\"name\":\"fraud\",\"version\":\"1\",\"stage\":\"Production\"}");
    ask("DELETE", 200, "transition-requests/delete?name=fraud&version=1&stage=Production&comment=no",
        "\"activity_type\":\"CANCELLED_REQUEST\",\"state\":\"cancelled\"", NULL);
    get(200, "transition-requests/list?name=fraud&version=1", "{\"requests\":[]}");
    post(404, "transition-requests/reject", "No transition request is open",
         "{\"name\":\"fraud\",\"version\":\"1\",\"stage\":\"Production\"}");
    post(200, "databricks/model-versions/transition-stage", "{\"model_version_databricks\":{",
         "{\"name\":\"fraud\",\"version\":\"1\",\"stage\":\"Staging\",\"comment\":\"try\"}");
    post(400, "databricks/model-versions/transition-stage", "'stage' is needed", SET);
}

static void a_version_goes_back(void **state)
{
    (void)state;
    make(2);
    post(404, "gates:rollback", "No version held the alias 'champion' of the model 'fraud' before",
         "{\"name\":\"fraud\",\"alias\":\"champion\"}");
    post(200, "registered-models/alias", "{}", SET);
    post(200, "registered-models/alias", "{}", "{\"name\":\"fraud\",\"version\":\"2\",\"alias\":\"champion\"}");
    post(200, "gates:rollback", "\"version\":\"1\"",
         "{\"name\":\"fraud\",\"alias\":\"champion\",\"comment\":\"worse\"}");
    get(200, "registered-models/alias?name=fraud&alias=champion", "\"version\":\"1\"");
    get(200, "promotion-audit/list?name=fraud", "\"action\":\"rollback\"");
}

static void files_are_asked(void **state)
{
    (void)state;
    make(1);
    set_policy(CHAMPION, "\"signature\"");
    post(403, "registered-models/alias", "signature: the files lie at 's3://b/m', which this server does not keep.",
         SET);
    post(200, "gates:evaluate", "which this server does not keep", SET);
}

#define MOVED "{\"name\":\"fraud\",\"version\":\"1\",\"alias\":\"other\"}"

static char run_id[33];

static void file(const char *method, const char *name, const char *text)
{
    char target[256];
    snprintf(target, sizeof target, "/api/2.0/mlflow-artifacts/artifacts/0/%s/artifacts/model/%s", run_id, name);
    fx_expect(200, method, target, text, NULL);
}

/* What lies on the disk, whoever has put it there. */
static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/artifacts/0/%s/artifacts/model/%s", fx.folder, run_id, name);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static void artifacts_are_what_was_logged(void **state)
{
    (void)state;
    post(200, "runs/create", "\"run_id\":\"", "{\"experiment_id\":\"0\"}");
    memcpy(run_id, strstr(fx_body, "\"run_id\":\"") + strlen("\"run_id\":\""), 32);
    file("PUT", "MLmodel", "signature:\n  inputs: '[]'\n");
    file("PUT", "data/model.pkl", "weights");
    fx.now_us += HK_SECOND_US;
    post(200, "registered-models/create", "fraud", "{\"name\":\"fraud\"}");
    snprintf(body, sizeof body,
             "{\"name\":\"fraud\",\"run_id\":\"%s\",\"source\":\"mlflow-artifacts:/0/%s/artifacts/model\"}", run_id,
             run_id);
    post(200, "model-versions/create", "READY", body);
    set_policy("{\"alias\":\"*\"}", "\"signature\",\"checksum\"");
    post(200, "gates:evaluate", "artifacts unchanged since logging: they are.", SET);
    post(200, "registered-models/alias", "{}", SET);
    write_file("data/model.pkl", "weightz");
    post(403, "registered-models/alias", "model.pkl' has changed since it was logged.", MOVED);
    write_file("data/model.pkl", "weights");
    write_file("more.txt", "x");
    post(403, "registered-models/alias", "more.txt' was not logged through this server.", MOVED);
    file("DELETE", "more.txt", NULL);
    post(200, "registered-models/alias", "{}", MOVED);
    fx.now_us += HK_SECOND_US;
    file("PUT", "data/model.pkl", "weights");
    post(200, "gates:evaluate", "model.pkl' was logged again after the version was made.", SET);
    file("DELETE", "data/model.pkl", NULL);
    post(200, "gates:evaluate", "files that were logged are no longer there.", SET);
    file("DELETE", "MLmodel", NULL);
    post(200, "gates:evaluate", "there are no files.", SET);
    post(200, "gates:evaluate", "the model's MLmodel cannot be read", SET);
}

static void mlmodel_files_are_understood(void **state)
{
    (void)state;
    assert_true(hk_model_file_has(HK_STR("a: 1\nsignature:\n  inputs: '[]'\nz: 2\n"), "signature"));
    assert_true(hk_model_file_has(HK_STR("saved_input_example_info: {x: 1}\n"), "saved_input_example_info"));
    assert_false(hk_model_file_has(HK_STR("signature: null\n"), "signature"));
    assert_false(hk_model_file_has(HK_STR("signature:\nother:\n  a: 1\n"), "signature"));
    assert_false(hk_model_file_has(HK_STR("  signature:\n    a: 1\nsignatures:\n  a: 1\n"), "signature"));
    assert_false(hk_model_file_has(HK_STR(""), "signature"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_set_up, fx_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(policies_are_set_told_of_and_end),
        TEST(every_way_to_an_alias_is_gated),
        TEST(stages_are_gated_and_requested),
        TEST(a_version_goes_back),
        TEST(files_are_asked),
        TEST(artifacts_are_what_was_logged),
        cmocka_unit_test(mlmodel_files_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
