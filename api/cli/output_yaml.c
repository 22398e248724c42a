#include <string.h>
#include <yaml.h>

#include "api/cli/output.h"
#include "engine/base/civil.h"

static int on_write(void *context, unsigned char *data, size_t size)
{
    hk_buf_add(context, data, size);
    return 1;
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool looks_like_number(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+' ? 1 : 0);
    if (*at == '.' && at[1] != '\0') {
        at++;
    }
    if (*at < '0' || *at > '9') {
        return strcasecmp(text, ".nan") == 0 || strcasecmp(at, "inf") == 0;
    }
    /* 12, 1.5e3, 0x1f, 1_000, 12:30 */
    return strspn(at, "0123456789abcdefABCDEFxo_.:+-") == strlen(at);
}

/* Whether a reader of YAML 1.1 would take this plain text for something else than text. */
static bool needs_quotes(const char *text)
{
    static const char *const words[] = {"", "~", "null", "true", "false", "yes", "no", "on", "off", "=", "<<"};
    int64_t us = 0;
    bool has_zone = false;
    return is_one_of(text, words, sizeof words / sizeof *words) || looks_like_number(text) ||
           hk_iso_parse(hk_str_from(text), &us, &has_zone);
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
    /* It fails only when memory is out or events are out of order. */
    HK_ASSERT(yaml_emitter_emit(emitter, event));
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, bool is_text)
{
    yaml_event_t event;
    bool plain = !is_text || !needs_quotes(text);
    HK_ASSERT(yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), plain, 1,
                                           plain ? YAML_ANY_SCALAR_STYLE : YAML_SINGLE_QUOTED_SCALAR_STYLE));
    emit(emitter, &event);
}

static void emit_value(yaml_emitter_t *emitter, const json_t *value);

static void emit_collection(yaml_emitter_t *emitter, const json_t *value)
{
    yaml_event_t event;
    size_t i;
    json_t *item;
    const char *key;
    if (json_is_array(value)) {
        yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
        emit(emitter, &event);
        json_array_foreach ((json_t *)value, i, item) {
            emit_value(emitter, item);
        }
        yaml_sequence_end_event_initialize(&event);
    } else {
        yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
        emit(emitter, &event);
        json_object_foreach ((json_t *)value, key, item) {
            emit_scalar(emitter, key, true);
            emit_value(emitter, item);
        }
        yaml_mapping_end_event_initialize(&event);
    }
    emit(emitter, &event);
}

static void emit_value(yaml_emitter_t *emitter, const json_t *value)
{
    if (json_is_array(value) || json_is_object(value)) {
        emit_collection(emitter, value);
        return;
    }
    struct hk_buf text;
    hk_buf_init(&text, HK_OUTPUT_BYTES);
    if (json_is_null(value) || json_is_boolean(value)) {
        hk_buf_add_text(&text, json_is_null(value) ? "null" : json_is_true(value) ? "true" : "false");
    } else {
        hk_output_cell(value, &text);
    }
    emit_scalar(emitter, text.data != NULL ? text.data : "", json_is_string(value));
    hk_buf_clear(&text);
}

void hk_output_yaml(const json_t *document, struct hk_buf *out)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    HK_ASSERT(yaml_emitter_initialize(&emitter));
    yaml_emitter_set_output(&emitter, on_write, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
    emit(&emitter, &event);
    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
    emit(&emitter, &event);
    emit_value(&emitter, document);
    yaml_document_end_event_initialize(&event, 1);
    emit(&emitter, &event);
    yaml_stream_end_event_initialize(&event);
    emit(&emitter, &event);
    yaml_emitter_delete(&emitter);
}
