/* Reading protobuf's wire format, which is all that OpenTelemetry's spans need: a message is a list of fields, each a
 * number and one of four kinds of value, and a message within a message is bytes that are read the same way. No
 * generated code: the whole format is smaller than what would have to be built in for it.
 *
 *     struct hk_protobuf at = {bytes};
 *     struct hk_protobuf_field field;
 *     while (hk_protobuf_next(&at, &field)) { if (field.number == 2) ... }
 *     if (at.is_broken) ...
 *
 * Nothing is copied; every length is checked against what is there. Pure. */
#ifndef HK_TRACKING_PROTOBUF_H
#define HK_TRACKING_PROTOBUF_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/str.h"

enum hk_protobuf_type {
    HK_PROTOBUF_VARINT = 0,
    HK_PROTOBUF_FIXED64 = 1,
    HK_PROTOBUF_BYTES = 2, /* texts and messages, too */
    HK_PROTOBUF_FIXED32 = 5
};

struct hk_protobuf {
    struct hk_str rest;
    bool is_broken;
};

struct hk_protobuf_field {
    uint32_t number;
    enum hk_protobuf_type type;
    uint64_t value;      /* of the three numeric types */
    struct hk_str bytes; /* of HK_PROTOBUF_BYTES */
};

/* false at the end, or where the bytes are no protobuf (is_broken). Groups, which nobody has used for a decade, are
 * taken for broken. */
bool hk_protobuf_next(struct hk_protobuf *at, struct hk_protobuf_field *out);

double hk_protobuf_double(uint64_t value); /* of a FIXED64 */

#endif
