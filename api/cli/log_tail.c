#include "api/cli/log_tail.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"

enum { TAIL_BYTES = 256 * 1024 };

static void print_text(const char *text, FILE *out)
{
    fputs("    ", out);
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            fputs(text[1] != '\0' ? "\n    " : "", out);
        } else {
            fputc((unsigned char)*text < 0x20 && *text != '\t' ? ' ' : *text, out);
        }
    }
    fputc('\n', out);
}

/* The exception of a Python task, if the record has one: its last line says most. */
static void print_exception(const json_t *record, FILE *out)
{
    size_t i;
    json_t *detail;
    json_array_foreach (json_object_get(record, "error_detail"), i, detail) {
        size_t f;
        json_t *frame;
        json_array_foreach (json_object_get(detail, "frames"), f, frame) {
            fprintf(out, "      File \"%s\", line %lld, in %s\n", hk_json_get_text(frame, "filename", ""),
                    (long long)hk_json_get_int(frame, "lineno", 0), hk_json_get_text(frame, "name", ""));
        }
        fprintf(out, "    %s: %s\n", hk_json_get_text(detail, "exc_type", ""),
                hk_json_get_text(detail, "exc_value", ""));
    }
}

static void print_line(struct hk_str line, FILE *out)
{
    struct hk_error ignored;
    json_t *record = hk_json_parse(line, &ignored);
    const char *event = hk_json_get_text(record, "event", NULL);
    if (event != NULL) {
        print_text(event, out);
        print_exception(record, out);
    } else {
        char *text = hk_strndup(line.data, line.len);
        print_text(text, out);
        free(text);
    }
    json_decref(record);
}

void hk_log_tail(const char *path, size_t lines, FILE *out)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    bool is_cut = fseek(file, -(long)TAIL_BYTES, SEEK_END) == 0;
    if (!is_cut) {
        rewind(file);
    }
    char *text = hk_alloc(TAIL_BYTES + 1);
    size_t len = fread(text, 1, TAIL_BYTES, file);
    fclose(file);
    while (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    size_t begin = len;
    for (size_t found = 0; begin > 0; begin--) {
        if (text[begin - 1] == '\n' && ++found == lines) {
            break;
        }
    }
    struct hk_str rest = {text + begin, len - begin};
    struct hk_str line;
    while (hk_str_next(&rest, '\n', &line)) {
        print_line(line, out);
    }
    free(text);
}
