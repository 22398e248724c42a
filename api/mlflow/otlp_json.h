/* Spans that OpenTelemetry's clients send as JSON, made into the protobuf that they stand for, so that there is one
 * reader of spans (engine/tracking/otlp.h). As OTLP has it ids are hexadecimal, 64-bit numbers may be texts, and what
 * is not known is passed over. Any thread. */
#ifndef HK_API_MLFLOW_OTLP_JSON_H
#define HK_API_MLFLOW_OTLP_JSON_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"

/* HK_INVALID: it is no JSON, or a member is not what it should be. HK_LIMIT: it has more values than
 * HK_MAX_BODY_VALUES, or `out` is full. */
HK_MUST_USE bool hk__ml_otlp_of_json(struct hk_str json, struct hk_arena *arena, struct hk_buf *out,
                                     struct hk_error *err);

#endif
