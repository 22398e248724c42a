/* What engine and shim say to each other, as bytes: a frame is a length (4 bytes, little-endian, of what follows), a
 * type (1 byte) and the fields of that type in a fixed order. Numbers are little-endian, text has its length in front
 * and a NUL behind, so that decoding copies nothing. Pure; any thread.
 *
 *     engine: HELLO      shim: WELCOME, one JOB each, JOBS_END, then what the engine has not answered or forgotten
 *     engine: START      shim: STARTED, MESSAGE ..., ENDED
 *     engine: SEND, SEND_LOG, LOG, MASK, STOP, FORGET, SHUTDOWN
 *
 * HK_SHIM_VERSION changes with any change of a field; HELLO, WELCOME's version and SHUTDOWN stay as they are for ever,
 * so that a newer engine can at least end an older shim. A record of HOME/run/exits is an ENDED frame. */
#ifndef HK_WORKERS_SHIM_WIRE_H
#define HK_WORKERS_SHIM_WIRE_H

#include "engine/base/buf.h"
#include "engine/base/limits.h"
#include "scheduler/executor.h"

enum { HK_SHIM_VERSION = 4 };

enum {
    HK_SHIM_HEADER_BYTES = 4,
    /* A Python message of the largest size, and the key around it. */
    HK_SHIM_MAX_FRAME_BYTES = HK_MAX_FRAME_BYTES + 4096,
};

enum hk_shim_type {
    HK_SHIM_HELLO = 1,
    HK_SHIM_SHUTDOWN,
    HK_SHIM_WELCOME,
    HK_SHIM_START,
    HK_SHIM_SEND,
    HK_SHIM_SEND_LOG, /* the same, and with it one end of a new socket for log lines */
    HK_SHIM_LOG,
    HK_SHIM_MASK,
    HK_SHIM_STOP,
    HK_SHIM_FORGET,
    HK_SHIM_JOB,
    HK_SHIM_JOBS_END,
    HK_SHIM_STARTED,
    HK_SHIM_MESSAGE,
    HK_SHIM_ENDED,
    HK_SHIM_TYPE_END
};

enum hk_shim_kind { HK_SHIM_COMMAND, HK_SHIM_TASK, HK_SHIM_PARSE, HK_SHIM_KIND_COUNT };

/* Several texts, each with its NUL, one behind the other. */
struct hk_shim_texts {
    uint32_t count;
    struct hk_str packed;
};

struct hk_shim_hello {
    uint32_t version;
    struct hk_str home_id;
    struct hk_str python;
    struct hk_str host_script;
    struct hk_str temporary_root; /* where commands get their folders */
    struct hk_shim_texts environment;
};

struct hk_shim_start {
    enum hk_shim_kind kind;
    bool inherits_environment; /* HELLO's environment goes in front of this one */
    struct hk_str id;
    struct hk_str log_path;    /* absolute; empty: output is dropped */
    struct hk_str log_context; /* members of a JSON object, without braces; may be empty */
    struct hk_str file;        /* DAG file of a Python job */
    struct hk_str cwd;         /* empty: a temporary folder (commands) */
    int64_t timeout_us;        /* 0: none */
    uint32_t slots;            /* waits its turn while so many tasks run; 0: starts at once */
    struct hk_shim_texts arguments;
    struct hk_shim_texts environment;
    struct hk_shim_texts skip_codes; /* exit codes as decimal text, for the log */
};

struct hk_shim_ended {
    int32_t exit_code; /* -signal when killed */
    bool is_stopped;   /* STOP came before the end */
    bool is_timed_out;
    bool is_lost;    /* the host died under it */
    bool is_refused; /* was never started; see message */
    int64_t started_at_us;
    int64_t ended_at_us;
    int64_t user_us;
    int64_t system_us;
    int64_t peak_rss_bytes;
    struct hk_str last_line; /* of a command's output */
    struct hk_str message;   /* a sentence, or empty */
};

struct hk_shim_message {
    enum hk_shim_type type;
    struct hk_job_key key; /* all but HELLO, WELCOME, JOBS_END, SHUTDOWN */
    union {
        struct hk_shim_hello hello;
        struct {
            uint32_t version;
            int32_t pid;
        } welcome;
        struct hk_shim_start start;
        struct hk_str payload; /* SEND, SEND_LOG, MESSAGE; MASK: one secret */
        struct {
            struct hk_str level;
            struct hk_str event;
        } log;
        struct {
            enum hk_shim_kind kind;
            int32_t pid; /* JOB, STARTED; 0 in a JOB: not yet known */
            int64_t started_at_us;
            bool is_ended;
        } job;
        struct hk_shim_ended ended;
    };
};

/* Appends one frame. When it does not fit, out->is_full. */
void hk_shim_encode(struct hk_buf *out, const struct hk_shim_message *message);

enum hk_shim_step { HK_SHIM_MORE, HK_SHIM_FRAME, HK_SHIM_BROKEN };

/* Looks at the start of what was received. HK_SHIM_FRAME: *message is the first frame, pointing into data, and *used
 * its length. HK_SHIM_MORE: not complete; *used is how many bytes it will have, 0 when not known. HK_SHIM_BROKEN: err
 * says why. */
enum hk_shim_step hk_shim_decode(struct hk_str data, struct hk_shim_message *message, size_t *used,
                                 struct hk_error *err);

/* Walks frames that stand behind each other: *rest is cut by the one that is given. false at the end, or at a broken
 * one. */
bool hk_shim_next(struct hk_str *rest, struct hk_shim_message *message);

/* Walks texts: at starts as NULL. NULL at the end. */
const char *hk_shim_texts_next(const struct hk_shim_texts *texts, const char *at);
/* Adds one text to what becomes packed. */
void hk_shim_texts_add(struct hk_shim_texts *texts, struct hk_buf *packed, const char *text);

/* Spreads keys over a power of two of buckets. */
static inline size_t hk_job_key_bucket(const struct hk_job_key *key, size_t buckets)
{
    uint64_t h = (uint64_t)key->run * UINT64_C(0x9E3779B97F4A7C15) + key->task * UINT64_C(0xC2B2AE3D27D4EB4F) +
                 (uint64_t)(int64_t)key->map_index * UINT64_C(0x165667B19E3779F9) + key->try_number;
    return (size_t)(h ^ h >> 32) & (buckets - 1);
}

#endif
