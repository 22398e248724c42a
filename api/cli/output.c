#include "api/cli/output.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"

enum hk_output hk_output_find(const char *name)
{
    if (name == NULL) {
        return HK_OUTPUT_TABLE;
    }
    return strcmp(name, "json") == 0    ? HK_OUTPUT_JSON
           : strcmp(name, "yaml") == 0  ? HK_OUTPUT_YAML
           : strcmp(name, "plain") == 0 ? HK_OUTPUT_PLAIN
                                        : HK_OUTPUT_TABLE;
}

/* ---- values ---- */

void hk_output_cell(const json_t *value, struct hk_buf *out)
{
    struct hk_json w;
    size_t i;
    json_t *item;
    switch (json_typeof(value)) {
    case JSON_STRING:
        hk_buf_add(out, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        hk_buf_printf(out, "%lld", (long long)json_integer_value(value));
        return;
    case JSON_REAL:
        hk_json_init(&w, out);
        hk_json_double(&w, json_real_value(value));
        return;
    case JSON_TRUE:
        hk_buf_add_text(out, "True");
        return;
    case JSON_FALSE:
        hk_buf_add_text(out, "False");
        return;
    case JSON_NULL:
        hk_buf_add_text(out, "None");
        return;
    case JSON_ARRAY:
        json_array_foreach ((json_t *)value, i, item) {
            hk_buf_add_text(out, i > 0 ? "," : "");
            hk_output_cell(item, out);
        }
        return;
    case JSON_OBJECT:
        break;
    }
    char *text = json_dumps(value, 0);
    hk_buf_add_text(out, text != NULL ? text : "{}");
    free(text);
}

/* As Airflow's console does before json, yaml and plain: scalars become text. A new reference. */
static json_t *normalized(const json_t *value)
{
    size_t i;
    json_t *item;
    const char *key;
    if (json_is_array(value)) {
        json_t *list = json_array();
        json_array_foreach ((json_t *)value, i, item) {
            json_array_append_new(list, normalized(item));
        }
        return list;
    }
    if (json_is_object(value)) {
        json_t *object = json_object();
        json_object_foreach ((json_t *)value, key, item) {
            json_object_set_new(object, key, normalized(item));
        }
        return object;
    }
    if (json_is_null(value) || json_is_string(value)) {
        return json_deep_copy(value);
    }
    struct hk_buf text;
    hk_buf_init(&text, 1024);
    hk_output_cell(value, &text);
    json_t *string = json_string(text.data);
    hk_buf_clear(&text);
    return string;
}

json_t *hk_output_time(const json_t *value, char separator)
{
    int64_t us = 0;
    bool has_zone = false;
    char text[HK_ISO_SIZE];
    const char *given = json_string_value(value);
    if (given == NULL || !hk_iso_parse(hk_str_from(given), &us, &has_zone)) {
        return value != NULL ? json_deep_copy(value) : json_null();
    }
    hk_iso_offset(us, text);
    char *t = strchr(text, 'T');
    if (t != NULL) {
        *t = separator;
    }
    return json_string(text);
}

/* ---- table and plain ---- */

struct grid {
    char **cells; /* row by row; row 0 is the header */
    size_t *widths;
    bool *is_number; /* every cell of the column below the header is a whole number */
    size_t columns;
    size_t rows;
};

static size_t cell_width(const char *cell)
{
    struct hk_str rest = hk_str_from(cell);
    struct hk_str line;
    size_t width = 0;
    while (hk_str_next(&rest, '\n', &line)) {
        size_t w = hk_text_width(line);
        width = w > width ? w : width;
    }
    return width;
}

static char *cell_text(const json_t *value, bool is_plain)
{
    struct hk_buf text;
    hk_buf_init(&text, HK_OUTPUT_BYTES);
    if (value != NULL && !(is_plain && json_is_null(value))) {
        hk_output_cell(value, &text);
    }
    char *cell = hk_buf_take(&text);
    for (unsigned char *c = (unsigned char *)cell; *c != '\0'; c++) {
        /* What others wrote must not steer the reader's terminal: no control characters, those of U+0080 to U+009F (two
         * bytes) neither. */
        bool is_late_control = *c == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0;
        if ((*c < 0x20 && *c != '\n') || *c == 0x7F || is_late_control) {
            c[is_late_control ? 1 : 0] = ' ';
            *c = ' ';
        }
    }
    return cell;
}

static void grid_fill(struct grid *g, const json_t *rows, bool is_plain)
{
    const json_t *first = json_array_get(rows, 0);
    g->columns = json_object_size(first);
    g->rows = json_array_size(rows) + 1;
    g->cells = hk_alloc_array(g->rows * g->columns, sizeof(char *));
    g->widths = hk_alloc_array(g->columns, sizeof(size_t));
    g->is_number = hk_alloc_array(g->columns, sizeof(bool));
    const char *key;
    json_t *ignored;
    size_t column = 0;
    json_object_foreach ((json_t *)first, key, ignored) {
        (void)ignored;
        g->cells[column] = hk_strdup(key);
        g->widths[column] = cell_width(key);
        g->is_number[column] = true;
        for (size_t r = 1; r < g->rows; r++) {
            int64_t number = 0;
            char *cell = cell_text(json_object_get(json_array_get(rows, r - 1), key), is_plain);
            g->cells[r * g->columns + column] = cell;
            size_t width = cell_width(cell);
            g->widths[column] = width > g->widths[column] ? width : g->widths[column];
            g->is_number[column] = g->is_number[column] && hk_str_to_i64(hk_str_from(cell), &number);
        }
        column++;
    }
}

static void grid_clear(struct grid *g)
{
    for (size_t i = 0; i < g->rows * g->columns; i++) {
        free(g->cells[i]);
    }
    free(g->cells);
    free(g->widths);
    free(g->is_number);
}

static void add_repeated(struct hk_buf *out, char c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hk_buf_add_char(out, c);
    }
}

static struct hk_str line_of(const char *cell, size_t index, bool *is_there)
{
    struct hk_str rest = hk_str_from(cell);
    struct hk_str line;
    while (hk_str_next(&rest, '\n', &line)) {
        if (index-- == 0) {
            *is_there = true;
            return line;
        }
    }
    return (struct hk_str){"", 0};
}

static void add_line(const struct grid *g, const char *const *cells, size_t line, bool is_plain, struct hk_buf *out)
{
    bool ignored = false;
    for (size_t c = 0; c < g->columns; c++) {
        struct hk_str text = line_of(cells[c], line, &ignored);
        size_t pad = g->widths[c] - hk_text_width(text);
        bool is_last = c + 1 == g->columns;
        hk_buf_add_text(out, c == 0 ? "" : is_plain ? "  " : " | ");
        if (is_plain && g->is_number[c]) {
            add_repeated(out, ' ', pad);
            pad = 0;
        }
        hk_buf_add_str(out, text);
        add_repeated(out, ' ', is_plain && is_last ? 0 : pad);
    }
    hk_buf_add_char(out, '\n');
}

static void add_row(const struct grid *g, size_t row, bool is_plain, struct hk_buf *out)
{
    const char *const *cells = (const char *const *)&g->cells[row * g->columns];
    bool has_more = true;
    for (size_t line = 0; has_more; line++) {
        add_line(g, cells, line, is_plain, out);
        has_more = false;
        for (size_t c = 0; c < g->columns && !has_more; c++) {
            (void)line_of(cells[c], line + 1, &has_more);
        }
    }
}

static void add_grid(const json_t *rows, bool is_plain, struct hk_buf *out)
{
    if (json_array_size(rows) == 0) {
        hk_buf_add_text(out, "No data found\n");
        return;
    }
    struct grid g = {.cells = NULL};
    grid_fill(&g, rows, is_plain);
    for (size_t r = 0; r < g.rows; r++) {
        add_row(&g, r, is_plain, out);
        for (size_t c = 0; r == 0 && !is_plain && c < g.columns; c++) {
            hk_buf_add_text(out, c == 0 ? "" : "=+=");
            add_repeated(out, '=', g.widths[c]);
        }
        hk_buf_add_text(out, r == 0 && !is_plain ? "\n" : "");
    }
    grid_clear(&g);
}

void hk_output_rows(const json_t *rows, enum hk_output form, struct hk_buf *out)
{
    if (form == HK_OUTPUT_TABLE || form == HK_OUTPUT_PLAIN) {
        add_grid(rows, form == HK_OUTPUT_PLAIN, out);
        return;
    }
    json_t *text = normalized(rows);
    if (form == HK_OUTPUT_JSON) {
        char *json = json_dumps(text, 0);
        hk_buf_printf(out, "%s\n", json != NULL ? json : "[]");
        free(json);
    } else {
        hk_output_yaml(text, out);
    }
    json_decref(text);
}
