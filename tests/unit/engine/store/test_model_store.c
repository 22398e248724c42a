/* Models, versions and aliases, and the one way by which versions move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/store/event_store.h"
#include "engine/store/model_alias_store.h"
#include "engine/store/model_version_store.h"
#include "engine/store/promotion_store.h"
#include "engine/store/store.h"

static struct hk_store *store;
static struct hk_arena arena;
static struct hk_error err;
static char seen[1024];
static int64_t now_us;

static int set_up(void **state)
{
    (void)state;
    const struct hk_store_options options = {.path = ":memory:", .is_inline = true, .no_sync = true};
    assert_true(hk_store_open(&options, &store, &err));
    hk_arena_init(&arena);
    now_us = 1000000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    hk_store_close(store);
    return 0;
}

static void say(const char *fmt, ...) HK_PRINTF(1, 2);
static void say(const char *fmt, ...)
{
    size_t len = strlen(seen);
    va_list args;
    va_start(args, fmt);
    vsnprintf(seen + len, sizeof seen - len, fmt, args);
    va_end(args);
}

/* ---- one write each ---- */

static enum hk_code last_code;

static void note_code(void *arg, const struct hk_error *e)
{
    (void)arg;
    last_code = e != NULL ? e->code : HK_OK;
}

static enum hk_code write_once(bool (*run)(struct hk_db *db, void *arg, struct hk_error *e), const void *arg)
{
    const struct hk_write w = {.run = run, .done = note_code, .arg = (void *)(uintptr_t)arg};
    last_code = HK_INTERNAL;
    hk_store_submit(store, &w);
    hk_store_pump(store);
    return last_code;
}

static bool create_model(struct hk_db *db, void *arg, struct hk_error *e)
{
    int64_t key = 0;
    return hk_store_model_create(db, arg, &key, e);
}

static bool create_version(struct hk_db *db, void *arg, struct hk_error *e)
{
    int64_t key = 0;
    int64_t version = 0;
    if (!hk_store_model_version_create(db, arg, &key, &version, e)) {
        return false;
    }
    say("v%d ", (int)version);
    return true;
}

static bool promote(struct hk_db *db, void *arg, struct hk_error *e)
{
    struct hk_promotion p = *(const struct hk_promotion *)arg;
    struct hk_promotion_result result = {0};
    p.now_us = now_us++;
    return hk_promotion_apply(db, &p, &arena, &result, e) && result.outcome == HK_PROMOTION_APPLIED;
}

static void a_model_with_versions(const char *name, int versions)
{
    const struct hk_model_save model = {.name = name, .now_ms = 1};
    assert_int_equal(write_once(create_model, &model), HK_OK);
    for (int i = 0; i < versions; i++) {
        const struct hk_model_version_save save = {
            .model = name, .source = "s3://b/m", .storage_location = "s3://b/m", .author = "ada", .now_ms = 2};
        assert_int_equal(write_once(create_version, &save), HK_OK);
    }
    seen[0] = '\0';
}

/* ---- looking ---- */

static void see_alias(void *arg, const char *alias, int64_t version)
{
    (void)arg;
    say("%s=%d ", alias, (int)version);
}

static void see_tag(void *arg, const struct hk_model_tag *tag)
{
    (void)arg;
    say("%s=%.*s ", tag->key, HK_STR_ARG(tag->value));
}

static bool see_event(void *arg, const struct hk_event *event)
{
    (void)arg;
    say("%s ", hk_event_kind_name(event->kind));
    return true;
}

/* "1:None 2:Production | champion=2 " */
static void look_at(const char *name)
{
    struct hk_db *db = NULL;
    struct hk_model_row model;
    seen[0] = '\0';
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_model_get(db, name, &arena, &model, &err));
    for (int64_t n = 1; n <= model.last_version; n++) {
        struct hk_model_version_row row;
        if (hk_store_model_version_get(db, name, n, &arena, &row, &err)) {
            say("%d:%s ", (int)n, hk_model_stage_name(row.stage));
        }
    }
    say("| ");
    assert_true(hk_store_aliases(db, model.key, 0, see_alias, NULL, &err));
    hk_store_reader_give(store, db);
}

static void look_at_events(void)
{
    struct hk_db *db = NULL;
    seen[0] = '\0';
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_events_after(db, 0, 100, see_event, NULL, &err));
    hk_store_reader_give(store, db);
}

/* ---- the tests ---- */

static void a_name_is_given_once(void **state)
{
    (void)state;
    const struct hk_model_tag tags[] = {{"b", HK_STR("1")}, {"a", HK_STR("2")}, {"b", HK_STR("3")}};
    const struct hk_model_save model = {.name = "m", .tags = tags, .tag_count = 3, .now_ms = 5};
    assert_int_equal(write_once(create_model, &model), HK_OK);
    assert_int_equal(write_once(create_model, &model), HK_CONFLICT);

    struct hk_db *db = NULL;
    struct hk_model_row row;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_model_get(db, "m", &arena, &row, &err));
    assert_null(row.description);
    assert_int_equal(row.created_ms, 5);
    seen[0] = '\0';
    assert_true(hk_store_model_tags(db, row.key, see_tag, NULL, &err));
    assert_string_equal(seen, "a=2 b=3 ");
    assert_false(hk_store_model_get(db, "M", &arena, &row, &err));
    assert_string_equal(err.message, "Registered Model with name=M not found");
    hk_store_reader_give(store, db);
}

static void numbers_are_never_used_again(void **state)
{
    (void)state;
    a_model_with_versions("m", 2);
    const struct hk_promotion away = {.kind = HK_PROMOTE_VERSION_DELETE, .model = "m", .version = 2};
    assert_int_equal(write_once(promote, &away), HK_OK);
    assert_int_equal(write_once(promote, &away), HK_NOT_FOUND);
    const struct hk_model_version_save save = {.model = "m", .source = "x", .storage_location = "x"};
    seen[0] = '\0';
    assert_int_equal(write_once(create_version, &save), HK_OK);
    assert_string_equal(seen, "v3 ");
    const struct hk_model_version_save nowhere = {.model = "n", .source = "x", .storage_location = "x"};
    assert_int_equal(write_once(create_version, &nowhere), HK_NOT_FOUND);

    const struct hk_promotion all_away = {.kind = HK_PROMOTE_MODEL_DELETE, .model = "m"};
    assert_int_equal(write_once(promote, &all_away), HK_OK);
    a_model_with_versions("m", 1);
    look_at("m");
    assert_string_equal(seen, "1:None | "); /* a new model begins anew */
}

static void who_moves_in_may_move_others_out(void **state)
{
    (void)state;
    a_model_with_versions("m", 4);
    struct hk_promotion p = {.kind = HK_PROMOTE_STAGE, .model = "m", .stage = HK_STAGE_PRODUCTION};
    for (p.version = 1; p.version <= 3; p.version++) {
        assert_int_equal(write_once(promote, &p), HK_OK);
    }
    look_at("m");
    assert_string_equal(seen, "1:Production 2:Production 3:Production 4:None | ");
    p.version = 4;
    p.archive_existing = true;
    assert_int_equal(write_once(promote, &p), HK_OK);
    look_at("m");
    assert_string_equal(seen, "1:Archived 2:Archived 3:Archived 4:Production | ");
    p.stage = HK_STAGE_ARCHIVED;
    assert_int_equal(write_once(promote, &p), HK_INVALID);
    look_at_events();
    assert_string_equal(seen, "model_version_created model_version_created model_version_created model_version_created "
                              "model_version_stage_changed model_version_stage_changed model_version_stage_changed "
                              "model_version_stage_changed model_version_stage_changed model_version_stage_changed "
                              "model_version_stage_changed ");
}

static void an_alias_has_one_holder(void **state)
{
    (void)state;
    a_model_with_versions("m", 2);
    struct hk_promotion p = {.kind = HK_PROMOTE_ALIAS, .model = "m", .version = 1, .alias = "champion"};
    assert_int_equal(write_once(promote, &p), HK_OK);
    assert_int_equal(write_once(promote, &p), HK_OK); /* it is: no second event */
    p.version = 2;
    assert_int_equal(write_once(promote, &p), HK_OK);
    p.alias = "also";
    assert_int_equal(write_once(promote, &p), HK_OK);
    look_at("m");
    assert_string_equal(seen, "1:None 2:None | also=2 champion=2 ");
    p.version = 3;
    assert_int_equal(write_once(promote, &p), HK_NOT_FOUND);

    const struct hk_promotion rename = {.kind = HK_PROMOTE_MODEL_RENAME, .model = "m", .new_name = "n"};
    assert_int_equal(write_once(promote, &rename), HK_OK);
    look_at("n");
    assert_string_equal(seen, "1:None 2:None | also=2 champion=2 ");
    const struct hk_promotion drop = {.kind = HK_PROMOTE_ALIAS_DELETE, .model = "n", .alias = "champion"};
    assert_int_equal(write_once(promote, &drop), HK_OK);
    assert_int_equal(write_once(promote, &drop), HK_OK); /* there is none: nothing to do */
    const struct hk_promotion away = {.kind = HK_PROMOTE_VERSION_DELETE, .model = "n", .version = 2};
    assert_int_equal(write_once(promote, &away), HK_OK);
    look_at("n");
    assert_string_equal(seen, "1:None | ");
    look_at_events();
    assert_string_equal(seen, "model_version_created model_version_created model_alias_set model_alias_set "
                              "model_alias_set model_alias_deleted model_alias_deleted model_version_stage_changed ");
}

static void a_name_that_is_taken_is_not_taken_over(void **state)
{
    (void)state;
    a_model_with_versions("m", 1);
    a_model_with_versions("n", 1);
    struct hk_promotion rename = {.kind = HK_PROMOTE_MODEL_RENAME, .model = "m", .new_name = "n"};
    assert_int_equal(write_once(promote, &rename), HK_CONFLICT);
    rename.new_name = "m";
    assert_int_equal(write_once(promote, &rename), HK_OK);
    rename.model = "o";
    assert_int_equal(write_once(promote, &rename), HK_NOT_FOUND);
}

static bool move_from_where_it_was(struct hk_db *db, void *arg, struct hk_error *e)
{
    return hk_store_version_transition(db, arg, HK_STAGE_ON_PROMOTE, 9, e);
}

static void a_lost_race_changes_nothing(void **state)
{
    (void)state;
    a_model_with_versions("m", 1);
    struct hk_db *db = NULL;
    struct hk_model_version_row old;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_model_version_get(db, "m", 1, &arena, &old, &err));
    hk_store_reader_give(store, db);
    const struct hk_promotion p = {.kind = HK_PROMOTE_STAGE, .model = "m", .version = 1, .stage = HK_STAGE_ARCHIVED};
    assert_int_equal(write_once(promote, &p), HK_OK);
    assert_int_equal(write_once(move_from_where_it_was, &old), HK_CONFLICT);
    look_at("m");
    assert_string_equal(seen, "1:Archived | ");
}

static void the_latest_of_each_stage_is_found(void **state)
{
    (void)state;
    a_model_with_versions("m", 3);
    const struct hk_promotion p = {.kind = HK_PROMOTE_STAGE, .model = "m", .version = 2, .stage = HK_STAGE_STAGING};
    assert_int_equal(write_once(promote, &p), HK_OK);
    struct hk_db *db = NULL;
    struct hk_model_row model;
    struct hk_model_version_row row;
    bool found = false;
    int64_t first = 0;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_model_get(db, "m", &arena, &model, &err));
    assert_true(hk_store_model_version_latest(db, &model, HK_STAGE_NONE, &arena, &row, &first, &found, &err));
    assert_true(found);
    assert_int_equal(row.version, 3);
    assert_int_equal(first, 1);
    assert_true(hk_store_model_version_latest(db, &model, HK_STAGE_PRODUCTION, &arena, &row, &first, &found, &err));
    assert_false(found);
    assert_true(hk_store_model_version_latest(db, &model, HK_STAGE_COUNT, &arena, &row, &first, &found, &err));
    assert_int_equal(row.version, 3);
    hk_store_reader_give(store, db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_is_given_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_are_never_used_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_moves_in_may_move_others_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_alias_has_one_holder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_is_taken_is_not_taken_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_race_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_latest_of_each_stage_is_found, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
