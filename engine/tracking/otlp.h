/* Spans of traces as OpenTelemetry's clients send them (OTLP over HTTP, protobuf): read into rows, each with the JSON
 * that MLflow's answers show of it. Numbers of fields are those of opentelemetry/proto/trace/v1/trace.proto. Pure; any
 * thread. */
#ifndef HK_TRACKING_OTLP_H
#define HK_TRACKING_OTLP_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/tracking/key.h"

enum hk_span_status { HK_SPAN_UNSET, HK_SPAN_OK, HK_SPAN_ERROR };

enum { HK_SPAN_ID_DIGITS = 16 };

struct hk_span {
    struct hk_str trace_id;  /* MLflow's: "tr-…" of OpenTelemetry's, unless an attribute says another */
    struct hk_str span_id;   /* 16 hexadecimal digits */
    struct hk_str parent_id; /* data NULL: it is the root */
    struct hk_str name;
    int64_t start_ns;
    int64_t end_ns; /* 0: has not ended */
    enum hk_span_status status;
    struct hk_str inputs;  /* JSON; data NULL: none */
    struct hk_str outputs; /* the same */
    struct hk_str json;
    const struct hk_key_value *tags; /* of its trace: what is said of the resource; shared with other spans */
    size_t tag_count;
};

struct hk_spans {
    struct hk_span *items; /* in the arena */
    size_t len;
    size_t cap;
};

/* HK_INVALID: it is not what it should be, or has no spans. HK_LIMIT: more than HK_MAX_SPANS. */
HK_MUST_USE bool hk_otlp_read(struct hk_str body, struct hk_arena *arena, struct hk_spans *out, struct hk_error *err);

#endif
