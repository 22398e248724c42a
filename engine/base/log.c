#include "engine/base/log.h"

#include <string.h>
#include <unistd.h>

#include "engine/base/civil.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"

static enum hk_log_level least_level = HK_INFO;
static bool write_json;

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void hk_log_configure(enum hk_log_level least, bool as_json)
{
    least_level = least;
    write_json = as_json;
}

static void add_json(struct hk_buf *line, enum hk_log_level level, const char *time, const char *component,
                     const char *event, const struct hk_log_key *keys)
{
    struct hk_json w;
    hk_json_init(&w, line);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "time", time);
    hk_json_kv_text(&w, "level", level_names[level]);
    hk_json_kv_text(&w, "component", component);
    hk_json_kv_text(&w, "event", event);
    for (; keys->name != NULL; keys++) {
        if (keys->text != NULL) {
            hk_json_kv_text(&w, keys->name, keys->text);
        } else {
            hk_json_kv_int(&w, keys->name, keys->number);
        }
    }
    hk_json_end_object(&w);
}

static void add_logfmt(struct hk_buf *line, enum hk_log_level level, const char *time, const char *component,
                       const char *event, const struct hk_log_key *keys)
{
    hk_buf_printf(line, "%s %-7s %-10s %s", time, level_names[level], component, event);
    for (; keys->name != NULL; keys++) {
        hk_buf_printf(line, " %s=", keys->name);
        if (keys->text == NULL) {
            hk_buf_printf(line, "%lld", (long long)keys->number);
        } else if (keys->text[0] != '\0' && strpbrk(keys->text, " \"=\n\r\t\x1b\\") == NULL) {
            hk_buf_add_text(line, keys->text);
        } else {
            struct hk_json w;
            hk_json_init(&w, line);
            hk_json_text(&w, keys->text);
        }
    }
}

void hk_log_write(enum hk_log_level level, const char *component, const char *event, const struct hk_log_key *keys)
{
    if (level < least_level) {
        return;
    }
    char time[HK_ISO_SIZE];
    hk_iso_z(hk_clock_wall_us(hk_clock_system()), time);
    struct hk_buf line;
    hk_buf_init(&line, 16384);
    if (write_json) {
        add_json(&line, level, time, component, event, keys);
    } else {
        add_logfmt(&line, level, time, component, event, keys);
    }
    line.is_full = false;
    hk_buf_add_char(&line, '\n');
    /* One write call a line, so that lines of several threads do not mix. A broken stderr is nobody's failure. */
    ssize_t ignored = write(STDERR_FILENO, line.data, line.len);
    (void)ignored;
    hk_buf_clear(&line);
}
