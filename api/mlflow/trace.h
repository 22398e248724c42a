/* What the files about traces share: how a trace and what was said of it are written, and texts of times. */
#ifndef HK_API_MLFLOW_TRACE_H
#define HK_API_MLFLOW_TRACE_H

#include "api/mlflow/mlflow_internal.h"
#include "engine/store/assessment_store.h"
#include "engine/store/trace_store.h"

/* Lengths in characters. */
enum {
    HK__ML_MAX_TRACE_ID = 255,
    HK__ML_MAX_TRACE_TAG_KEY = 250,
    HK__ML_MAX_TRACE_TAG_VALUE = 8000,
    HK__ML_MAX_TRACE_METADATA_VALUE = 65535,
    HK__ML_MAX_TRACES = 500, /* of a page */
};

/* TraceInfoV3, as a value: four statements. */
HK_MUST_USE bool hk__ml_write_trace_info(struct hk_json *w, struct hk_db *db, const struct hk_trace *trace,
                                         struct hk_error *err);
/* {"trace": {"trace_info": ...}} */
HK_MUST_USE bool hk__ml_answer_trace_info(struct hk_db *db, struct hk_response *res, const struct hk_trace *trace,
                                          struct hk_error *err);
/* Ids out of a GET's query or a body's array, in the arena; one that is there twice is there once. More than
 * HK__ML_MAX_TRACES are a mistake. */
struct hk_str *hk__ml_read_ids(struct hk__ml_arguments *args, const char *name, int flags, size_t *count);
void hk__ml_write_assessment(struct hk_json *w, const struct hk_assessment *assessment, const char *trace_id);

/* An assessment out of its JSON, or only what of it may be changed later (content with data NULL: nothing is said of
 * its value). Times that are not said are now. */
struct hk_assessment hk__ml_read_changes(struct hk__ml_arguments *args, const json_t *object);
struct hk_assessment hk__ml_read_assessment(struct hk__ml_arguments *args, const json_t *object, int64_t now_ms);

/* Ids come from the writer thread, where the numbers of chance are: fills assessment_id where there is none. */
void hk__ml_name_assessment(const struct hk_request *req, struct hk_assessment *assessment);

/* Protobuf's JSON of an instant and of a duration ("0.200s"). false: it is none. */
bool hk__ml_read_instant(struct hk_str text, int64_t *ms);
bool hk__ml_read_duration(struct hk_str text, int64_t *ms);

#endif
