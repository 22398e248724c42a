/* Gates: what the database decides about promotions, and keeps of it. */
#include "tests/unit/engine/store/promotion_world.h"

/* ---- rules ---- */

static void test_a_rule_that_fails(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.8);
    a_version("fraud", 0.95);
    a_policy("fraud", champion, good_auc, 1);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REFUSED);
    assert_string_equal(message,
                        "Version 1 of the model 'fraud' may not have the alias 'champion'. auc >= 0.9: 0.8 is not "
                        ">= 0.9.");
    assert_int_equal(holder("fraud", &champion), 0);
    assert_int_equal(number("SELECT count(*) FROM event WHERE kind = 'model_alias_set'"), 0);
    assert_int_equal(try_it(to(&champion, "fraud", 2)), HK_PROMOTION_APPLIED);
    assert_int_equal(holder("fraud", &champion), 2);
    assert_int_equal(number("SELECT count(*) FROM event WHERE kind = 'model_alias_set'"), 1);
    assert_int_equal(number("SELECT count(*) FROM promotion_audit WHERE action = 'promote' AND outcome = 'refused'"),
                     1);
    assert_int_equal(number("SELECT count(*) FROM promotion_audit_rule WHERE measured = '0.8' AND threshold = '>= 0.9' "
                            "AND outcome = 'failed'"),
                     1);
    assert_int_equal(try_it(to(&(struct hk_target){HK_TARGET_ALIAS, "other"}, "fraud", 1)), HK_PROMOTION_APPLIED);
    assert_int_equal(try_it(to(&production, "fraud", 1)), HK_PROMOTION_APPLIED); /* no policy speaks of those */
}

static void test_a_better_one_only(void **state)
{
    (void)state;
    static const struct hk_rule better[] = {{.kind = HK_RULE_METRIC, .name = "auc >= champion.auc - 0.005"}};
    a_model("fraud");
    a_version("fraud", 0.90);
    a_version("fraud", 0.89);
    a_version("fraud", 0.896);
    a_policy("fraud", production, better, 1);
    assert_int_equal(try_it(to(&production, "fraud", 1)), HK_PROMOTION_APPLIED);
    assert_int_equal(try_it(to(&production, "fraud", 2)), HK_PROMOTION_REFUSED);
    assert_int_equal(try_it(to(&production, "fraud", 3)), HK_PROMOTION_APPLIED);
}

static void test_a_race(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_version("fraud", 0.96);
    a_policy("fraud", champion, good_auc, 1);
    struct hk_promotion first = to(&champion, "fraud", 1);
    struct hk_promotion second = to(&champion, "fraud", 2);
    first.has_expected = second.has_expected = true; /* both have looked before either was written */
    assert_int_equal(try_it(first), HK_PROMOTION_APPLIED);
    assert_int_equal(write_once(apply, &second), HK_CONFLICT);
    assert_int_equal(holder("fraud", &champion), 1);
}

/* ---- taking away ---- */

static void test_what_is_held_stays(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_version("fraud", 0.5);
    a_policy("fraud", champion, good_auc, 1);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_APPLIED);
    struct hk_promotion p = to(&champion, "fraud", 0);
    p.kind = HK_PROMOTE_ALIAS_DELETE;
    assert_int_equal(try_it(p), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "lets only the role Op take the alias 'champion' of the model 'fraud'"));
    p = to(&champion, "fraud", 1);
    p.kind = HK_PROMOTE_VERSION_DELETE;
    assert_int_equal(try_it(p), HK_PROMOTION_REFUSED);
    p.version = 2;
    assert_int_equal(try_it(p), HK_PROMOTION_APPLIED); /* holds nothing */
    p = to(&champion, "fraud", 0);
    p.kind = HK_PROMOTE_MODEL_DELETE;
    assert_int_equal(try_it(p), HK_PROMOTION_REFUSED);
    p.kind = HK_PROMOTE_MODEL_RENAME;
    p.new_name = "free";
    assert_int_equal(try_it(p), HK_PROMOTION_REFUSED);
    assert_int_equal(holder("fraud", &champion), 1);
    assert_int_equal(number("SELECT count(*) FROM promotion_audit WHERE outcome = 'refused'"), 4);
    assert_int_equal(try_it(by("olga", "Op", p)), HK_PROMOTION_APPLIED);
    assert_int_equal(holder("free", &champion), 1);
}

static void test_a_name_earns_nothing(void **state)
{
    (void)state;
    a_model("cheap");
    a_version("cheap", 0.1);
    a_policy("fraud", champion, good_auc, 1);
    assert_int_equal(try_it(to(&champion, "cheap", 1)), HK_PROMOTION_APPLIED);
    struct hk_promotion p = by("ada", "Admin", to(&champion, "cheap", 0));
    p.kind = HK_PROMOTE_MODEL_RENAME;
    p.new_name = "fraud";
    assert_int_equal(try_it(p), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "Under the name 'fraud' the policy 'fraud' guards the alias 'champion'"));
}

static void test_a_gated_stage_is_not_left(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_policy("fraud", production, good_auc, 1);
    assert_int_equal(try_it(to(&production, "fraud", 1)), HK_PROMOTION_APPLIED);
    const struct hk_target archived = {HK_TARGET_STAGE, "Archived"};
    assert_int_equal(try_it(to(&archived, "fraud", 1)), HK_PROMOTION_REFUSED);
    assert_int_equal(try_it(by("olga", "Op", to(&archived, "fraud", 1))), HK_PROMOTION_APPLIED);
}

/* ---- requests ---- */

static void test_approvals(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_policy("fraud", champion, approved, 2);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    assert_non_null(strstr(message,
                           "the transition request q1 was opened, and completes by itself. 1 approval by Op: 0 "
                           "given."));
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED); /* the same one */
    assert_string_equal(request_id, "q1");
    struct hk_promotion p = by("uma", "Admin", to(&champion, "fraud", 1));
    assert_int_equal(write_once(approve, &p), HK_DENIED); /* has asked for it */
    p = by("ann", "Admin", p);
    assert_int_equal(write_once(approve, &p), HK_DENIED); /* has made it */
    p = by("bob", "User", p);
    assert_int_equal(write_once(approve, &p), HK_DENIED);
    p = by(NULL, "Admin", p);
    assert_int_equal(write_once(approve, &p), HK_DENIED);
    assert_int_equal(holder("fraud", &champion), 0);
    p = by("olga", "Op", p);
    assert_int_equal(write_once(approve, &p), HK_OK);
    assert_int_equal(result.outcome, HK_PROMOTION_APPLIED);
    assert_int_equal(holder("fraud", &champion), 1);
    assert_int_equal(number("SELECT count(*) FROM promotion_request WHERE state = 'applied'"), 1);
    assert_int_equal(write_once(approve, &p), HK_NOT_FOUND);
}

static void test_the_end_of_requests(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_version("fraud", 0.96);
    a_policy("fraud", champion, approved, 2);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    struct hk_promotion p = by("bob", "User", to(&champion, "fraud", 1));
    assert_int_equal(write_once(reject, &p), HK_DENIED);
    assert_int_equal(write_once(cancel, &p), HK_DENIED);
    p = by("olga", "Op", p);
    assert_int_equal(write_once(reject, &p), HK_OK);
    assert_int_equal(write_once(reject, &p), HK_NOT_FOUND);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    p = by("uma", "User", p);
    assert_int_equal(write_once(cancel, &p), HK_OK);
    /* Two requests for one target: the one that is completed first leaves the other without its ground. */
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    assert_int_equal(try_it(to(&champion, "fraud", 2)), HK_PROMOTION_REQUESTED);
    p = by("olga", "Op", to(&champion, "fraud", 2));
    assert_int_equal(write_once(approve, &p), HK_OK);
    assert_int_equal(holder("fraud", &champion), 2);
    assert_int_equal(number("SELECT count(*) FROM promotion_request WHERE state = 'superseded'"), 1);
    /* A request of a version that is deleted, and of a model that is. */
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    p = to(&champion, "fraud", 1);
    p.kind = HK_PROMOTE_VERSION_DELETE;
    assert_int_equal(try_it(p), HK_PROMOTION_APPLIED);
    assert_int_equal(number("SELECT count(*) FROM promotion_request WHERE state = 'open'"), 0);
    p = by("ada", "Admin", p);
    p.kind = HK_PROMOTE_MODEL_DELETE;
    assert_int_equal(try_it(p), HK_PROMOTION_APPLIED);
    assert_int_equal(number("SELECT count(*) FROM promotion_request"), 0);
}

static void test_a_request_without_a_policy(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.5);
    struct hk_promotion p = to(&production, "fraud", 1);
    p.is_request = true;
    assert_int_equal(try_it(p), HK_PROMOTION_REQUESTED);
    p = by("bob", "User", to(&production, "fraud", 1));
    assert_int_equal(write_once(approve, &p), HK_OK);
    assert_int_equal(holder("fraud", &production), 1);
}

static void test_texts_and_files(void **state)
{
    (void)state;
    static const struct hk_rule rules[] = {{.kind = HK_RULE_TAG, .name = "owner", .value = "ml"},
                                           {.kind = HK_RULE_PARAM, .name = "seed"},
                                           {.kind = HK_RULE_SAMPLES, .name = "params.rows", .number = 10},
                                           {.kind = HK_RULE_SIGNATURE},
                                           {.kind = HK_RULE_CHECKSUM},
                                           {.kind = HK_RULE_MAX_AGE, .number = HK_DAY_US},
                                           {.kind = HK_RULE_WINDOW, .name = "UTC", .days = 127, .to_minute = 1440}};
    a_model("fraud");
    a_version("fraud", 0.95);
    a_policy("fraud", champion, rules, 0 + sizeof rules / sizeof rules[0]);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REFUSED);
    sql("INSERT INTO model_version_tag SELECT version_key, 'owner', 'ml' FROM model_version; "
        "INSERT INTO ml_param SELECT run_key, 'seed', '7' FROM ml_run; "
        "INSERT INTO ml_param SELECT run_key, 'rows', '10' FROM ml_run");
    const struct hk_artifact_facts files = {.has_signature = HK_FACT_YES, .is_unchanged = HK_FACT_YES};
    struct hk_promotion p = to(&champion, "fraud", 1);
    assert_int_equal(try_it(p), HK_PROMOTION_REFUSED);
    p.artifacts = &files;
    p.now_us += 2 * HK_DAY_US;
    assert_int_equal(try_it(p), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "at most 1 day old"));
    p.now_us -= 2 * HK_DAY_US;
    assert_int_equal(try_it(p), HK_PROMOTION_APPLIED);
}

static void test_a_window(void **state)
{
    (void)state;
    static const struct hk_rule night[] = {
        {.kind = HK_RULE_WINDOW, .name = "UTC", .days = 127, .from_minute = 60, .to_minute = 120}};
    struct hk_request_rows due;
    struct hk_db *db = NULL;
    int64_t at_us = 0;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_policy("fraud", champion, night, 1);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED); /* shortly after midnight */
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_requests_next_due(db, &at_us, &err));
    assert_int_equal(at_us, 100 * HK_DAY_US + HK_HOUR_US);
    assert_true(hk_store_requests_due(db, at_us - 1, &arena, &due, &err));
    assert_int_equal(due.count, 0);
    assert_true(hk_store_requests_due(db, at_us, &arena, &due, &err));
    assert_int_equal(due.count, 1);
    hk_store_reader_give(store, db);
    now_us = at_us;
    assert_int_equal(write_once(go_on, NULL), HK_OK);
    assert_int_equal(holder("fraud", &champion), 1);
}

static void test_rollback(void **state)
{
    (void)state;
    a_model("fraud");
    for (int i = 0; i < 3; i++) {
        a_version("fraud", 0.9 + 0.01 * i);
    }
    a_policy("fraud", champion, good_auc, 1);
    struct hk_promotion p = by("olga", "Op", to(&champion, "fraud", 0));
    assert_int_equal(write_once(roll_back, &p), HK_NOT_FOUND);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(try_it(to(&champion, "fraud", i)), HK_PROMOTION_APPLIED);
    }
    sql("UPDATE ml_latest_metric SET value = 0.1"); /* what has passed once may come back */
    p = to(&champion, "fraud", 0);
    assert_int_equal(write_once(roll_back, &p), HK_DENIED);
    p = by("olga", "Op", to(&champion, "fraud", 0));
    assert_int_equal(write_once(roll_back, &p), HK_OK);
    assert_int_equal(holder("fraud", &champion), 2);
    assert_int_equal(write_once(roll_back, &p), HK_OK);
    assert_int_equal(holder("fraud", &champion), 1);
    assert_int_equal(write_once(roll_back, &p), HK_NOT_FOUND);
    assert_int_equal(number("SELECT count(*) FROM promotion_audit WHERE action = 'rollback'"), 2);
}

static struct hk_promotion rename_to(const char *model, const char *name)
{
    struct hk_promotion p = by("olga", "Op", to(&champion, model, 0));
    p.kind = HK_PROMOTE_MODEL_RENAME;
    p.new_name = name;
    return p;
}

static bool count_one(void *arg, const struct hk_promotion_audit *audit)
{
    char *text = arg;
    size_t used = strlen(text);
    snprintf(text + used, 512 - used, "%s %s %d; ", audit->model, audit->action, (int)audit->version);
    return true;
}

static const char *trail_of(const char *model)
{
    static char text[512];
    struct hk_db *db = NULL;
    text[0] = '\0';
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_promotion_audit_list(db, model, 0, 100, count_one, text, &err));
    hk_store_reader_give(store, db);
    return text;
}

static void test_a_trail_goes_on_under_a_new_name(void **state)
{
    (void)state;
    a_model("a");
    a_version("a", 0.91);
    a_version("a", 0.92);
    assert_int_equal(try_it(to(&champion, "a", 1)), HK_PROMOTION_APPLIED);
    assert_int_equal(try_it(to(&champion, "a", 2)), HK_PROMOTION_APPLIED);
    assert_int_equal(try_it(rename_to("a", "b")), HK_PROMOTION_APPLIED);
    assert_string_equal(trail_of("b"), "a rename 0; a promote 2; a promote 1; ");
    assert_int_equal(try_it(rename_to("b", "c")), HK_PROMOTION_APPLIED);
    /* Another model gets the first name; neither trail is the other's. */
    a_model("a");
    a_version("a", 0.93);
    assert_int_equal(try_it(to(&champion, "a", 1)), HK_PROMOTION_APPLIED);
    assert_string_equal(trail_of("c"), "b rename 0; a rename 0; a promote 2; a promote 1; ");
    assert_int_equal(try_it(rename_to("a", "d")), HK_PROMOTION_APPLIED);
    assert_string_equal(trail_of("d"), "a rename 0; a promote 1; ");
    struct hk_promotion p = by("olga", "Op", to(&champion, "d", 0));
    assert_int_equal(write_once(roll_back, &p), HK_NOT_FOUND);
    p = by("olga", "Op", to(&champion, "c", 0));
    assert_int_equal(write_once(roll_back, &p), HK_OK); /* to what it was under its first name */
    assert_int_equal(holder("c", &champion), 1);
    /* And back to its first name. */
    assert_int_equal(try_it(rename_to("c", "a")), HK_PROMOTION_APPLIED);
    /* What another model of that name did is under the name, too; it is not what this one goes back to. */
    assert_string_equal(trail_of("a"), "c rename 0; c rollback 1; a rename 0; a promote 1; b rename 0; a rename 0; "
                                       "a promote 2; a promote 1; ");
    assert_int_equal(try_it(to(&champion, "a", 2)), HK_PROMOTION_APPLIED);
    p = by("olga", "Op", to(&champion, "a", 0));
    assert_int_equal(write_once(roll_back, &p), HK_OK);
    assert_int_equal(holder("a", &champion), 1);
}

static void test_a_name_does_not_get_round_a_policy(void **state)
{
    (void)state;
    a_model("loose");
    a_version("loose", 0.1);
    a_version("loose", 0.95);
    a_policy("fraud*", champion, good_auc, 1);
    assert_int_equal(try_it(to(&champion, "loose", 1)), HK_PROMOTION_APPLIED);
    assert_int_equal(try_it(to(&champion, "loose", 2)), HK_PROMOTION_APPLIED);
    assert_int_equal(try_it(rename_to("loose", "fraud")), HK_PROMOTION_REFUSED);
    assert_non_null(strstr(message, "take it away first"));
    struct hk_promotion p = to(&champion, "loose", 2);
    p.kind = HK_PROMOTE_ALIAS_DELETE;
    assert_int_equal(try_it(p), HK_PROMOTION_APPLIED);
    assert_int_equal(try_it(rename_to("loose", "fraud")), HK_PROMOTION_APPLIED);
    assert_int_equal(try_it(to(&champion, "fraud", 2)), HK_PROMOTION_APPLIED); /* this one has earned it */
    p = by("olga", "Op", to(&champion, "fraud", 0));
    assert_int_equal(write_once(roll_back, &p), HK_NOT_FOUND); /* the first has not */
    assert_non_null(strstr(err.message, "where the policy 'fraud*' did not guard it"));
    assert_int_equal(holder("fraud", &champion), 2);
    /* The same policy under another name: who may not take the target away may not rename, and who may does it first.
     */
    p = by("uma", "User", rename_to("fraud", "free"));
    assert_int_equal(try_it(p), HK_PROMOTION_REFUSED);
    assert_int_equal(try_it(rename_to("fraud", "fraud2")), HK_PROMOTION_REFUSED);
    assert_int_equal(try_it(rename_to("fraud", "free")), HK_PROMOTION_APPLIED);
}

static void test_a_rename_ends_requests(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_model("other");
    a_version("other", 0.95);
    a_policy("fraud", champion, approved, 2);
    a_policy("other", champion, approved, 2);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_REQUESTED);
    assert_int_equal(try_it(to(&champion, "other", 1)), HK_PROMOTION_REQUESTED);
    assert_int_equal(try_it(by("uma", "User", rename_to("fraud", "free"))), HK_PROMOTION_APPLIED);
    assert_int_equal(number("SELECT count(*) FROM promotion_request WHERE state = 'open'"), 1);
    struct hk_promotion p = by("olga", "Op", to(&champion, "free", 1));
    assert_int_equal(write_once(approve, &p), HK_NOT_FOUND);
    assert_int_equal(holder("free", &champion), 0);
    assert_string_equal(trail_of("free"), "fraud rename 0; fraud request 1; fraud request 1; fraud policy 0; ");
}

static void test_the_trail_stays(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_policy("fraud", champion, good_auc, 1);
    assert_int_equal(try_it(to(&champion, "fraud", 1)), HK_PROMOTION_APPLIED);
    static const char *const edits[] = {
        "DELETE FROM promotion_audit",          "UPDATE promotion_audit SET actor = 'me'",
        "DELETE FROM promotion_audit_rule",     "UPDATE promotion_audit_rule SET measured = '1'",
        "DELETE FROM promotion_policy",         "UPDATE promotion_policy SET model = 'x'",
        "UPDATE promotion_rule SET name = 'x'", "DELETE FROM promotion_rule",
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        assert_int_not_equal(write_once(run_sql, edits[i]), HK_OK);
    }
}

/* ---- policies ---- */

static bool delete_policy(struct hk_db *db, void *arg, struct hk_error *e)
{
    return hk_store_policy_delete(db, arg, "op", now_us, e);
}

static bool file_policies(struct hk_db *db, void *arg, struct hk_error *e)
{
    const struct hk_policy *policy = arg;
    const struct hk_policy_save save = {
        .policy = policy, .document_json = HK_STR("{}"), .bundle = "b", .file = "f.policy.yaml", .now_us = now_us};
    return hk_store_policies_of_file(db, &save, policy != NULL, "b", "f.policy.yaml", now_us, e);
}

static void test_versions_of_policies(void **state)
{
    (void)state;
    a_policy("fraud", champion, good_auc, 1);
    a_policy("fraud", champion, good_auc, 1); /* the same: no new version */
    assert_int_equal(number("SELECT max(version) FROM promotion_policy"), 1);
    static const struct hk_rule other[] = {{.kind = HK_RULE_METRIC, .name = "auc > 0"}};
    a_policy("fraud", champion, other, 1);
    assert_int_equal(number("SELECT max(version) FROM promotion_policy"), 2);
    assert_int_equal(write_once(delete_policy, "fraud"), HK_OK);
    assert_int_equal(write_once(delete_policy, "fraud"), HK_NOT_FOUND);
    assert_int_equal(number("SELECT max(version) FROM promotion_policy"), 3);
    const struct hk_policy policy = {.name = "fraud",
                                     .model = "fraud",
                                     .target = champion,
                                     .removal_role = "Op",
                                     .rules = good_auc,
                                     .rule_count = 1};
    assert_int_equal(write_once(file_policies, &policy), HK_OK);
    assert_int_equal(write_once(file_policies, &policy), HK_OK);
    assert_int_equal(number("SELECT max(version) FROM promotion_policy"), 4);
    assert_int_equal(write_once(delete_policy, "fraud"), HK_CONFLICT);
    assert_int_equal(write_once(set_policy, &policy), HK_CONFLICT);
    assert_non_null(strstr(err.message, "is held by the file 'f.policy.yaml': change it there"));
    struct hk_db *db = NULL;
    struct hk_policy_row row;
    struct hk_policy_rows rows;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_policy_get(db, "fraud", 0, &arena, &row, &err));
    assert_int_equal(row.policy.rule_count, 1);
    assert_string_equal(row.policy.rules[0].name, "auc >= 0.9");
    assert_true(hk_store_policy_get(db, "fraud", 2, &arena, &row, &err));
    assert_string_equal(row.policy.rules[0].name, "auc > 0");
    assert_true(hk_store_policy_history(db, "fraud", &arena, &rows, &err));
    assert_int_equal(rows.count, 4);
    assert_true(rows.items[1].is_deleted);
    hk_store_reader_give(store, db);
    assert_int_equal(write_once(file_policies, NULL), HK_OK);
    assert_int_equal(number("SELECT count(*) FROM promotion_policy WHERE is_current = 1"), 0);
}

/* ---- no way around ---- */

enum { MODELS = 2, VERSIONS = 3, STEPS = 4000 };

static const char *const names[] = {"fraud", "churn", "other"};

/* The rules of this world: 'fraud' has a gated alias and a gated stage, which ask for an AUC of 0.9 and an approval. A
 * version that holds either must have the AUC now or have had it when it came, and must have been approved. */
static void check_world(const char *step)
{
    static const char bad[] =
        "SELECT count(*) FROM model_version v JOIN registered_model m USING (model_key) LEFT JOIN model_alias a "
        "ON a.model_key = v.model_key AND a.version = v.version AND a.alias = 'champion' WHERE m.name = 'fraud' "
        "AND (a.alias IS NOT NULL OR v.stage = 'Production') AND (v.run_id NOT IN (SELECT r.run_uuid FROM ml_run r "
        "JOIN "
        "ml_latest_metric l USING (run_key) WHERE l.value >= 0.9) OR NOT EXISTS (SELECT 1 FROM promotion_request q "
        "JOIN "
        "approval p USING (request_key) WHERE q.version_key = v.version_key AND p.user NOT IN ('uma', 'ann') "
        "AND p.role IN ('Op', 'Admin')))";
    if (number(bad) != 0) {
        fail_msg("a version got past its gate by: %s", step);
    }
}

static struct hk_promotion any_promotion(struct hk_rand *rand)
{
    static const char *const stages[] = {"None", "Staging", "Production", "Archived"};
    static const char *const aliases[] = {"champion", "Champion", "other"};
    static const char *const people[][2] = {
        {"uma", "User"}, {"ann", "Op"}, {"olga", "Op"}, {"ada", "Admin"}, {NULL, NULL}};
    uint64_t who = hk_rand_below(rand, 5);
    struct hk_promotion p = {.kind = (enum hk_promotion_kind)hk_rand_below(rand, 6),
                             .model = hk_rand_below(rand, 3) != 0 ? names[0] : names[hk_rand_below(rand, MODELS + 1)],
                             .alias = aliases[hk_rand_below(rand, 3)],
                             .new_name = names[hk_rand_below(rand, MODELS + 1)],
                             .archive_existing = hk_rand_below(rand, 2) == 0,
                             .actor = people[who][0],
                             .role = people[who][1],
                             .is_request = hk_rand_below(rand, 4) == 0,
                             .has_expected = hk_rand_below(rand, 4) == 0,
                             .expected_version = (int64_t)hk_rand_below(rand, VERSIONS + 1),
                             .request_id = hk_arena_printf(&arena, "q%d", ++requests),
                             .now_us = ++now_us};
    assert_true(hk_model_stage_find(hk_str_from(stages[hk_rand_below(rand, 4)]), &p.stage));
    char query[256];
    snprintf(query, sizeof query, "SELECT coalesce(max(last_version), 1) FROM registered_model WHERE name = '%s'",
             p.model);
    p.version =
        number(query) - (int64_t)hk_rand_below(rand, VERSIONS + 1); /* of those there are, and one that is not */
    if (p.kind > HK_PROMOTE_ALIAS && hk_rand_below(rand, p.kind >= HK_PROMOTE_MODEL_DELETE ? 20 : 4) != 0) {
        p.kind = HK_PROMOTE_STAGE; /* seldom, or there is nothing else to see */
    }
    return p;
}

/* People mostly decide about what there is to decide. */
static void aim_at_a_request(struct hk_promotion *p, struct hk_rand *rand)
{
    struct hk_request_rows rows;
    struct hk_db *db = NULL;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_requests_open(db, &arena, &rows, &err));
    hk_store_reader_give(store, db);
    if (rows.count == 0 || hk_rand_below(rand, 4) == 0) {
        return;
    }
    const struct hk_request_row *row = &rows.items[hk_rand_below(rand, rows.count)];
    p->model = row->model;
    p->version = row->version;
    p->kind = row->target.kind == HK_TARGET_ALIAS ? HK_PROMOTE_ALIAS : HK_PROMOTE_STAGE;
    p->alias = row->target.name;
    hk_model_stage_find(hk_str_from(row->target.name), &p->stage);
}

static void repopulate(struct hk_rand *rand)
{
    char query[256];
    for (size_t i = 0; i < MODELS; i++) {
        const struct hk_model_save model = {.name = names[i], .now_ms = now_us / HK_MS_US};
        write_once(create_model, &model);
        snprintf(query, sizeof query,
                 "SELECT count(*) FROM model_version v JOIN registered_model m USING (model_key) WHERE m.name = '%s' "
                 "AND stage <> 'Deleted_Internal'",
                 names[i]);
        if (number(query) < VERSIONS) {
            a_version(names[i], hk_rand_below(rand, 4) != 0 ? 0.95 : 0.5);
        }
    }
}

static void test_no_way_around(void **state)
{
    (void)state;
    static const struct {
        bool (*run)(struct hk_db *, void *, struct hk_error *);
        const char *name;
    } ways[] = {{apply, "apply"},     {apply, "apply"},        {apply, "apply"},   {approve, "approve"},
                {approve, "approve"}, {approve, "approve"},    {reject, "reject"}, {cancel, "cancel"},
                {go_on, "go on"},     {roll_back, "roll back"}};
    struct hk_rand rand;
    hk_rand_init(&rand, 20261127);
    a_policy("fraud", champion, approved, 2);
    static const struct hk_policy stage = {.name = "stage",
                                           .model = "fra*",
                                           .target = {HK_TARGET_STAGE, "Production"},
                                           .removal_role = "Op",
                                           .rules = approved,
                                           .rule_count = 2};
    assert_int_equal(write_once(set_policy, &stage), HK_OK);
    int applied = 0;
    for (int i = 0; i < STEPS; i++) {
        repopulate(&rand);
        struct hk_promotion p = any_promotion(&rand);
        uint64_t way = hk_rand_below(&rand, sizeof ways / sizeof ways[0]);
        if ((ways[way].run != apply) && p.kind > HK_PROMOTE_ALIAS) {
            p.kind = (enum hk_promotion_kind)hk_rand_below(&rand, 2);
        }
        if (ways[way].run == approve || ways[way].run == reject || ways[way].run == cancel) {
            aim_at_a_request(&p, &rand);
        }
        result.outcome = HK_PROMOTION_REFUSED;
        enum hk_code code = write_once(ways[way].run, &p);
        applied += code == HK_OK && result.outcome == HK_PROMOTION_APPLIED && strcmp(p.model, "fraud") == 0;
        char step[256];
        snprintf(step, sizeof step, "%d: %s kind %d model %s version %d alias %s stage %s new %s by %s", i,
                 ways[way].name, (int)p.kind, p.model, (int)p.version, p.alias, hk_model_stage_name(p.stage),
                 p.new_name, p.actor != NULL ? p.actor : "nobody");
        check_world(step);
        hk_arena_reset(&arena);
    }
    assert_true(applied > 50); /* or it has seen nothing */
    assert_true(number("SELECT count(*) FROM promotion_audit WHERE model = 'fraud' AND target IN ('champion', "
                       "'Production') AND action = 'promote' AND outcome = 'applied'") > 10);
    assert_true(number("SELECT count(*) FROM promotion_audit WHERE model = 'fraud' AND outcome = 'refused'") > 50);
}

/* ---- crashes ---- */

/* A promotion whose commit fails, or is cut off after it, has happened whole or not at all. */
static void test_all_or_nothing(void **state)
{
    (void)state;
    a_model("fraud");
    a_version("fraud", 0.95);
    a_policy("fraud", champion, good_auc, 1);
    struct hk_promotion p = to(&champion, "fraud", 1);
    hk_store_fail_step(store, 1000000);
    struct hk_promotion failing = p;
    /* Once to count the steps: of a promotion that is refused by its expected holder at the very end. */
    failing.has_expected = true;
    failing.expected_version = 7;
    assert_int_equal(write_once(apply, &failing), HK_CONFLICT);
    int steps = 1000000 - hk_store_fail_step(store, 0);
    for (int n = 1; n <= steps + 8; n++) {
        hk_store_fail_step(store, n);
        enum hk_code code = write_once(apply, &p);
        hk_store_fail_step(store, 0);
        int64_t is_held = holder("fraud", &champion);
        assert_int_equal(is_held != 0, code == HK_OK);
        assert_int_equal(number("SELECT count(*) FROM event WHERE kind = 'model_alias_set'"), is_held);
        assert_int_equal(number("SELECT count(*) FROM promotion_audit WHERE action = 'promote'"), is_held);
        if (code == HK_OK) {
            break;
        }
    }
    struct hk_promotion again = to(&champion, "fraud", 1);
    assert_int_equal(try_it(again), HK_PROMOTION_APPLIED);
    assert_int_equal(number("SELECT count(*) FROM promotion_audit WHERE action = 'promote'"), 1);
}
int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_rule_that_fails),
        TEST(test_a_better_one_only),
        TEST(test_a_race),
        TEST(test_what_is_held_stays),
        TEST(test_a_name_earns_nothing),
        TEST(test_a_gated_stage_is_not_left),
        TEST(test_approvals),
        TEST(test_the_end_of_requests),
        TEST(test_a_request_without_a_policy),
        TEST(test_texts_and_files),
        TEST(test_a_window),
        TEST(test_rollback),
        TEST(test_a_trail_goes_on_under_a_new_name),
        TEST(test_a_name_does_not_get_round_a_policy),
        TEST(test_a_rename_ends_requests),
        TEST(test_the_trail_stays),
        TEST(test_versions_of_policies),
        TEST(test_no_way_around),
        TEST(test_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
