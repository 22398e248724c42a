/* JSON at the edges: a streaming writer that needs no tree, and jansson to read. Only api/, dags/, workers/ (the Task
 * SDK's bodies) and engine/graph/graph_codec.c read; anybody may write. Documents that are only handed through
 * (conf, XCom values, params) stay text: hk_json_raw puts them in unparsed.
 *
 *     struct hk_json w;
 *     hk_json_init(&w, &buf);
 *     hk_json_begin_object(&w);
 *     hk_json_key(&w, "dag_id");
 *     hk_json_string(&w, hk_str_from(dag_id));
 *     hk_json_end_object(&w);
 */
#ifndef HK_BASE_JSON_H
#define HK_BASE_JSON_H

#include <jansson.h>

#include "engine/base/buf.h"

struct hk_json {
    struct hk_buf *out;
    bool needs_comma;
};

void hk_json_init(struct hk_json *w, struct hk_buf *out);
void hk_json_begin_object(struct hk_json *w);
void hk_json_end_object(struct hk_json *w);
void hk_json_begin_array(struct hk_json *w);
void hk_json_end_array(struct hk_json *w);
void hk_json_key(struct hk_json *w, const char *key);
void hk_json_key_str(struct hk_json *w, struct hk_str key);
void hk_json_string(struct hk_json *w, struct hk_str s);    /* invalid UTF-8 becomes U+FFFD */
void hk_json_text(struct hk_json *w, const char *c_string); /* NULL is null */
void hk_json_int(struct hk_json *w, int64_t value);
void hk_json_double(struct hk_json *w, double value); /* as Python prints it: 2.0; not finite is null */
void hk_json_bool(struct hk_json *w, bool value);
void hk_json_null(struct hk_json *w);
void hk_json_raw(struct hk_json *w, struct hk_str json); /* already JSON; empty is null */
void hk_json_time(struct hk_json *w, int64_t us);        /* "...Z"; HK_TIME_NONE is null */

/* Key and value at once, for the common kinds. */
void hk_json_kv_text(struct hk_json *w, const char *key, const char *value);
void hk_json_kv_str(struct hk_json *w, const char *key, struct hk_str value);
void hk_json_kv_int(struct hk_json *w, const char *key, int64_t value);
void hk_json_kv_double(struct hk_json *w, const char *key, double value);
void hk_json_kv_bool(struct hk_json *w, const char *key, bool value);
void hk_json_kv_null(struct hk_json *w, const char *key);
void hk_json_kv_raw(struct hk_json *w, const char *key, struct hk_str json);
void hk_json_kv_time(struct hk_json *w, const char *key, int64_t us);

/* Parses a whole document (any value at the top). NULL with HK_INVALID and the line and column; nesting over
 * HK_MAX_NESTING and duplicate keys are refused. Free with json_decref. */
json_t *hk_json_parse(struct hk_str text, struct hk_error *err);

/* Whether a tree of the text would hold at most so many values, told without building it: a value of two bytes ("{},")
 * takes a hundred times as many as jansson keeps it. Counts one too many for an empty array or object. */
bool hk_json_is_small(struct hk_str text, size_t most_values);

/* Compact text of a tree, keys in their order; memory from malloc. */
char *hk_json_dump(const json_t *value);

/* Member by name with a default for absent or null; a wrong type is the default, too. */
const char *hk_json_get_text(const json_t *object, const char *key, const char *fallback);
int64_t hk_json_get_int(const json_t *object, const char *key, int64_t fallback);
double hk_json_get_double(const json_t *object, const char *key, double fallback);
bool hk_json_get_bool(const json_t *object, const char *key, bool fallback);

#endif
