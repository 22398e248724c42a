#include "engine/store/assessment_store.h"

#include "engine/base/limits.h"

#define COLUMNS                                                                                                        \
    "assessment_key, assessment_id, name, kind, content, source, metadata, rationale, span_id, overrides, is_valid, "  \
    "created_ms, updated_ms"

static const char ADD[] =
    "INSERT INTO assessment (assessment_id, trace_key, name, kind, content, source, metadata, rationale, span_id, "
    "overrides, is_valid, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) "
    "ON CONFLICT DO NOTHING";
static const char COUNT_OF[] = "SELECT count(*) FROM assessment WHERE trace_key = ?1";
static const char SET_VALID[] = "UPDATE assessment SET is_valid = ?3 WHERE assessment_id = ?2 AND trace_key = ?1";
static const char FIND[] = "SELECT " COLUMNS " FROM assessment WHERE assessment_id = ?2 AND trace_key = ?1";
static const char ALL[] = "SELECT " COLUMNS " FROM assessment WHERE trace_key = ?1 ORDER BY created_ms, assessment_key";
static const char UPDATE[] = "UPDATE assessment SET name = ?2, content = ?3, rationale = ?4, metadata = ?5, "
                             "updated_ms = ?6 WHERE assessment_key = ?1";
static const char DELETE_ONE[] = "DELETE FROM assessment WHERE assessment_key = ?1";

static struct hk_assessment row(struct hk_stmt *q)
{
    return (struct hk_assessment){.assessment_key = hk_column_int(q, 0),
                                  .assessment_id = hk_column_text(q, 1),
                                  .name = hk_column_text(q, 2),
                                  .kind = hk_column_text(q, 3),
                                  .content = hk_column_str(q, 4),
                                  .source = hk_column_str(q, 5),
                                  .metadata = hk_column_str(q, 6),
                                  .rationale = hk_column_text(q, 7),
                                  .span_id = hk_column_text(q, 8),
                                  .overrides = hk_column_text(q, 9),
                                  .is_valid = hk_column_int(q, 10) != 0,
                                  .created_ms = hk_column_int(q, 11),
                                  .updated_ms = hk_column_int(q, 12)};
}

static bool set_valid(struct hk_db *db, int64_t trace_key, const char *id, bool is_valid, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SET_VALID);
    hk_bind_int(q, 1, trace_key);
    hk_bind_text(q, 2, id);
    hk_bind_int(q, 3, is_valid);
    return hk_run(q, err);
}

static bool has_room(struct hk_db *db, int64_t trace_key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, COUNT_OF);
    int64_t count = 0;
    hk_bind_int(q, 1, trace_key);
    return hk_run_for_int(q, &count, err) &&
           (count < HK_MAX_ASSESSMENTS ||
            hk_error_set(err, HK_CONFLICT, "a trace has at most %d assessments", HK_MAX_ASSESSMENTS));
}

bool hk_store_assessment_add(struct hk_db *db, int64_t trace_key, const struct hk_assessment *a, struct hk_error *err)
{
    if (!has_room(db, trace_key, err)) {
        return false;
    }
    if (a->overrides != NULL) {
        if (!set_valid(db, trace_key, a->overrides, false, err)) {
            return false;
        }
        if (hk_db_changes(db) == 0) {
            return hk_error_set(err, HK_NOT_FOUND, "Assessment with ID '%s' not found", a->overrides);
        }
    }
    struct hk_stmt *q = hk_db_query(db, ADD);
    hk_bind_text(q, 1, a->assessment_id);
    hk_bind_int(q, 2, trace_key);
    hk_bind_text(q, 3, a->name);
    hk_bind_text(q, 4, a->kind);
    hk_bind_str(q, 5, a->content);
    hk_bind_str(q, 6, a->source);
    hk_bind_str(q, 7, a->metadata);
    hk_bind_text(q, 8, a->rationale);
    hk_bind_text(q, 9, a->span_id);
    hk_bind_text(q, 10, a->overrides);
    hk_bind_int(q, 11, a->is_valid);
    hk_bind_int(q, 12, a->created_ms);
    hk_bind_int(q, 13, a->updated_ms);
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) > 0 ||
           hk_error_set(err, HK_CONFLICT, "there is an assessment with the id '%s' already", a->assessment_id);
}

bool hk_store_assessment_find(struct hk_db *db, int64_t trace_key, struct hk_str assessment_id, struct hk_arena *arena,
                              struct hk_assessment *out, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FIND);
    bool ok = true;
    *found = false;
    hk_bind_int(q, 1, trace_key);
    hk_bind_str(q, 2, assessment_id);
    while (hk_step(q, &ok, err)) {
        *out = row(q);
        out->assessment_id = hk_arena_strdup(arena, out->assessment_id);
        out->name = hk_arena_strdup(arena, out->name);
        out->kind = out->kind[0] == 'f' ? "feedback" : "expectation";
        out->content = hk_arena_str(arena, out->content);
        out->source = hk_arena_str(arena, out->source);
        out->metadata = out->metadata.data != NULL ? hk_arena_str(arena, out->metadata) : out->metadata;
        out->rationale = hk_arena_strdup(arena, out->rationale);
        out->span_id = hk_arena_strdup(arena, out->span_id);
        out->overrides = hk_arena_strdup(arena, out->overrides);
        *found = true;
    }
    return ok;
}

bool hk_store_assessment_update(struct hk_db *db, const struct hk_assessment *a, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, UPDATE);
    hk_bind_int(q, 1, a->assessment_key);
    hk_bind_text(q, 2, a->name);
    hk_bind_str(q, 3, a->content);
    hk_bind_text(q, 4, a->rationale);
    hk_bind_str(q, 5, a->metadata);
    hk_bind_int(q, 6, a->updated_ms);
    return hk_run(q, err);
}

bool hk_store_assessment_delete(struct hk_db *db, int64_t trace_key, const struct hk_assessment *a,
                                struct hk_error *err)
{
    if (a->overrides != NULL && !set_valid(db, trace_key, a->overrides, true, err)) {
        return false;
    }
    struct hk_stmt *q = hk_db_query(db, DELETE_ONE);
    hk_bind_int(q, 1, a->assessment_key);
    return hk_run(q, err);
}

bool hk_store_assessments(struct hk_db *db, int64_t trace_key, hk_assessment_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, ALL);
    bool ok = true;
    hk_bind_int(q, 1, trace_key);
    while (hk_step(q, &ok, err)) {
        const struct hk_assessment assessment = row(q);
        each(arg, &assessment);
    }
    return ok;
}
