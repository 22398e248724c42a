#include "engine/tracking/protobuf.h"

#include <string.h>

enum { MAX_VARINT_BYTES = 10, MAX_FIELD_NUMBER = 536870911 };

static bool take_varint(struct hk_protobuf *at, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < MAX_VARINT_BYTES && i < at->rest.len; i++) {
        uint8_t byte = (uint8_t)at->rest.data[i];
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            at->rest = (struct hk_str){at->rest.data + i + 1, at->rest.len - i - 1};
            *out = value;
            return i < MAX_VARINT_BYTES - 1 || byte <= 1; /* the tenth has one bit left */
        }
    }
    return false;
}

static bool take_bytes(struct hk_protobuf *at, uint64_t len, struct hk_str *out)
{
    if (len > at->rest.len) {
        return false;
    }
    *out = (struct hk_str){at->rest.data, (size_t)len};
    at->rest = (struct hk_str){at->rest.data + len, at->rest.len - (size_t)len};
    return true;
}

static bool take_fixed(struct hk_protobuf *at, size_t size, uint64_t *out)
{
    struct hk_str bytes;
    if (!take_bytes(at, size, &bytes)) {
        return false;
    }
    *out = 0;
    for (size_t i = size; i > 0; i--) {
        *out = *out << 8 | (uint8_t)bytes.data[i - 1];
    }
    return true;
}

static bool take_value(struct hk_protobuf *at, struct hk_protobuf_field *out)
{
    uint64_t len = 0;
    switch (out->type) {
    case HK_PROTOBUF_VARINT:
        return take_varint(at, &out->value);
    case HK_PROTOBUF_FIXED64:
        return take_fixed(at, 8, &out->value);
    case HK_PROTOBUF_FIXED32:
        return take_fixed(at, 4, &out->value);
    case HK_PROTOBUF_BYTES:
        return take_varint(at, &len) && take_bytes(at, len, &out->bytes);
    }
    return false;
}

bool hk_protobuf_next(struct hk_protobuf *at, struct hk_protobuf_field *out)
{
    uint64_t tag = 0;
    if (at->rest.len == 0 || at->is_broken) {
        return false;
    }
    *out = (struct hk_protobuf_field){0};
    at->is_broken = !take_varint(at, &tag) || tag >> 3 == 0 || tag >> 3 > MAX_FIELD_NUMBER;
    out->number = (uint32_t)(tag >> 3);
    out->type = (enum hk_protobuf_type)(tag & 7);
    at->is_broken = at->is_broken || !take_value(at, out);
    return !at->is_broken;
}

double hk_protobuf_double(uint64_t value)
{
    double number = 0;
    memcpy(&number, &value, sizeof number);
    return number;
}
