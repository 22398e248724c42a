/* hanok's own log: one line an event, on standard error, as logfmt or JSON lines. The event text is constant;
 * what varies goes into keys. Secrets are never logged. Any thread.
 *
 *     hk_log(HK_INFO, "scheduler", "task finished", HK_KEY("dag", dag_id), HK_KEY_INT("try", try_number));
 */
#ifndef HK_BASE_LOG_H
#define HK_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hk_log_level { HK_DEBUG, HK_INFO, HK_WARN, HK_ERROR };

struct hk_log_key {
    const char *name;
    const char *text; /* NULL: a number */
    int64_t number;
};

#define HK_KEY(name_, text_) ((struct hk_log_key){(name_), (text_) != NULL ? (text_) : "", 0})
#define HK_KEY_INT(name_, number_) ((struct hk_log_key){(name_), NULL, (int64_t)(number_)})
#define HK_KEYS_END ((struct hk_log_key){NULL, NULL, 0})

#define hk_log(level, component, ...) HK_LOG_PICK(level, component, __VA_ARGS__, HK_KEYS_END)
#define HK_LOG_PICK(level, component, event, ...)                                                                      \
    hk_log_write((level), (component), (event), (const struct hk_log_key[]){__VA_ARGS__})

/* keys ends with HK_KEYS_END. Use the macro. */
void hk_log_write(enum hk_log_level level, const char *component, const char *event, const struct hk_log_key *keys);

/* Before threads are started. Default: HK_INFO, logfmt. */
void hk_log_configure(enum hk_log_level least, bool as_json);

#endif
