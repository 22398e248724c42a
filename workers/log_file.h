/* A task's log file in Airflow's form: one JSON object a line, so that Airflow's users, and tools that read such logs,
 * see nothing new:
 *
 *     {"timestamp":"2026-11-22T20:55:31.872724Z","level":"info","event":"a line of output","logger":"task.stdout"}
 *
 * Lines are gathered in memory and written when the job ends, when 64 KiB are full, or when the owner says so (the shim
 * does after a moment, for those who watch). The file and its folders are made with the first write; files are appended
 * to, as a try that was rescheduled goes on in its log. A full disk loses lines, never the task; where they are missing
 * a line says so, once there is room again. One thread. */
#ifndef HK_WORKERS_LOG_FILE_H
#define HK_WORKERS_LOG_FILE_H

#include "workers/mask.h"

struct hk_log_file {
    char *path;           /* absolute; NULL: everything is dropped */
    char *context;        /* members of a JSON object without braces: "\"ti_id\":\"...\"" ; NULL: none */
    struct hk_mask *mask; /* NULL: nothing is secret */
    struct hk_buf pending;
    int fd;          /* -1: not open */
    bool has_failed; /* what is missing has not been said yet */
    bool is_cut;     /* the last line in the file has no end */
};

struct hk_log_line {
    int64_t at_us;
    const char *level;  /* "info", "error" ... */
    const char *logger; /* "task.stdout" ... */
    struct hk_str event;
    bool has_context;   /* with the file's context members */
    struct hk_str more; /* members of a JSON object without braces, for the end of the line; may be empty */
};

/* Empty path: NULL. */
void hk_log_file_init(struct hk_log_file *file, struct hk_str path, struct hk_str context);
/* From now on this text is "***" in the events of hk_log_file_add, and in what hk_log_file_add_json is to mask. */
void hk_log_file_mask(struct hk_log_file *file, struct hk_str secret);
/* Bytes that are not UTF-8 become U+FFFD; a long event is split into several lines. */
void hk_log_file_add(struct hk_log_file *file, const struct hk_log_line *line);
/* A line that is a JSON object already, as the Task SDK's process writes it: timestamp, level and event come first, a
 * missing timestamp is added, "exception" is renamed to "error_detail" - what Airflow's supervisor does. What cannot be
 * read is kept as the event of an error line. */
void hk_log_file_add_json(struct hk_log_file *file, int64_t at_us, struct hk_str line, bool is_to_mask);
bool hk_log_file_is_pending(const struct hk_log_file *file);
void hk_log_file_flush(struct hk_log_file *file);
void hk_log_file_close(struct hk_log_file *file); /* flushes; may be used again */
void hk_log_file_clear(struct hk_log_file *file); /* closes and frees */

/* Output as Python's decode("utf-8", errors="backslashreplace").rstrip(): what is not UTF-8 becomes \xff. Appends to
 * out. */
void hk_log_decode(struct hk_buf *out, struct hk_str raw);

#endif
