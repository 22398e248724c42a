/* The template fields of a task instance as they were filled in. A Python task has told them; a command that hanok runs
 * itself has no templates, so they are its definition's, by the rules of the Task SDK's _serialize_rendered_fields. */
#include "api/airflow/rest_internal.h"

#include <stdlib.h>
#include <string.h>

#include "api/airflow/redact.h"
#include "api/http/python_repr.h"
#include "engine/base/alloc.h"
#include "engine/base/json.h"

enum { MAX_CHARACTERS = 4096 }; /* Airflow's default of [core] max_templated_field_length */

static const char truncated[] = "Truncated. You can change this behaviour in [core]max_templated_field_length. ";

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Objects by key; a new tree. Of a command's fields only env is one, and it is flat. */
static json_t *sorted(const json_t *value)
{
    if (!json_is_object(value)) {
        return json_deep_copy(value);
    }
    const char **names = hk_alloc_array(json_object_size(value) + 1, sizeof *names);
    size_t count = 0;
    const char *key;
    json_t *member;
    json_object_foreach ((json_t *)value, key, member) {
        names[count++] = key;
    }
    qsort(names, count, sizeof *names, compare_names);
    json_t *out = json_object();
    for (size_t i = 0; i < count; i++) {
        json_object_set(out, names[i], json_object_get(value, names[i]));
    }
    free(names);
    return out;
}

/* Bytes of the first `count` characters, at most all. */
static size_t bytes_of(struct hk_str text, size_t count)
{
    size_t at = 0;
    while (at < text.len && count > 0) {
        at++;
        while (at < text.len && ((unsigned char)text.data[at] & 0xc0) == 0x80) {
            at++;
        }
        count--;
    }
    return at;
}

/* str(value) */
static void add_python_str(struct hk_buf *out, const json_t *value)
{
    if (json_is_string(value)) {
        hk_buf_add(out, json_string_value(value), json_string_length(value));
    } else {
        hk_python_repr(out, value, 0);
    }
}

static void write_start(struct hk_json *w, const char *key, struct hk_str text)
{
    struct hk_buf out;
    size_t len = bytes_of(text, MAX_CHARACTERS - strlen(truncated) - strlen("..."));
    while (len > 0 && strchr(" \t\n\r\f\v", text.data[len - 1]) != NULL) {
        len--;
    }
    hk_buf_init(&out, sizeof truncated + len + 4);
    hk_buf_printf(&out, "%s%.*s...", truncated, (int)len, text.data);
    hk_json_kv_str(w, key, hk_buf_str(&out));
    hk_buf_clear(&out);
}

static void write_field(struct hk_json *w, const char *name, const json_t *spec, const char *key)
{
    struct hk_buf text;
    const json_t *written = json_object_get(spec, key);
    json_t *value = written != NULL ? sorted(written) : json_null();
    json_t *shown = hk__redact(value, hk_str_from(name));
    hk_buf_init(&text, HK_MAX_DAG_DOCUMENT_BYTES);
    add_python_str(&text, value);
    bool is_long = bytes_of(hk_buf_str(&text), MAX_CHARACTERS) < text.len;
    if (is_long) {
        hk_buf_reset(&text);
        add_python_str(&text, shown);
        write_start(w, name, hk_buf_str(&text));
    } else {
        char *json = hk_json_dump(shown);
        hk_json_kv_raw(w, name, hk_str_from(json));
        free(json);
    }
    hk_buf_clear(&text);
    json_decref(shown);
    json_decref(value);
}

void hk__write_rendered(struct hk_json *w, const struct hk_ti_info *t)
{
    if (t->rendered_json.len > 0) {
        hk_json_kv_raw(w, "rendered_fields", t->rendered_json);
        return;
    }
    struct hk_error err;
    json_t *spec = t->command_json != NULL ? hk_json_parse(hk_str_from(t->command_json), &err) : NULL;
    hk_json_key(w, "rendered_fields");
    hk_json_begin_object(w);
    if (spec != NULL) {
        write_field(w, "bash_command", spec, "command");
        write_field(w, "env", spec, "env");
        write_field(w, "cwd", spec, "cwd");
    }
    hk_json_end_object(w);
    json_decref(spec);
}
