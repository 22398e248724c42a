#include "api/mlflow/otlp_json.h"

#include <math.h>
#include <string.h>

#include "api/http/base64.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/tracking/protobuf.h"

enum kind { TEXT, HEXADECIMAL, BASE64, TRUTH, INTEGER, FIXED, REAL, STATUS_CODE, MESSAGE };

struct field {
    const char *name; /* NULL ends a message */
    uint32_t number;
    enum kind kind;
    const struct field *message; /* of MESSAGE */
    bool is_list;
};

/* opentelemetry/proto/{collector/trace,trace,common}/v1, as far as hk_otlp_read looks at them. */
static const struct field any_value[];
static const struct field pair[] = {{"key", 1, TEXT}, {"value", 2, MESSAGE, any_value}, {0}};
static const struct field values[] = {{"values", 1, MESSAGE, any_value, true}, {0}};
static const struct field pairs[] = {{"values", 1, MESSAGE, pair, true}, {0}};
static const struct field any_value[] = {{"stringValue", 1, TEXT},           {"boolValue", 2, TRUTH},
                                         {"intValue", 3, INTEGER},           {"doubleValue", 4, REAL},
                                         {"arrayValue", 5, MESSAGE, values}, {"kvlistValue", 6, MESSAGE, pairs},
                                         {"bytesValue", 7, BASE64},          {0}};
static const struct field event[] = {
    {"timeUnixNano", 1, FIXED}, {"name", 2, TEXT}, {"attributes", 3, MESSAGE, pair, true}, {0}};
static const struct field span_link[] = {{"traceId", 1, HEXADECIMAL},
                                         {"spanId", 2, HEXADECIMAL},
                                         {"traceState", 3, TEXT},
                                         {"attributes", 4, MESSAGE, pair, true},
                                         {0}};
static const struct field status[] = {{"message", 2, TEXT}, {"code", 3, STATUS_CODE}, {0}};
static const struct field span[] = {{"traceId", 1, HEXADECIMAL},
                                    {"spanId", 2, HEXADECIMAL},
                                    {"traceState", 3, TEXT},
                                    {"parentSpanId", 4, HEXADECIMAL},
                                    {"name", 5, TEXT},
                                    {"startTimeUnixNano", 7, FIXED},
                                    {"endTimeUnixNano", 8, FIXED},
                                    {"attributes", 9, MESSAGE, pair, true},
                                    {"events", 11, MESSAGE, event, true},
                                    {"links", 13, MESSAGE, span_link, true},
                                    {"status", 15, MESSAGE, status},
                                    {0}};
static const struct field scope_spans[] = {{"spans", 2, MESSAGE, span, true}, {0}};
static const struct field resource[] = {{"attributes", 1, MESSAGE, pair, true}, {0}};
static const struct field resource_spans[] = {
    {"resource", 1, MESSAGE, resource}, {"scopeSpans", 2, MESSAGE, scope_spans, true}, {0}};
static const struct field request[] = {{"resourceSpans", 1, MESSAGE, resource_spans, true}, {0}};

static struct hk_str text_of(const json_t *value)
{
    return (struct hk_str){json_string_value(value), json_string_length(value)};
}

/* ---- the wire ---- */

static void add_varint(struct hk_buf *out, uint64_t value)
{
    while (value >= 0x80) {
        hk_buf_add_char(out, (char)(value | 0x80));
        value >>= 7;
    }
    hk_buf_add_char(out, (char)value);
}

static void add_key(struct hk_buf *out, uint32_t number, enum hk_protobuf_type type)
{
    add_varint(out, (uint64_t)number << 3 | type);
}

static void add_bytes(struct hk_buf *out, uint32_t number, struct hk_str bytes)
{
    add_key(out, number, HK_PROTOBUF_BYTES);
    add_varint(out, bytes.len);
    hk_buf_add_str(out, bytes);
}

static void add_fixed(struct hk_buf *out, uint32_t number, uint64_t value)
{
    add_key(out, number, HK_PROTOBUF_FIXED64);
    for (int i = 0; i < 8; i++) {
        hk_buf_add_char(out, (char)(value >> i * 8));
    }
}

/* ---- values; false: it is not what it should be ---- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char small = (char)(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

static bool add_hexadecimal(struct hk_buf *out, uint32_t number, struct hk_str text, struct hk_arena *arena)
{
    char *bytes = hk_arena_alloc(arena, text.len / 2 + 1);
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.data[i]);
        if (digit < 0 || text.len % 2 != 0) {
            return false;
        }
        bytes[i / 2] = (char)((unsigned char)bytes[i / 2] << 4 | digit);
    }
    add_bytes(out, number, (struct hk_str){bytes, text.len / 2});
    return true;
}

static bool read_integer(const json_t *value, int64_t *number)
{
    *number = json_integer_value(value);
    return json_is_integer(value) || (json_is_string(value) && hk_str_to_i64(text_of(value), number));
}

static bool read_real(const json_t *value, double *number)
{
    struct hk_str text = text_of(value);
    *number = json_number_value(value);
    if (json_is_number(value)) {
        return true;
    }
    if (hk_str_is(text, "NaN")) {
        *number = (double)NAN;
        return true;
    }
    if (hk_str_is(text, "Infinity") || hk_str_is(text, "-Infinity")) {
        *number = text.data[0] == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    return text.data != NULL && hk_str_to_double(text, number);
}

/* A number, or its name, as protobuf's JSON has it. */
static bool read_status_code(const json_t *value, int64_t *number)
{
    static const char *const names[] = {"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"};
    for (size_t i = 0; json_is_string(value) && i < sizeof names / sizeof names[0]; i++) {
        if (hk_str_is(text_of(value), names[i])) {
            *number = (int64_t)i;
            return true;
        }
    }
    return read_integer(value, number);
}

static bool add_number(struct hk_buf *out, const struct field *field, const json_t *value)
{
    int64_t number = json_is_true(value);
    uint64_t bits = 0;
    double real = 0;
    if (field->kind == REAL) {
        bool ok = read_real(value, &real);
        memcpy(&bits, &real, sizeof bits);
        add_fixed(out, field->number, bits);
        return ok;
    }
    if (field->kind == FIXED) {
        bool ok = read_integer(value, &number);
        add_fixed(out, field->number, (uint64_t)number);
        return ok;
    }
    bool ok = field->kind == TRUTH         ? json_is_boolean(value)
              : field->kind == STATUS_CODE ? read_status_code(value, &number)
                                           : read_integer(value, &number);
    add_key(out, field->number, HK_PROTOBUF_VARINT);
    add_varint(out, (uint64_t)number);
    return ok;
}

static bool add_text(struct hk_buf *out, const struct field *field, const json_t *value, struct hk_arena *arena)
{
    struct hk_str bytes = text_of(value);
    if (bytes.data == NULL || (field->kind == BASE64 && !hk_base64_decode(bytes, arena, &bytes))) {
        return false;
    }
    if (field->kind == HEXADECIMAL) {
        return add_hexadecimal(out, field->number, bytes, arena);
    }
    add_bytes(out, field->number, bytes);
    return true;
}

/* ---- messages ---- */

struct writer {
    struct hk_arena *arena;
    struct hk_error *err;
};

static bool add_message(struct writer *w, struct hk_buf *out, const struct field *fields, const json_t *object);

static bool add_value(struct writer *w, struct hk_buf *out, const struct field *field, const json_t *value)
{
    bool ok = false;
    if (field->kind == MESSAGE) {
        struct hk_buf inner; /* its length stands before it */
        hk_buf_init(&inner, out->max);
        ok = json_is_object(value) && add_message(w, &inner, field->message, value);
        add_bytes(out, field->number, hk_buf_str(&inner));
        out->is_full = out->is_full || inner.is_full;
        hk_buf_clear(&inner);
    } else if (field->kind == TEXT || field->kind == HEXADECIMAL || field->kind == BASE64) {
        ok = add_text(out, field, value, w->arena);
    } else {
        ok = add_number(out, field, value);
    }
    if (!ok && w->err->message[0] == '\0') { /* the innermost tells */
        hk_error_set(w->err, HK_INVALID, "Invalid OpenTelemetry format: '%s' is not what OTLP's JSON has there.",
                     field->name);
    }
    return ok;
}

static bool add_message(struct writer *w, struct hk_buf *out, const struct field *fields, const json_t *object)
{
    bool ok = true;
    for (const struct field *field = fields; field->name != NULL && ok; field++) {
        const json_t *value = json_object_get(object, field->name);
        if (value == NULL || json_is_null(value)) {
            continue;
        }
        if (!field->is_list) {
            ok = add_value(w, out, field, value);
            continue;
        }
        ok = json_is_array(value) ||
             hk_error_set(w->err, HK_INVALID, "Invalid OpenTelemetry format: '%s' must be a list.", field->name);
        for (size_t i = 0; ok && i < json_array_size(value); i++) {
            ok = add_value(w, out, field, json_array_get(value, i));
        }
    }
    return ok;
}

bool hk__ml_otlp_of_json(struct hk_str json, struct hk_arena *arena, struct hk_buf *out, struct hk_error *err)
{
    struct hk_error why;
    if (!hk_json_is_small(json, HK_MAX_BODY_VALUES)) {
        return hk_error_set(err, HK_LIMIT, "The body holds more than %d values; send fewer at once.",
                            HK_MAX_BODY_VALUES);
    }
    json_t *tree = hk_json_parse(json, &why);
    if (tree == NULL) {
        return hk_error_set(err, HK_INVALID, "Invalid OpenTelemetry format: %s.", why.message);
    }
    struct writer w = {arena, err};
    err->message[0] = '\0';
    bool ok = json_is_object(tree)
                  ? add_message(&w, out, request, tree)
                  : hk_error_set(err, HK_INVALID, "Invalid OpenTelemetry format: it must be an object.");
    json_decref(tree);
    if (ok && out->is_full) {
        return hk_error_set(err, HK_LIMIT, "The spans are more than %zu bytes; send fewer in one request.", out->max);
    }
    return ok;
}
