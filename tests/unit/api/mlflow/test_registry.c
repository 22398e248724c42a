/* Models, versions, stages and aliases through the door. Statuses, codes and sentences are those of mlflow 3.17.2,
 * which was asked; the few that are hanok's own say why. */
#include "tests/unit/api/mlflow/fixture.h"

#define A "/api/2.0/mlflow/"
#define MODELS "registered-models/"
#define VERSIONS "model-versions/"

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

static void make(const char *name, int versions)
{
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    post(200, MODELS "create", "\"creation_timestamp\":", body);
    for (int i = 0; i < versions; i++) {
        snprintf(body, sizeof body, "{\"name\":\"%s\",\"source\":\"s3://b/m\"}", name);
        post(200, VERSIONS "create", "\"status\":\"READY\"", body);
    }
}

static void a_model_is_made_told_of_and_renamed(void **state)
{
    (void)state;
    post(200, MODELS "create", "\"description\":\"d\",\"tags\":[{\"key\":\"b\",\"value\":\"2\"},{\"key\":\"k\",",
         "{\"name\":\"m\",\"description\":\"d\",\"tags\":[{\"key\":\"k\",\"value\":\"v\"},{\"key\":\"b\",\"value\":"
         "\"2\"}]}");
    post(400, MODELS "create", "RESOURCE_ALREADY_EXISTS\",\"message\":\"Registered Model (name=m) already exists.",
         "{\"name\":\"m\"}");
    post(400, MODELS "create", "Missing value for required parameter 'name'. See", "{}");
    post(400, MODELS "create", "Names cannot contain '/' or ':'.", "{\"name\":\"a/b\"}");
    post(400, MODELS "create", "Names may only contain alphanumerics",
         "{\"name\":\"t\",\"tags\":[{\"key\":\"a$\",\"value\":\"v\"}]}");
    post(400, MODELS "create", "Names may only contain alphanumerics",
         "{\"name\":\"t\",\"tags\":[{\"key\":\"a\\u0000b\",\"value\":\"v\"}]}");
    post(400, MODELS "create", "The parameter 'name' must not hold the character U+0000.", "{\"name\":\"a\\u0000b\"}");
    post(200, MODELS "set-tag", "{}", "{\"name\":\"m\",\"key\":\"a\",\"value\":\"1\"}");
    ask("DELETE", 200, MODELS "delete-tag", "{}", "{\"name\":\"m\",\"key\":\"b\"}");
    ask("DELETE", 200, MODELS "delete-tag", "{}", "{\"name\":\"m\",\"key\":\"none\"}");
    get(200, MODELS "get?name=m", "\"tags\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"k\",\"value\":\"v\"}]");
    ask("PATCH", 200, MODELS "update", "\"description\":\"e\"", "{\"name\":\"m\",\"description\":\"e\"}");
    post(200, MODELS "rename", "\"name\":\"n\"", "{\"name\":\"m\",\"new_name\":\"n\"}");
    get(404, MODELS "get?name=m", "RESOURCE_DOES_NOT_EXIST\",\"message\":\"Registered Model with name=m not found");
    make("m", 0);
    post(400, MODELS "rename", "RESOURCE_ALREADY_EXISTS", "{\"name\":\"m\",\"new_name\":\"n\"}");
    post(400, MODELS "rename", "Missing value for required parameter 'new_name'.\"",
         "{\"name\":\"m\",\"new_name\":\" \"}");
    ask("DELETE", 200, MODELS "delete", "{}", "{\"name\":\"n\"}");
    ask("DELETE", 404, MODELS "delete", "name=n not found", "{\"name\":\"n\"}");
}

static void a_prompt_and_a_model_do_not_share_a_name(void **state)
{
    (void)state;
#define PROMPT "\"tags\":[{\"key\":\"mlflow.prompt.is_prompt\",\"value\":\"true\"}]"
    make("m", 0);
    post(200, MODELS "create", "\"name\":\"p\"", "{\"name\":\"p\"," PROMPT "}");
    post(400, MODELS "create", "Prompt (name=p) already exists.", "{\"name\":\"p\"," PROMPT "}");
    post(400, MODELS "create", "a registered model with name 'p', but the name is already taken by a prompt.",
         "{\"name\":\"p\"}");
    post(400, MODELS "create", "a prompt with name 'm', but the name is already taken by a registered model.",
         "{\"name\":\"m\"," PROMPT "}");
    post(200, VERSIONS "create", "\"source\":\"dummy-source\"",
         "{\"name\":\"p\",\"source\":\"dummy-source\"," PROMPT "}");
    post(400, VERSIONS "create", "Prompt sources must use an MLflow placeholder.",
         "{\"name\":\"p\",\"source\":\"s3://b/m\"," PROMPT "}");
    post(400, VERSIONS "create", "Prompt versions cannot be used as model version sources.",
         "{\"name\":\"m\",\"source\":\"models:/p/1\"}");
}

static void a_version_has_a_number_and_a_source(void **state)
{
    (void)state;
    make("m", 2);
    get(200, VERSIONS "get?name=m&version=2", "\"name\":\"m\",\"version\":\"2\"");
    get(200, VERSIONS "get-download-uri?name=m&version=2", "{\"artifact_uri\":\"s3://b/m\"}");
    get(404, VERSIONS "get?name=m&version=3", "Model Version (name=m, version=3) not found");
    get(400, VERSIONS "get?name=m&version=x", "Parameter 'version' must be an integer, got 'x'.");
    get(400, VERSIONS "get-download-uri?name=m", "Parameter 'version' must be an integer, got ''.");
    post(404, VERSIONS "create", "Registered Model with name=n not found", "{\"name\":\"n\",\"source\":\"s3://b/m\"}");
    post(400, VERSIONS "create", "The run_id request parameter must identify the resource that contains the source.",
         "{\"name\":\"m\",\"source\":\"runs:/r/model\"}");
    post(400, VERSIONS "create", "To use a local path", "{\"name\":\"m\",\"source\":\"/etc\"}");
    post(400, VERSIONS "create", "'source' cannot use the 'http' scheme", "{\"name\":\"m\",\"source\":\"http://h/x\"}");
    post(404, VERSIONS "create", "Logged model with ID 'm-1' not found.",
         "{\"name\":\"m\",\"source\":\"s3://b/m\",\"model_id\":\"m-1\"}");
    ask("PATCH", 200, VERSIONS "update", "\"description\":\"d\"",
        "{\"name\":\"m\",\"version\":\"1\",\"description\":\"d\"}");
    post(200, VERSIONS "set-tag", "{}", "{\"name\":\"m\",\"version\":\"1\",\"key\":\"k\",\"value\":\"v\"}");
    get(200, VERSIONS "get?name=m&version=1", "\"tags\":[{\"key\":\"k\",\"value\":\"v\"}]");
    ask("DELETE", 200, VERSIONS "delete-tag", "{}", "{\"name\":\"m\",\"version\":\"1\",\"key\":\"k\"}");
    ask("DELETE", 200, VERSIONS "delete", "{}", "{\"name\":\"m\",\"version\":\"2\"}");
    get(404, VERSIONS "get?name=m&version=2", "not found");
    post(200, VERSIONS "create", "\"version\":\"3\"", "{\"name\":\"m\",\"source\":\"s3://b/m\"}");
}

static void a_source_in_the_run_is_taken(void **state)
{
    (void)state;
    char run[64];
    char uri[256];
    make("m", 0);
    post(200, "runs/create", "\"artifact_uri\":\"", "{\"experiment_id\":\"0\",\"start_time\":5}");
    const char *at = strstr(fx_body, "\"run_id\":\"") + strlen("\"run_id\":\"");
    snprintf(run, sizeof run, "%.*s", (int)strcspn(at, "\""), at);
    at = strstr(fx_body, "\"artifact_uri\":\"") + strlen("\"artifact_uri\":\"");
    snprintf(uri, sizeof uri, "%.*s", (int)strcspn(at, "\""), at);
    snprintf(body, sizeof body, "{\"name\":\"m\",\"source\":\"%s/model\",\"run_id\":\"%s\"}", uri, run);
    post(200, VERSIONS "create", run, body);
    snprintf(body, sizeof body, "{\"name\":\"m\",\"source\":\"runs:/%s/model\",\"run_id\":\"%s\"}", run, run);
    post(200, VERSIONS "create", run, body);
    snprintf(body, sizeof body, "{\"name\":\"m\",\"source\":\"mlflow-artifacts:/0/other\",\"run_id\":\"%s\"}", run);
    post(400, VERSIONS "create", "must identify the resource", body);
}

static void a_copy_is_of_what_it_was_copied_from(void **state)
{
    (void)state;
    make("m", 1);
    make("n", 0);
    post(200, VERSIONS "create", "\"source\":\"models:/m/1\"", "{\"name\":\"n\",\"source\":\"models:/m/latest\"}");
    get(200, VERSIONS "get-download-uri?name=n&version=1", "{\"artifact_uri\":\"s3://b/m\"}");
    /* The real one says this with status 500, which makes its clients try again for minutes. */
    post(404, VERSIONS "create", "No versions of model with name 'm' and stage 'Production' found",
         "{\"name\":\"n\",\"source\":\"models:/m/Production\"}");
    post(400, VERSIONS "create", "Registered model alias x not found.", "{\"name\":\"n\",\"source\":\"models:/m@x\"}");
    post(400, VERSIONS "create", "must match the referenced model version.",
         "{\"name\":\"n\",\"source\":\"models:/m/1\",\"run_id\":\"r\"}");
    post(400, VERSIONS "create", "Registered model sources must use the active model registry.",
         "{\"name\":\"n\",\"source\":\"models://h/m/1\"}");
}

static void stages_are_moved_through(void **state)
{
    (void)state;
    make("m", 3);
    post(200, VERSIONS "transition-stage", "\"current_stage\":\"Production\"",
         "{\"name\":\"m\",\"version\":\"1\",\"stage\":\"production\"}");
    post(200, VERSIONS "transition-stage", "\"current_stage\":\"Production\"",
         "{\"name\":\"m\",\"version\":\"2\",\"stage\":\"Production\",\"archive_existing_versions\":true}");
    get(200, VERSIONS "get?name=m&version=1", "\"current_stage\":\"Archived\"");
    post(400, VERSIONS "transition-stage", "Invalid Model Version stage: Prod. Value must be one of None, Staging,",
         "{\"name\":\"m\",\"version\":\"2\",\"stage\":\"Prod\"}");
    /* With the real one this is its own fault: status 500. */
    post(400, VERSIONS "transition-stage", "because 'None' is not an Active stage.",
         "{\"name\":\"m\",\"version\":\"2\",\"stage\":\"None\",\"archive_existing_versions\":true}");
    post(404, VERSIONS "transition-stage", "Model Version (name=m, version=9) not found",
         "{\"name\":\"m\",\"version\":\"9\",\"stage\":\"None\"}");
    post(200, MODELS "get-latest-versions", "\"version\":\"3\"", "{\"name\":\"m\",\"stages\":[\"none\"]}");
    get(200, MODELS "get-latest-versions?name=m&stages=Staging", "{}");
    get(200, MODELS "get-latest-versions?name=m&stages=Production&stages=Archived", "\"version\":\"1\"");
    get(400, MODELS "get-latest-versions?name=m&stages=x", "Invalid Model Version stage: x.");
    get(200, MODELS "get?name=m", "\"latest_versions\":[{\"name\":\"m\",\"version\":\"1\"");
}

static void an_alias_is_held_by_one_version(void **state)
{
    (void)state;
    make("m", 2);
    post(200, MODELS "alias", "{}", "{\"name\":\"m\",\"alias\":\"champion\",\"version\":\"1\"}");
    post(200, MODELS "alias", "{}", "{\"name\":\"m\",\"alias\":\"champion\",\"version\":\"2\"}");
    get(200, MODELS "alias?name=m&alias=champion", "\"version\":\"2\"");
    get(200, MODELS "get?name=m", "\"aliases\":[{\"alias\":\"champion\",\"version\":\"2\"}]");
    get(200, VERSIONS "get?name=m&version=2", "\"aliases\":[\"champion\"]");
    get(200, MODELS "alias?name=m&alias=Latest", "\"version\":\"2\"");
    get(400, MODELS "alias?name=m&alias=none",
        "\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Registered model alias none not found.\"");
    post(400, MODELS "alias", "'latest' alias name (case insensitive) is reserved.",
         "{\"name\":\"m\",\"alias\":\"LATEST\",\"version\":\"1\"}");
    post(400, MODELS "alias", "Version alias name 'v1' is reserved.",
         "{\"name\":\"m\",\"alias\":\"v1\",\"version\":\"1\"}");
    post(404, MODELS "alias", "Model Version (name=m, version=7) not found",
         "{\"name\":\"m\",\"alias\":\"a\",\"version\":\"7\"}");
    ask("DELETE", 200, MODELS "alias", "{}", "{\"name\":\"m\",\"alias\":\"champion\"}");
    ask("DELETE", 200, MODELS "alias", "{}", "{\"name\":\"m\",\"alias\":\"champion\"}");
    ask("DELETE", 404, MODELS "alias", "Registered Model with name=n not found", "{\"name\":\"n\",\"alias\":\"a\"}");
    make("t", 0);
    get(404, MODELS "alias?name=t&alias=latest", "Latest version not found for model t.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_model_is_made_told_of_and_renamed, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(a_prompt_and_a_model_do_not_share_a_name, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(a_version_has_a_number_and_a_source, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(a_source_in_the_run_is_taken, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(a_copy_is_of_what_it_was_copied_from, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(stages_are_moved_through, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(an_alias_is_held_by_one_version, fx_set_up, fx_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
