/* Gates: what DAG runs decide about promotions: those that validate a version, and the one that made it. */
#include "tests/unit/engine/store/promotion_world.h"

static void test_validation(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_policy("fraud", champion, validated, 2);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REFUSED); /* there is no such DAG */
    a_dag("check");
    requests = 0;
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    assert_int_equal(validations_due(), 1);
    const char *conf = "{\"model\":\"fraud\",\"version\":1,\"target\":{\"alias\":\"champion\"},\"request\":\"q1\"}";
    char expected[256];
    snprintf(expected, sizeof expected, "check promotion__q1 %s", conf);
    assert_string_equal(due_text, expected);
    a_run("check", "promotion__q1", "running", conf);
    assert_int_equal(validations_due(), 0);
    assert_int_equal(write_once(go_on, NULL), HK_OK);
    assert_int_equal(result.outcome, HK_PROMOTION_REQUESTED);
    sql("UPDATE dag_run SET state = 'success'");
    assert_int_equal(write_once(go_on, NULL), HK_OK);
    assert_int_equal(result.outcome, HK_PROMOTION_APPLIED);
    assert_int_equal(holder("fraud", &champion), 1);
}

static void test_validation_that_does_not_count(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_dag("check");
    a_policy("fraud", champion, validated, 2);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    a_run("check", "promotion__q1", "success", "{}"); /* somebody has made one by hand */
    assert_int_equal(write_once(go_on, NULL), HK_OK);
    assert_int_equal(result.outcome, HK_PROMOTION_REFUSED);
    assert_int_equal(number("SELECT count(*) FROM promotion_request WHERE state = 'failed'"), 1);
    assert_int_equal(holder("fraud", &champion), 0);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED); /* another try, another run */
}

static bool stirred(struct hk_db *db, void *arg, struct hk_error *e)
{
    struct hk_request_rows rows;
    (void)arg;
    bool ok = hk_store_requests_stirred(db, &arena, &rows, e);
    return ok && (rows.count == 1 || hk_error_set(e, HK_NOT_FOUND, "%zu", rows.count));
}

static bool pause_check(struct hk_db *db, void *arg, struct hk_error *e)
{
    return hk_store_dag_set_paused(db, "check", *(const bool *)arg, e);
}

static const char *waits_for(void)
{
    static char text[512];
    struct hk_db *db = NULL;
    struct hk_request_row row;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_request_get(db, request_id, &arena, &row, &err));
    snprintf(text, sizeof text, "%s: %s", row.state, row.message);
    hk_store_reader_give(store, db);
    return text;
}

static void test_validation_that_is_paused_or_deleted(void **state)
{
    (void)state;
    static const bool yes = true;
    static const bool no = false;
    const char *conf = "{\"model\":\"fraud\",\"version\":1,\"target\":{\"alias\":\"champion\"},\"request\":\"q1\"}";
    a_model("fraud");
    a_version("fraud", 0.95);
    a_dag("check");
    a_dag("other");
    a_policy("fraud", champion, validated, 2);
    assert_int_equal(write_once(pause_check, &yes), HK_OK);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    assert_non_null(strstr(message, "waits for DAG 'check', which is paused (hanok dags unpause check)"));
    /* Each change of the DAG is looked at once. */
    sql("UPDATE dag SET is_paused = 1 WHERE dag_id = 'other'");
    assert_int_equal(write_once(stirred, NULL), HK_NOT_FOUND);
    assert_int_equal(write_once(pause_check, &no), HK_OK);
    assert_int_equal(write_once(stirred, NULL), HK_OK);
    assert_int_equal(write_once(go_on, NULL), HK_OK);
    assert_string_equal(waits_for(), "open: DAG check succeeds: it has not begun.");
    assert_int_equal(write_once(stirred, NULL), HK_NOT_FOUND);
    /* A run that was deleted is not made again; the request ends. */
    a_run("check", "promotion__q1", "queued", conf);
    sql("DELETE FROM dag_run");
    assert_int_equal(validations_due(), 0);
    assert_int_equal(write_once(stirred, NULL), HK_OK);
    assert_int_equal(write_once(go_on, NULL), HK_OK);
    assert_int_equal(result.outcome, HK_PROMOTION_REFUSED);
    assert_non_null(strstr(waits_for(), "failed: Version 1 of the model 'fraud' may not have the alias 'champion'."));
    assert_non_null(strstr(waits_for(), "was deleted; ask for the promotion anew"));
    /* And what is closed is stirred by nothing. */
    assert_int_equal(write_once(pause_check, &yes), HK_OK);
    assert_int_equal(number("SELECT count(*) FROM promotion_wait WHERE is_stirred = 1"), 0);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED); /* a new one, with a run of its own */
    sql("UPDATE dag SET is_stale = 1 WHERE dag_id = 'check'"); /* its file went before the run was made */
    assert_int_equal(write_once(stirred, NULL), HK_OK);
    assert_int_equal(write_once(go_on, NULL), HK_OK);
    assert_non_null(strstr(waits_for(), "there is no DAG 'check'; add its file, or mend the policy 'fraud'"));
}

/* The one try of the one task of a run, and of it all runs of MLflow: as if they had been made with its token. */
static void made_by(const char *dag_id, const char *run_id)
{
    sql("INSERT INTO maker (run_key, task, map_index, starts, dag_id, run_id, task_id, try_number, triggering_user) "
        "SELECT run_key, 0, -1, 1, dag_id, run_id, 't', 1, 'tina' FROM dag_run WHERE dag_id = '%s' AND run_id = '%s'; "
        "INSERT INTO ml_run (run_uuid, experiment_key, name, user_id, status, start_ms, artifact_uri, maker_key, "
        "maker_commit) SELECT 'made', 0, 'r', 'ann', 'FINISHED', 1, 's3://b/made', maker_key, 'abc' FROM maker",
        dag_id, run_id);
}

static void a_made_version(const char *run_id, const char *model_id, const char *where, int64_t maker_key)
{
    const struct hk_model_version_save save = {.model = "fraud",
                                               .source = where,
                                               .storage_location = where,
                                               .author = "ann",
                                               .run_id = run_id,
                                               .model_id = model_id,
                                               .maker_key = maker_key,
                                               .now_ms = now_us / HK_MS_US};
    assert_int_equal(write_once(create_version, &save), HK_OK);
}

static void test_lineage(void **state)
{
    (void)state;
    static const struct hk_rule lineage[] = {{.kind = HK_RULE_LINEAGE, .name = "train*", .number = 1}};
    a_model("fraud");
    a_dag("train");
    a_policy("fraud", champion, lineage, 1);
    a_run("train", "r1", "running", "{}");
    made_by("train", "r1");
    a_made_version("made", NULL, "s3://b/made/m", 0);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED); /* its DAG run has not ended */
    sql("UPDATE dag_run SET state = 'success'");
    assert_int_equal(number("SELECT count(*) FROM promotion_wait WHERE dag_id = 'train' AND run_id = 'r1'"), 1);
    assert_int_equal(write_once(go_on, NULL), HK_OK);
    assert_int_equal(holder("fraud", &champion), 1);
    /* The run is deleted, and one of its name is made that succeeds: that one has not made it. */
    a_made_version("made", NULL, "s3://b/made/m", 0);
    a_run("train", "r2", "success", "{}"); /* so that the key is a new one, as the engine sees to */
    sql("DELETE FROM dag_run WHERE run_id = 'r1'");
    a_run("train", "r1", "success", "{}");
    assert_int_equal(try_it(to(&champion, "fraud", 2)), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "was deleted"));
}

static void test_lineage_cannot_be_forged(void **state)
{
    (void)state;
    static const struct hk_rule lineage[] = {{.kind = HK_RULE_LINEAGE, .number = 1}};
    a_model("fraud");
    a_dag("train");
    a_policy("fraud", champion, lineage, 1);
    a_run("train", "r1", "success", "{}");
    made_by("train", "r1");
    /* Tags by hand. */
    a_version("fraud", 0.95);
    sql("INSERT INTO ml_run_tag SELECT run_key, 'airflow.dag_id', 'train' FROM ml_run; "
        "INSERT INTO ml_run_tag SELECT run_key, 'airflow.dag_run_id', 'r1' FROM ml_run; "
        "INSERT INTO ml_run_tag SELECT run_key, 'mlflow.source.git.commit', 'abc' FROM ml_run");
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "was not made by a task (its tags name run 'r1' of DAG 'train'"));
    assert_non_null(strstr(message, "MLFLOW_TRACKING_TOKEN"));
    /* Files that are somebody else's, beside the run's folder, and a logged model that a person has made. */
    a_made_version("made", NULL, "s3://b/made2/m", 0);
    assert_int_equal(try_it(to(&champion, "fraud", 2)), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "its files are not among the artifacts of what made it, but at 's3://b/made2/m'"));
    sql("INSERT INTO logged_model (model_id, experiment_key, name, model_type, source_run_id, status, "
        "artifact_location, created_ms, updated_ms) VALUES ('m-1', 0, 'm', '', 'made', 2, 's3://b/m-1', 1, 1)");
    a_made_version("made", "m-1", "s3://b/m-1", 0);
    assert_int_equal(try_it(to(&champion, "fraud", 3)), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "logged model 'm-1' was not made by run 'r1' of DAG 'train'"));
    /* No run at all: then it counts who has registered it. */
    a_made_version(NULL, NULL, "s3://elsewhere/m", 0);
    assert_int_equal(try_it(to(&champion, "fraud", 4)), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "it comes from no run, and no task has registered it"));
    a_made_version("gone", NULL, "s3://b/made/m", 0);
    assert_int_equal(try_it(to(&champion, "fraud", 5)), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "there is no run 'gone'"));
    assert_int_equal(holder("fraud", &champion), 0);
    a_made_version("made", NULL, "s3://b/made/m", 0);
    assert_int_equal(try_it(to(&champion, "fraud", 6)), HK_PROMOTION_APPLIED);
    /* What is written stays, whoever writes. */
    assert_int_equal(write_once(run_sql, (void *)(uintptr_t) "UPDATE ml_run SET maker_key = 1"), HK_CONFLICT);
    assert_int_equal(write_once(run_sql, (void *)(uintptr_t) "UPDATE model_version SET maker_key = 1"), HK_CONFLICT);
    assert_int_equal(write_once(run_sql, (void *)(uintptr_t) "UPDATE maker SET dag_id = 'x'"), HK_CONFLICT);
    assert_int_equal(write_once(run_sql, (void *)(uintptr_t) "DELETE FROM maker"), HK_CONFLICT);
}

static void test_who_triggered_is_an_author(void **state)
{
    (void)state;
    a_model("fraud");
    a_dag("train");
    a_policy("fraud", champion, approved + 1, 1);
    a_run("train", "r1", "success", "{}");
    made_by("train", "r1");
    a_made_version("made", NULL, "s3://b/made/m", 1);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    struct hk_promotion p = by("tina", "Op", to(&champion, "fraud", 1));
    assert_int_equal(write_once(approve, &p), HK_DENIED);
    p = by("olga", "Op", p);
    assert_int_equal(write_once(approve, &p), HK_OK);
    assert_int_equal(holder("fraud", &champion), 1);
    /* And of a promotion that a task of hers asks for. */
    a_version("fraud", 0.95);
    p = to(&champion, "fraud", 2);
    p.maker_key = 1;
    assert_int_equal(try_it(p), HK_PROMOTION_REQUESTED);
    p = by("tina", "Op", to(&champion, "fraud", 2));
    assert_int_equal(write_once(approve, &p), HK_DENIED);
    p = by("olga", "Op", p);
    assert_int_equal(write_once(approve, &p), HK_OK);
    assert_int_equal(holder("fraud", &champion), 2);
}
int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_validation),
        TEST(test_validation_that_does_not_count),
        TEST(test_validation_that_is_paused_or_deleted),
        TEST(test_lineage),
        TEST(test_lineage_cannot_be_forged),
        TEST(test_who_triggered_is_an_author),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
