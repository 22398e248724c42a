/* What people and programs have said of a trace: feedback on what came out, or what was expected. One that overrides
 * another makes that one invalid; when it is deleted, the other is valid again. Values, sources and metadata are JSON
 * that is handed through. Reading works on any connection, writing on the writer's, inside a hk_write. */
#ifndef HK_STORE_ASSESSMENT_STORE_H
#define HK_STORE_ASSESSMENT_STORE_H

#include "engine/base/arena.h"
#include "engine/store/db.h"

struct hk_assessment {
    int64_t assessment_key;
    const char *assessment_id;
    const char *name;
    const char *kind;       /* "feedback", "expectation" */
    struct hk_str content;  /* JSON object */
    struct hk_str source;   /* JSON object */
    struct hk_str metadata; /* JSON object; data NULL: none */
    const char *rationale;  /* these three may be NULL */
    const char *span_id;
    const char *overrides;
    bool is_valid;
    int64_t created_ms;
    int64_t updated_ms;
};

/* HK_NOT_FOUND when what it overrides is not there; HK_CONFLICT: the trace has HK_MAX_ASSESSMENTS already, or the id is
 * taken. */
HK_MUST_USE bool hk_store_assessment_add(struct hk_db *db, int64_t trace_key, const struct hk_assessment *assessment,
                                         struct hk_error *err);
/* Texts of *out are in the arena. *found false: the trace has none of that id. */
HK_MUST_USE bool hk_store_assessment_find(struct hk_db *db, int64_t trace_key, struct hk_str assessment_id,
                                          struct hk_arena *arena, struct hk_assessment *out, bool *found,
                                          struct hk_error *err);
/* Its name, content, rationale, metadata and updated_ms. */
HK_MUST_USE bool hk_store_assessment_update(struct hk_db *db, const struct hk_assessment *assessment,
                                            struct hk_error *err);
HK_MUST_USE bool hk_store_assessment_delete(struct hk_db *db, int64_t trace_key, const struct hk_assessment *assessment,
                                            struct hk_error *err);

/* In the order of their making; texts are valid during the call. */
typedef void (*hk_assessment_fn)(void *arg, const struct hk_assessment *assessment);
HK_MUST_USE bool hk_store_assessments(struct hk_db *db, int64_t trace_key, hk_assessment_fn each, void *arg,
                                      struct hk_error *err);

#endif
