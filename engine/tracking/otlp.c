#include "engine/tracking/otlp.h"

#include <math.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/tracking/protobuf.h"

#define REQUEST_ID "mlflow.traceRequestId" /* MLflow's own id of the trace, on every span of its client */

enum { TRACE_ID_BYTES = 16, SPAN_ID_BYTES = 8 };
enum { MAX_RESOURCE_TAGS = 128, MAX_TAG_KEY = 250, MAX_TAG_VALUE = 8000 };

/* What is written when, whatever order it came in. */
enum {
    SPAN_TRACE_ID = 1,
    SPAN_ID = 2,
    SPAN_TRACE_STATE = 3,
    SPAN_PARENT = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7,
    SPAN_END = 8,
    SPAN_ATTRIBUTES = 9,
    SPAN_EVENTS = 11,
    SPAN_LINKS = 13,
    SPAN_STATUS = 15
};

struct reader {
    struct hk_json w;
    struct hk_arena *arena;
    bool is_broken;            /* the bytes are no protobuf of this kind */
    struct hk_key_value *tags; /* of the resource whose spans are read */
    size_t tag_count;
};

static bool is_field(const struct hk_protobuf_field *f, uint32_t number, enum hk_protobuf_type type)
{
    return f->number == number && f->type == type;
}

/* The next field of that number and type; others are passed over, as protobuf wants. */
static bool next_of(struct reader *r, struct hk_protobuf *at, uint32_t number, enum hk_protobuf_type type,
                    struct hk_protobuf_field *out)
{
    while (hk_protobuf_next(at, out)) {
        if (is_field(out, number, type)) {
            return true;
        }
    }
    r->is_broken = r->is_broken || at->is_broken;
    return false;
}

/* The last one counts, as protobuf wants. */
static bool last_of(struct reader *r, struct hk_str message, uint32_t number, enum hk_protobuf_type type,
                    struct hk_protobuf_field *out)
{
    struct hk_protobuf at = {message, false};
    struct hk_protobuf_field field = {0};
    bool found = false;
    while (next_of(r, &at, number, type, &field)) {
        *out = field;
        found = true;
    }
    return found;
}

static struct hk_str bytes_of(struct reader *r, struct hk_str message, uint32_t number)
{
    struct hk_protobuf_field field = {0};
    return last_of(r, message, number, HK_PROTOBUF_BYTES, &field) ? field.bytes : (struct hk_str){0};
}

static uint64_t number_of(struct reader *r, struct hk_str message, uint32_t number, enum hk_protobuf_type type)
{
    struct hk_protobuf_field field = {0};
    return last_of(r, message, number, type, &field) ? field.value : 0;
}

/* ---- as JSON ---- */

static void write_base64(struct reader *r, struct hk_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = hk_arena_alloc(r->arena, bytes.len / 3 * 4 + 5);
    size_t len = 0;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t three = (uint32_t)(uint8_t)bytes.data[i] << 16;
        three |= left > 1 ? (uint32_t)(uint8_t)bytes.data[i + 1] << 8 : 0;
        three |= left > 2 ? (uint32_t)(uint8_t)bytes.data[i + 2] : 0;
        text[len++] = digits[three >> 18];
        text[len++] = digits[three >> 12 & 63];
        text[len++] = left > 1 ? digits[three >> 6 & 63] : '=';
        text[len++] = left > 2 ? digits[three & 63] : '=';
    }
    hk_json_string(&r->w, (struct hk_str){text, len});
}

static void write_double(struct hk_json *w, double value)
{
    if (isnan(value)) {
        hk_json_text(w, "NaN"); /* as protobuf writes it */
    } else if (isinf(value)) {
        hk_json_text(w, value > 0 ? "Infinity" : "-Infinity");
    } else {
        hk_json_double(w, value);
    }
}

static void write_value(struct reader *r, struct hk_str value, int depth, bool is_plain);

/* depth: a value in a list in a value ... each level costs few bytes, so they are counted. */
static void write_values(struct reader *r, struct hk_str list, int depth, bool is_plain)
{
    struct hk_protobuf at = {list, false};
    struct hk_protobuf_field item;
    hk_json_begin_array(&r->w);
    while (next_of(r, &at, 1, HK_PROTOBUF_BYTES, &item)) {
        write_value(r, item.bytes, depth + 1, is_plain);
    }
    hk_json_end_array(&r->w);
}

static void write_pair(struct reader *r, struct hk_str pair, int depth)
{
    hk_json_begin_object(&r->w);
    hk_json_kv_str(&r->w, "key", bytes_of(r, pair, 1));
    hk_json_key(&r->w, "value");
    write_value(r, bytes_of(r, pair, 2), depth + 1, false);
    hk_json_end_object(&r->w);
}

static void write_pairs(struct reader *r, struct hk_str list, int depth, bool is_plain)
{
    struct hk_protobuf at = {list, false};
    struct hk_protobuf_field pair;
    if (is_plain) {
        hk_json_begin_object(&r->w);
    } else {
        hk_json_begin_array(&r->w);
    }
    while (next_of(r, &at, 1, HK_PROTOBUF_BYTES, &pair)) {
        if (is_plain) {
            hk_json_key_str(&r->w, bytes_of(r, pair.bytes, 1));
            write_value(r, bytes_of(r, pair.bytes, 2), depth + 1, true);
        } else {
            write_pair(r, pair.bytes, depth);
        }
    }
    if (is_plain) {
        hk_json_end_object(&r->w);
    } else {
        hk_json_end_array(&r->w);
    }
}

static void write_scalar(struct reader *r, const struct hk_protobuf_field *f)
{
    switch (f->number) {
    case 1:
        hk_json_string(&r->w, f->bytes);
        break;
    case 2:
        hk_json_bool(&r->w, f->value != 0);
        break;
    case 3:
        hk_json_int(&r->w, (int64_t)f->value);
        break;
    case 4:
        write_double(&r->w, hk_protobuf_double(f->value));
        break;
    default:
        write_base64(r, f->bytes);
    }
}

static const struct {
    const char *name;
    enum hk_protobuf_type type;
} kinds[] = {
    {NULL, HK_PROTOBUF_BYTES},           {"string_value", HK_PROTOBUF_BYTES},   {"bool_value", HK_PROTOBUF_VARINT},
    {"int_value", HK_PROTOBUF_VARINT},   {"double_value", HK_PROTOBUF_FIXED64}, {"array_value", HK_PROTOBUF_BYTES},
    {"kvlist_value", HK_PROTOBUF_BYTES}, {"bytes_value", HK_PROTOBUF_BYTES}};

enum { ARRAY = 5, PAIRS = 6, KINDS = sizeof kinds / sizeof kinds[0] };

static void write_content(struct reader *r, const struct hk_protobuf_field *f, int depth, bool is_plain)
{
    if (f->number == ARRAY) {
        write_values(r, f->bytes, depth, is_plain);
    } else if (f->number == PAIRS) {
        write_pairs(r, f->bytes, depth, is_plain);
    } else {
        write_scalar(r, f);
    }
}

/* {"int_value": 1}, {"array_value": {"values": [...]}}: as protobuf writes it, empty lists left out. */
static void write_wrapped(struct reader *r, const struct hk_protobuf_field *f, int depth)
{
    bool is_list = f->number == ARRAY || f->number == PAIRS;
    hk_json_key(&r->w, kinds[f->number].name);
    if (is_list) {
        hk_json_begin_object(&r->w);
    }
    if (is_list && f->bytes.len > 0) {
        hk_json_key(&r->w, "values");
    }
    if (!is_list || f->bytes.len > 0) {
        write_content(r, f, depth, false);
    }
    if (is_list) {
        hk_json_end_object(&r->w);
    }
}

/* AnyValue: at most one field. Plain: the JSON that it means; otherwise as protobuf writes it. */
static void write_value(struct reader *r, struct hk_str value, int depth, bool is_plain)
{
    struct hk_protobuf at = {value, false};
    struct hk_protobuf_field f = {0};
    struct hk_protobuf_field last = {0};
    while (hk_protobuf_next(&at, &f)) {
        last = f.number >= 1 && f.number < KINDS && f.type == kinds[f.number].type ? f : last;
    }
    r->is_broken = r->is_broken || at.is_broken || depth > HK_MAX_NESTING / 3;
    bool has_value = last.number != 0 && !r->is_broken;
    if (is_plain && has_value) {
        write_content(r, &last, depth, true);
    } else if (is_plain) {
        hk_json_null(&r->w);
    } else {
        hk_json_begin_object(&r->w);
        if (has_value) {
            write_wrapped(r, &last, depth);
        }
        hk_json_end_object(&r->w);
    }
}

/* The attributes that are field `number` of a message; left out where there are none. extra: one more; NULL: none. */
static void write_attributes(struct reader *r, struct hk_str message, uint32_t number, const char *extra)
{
    struct hk_protobuf at = {message, false};
    struct hk_protobuf_field pair;
    bool is_begun = extra != NULL;
    if (is_begun) {
        hk_json_key(&r->w, "attributes");
        hk_json_begin_array(&r->w);
        hk_json_begin_object(&r->w);
        hk_json_kv_text(&r->w, "key", REQUEST_ID);
        hk_json_key(&r->w, "value");
        hk_json_begin_object(&r->w);
        hk_json_kv_text(&r->w, "string_value", extra);
        hk_json_end_object(&r->w);
        hk_json_end_object(&r->w);
    }
    while (next_of(r, &at, number, HK_PROTOBUF_BYTES, &pair)) {
        if (!is_begun) {
            is_begun = true;
            hk_json_key(&r->w, "attributes");
            hk_json_begin_array(&r->w);
        }
        write_pair(r, pair.bytes, 0);
    }
    if (is_begun) {
        hk_json_end_array(&r->w);
    }
}

static void write_event(struct reader *r, struct hk_str event)
{
    hk_json_begin_object(&r->w);
    hk_json_kv_int(&r->w, "time_unix_nano", (int64_t)number_of(r, event, 1, HK_PROTOBUF_FIXED64));
    hk_json_kv_str(&r->w, "name", bytes_of(r, event, 2));
    write_attributes(r, event, 3, NULL);
    hk_json_end_object(&r->w);
}

static void write_link(struct reader *r, struct hk_str link)
{
    hk_json_begin_object(&r->w);
    hk_json_key(&r->w, "trace_id");
    write_base64(r, bytes_of(r, link, 1));
    hk_json_key(&r->w, "span_id");
    write_base64(r, bytes_of(r, link, 2));
    write_attributes(r, link, 4, NULL);
    hk_json_end_object(&r->w);
}

static void write_list(struct reader *r, struct hk_str span, uint32_t number, const char *name,
                       void (*write)(struct reader *r, struct hk_str item))
{
    struct hk_protobuf at = {span, false};
    struct hk_protobuf_field item;
    bool is_begun = false;
    while (next_of(r, &at, number, HK_PROTOBUF_BYTES, &item)) {
        if (!is_begun) {
            is_begun = true;
            hk_json_key(&r->w, name);
            hk_json_begin_array(&r->w);
        }
        write(r, item.bytes);
    }
    if (is_begun) {
        hk_json_end_array(&r->w);
    }
}

static void write_status(struct reader *r, struct hk_str status, enum hk_span_status code)
{
    static const char *const names[] = {"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"};
    struct hk_str message = bytes_of(r, status, 2);
    hk_json_key(&r->w, "status");
    hk_json_begin_object(&r->w);
    if (message.len > 0) {
        hk_json_kv_str(&r->w, "message", message);
    }
    hk_json_kv_text(&r->w, "code", names[code]);
    hk_json_end_object(&r->w);
}

/* ---- a span ---- */

static struct hk_str hexadecimal(struct hk_arena *arena, const char *prefix, struct hk_str bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = strlen(prefix);
    char *text = hk_arena_alloc(arena, len + bytes.len * 2 + 1);
    memcpy(text, prefix, len);
    for (size_t i = 0; i < bytes.len; i++) {
        text[len++] = digits[(uint8_t)bytes.data[i] >> 4];
        text[len++] = digits[(uint8_t)bytes.data[i] & 15];
    }
    return (struct hk_str){text, len};
}

/* The text of an attribute, or its value as JSON. */
static struct hk_str attribute(struct reader *r, struct hk_str span, const char *key, bool as_json)
{
    struct hk_protobuf at = {span, false};
    struct hk_protobuf_field pair;
    struct hk_str found = {0};
    while (next_of(r, &at, SPAN_ATTRIBUTES, HK_PROTOBUF_BYTES, &pair)) {
        if (!hk_str_is(bytes_of(r, pair.bytes, 1), key)) {
            continue;
        }
        struct hk_str value = bytes_of(r, pair.bytes, 2);
        if (!as_json) {
            found = bytes_of(r, value, 1);
            continue;
        }
        size_t before = r->w.out->len;
        r->w.needs_comma = false;
        write_value(r, value, 0, true);
        struct hk_str json = hk_buf_str(r->w.out);
        found = hk_arena_str(r->arena, (struct hk_str){json.data + before, json.len - before});
    }
    return found;
}

static void write_span(struct reader *r, struct hk_str raw, struct hk_span *span, bool says_trace)
{
    struct hk_str parent = bytes_of(r, raw, SPAN_PARENT);
    r->w.needs_comma = false;
    hk_json_begin_object(&r->w);
    hk_json_key(&r->w, "trace_id");
    write_base64(r, bytes_of(r, raw, SPAN_TRACE_ID));
    hk_json_key(&r->w, "span_id");
    write_base64(r, bytes_of(r, raw, SPAN_ID));
    if (parent.len > 0) {
        hk_json_key(&r->w, "parent_span_id");
        write_base64(r, parent);
    }
    hk_json_kv_str(&r->w, "name", span->name);
    hk_json_kv_int(&r->w, "start_time_unix_nano", span->start_ns);
    if (span->end_ns != 0) {
        hk_json_kv_int(&r->w, "end_time_unix_nano", span->end_ns);
    }
    write_attributes(r, raw, SPAN_ATTRIBUTES, says_trace ? NULL : span->trace_id.data);
    write_list(r, raw, SPAN_EVENTS, "events", write_event);
    write_list(r, raw, SPAN_LINKS, "links", write_link);
    write_status(r, bytes_of(r, raw, SPAN_STATUS), span->status);
    hk_json_end_object(&r->w);
}

static void take_json(struct reader *r, struct hk_span *span)
{
    span->json = hk_arena_str(r->arena, hk_buf_str(r->w.out));
    hk_buf_reset(r->w.out);
}

static bool read_span(struct reader *r, struct hk_str raw, struct hk_span *span, struct hk_error *err)
{
    struct hk_str trace = bytes_of(r, raw, SPAN_TRACE_ID);
    struct hk_str id = bytes_of(r, raw, SPAN_ID);
    struct hk_str parent = bytes_of(r, raw, SPAN_PARENT);
    uint64_t code = number_of(r, bytes_of(r, raw, SPAN_STATUS), 3, HK_PROTOBUF_VARINT);
    bool is_whole = trace.len == TRACE_ID_BYTES && id.len == SPAN_ID_BYTES && (parent.len == 0 || parent.len == id.len);
    if (!is_whole || code > HK_SPAN_ERROR) {
        return hk_error_set(err, HK_INVALID, "Cannot convert OpenTelemetry span to MLflow span");
    }
    struct hk_str said = attribute(r, raw, REQUEST_ID, false);
    *span =
        (struct hk_span){.trace_id = said.len > 0 ? hk_arena_str(r->arena, said) : hexadecimal(r->arena, "tr-", trace),
                         .span_id = hexadecimal(r->arena, "", id),
                         .name = hk_arena_str(r->arena, bytes_of(r, raw, SPAN_NAME)),
                         .start_ns = (int64_t)number_of(r, raw, SPAN_START, HK_PROTOBUF_FIXED64),
                         .end_ns = (int64_t)number_of(r, raw, SPAN_END, HK_PROTOBUF_FIXED64),
                         .status = (enum hk_span_status)code};
    if (parent.len > 0) {
        span->parent_id = hexadecimal(r->arena, "", parent);
    }
    bool is_id = hk_str_is_utf8(span->trace_id) && memchr(span->trace_id.data, '\0', span->trace_id.len) == NULL;
    if (span->start_ns < 0 || span->end_ns < 0 || !is_id) {
        return hk_error_set(err, HK_INVALID, "Cannot convert OpenTelemetry span to MLflow span");
    }
    span->inputs = parent.len == 0 ? attribute(r, raw, "mlflow.spanInputs", true) : (struct hk_str){0};
    span->outputs = parent.len == 0 ? attribute(r, raw, "mlflow.spanOutputs", true) : (struct hk_str){0};
    hk_buf_reset(r->w.out);
    write_span(r, raw, span, said.len > 0);
    take_json(r, span);
    span->tags = r->tags;
    span->tag_count = r->tag_count;
    return true;
}

static bool add_span(struct reader *r, struct hk_str raw, struct hk_spans *out, struct hk_error *err)
{
    if (out->len == HK_MAX_SPANS) {
        return hk_error_set(err, HK_LIMIT, "one request has at most %d spans", HK_MAX_SPANS);
    }
    if (out->len == out->cap) {
        out->cap = out->cap > 0 ? out->cap * 2 : 16;
        struct hk_span *items = hk_arena_array(r->arena, out->cap, sizeof *items);
        if (out->len > 0) {
            memcpy(items, out->items, out->len * sizeof *items);
        }
        out->items = items;
    }
    return read_span(r, raw, &out->items[out->len++], err);
}

/* As MLflow: what is said of the resource, but not of the SDK, and nothing in the place of MLflow's own tags. Of those
 * that cannot be tags nothing is kept. */
static void read_resource(struct reader *r, struct hk_str resource_spans)
{
    struct hk_protobuf at = {bytes_of(r, resource_spans, 1), false};
    struct hk_protobuf_field pair;
    r->tags = hk_arena_array(r->arena, MAX_RESOURCE_TAGS, sizeof *r->tags);
    r->tag_count = 0;
    while (r->tag_count < MAX_RESOURCE_TAGS && next_of(r, &at, 1, HK_PROTOBUF_BYTES, &pair)) {
        struct hk_str key = bytes_of(r, pair.bytes, 1);
        struct hk_str value = bytes_of(r, pair.bytes, 2);
        struct hk_protobuf_field text = {0};
        bool is_own = hk_str_starts_with(key, "telemetry.sdk.") || hk_str_starts_with(key, "mlflow.");
        if (is_own || !hk_str_is_utf8(key) || hk_key_mistake(r->arena, key, "name") != NULL ||
            hk_length_mistake(r->arena, "key", key, MAX_TAG_KEY) != NULL) {
            continue;
        }
        if (last_of(r, value, 1, HK_PROTOBUF_BYTES, &text)) {
            value = hk_str_is_utf8(text.bytes) ? hk_arena_str(r->arena, text.bytes) : HK_STR("");
        } else {
            hk_buf_reset(r->w.out);
            r->w.needs_comma = false;
            write_value(r, value, 0, true);
            value = hk_arena_str(r->arena, hk_buf_str(r->w.out));
        }
        r->tags[r->tag_count++] = (struct hk_key_value){hk_arena_str(r->arena, key), hk_text_cut(value, MAX_TAG_VALUE)};
    }
}

static bool read_scope(struct reader *r, struct hk_str scope, struct hk_spans *out, struct hk_error *err)
{
    struct hk_protobuf at = {scope, false};
    struct hk_protobuf_field span;
    while (next_of(r, &at, 2, HK_PROTOBUF_BYTES, &span)) {
        if (!add_span(r, span.bytes, out, err)) {
            return false;
        }
    }
    return true;
}

static bool read_request(struct reader *r, struct hk_str body, struct hk_spans *out, struct hk_error *err)
{
    struct hk_protobuf resources = {body, false};
    struct hk_protobuf_field resource;
    struct hk_protobuf_field scope;
    bool has_any = false;
    while (next_of(r, &resources, 1, HK_PROTOBUF_BYTES, &resource)) {
        struct hk_protobuf scopes = {resource.bytes, false};
        has_any = true;
        read_resource(r, resource.bytes);
        while (next_of(r, &scopes, 2, HK_PROTOBUF_BYTES, &scope)) {
            if (!read_scope(r, scope.bytes, out, err)) {
                return false;
            }
        }
    }
    if (r->is_broken) {
        return hk_error_set(err, HK_INVALID, "Invalid OpenTelemetry format");
    }
    return has_any || hk_error_set(err, HK_INVALID, "Invalid OpenTelemetry format - no spans found");
}

bool hk_otlp_read(struct hk_str body, struct hk_arena *arena, struct hk_spans *out, struct hk_error *err)
{
    struct hk_buf json;
    struct reader r = {.arena = arena};
    hk_buf_init(&json, SIZE_MAX);
    hk_json_init(&r.w, &json);
    *out = (struct hk_spans){0};
    bool ok = read_request(&r, body, out, err);
    hk_buf_clear(&json);
    return ok;
}
