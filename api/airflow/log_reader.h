/* A task's log file, line by line, in constant memory: each line as one JSON object, whatever is in the file. Used by
 * the log door's two forms. One thread at a time. */
#ifndef HK_API_AIRFLOW_LOG_READER_H
#define HK_API_AIRFLOW_LOG_READER_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct hk__log_reader {
    int fd;         /* -1: no file */
    int64_t offset; /* of the first byte that was not handed out */
    struct hk_buf pending;
    int64_t pending_at; /* where in the file pending begins */
    bool is_at_end;
    bool takes_rest; /* a last line without its newline is a line: nobody is writing any more */
};

/* A file that does not exist is an empty one. HK_INVALID for anything that is not a plain file, HK_IO. */
HK_MUST_USE bool hk__log_open(struct hk__log_reader *reader, const char *path, int64_t offset, bool takes_rest,
                              struct hk_error *err);
void hk__log_close(struct hk__log_reader *reader);
/* Appends the next line to out, without a newline; false at the end. Lines over HK_MAX_LOG_LINE_BYTES * 4 are split. */
bool hk__log_next(struct hk__log_reader *reader, struct hk_buf *out);

#endif
