/* One message of the Task SDK's socket protocol: msgpack outside, a jansson tree inside.
 *
 * A frame is an array: [id, body, ...]. A request (task -> engine) is [id, body, context_carrier?], an answer (engine
 * -> task) is [id, body | nil, error | nil]; bodies are maps with a "type". The length prefix of the stream is not part
 * of a message: the shim adds and removes it.
 *
 * What comes from a task is outside input: nesting is limited to HK_MAX_NESTING, size to HK_MAX_FRAME_BYTES, and
 * nothing is allocated for what a header only promises. Python's values become JSON's: timestamps ISO 8601 text, bytes
 * base64 text, integer keys decimal text. What JSON cannot say (not a number, integers beyond 64 bits, text that is not
 * UTF-8, unknown extension types) is refused with a sentence.
 *
 * The decoder is our own because msgpack-c's allocates as many items as an array's header claims; the encoder is
 * msgpack-c's. Pure; any thread.
 */
#ifndef HK_WORKERS_SDK_MESSAGE_H
#define HK_WORKERS_SDK_MESSAGE_H

#include <jansson.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/str.h"

struct hk_sdk_message {
    int64_t id;
    json_t *body; /* NULL: nil */
};

/* HK_INVALID or HK_LIMIT. When the frame's id could be read, out->id holds it even on failure (else -1), so that the
 * request can still be answered. Free with hk_sdk_message_clear. */
HK_MUST_USE bool hk_sdk_message_decode(struct hk_str payload, struct hk_sdk_message *out, struct hk_error *err);
void hk_sdk_message_clear(struct hk_sdk_message *message);

/* Appends [id, body, error] to out. NULL is nil. Values are passed on as they are; out->is_full tells of a too long
 * one. */
void hk_sdk_message_encode(int64_t id, const json_t *body, const json_t *error, struct hk_buf *out);

#endif
