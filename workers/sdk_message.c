#include "workers/sdk_message.h"

#include <math.h>
#include <msgpack.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/clock.h"
#include "engine/base/limits.h"

struct reader {
    const unsigned char *at;
    const unsigned char *end;
    struct hk_error *err;
};

static bool broken(struct reader *r, const char *what)
{
    return hk_error_set(r->err, HK_INVALID, "The message is not valid msgpack: %s.", what);
}

static bool read_be(struct reader *r, size_t size, uint64_t *out)
{
    if ((size_t)(r->end - r->at) < size) {
        return broken(r, "it ends in the middle of a value");
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | *r->at++;
    }
    *out = value;
    return true;
}

static bool read_bytes(struct reader *r, uint64_t size, struct hk_str *out)
{
    if ((uint64_t)(r->end - r->at) < size) {
        return broken(r, "it ends in the middle of a value");
    }
    *out = (struct hk_str){(const char *)r->at, (size_t)size};
    r->at += size;
    return true;
}

static json_t *make_text(struct reader *r, struct hk_str text)
{
    json_t *value = json_stringn(text.data != NULL ? text.data : "", text.len);
    if (value == NULL) {
        (void)hk_error_set(r->err, HK_INVALID, "The message holds text that is not valid UTF-8; send it as bytes.");
    }
    return value;
}

static json_t *make_base64(struct hk_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = (bytes.len + 2) / 3 * 4;
    char *text = hk_alloc(size + 1);
    size_t out = 0;
    for (size_t i = 0; i < bytes.len; i += 3) {
        uint32_t group = 0;
        for (size_t j = 0; j < 3; j++) {
            group = group << 8 | (i + j < bytes.len ? (unsigned char)bytes.data[i + j] : 0U);
        }
        for (size_t j = 0; j < 4; j++) {
            bool is_padding = i + j > bytes.len;
            text[out++] = is_padding ? '=' : digits[group >> (18 - 6 * j) & 63];
        }
    }
    json_t *value = json_stringn(text, out);
    free(text);
    return value;
}

static json_t *make_int(struct reader *r, uint64_t value)
{
    if (value > INT64_MAX) {
        (void)hk_error_set(
            r->err, HK_INVALID,
            "The message holds the integer %llu, which is larger than 64 signed bits hold; send it as text.",
            (unsigned long long)value);
        return NULL;
    }
    return json_integer((json_int_t)value);
}

static json_t *make_real(struct reader *r, double value)
{
    if (!isfinite(value)) {
        (void)hk_error_set(r->err, HK_INVALID,
                           "The message holds a number that is not finite (nan or inf), which JSON cannot say; "
                           "send None or text instead.");
        return NULL;
    }
    return json_real(value);
}

/* msgpack's timestamp extension, type -1: 4, 8 or 12 bytes. */
static json_t *make_time(struct reader *r, struct hk_str bytes)
{
    struct reader in = {(const unsigned char *)bytes.data, (const unsigned char *)bytes.data + bytes.len, r->err};
    uint64_t nanos = 0;
    uint64_t raw = 0;
    int64_t seconds = 0;
    bool ok = false;
    if (bytes.len == 4) {
        ok = read_be(&in, 4, &raw);
        seconds = (int64_t)raw;
    } else if (bytes.len == 8) {
        ok = read_be(&in, 8, &raw);
        nanos = raw >> 34;
        seconds = (int64_t)(raw & 0x3ffffffffULL);
    } else if (bytes.len == 12) {
        ok = read_be(&in, 4, &nanos) && read_be(&in, 8, &raw);
        seconds = (int64_t)raw;
    }
    /* Python's datetime covers the years 1 to 9999. */
    if (!ok || nanos > 999999999 || seconds < INT64_C(-62135596800) || seconds > INT64_C(253402300799)) {
        (void)broken(r, "a timestamp is out of range");
        return NULL;
    }
    char text[HK_ISO_SIZE];
    hk_iso_z(seconds * HK_SECOND_US + (int64_t)(nanos / 1000), text);
    return json_string(text);
}

static json_t *read_value(struct reader *r, int depth);

static json_t *read_array(struct reader *r, uint64_t count, int depth)
{
    json_t *array = json_array();
    for (uint64_t i = 0; i < count; i++) {
        json_t *item = read_value(r, depth + 1);
        if (item == NULL) {
            json_decref(array);
            return NULL;
        }
        json_array_append_new(array, item);
    }
    return array;
}

static json_t *read_map(struct reader *r, uint64_t count, int depth)
{
    json_t *map = json_object();
    for (uint64_t i = 0; i < count; i++) {
        json_t *key = read_value(r, depth + 1);
        json_t *value = key != NULL ? read_value(r, depth + 1) : NULL;
        char number[32];
        bool ok = value != NULL;
        if (ok && json_is_string(key) && memchr(json_string_value(key), '\0', json_string_length(key)) != NULL) {
            ok = broken(r, "a key of a map holds a NUL character");
        } else if (ok && json_is_string(key)) {
            ok = json_object_setn_new(map, json_string_value(key), json_string_length(key), json_incref(value)) == 0;
        } else if (ok && json_is_integer(key)) {
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(key));
            ok = json_object_set_new(map, number, json_incref(value)) == 0;
        } else if (ok) {
            ok = broken(r, "a key of a map is neither text nor an integer");
        }
        json_decref(key);
        json_decref(value);
        if (!ok) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static json_t *read_ext(struct reader *r, uint64_t size)
{
    uint64_t type = 0;
    struct hk_str bytes = {0};
    if (!read_be(r, 1, &type) || !read_bytes(r, size, &bytes)) {
        return NULL;
    }
    if (type == 0xff) {
        return make_time(r, bytes);
    }
    (void)hk_error_set(r->err, HK_INVALID, "The message holds msgpack extension type %d, which hanok does not know.",
                       (int8_t)type);
    return NULL;
}

static json_t *read_float(struct reader *r, size_t size)
{
    uint64_t raw = 0;
    if (!read_be(r, size, &raw)) {
        return NULL;
    }
    double value;
    if (size == 4) {
        uint32_t bits = (uint32_t)raw;
        float small;
        memcpy(&small, &bits, sizeof small);
        value = (double)small;
    } else {
        memcpy(&value, &raw, sizeof value);
    }
    return make_real(r, value);
}

static json_t *read_signed(struct reader *r, size_t size)
{
    uint64_t raw = 0;
    if (!read_be(r, size, &raw)) {
        return NULL;
    }
    unsigned shift = (unsigned)(64 - 8 * size);
    return json_integer((json_int_t)((int64_t)(raw << shift) >> shift));
}

/* Values whose size is written in `size` bytes after the tag. */
enum sized { SIZED_TEXT, SIZED_BYTES, SIZED_ARRAY, SIZED_MAP, SIZED_EXT };

static json_t *read_sized(struct reader *r, enum sized kind, uint64_t size, int depth)
{
    struct hk_str bytes = {0};
    switch (kind) {
    case SIZED_TEXT:
        return read_bytes(r, size, &bytes) ? make_text(r, bytes) : NULL;
    case SIZED_BYTES:
        return read_bytes(r, size, &bytes) ? make_base64(bytes) : NULL;
    case SIZED_ARRAY:
        return read_array(r, size, depth);
    case SIZED_MAP:
        return read_map(r, size, depth);
    case SIZED_EXT:
    default:
        return read_ext(r, size);
    }
}

static json_t *read_sized_after(struct reader *r, enum sized kind, size_t size_bytes, int depth)
{
    uint64_t size = 0;
    return read_be(r, size_bytes, &size) ? read_sized(r, kind, size, depth) : NULL;
}

static json_t *read_unsigned(struct reader *r, size_t size)
{
    uint64_t raw = 0;
    return read_be(r, size, &raw) ? make_int(r, raw) : NULL;
}

/* The tags above 0xbf, in msgpack's own order. */
static json_t *read_tagged(struct reader *r, unsigned tag, int depth)
{
    switch (tag) {
    case 0xc0:
        return json_null();
    case 0xc2:
    case 0xc3:
        return json_boolean(tag == 0xc3);
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return read_sized_after(r, SIZED_BYTES, (size_t)1 << (tag - 0xc4), depth);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return read_sized_after(r, SIZED_EXT, (size_t)1 << (tag - 0xc7), depth);
    case 0xca:
    case 0xcb:
        return read_float(r, tag == 0xca ? 4 : 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return read_unsigned(r, (size_t)1 << (tag - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return read_signed(r, (size_t)1 << (tag - 0xd0));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return read_sized(r, SIZED_EXT, UINT64_C(1) << (tag - 0xd4), depth);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return read_sized_after(r, SIZED_TEXT, (size_t)1 << (tag - 0xd9), depth);
    case 0xdc:
    case 0xdd:
        return read_sized_after(r, SIZED_ARRAY, tag == 0xdc ? 2 : 4, depth);
    case 0xde:
    case 0xdf:
        return read_sized_after(r, SIZED_MAP, tag == 0xde ? 2 : 4, depth);
    default:
        (void)broken(r, "byte 0xc1 starts no value");
        return NULL;
    }
}

static json_t *read_value(struct reader *r, int depth)
{
    if (depth > HK_MAX_NESTING) {
        (void)hk_error_set(r->err, HK_LIMIT, "The message is nested deeper than %d levels.", HK_MAX_NESTING);
        return NULL;
    }
    uint64_t first = 0;
    if (!read_be(r, 1, &first)) {
        return NULL;
    }
    unsigned tag = (unsigned)first;
    if (tag < 0x80) {
        return json_integer(tag);
    }
    if (tag < 0x90) {
        return read_map(r, tag & 15, depth);
    }
    if (tag < 0xa0) {
        return read_array(r, tag & 15, depth);
    }
    if (tag < 0xc0) {
        return read_sized(r, SIZED_TEXT, tag & 31, depth);
    }
    return tag >= 0xe0 ? json_integer((json_int_t)(int8_t)tag) : read_tagged(r, tag, depth);
}

static bool read_frame(struct reader *r, struct hk_sdk_message *out)
{
    uint64_t tag = 0;
    if (!read_be(r, 1, &tag)) {
        return false;
    }
    if (tag < 0x92 || tag > 0x9f) {
        return broken(r, "it does not start with an array of an id and a body");
    }
    json_t *id = read_value(r, 1);
    bool has_id = id != NULL && json_is_integer(id);
    if (has_id) {
        out->id = json_integer_value(id);
    }
    bool is_read = id != NULL;
    json_decref(id);
    if (!has_id) {
        return is_read ? broken(r, "its id is not an integer") : false;
    }
    out->body = read_value(r, 1);
    if (out->body == NULL) {
        return false;
    }
    for (uint64_t i = 2; i < (tag & 15); i++) { /* the trace context, which hanok does not use */
        json_t *rest = read_value(r, 1);
        if (rest == NULL) {
            return false;
        }
        json_decref(rest);
    }
    if (r->at != r->end) {
        return broken(r, "there are bytes after its end");
    }
    if (json_is_null(out->body)) {
        out->body = NULL; /* json_null is a constant: no reference to give back */
    }
    return true;
}

bool hk_sdk_message_decode(struct hk_str payload, struct hk_sdk_message *out, struct hk_error *err)
{
    *out = (struct hk_sdk_message){.id = -1};
    if (payload.len > HK_MAX_FRAME_BYTES) {
        return hk_error_set(err, HK_LIMIT, "The message has %zu bytes; at most %d are read.", payload.len,
                            HK_MAX_FRAME_BYTES);
    }
    const unsigned char *data = (const unsigned char *)(payload.data != NULL ? payload.data : "");
    struct reader r = {data, data + payload.len, err};
    if (!read_frame(&r, out)) {
        json_decref(out->body);
        out->body = NULL;
        return false;
    }
    return true;
}

void hk_sdk_message_clear(struct hk_sdk_message *message)
{
    json_decref(message->body);
    *message = (struct hk_sdk_message){.id = -1};
}

static int write_to_buf(void *data, const char *bytes, size_t len)
{
    hk_buf_add(data, bytes, len);
    return 0;
}

static void pack_text(msgpack_packer *packer, const char *text, size_t len)
{
    msgpack_pack_str(packer, len);
    msgpack_pack_str_body(packer, text, len);
}

static void pack_value(msgpack_packer *packer, const json_t *value)
{
    size_t index;
    const json_t *item;
    const char *key;
    size_t key_len;
    switch (value != NULL ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        msgpack_pack_map(packer, json_object_size(value));
        json_object_keylen_foreach((json_t *)(uintptr_t)value, key, key_len, item)
        {
            pack_text(packer, key, key_len);
            pack_value(packer, item);
        }
        return;
    case JSON_ARRAY:
        msgpack_pack_array(packer, json_array_size(value));
        json_array_foreach (value, index, item) {
            pack_value(packer, item);
        }
        return;
    case JSON_STRING:
        pack_text(packer, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        msgpack_pack_int64(packer, json_integer_value(value));
        return;
    case JSON_REAL:
        msgpack_pack_double(packer, json_real_value(value));
        return;
    case JSON_TRUE:
        msgpack_pack_true(packer);
        return;
    case JSON_FALSE:
        msgpack_pack_false(packer);
        return;
    case JSON_NULL:
    default:
        msgpack_pack_nil(packer);
        return;
    }
}

void hk_sdk_message_encode(int64_t id, const json_t *body, const json_t *error, struct hk_buf *out)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_to_buf);
    msgpack_pack_array(&packer, 3);
    msgpack_pack_int64(&packer, id);
    pack_value(&packer, body);
    pack_value(&packer, error);
}
