/* Printing rows as Airflow's CLI does, in the four forms that every listing verb has:
 *
 *     table   key  | val           plain   key    val      json   [{"key": "a", "val": null}]
 *             =====+=====                  a
 *             a    | None                                   yaml   - key: a
 *                                                                    val: null
 *
 * A row is a JSON object, all rows have the same keys in the same order. As in Airflow, what is not a list, an object
 * or null is text in every form ("True", "12"); in a table, lists are joined by commas. Unlike there, long cells are
 * never wrapped, and text beyond ASCII stays readable in json and yaml. Pure. */
#ifndef HK_CLI_OUTPUT_H
#define HK_CLI_OUTPUT_H

#include <jansson.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum hk_output { HK_OUTPUT_TABLE, HK_OUTPUT_JSON, HK_OUTPUT_YAML, HK_OUTPUT_PLAIN };

enum { HK_OUTPUT_BYTES = 256 * 1024 * 1024 };

/* "table", "json", "yaml", "plain"; NULL is a table. */
enum hk_output hk_output_find(const char *name);

void hk_output_rows(const json_t *rows, enum hk_output form, struct hk_buf *out);

/* The JSON value `value` as Python's str() has it, for a cell of text; objects as JSON. */
void hk_output_cell(const json_t *value, struct hk_buf *out);

/* A document (not rows) as YAML; strings that look like another type are quoted. */
void hk_output_yaml(const json_t *document, struct hk_buf *out);

/* Columns that UTF-8 text takes on a terminal: Hangul and other wide letters take two. */
size_t hk_text_width(struct hk_str text);

/* "2026-11-22T20:51:10Z" as Python's isoformat ('T') or str (' ') of that time; other text and null as they are.
 * A new reference. */
json_t *hk_output_time(const json_t *value, char separator);

#endif
