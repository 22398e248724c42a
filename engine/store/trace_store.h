/* Traces, their tags, metadata and spans. A trace becomes known by whichever comes first: its spans, from which its
 * times and its state are concluded, or what the client says of it at its end, which counts more. Reading works on any
 * connection, writing on the writer's, inside a hk_write. */
#ifndef HK_STORE_TRACE_STORE_H
#define HK_STORE_TRACE_STORE_H

#include "engine/base/arena.h"
#include "engine/store/assessment_store.h"
#include "engine/store/db.h"
#include "engine/tracking/key.h"
#include "engine/tracking/otlp.h"

enum { HK_TRACE_PREVIEW_CHARACTERS = 1000 };

#define HK_TRACE_ARTIFACTS_TAG "mlflow.artifactLocation"
#define HK_TRACE_SPANS_TAG "mlflow.trace.spansLocation" /* TRACKING_STORE: its spans are here */
#define HK_TRACE_RUN_METADATA "mlflow.sourceRun"
#define HK_TRACE_NAME_TAG "mlflow.traceName"

struct hk_trace {
    int64_t trace_key;
    const char *trace_id;
    int64_t experiment_key;
    int64_t timestamp_ms;
    int64_t execution_ms; /* HK_TIME_NONE: has not ended */
    const char *state;
    const char *client_request_id; /* these three may be NULL */
    const char *request_preview;
    const char *response_preview;
};

/* Texts of *out are in the arena. HK_NOT_FOUND. */
HK_MUST_USE bool hk_store_trace_get(struct hk_db *db, struct hk_str trace_id, struct hk_arena *arena,
                                    struct hk_trace *out, struct hk_error *err);
HK_MUST_USE bool hk_store_trace_get_by_key(struct hk_db *db, int64_t trace_key, struct hk_arena *arena,
                                           struct hk_trace *out, struct hk_error *err);

struct hk_trace_save {
    struct hk_trace trace; /* trace_key is given by it */
    const struct hk_key_value *tags;
    size_t tag_count;
    const struct hk_key_value *metadata;
    size_t metadata_count;
    const char *artifact_location; /* becomes a tag */
    /* For whoever saves it: what was said of it by then. */
    const struct hk_assessment *assessments;
    size_t assessment_count;
};

/* What the client says of a trace: replaces what was concluded, adds to tags and metadata. */
HK_MUST_USE bool hk_store_trace_tell(struct hk_db *db, struct hk_trace_save *save, struct hk_error *err);

/* Spans of any traces; those that are new become known in the experiment. A span that is known is replaced. location:
 * the experiment's, of artifacts. */
struct hk_spans_save {
    const struct hk_spans *spans;
    int64_t experiment_key;
    const char *artifact_location;
};
HK_MUST_USE bool hk_store_spans_save(struct hk_db *db, const struct hk_spans_save *save, struct hk_arena *arena,
                                     struct hk_error *err);

HK_MUST_USE bool hk_store_trace_tag_set(struct hk_db *db, int64_t trace_key, const struct hk_key_value *tag,
                                        struct hk_error *err);
HK_MUST_USE bool hk_store_trace_tag_delete(struct hk_db *db, int64_t trace_key, struct hk_str key, bool *found,
                                           struct hk_error *err);
HK_MUST_USE bool hk_store_trace_link(struct hk_db *db, int64_t trace_key, struct hk_str run_uuid, struct hk_error *err);

/* In the order of the keys; texts are valid during the call. */
typedef void (*hk_trace_pair_fn)(void *arg, struct hk_key_value pair);
HK_MUST_USE bool hk_store_trace_tags(struct hk_db *db, int64_t trace_key, hk_trace_pair_fn each, void *arg,
                                     struct hk_error *err);
HK_MUST_USE bool hk_store_trace_metadata(struct hk_db *db, int64_t trace_key, hk_trace_pair_fn each, void *arg,
                                         struct hk_error *err);
/* The value in the arena; data NULL: there is no such one. */
HK_MUST_USE bool hk_store_trace_tag_find(struct hk_db *db, int64_t trace_key, struct hk_str key, struct hk_arena *arena,
                                         struct hk_str *out, struct hk_error *err);
HK_MUST_USE bool hk_store_trace_metadata_find(struct hk_db *db, int64_t trace_key, struct hk_str key,
                                              struct hk_arena *arena, struct hk_str *out, struct hk_error *err);

/* The root first, then by when they began. */
typedef void (*hk_span_fn)(void *arg, struct hk_str json);
HK_MUST_USE bool hk_store_trace_spans(struct hk_db *db, int64_t trace_key, hk_span_fn each, void *arg,
                                      struct hk_error *err);
HK_MUST_USE bool hk_store_trace_span_count(struct hk_db *db, int64_t trace_key, int64_t *out, struct hk_error *err);

/* By id, or those of an experiment up to an instant; the oldest first. One call deletes at most HK_TRACE_DELETE_SLICE
 * of the latter: who wants more calls again in a transaction of its own, so that a million of them holds up nobody. */
enum { HK_TRACE_DELETE_SLICE = 100 };
struct hk_trace_delete {
    int64_t experiment_key;
    int64_t until_ms; /* HK_TIME_NONE: of any age */
    int64_t most;     /* -1: as many as there are */
    const struct hk_str *ids;
    size_t id_count; /* 0: whatever their ids are */
};
HK_MUST_USE bool hk_store_traces_delete(struct hk_db *db, const struct hk_trace_delete *which, int64_t *deleted,
                                        struct hk_error *err);

#endif
