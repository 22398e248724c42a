#include "workers/shim_wire.h"

#include <string.h>

/* One walk over the fields serves both directions, so that writer and reader cannot differ. */
struct codec {
    struct hk_buf *out; /* NULL: reading */
    const char *at;
    size_t left;
    bool is_broken;
};

static void number(struct codec *c, uint64_t *value, size_t bytes)
{
    if (c->out != NULL) {
        char raw[8];
        for (size_t i = 0; i < bytes; i++) {
            raw[i] = (char)(*value >> (8 * i));
        }
        hk_buf_add(c->out, raw, bytes);
        return;
    }
    *value = 0;
    if (c->left < bytes) {
        c->is_broken = true;
        return;
    }
    for (size_t i = 0; i < bytes; i++) {
        *value |= (uint64_t)(unsigned char)c->at[i] << (8 * i);
    }
    c->at += bytes;
    c->left -= bytes;
}

static void field_u32(struct codec *c, uint32_t *value)
{
    uint64_t wide = *value;
    number(c, &wide, 4);
    *value = (uint32_t)wide;
}

static void field_i32(struct codec *c, int32_t *value)
{
    uint64_t wide = (uint32_t)*value;
    number(c, &wide, 4);
    *value = (int32_t)(uint32_t)wide;
}

static void field_i64(struct codec *c, int64_t *value)
{
    uint64_t wide = (uint64_t)*value;
    number(c, &wide, 8);
    *value = (int64_t)wide;
}

static void field_bool(struct codec *c, bool *value)
{
    uint64_t wide = *value ? 1 : 0;
    number(c, &wide, 1);
    c->is_broken = c->is_broken || wide > 1;
    *value = wide == 1;
}

static void field_kind(struct codec *c, enum hk_shim_kind *kind)
{
    uint64_t wide = *kind;
    number(c, &wide, 1);
    c->is_broken = c->is_broken || wide >= HK_SHIM_KIND_COUNT;
    *kind = c->is_broken ? HK_SHIM_COMMAND : (enum hk_shim_kind)wide;
}

static void field_bytes(struct codec *c, struct hk_str *value)
{
    uint64_t len = value->len;
    number(c, &len, 4);
    if (c->out != NULL) {
        hk_buf_add_str(c->out, *value);
        hk_buf_add_char(c->out, '\0');
        return;
    }
    *value = (struct hk_str){"", 0};
    if (c->is_broken || len >= c->left || c->at[len] != '\0') {
        c->is_broken = true;
        return;
    }
    *value = (struct hk_str){c->at, (size_t)len};
    c->at += len + 1;
    c->left -= len + 1;
}

static void field_text(struct codec *c, struct hk_str *value)
{
    field_bytes(c, value);
    if (c->out == NULL && value->len > 0 && memchr(value->data, '\0', value->len) != NULL) {
        c->is_broken = true;
    }
}

static void field_texts(struct codec *c, struct hk_shim_texts *texts)
{
    field_u32(c, &texts->count);
    field_bytes(c, &texts->packed);
    if (c->out != NULL) {
        return;
    }
    uint32_t ends = 0;
    for (size_t i = 0; i < texts->packed.len; i++) {
        ends += texts->packed.data[i] == '\0';
    }
    bool is_closed = texts->packed.len == 0 || texts->packed.data[texts->packed.len - 1] == '\0';
    c->is_broken = c->is_broken || ends != texts->count || !is_closed;
}

static void fields_of_hello(struct codec *c, struct hk_shim_hello *hello)
{
    field_u32(c, &hello->version);
    field_text(c, &hello->home_id);
    field_text(c, &hello->python);
    field_text(c, &hello->host_script);
    field_text(c, &hello->temporary_root);
    field_texts(c, &hello->environment);
}

static void fields_of_start(struct codec *c, struct hk_shim_start *start)
{
    field_kind(c, &start->kind);
    field_bool(c, &start->inherits_environment);
    field_text(c, &start->id);
    field_text(c, &start->log_path);
    field_text(c, &start->log_context);
    field_text(c, &start->file);
    field_text(c, &start->cwd);
    field_i64(c, &start->timeout_us);
    field_u32(c, &start->slots);
    field_texts(c, &start->arguments);
    field_texts(c, &start->environment);
    field_texts(c, &start->skip_codes);
}

static void fields_of_ended(struct codec *c, struct hk_shim_ended *ended)
{
    field_i32(c, &ended->exit_code);
    field_bool(c, &ended->is_stopped);
    field_bool(c, &ended->is_timed_out);
    field_bool(c, &ended->is_lost);
    field_bool(c, &ended->is_refused);
    field_i64(c, &ended->started_at_us);
    field_i64(c, &ended->ended_at_us);
    field_i64(c, &ended->user_us);
    field_i64(c, &ended->system_us);
    field_i64(c, &ended->peak_rss_bytes);
    field_bytes(c, &ended->last_line);
    field_bytes(c, &ended->message);
}

static void field_key(struct codec *c, struct hk_job_key *key)
{
    field_i64(c, &key->run);
    field_u32(c, &key->task);
    field_i32(c, &key->map_index);
    field_u32(c, &key->try_number);
}

static void fields_of_job(struct codec *c, struct hk_shim_message *m)
{
    field_kind(c, &m->job.kind);
    field_i32(c, &m->job.pid);
    field_i64(c, &m->job.started_at_us);
    field_bool(c, &m->job.is_ended);
}

static void fields(struct codec *c, struct hk_shim_message *m)
{
    switch (m->type) {
    case HK_SHIM_HELLO:
        fields_of_hello(c, &m->hello);
        return;
    case HK_SHIM_WELCOME:
        field_u32(c, &m->welcome.version);
        field_i32(c, &m->welcome.pid);
        return;
    case HK_SHIM_SHUTDOWN:
    case HK_SHIM_JOBS_END:
        return;
    default:
        break;
    }
    field_key(c, &m->key);
    switch (m->type) {
    case HK_SHIM_START:
        fields_of_start(c, &m->start);
        break;
    case HK_SHIM_SEND:
    case HK_SHIM_SEND_LOG:
    case HK_SHIM_MESSAGE:
    case HK_SHIM_MASK:
        field_bytes(c, &m->payload);
        break;
    case HK_SHIM_LOG:
        field_text(c, &m->log.level);
        field_bytes(c, &m->log.event);
        break;
    case HK_SHIM_JOB:
    case HK_SHIM_STARTED:
        fields_of_job(c, m);
        break;
    case HK_SHIM_ENDED:
        fields_of_ended(c, &m->ended);
        break;
    default: /* STOP and FORGET have only the key */
        break;
    }
}

void hk_shim_encode(struct hk_buf *out, const struct hk_shim_message *message)
{
    HK_ASSERT(message->type > 0 && message->type < HK_SHIM_TYPE_END);
    size_t start = out->len;
    char header[HK_SHIM_HEADER_BYTES + 1] = {0, 0, 0, 0, (char)message->type};
    hk_buf_add(out, header, sizeof header);
    struct codec c = {.out = out};
    struct hk_shim_message copy = *message;
    fields(&c, &copy);
    size_t body = out->len - start - HK_SHIM_HEADER_BYTES;
    if (out->is_full || body > HK_SHIM_MAX_FRAME_BYTES) {
        out->len = start;
        out->is_full = true;
        return;
    }
    for (size_t i = 0; i < HK_SHIM_HEADER_BYTES; i++) {
        out->data[start + i] = (char)(body >> (8 * i));
    }
}

enum hk_shim_step hk_shim_decode(struct hk_str data, struct hk_shim_message *message, size_t *used,
                                 struct hk_error *err)
{
    *used = 0;
    struct codec c = {.at = data.data, .left = data.len};
    if (data.len < HK_SHIM_HEADER_BYTES) {
        return HK_SHIM_MORE;
    }
    uint32_t body = 0;
    field_u32(&c, &body);
    if (body == 0 || body > HK_SHIM_MAX_FRAME_BYTES) {
        hk_error_set(err, HK_CORRUPT, "A frame between engine and shim says it has %u bytes; the limit is %d.", body,
                     HK_SHIM_MAX_FRAME_BYTES);
        return HK_SHIM_BROKEN;
    }
    *used = HK_SHIM_HEADER_BYTES + (size_t)body;
    if (c.left < body) {
        return HK_SHIM_MORE;
    }
    c.left = body - 1;
    unsigned type = (unsigned char)*c.at++;
    if (type == 0 || type >= HK_SHIM_TYPE_END) {
        hk_error_set(err, HK_CORRUPT, "A frame between engine and shim has the unknown type %u.", type);
        return HK_SHIM_BROKEN;
    }
    memset(message, 0, sizeof *message);
    message->type = (enum hk_shim_type)type;
    fields(&c, message);
    if (c.is_broken || c.left != 0) {
        hk_error_set(err, HK_CORRUPT, "A frame of type %u between engine and shim cannot be read.", type);
        return HK_SHIM_BROKEN;
    }
    return HK_SHIM_FRAME;
}

bool hk_shim_next(struct hk_str *rest, struct hk_shim_message *message)
{
    struct hk_error ignored;
    size_t used = 0;
    if (rest->len == 0 || hk_shim_decode(*rest, message, &used, &ignored) != HK_SHIM_FRAME) {
        return false;
    }
    *rest = (struct hk_str){rest->data + used, rest->len - used};
    return true;
}

const char *hk_shim_texts_next(const struct hk_shim_texts *texts, const char *at)
{
    if (texts->packed.len == 0) {
        return NULL;
    }
    const char *end = texts->packed.data + texts->packed.len;
    const char *next = at == NULL ? texts->packed.data : at + strlen(at) + 1;
    return next < end ? next : NULL;
}

void hk_shim_texts_add(struct hk_shim_texts *texts, struct hk_buf *packed, const char *text)
{
    hk_buf_add(packed, text, strlen(text) + 1);
    texts->count++;
    texts->packed = hk_buf_str(packed);
}
