#include "engine/base/log.h"

#include <unistd.h>

#include "engine/base/civil.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"

enum { LINE_BYTES = 16 * 1024 };

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

/* DEL and the second set of control characters (U+0080 to U+009F), which terminals obey and JSON lets through. */
static size_t terminal_control(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    return c[0] == 0x7F ? 1 : c[0] == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F ? 2 : 0;
}

static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == '"' || *c == '=' || *c == '\\' || terminal_control(c) > 0) {
            return false;
        }
    }
    return *text != '\0';
}

/* In JSON's quotes; terminal controls become U+FFFD. */
static void add_quoted(struct hk_buf *line, const char *text)
{
    struct hk_buf tame;
    struct hk_json w;
    hk_buf_init(&tame, 3 * LINE_BYTES);
    while (*text != '\0' && !tame.is_full) {
        size_t n = terminal_control(text);
        hk_buf_add(&tame, n > 0 ? "\xEF\xBF\xBD" : text, n > 0 ? 3 : 1);
        text += n > 0 ? n : 1;
    }
    hk_json_init(&w, line);
    hk_json_string(&w, hk_buf_str(&tame));
    hk_buf_clear(&tame);
}

static void add_logfmt(struct hk_buf *line, enum hk_log_level level, const char *time, const char *component,
                       const char *event, const struct hk_log_key *keys)
{
    hk_buf_printf(line, "%s %-7s %-10s %s", time, level_names[level], component, event);
    for (; keys->name != NULL; keys++) {
        hk_buf_printf(line, " %s=", keys->name);
        if (keys->text == NULL) {
            hk_buf_printf(line, "%lld", (long long)keys->number);
        } else if (is_plain(keys->text)) {
            hk_buf_add_text(line, keys->text);
        } else {
            add_quoted(line, keys->text);
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
    hk_buf_init(&line, LINE_BYTES);
    if (write_json) {
        add_json(&line, level, time, component, event, keys);
    } else {
        add_logfmt(&line, level, time, component, event, keys);
    }
    line.is_full = false; /* what did not fit is cut; the end of the line is not */
    line.max++;
    hk_buf_add_char(&line, '\n');
    /* One write call a line, so that lines of several threads do not mix. A broken stderr is nobody's failure. */
    ssize_t ignored = write(STDERR_FILENO, line.data, line.len);
    (void)ignored;
    hk_buf_clear(&line);
}
