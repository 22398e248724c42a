/* struct hk_store: the database of one home. The database is the truth: a decision is acted upon only after its commit.
 *
 * One writer thread owns the only read-write connection. Others hand it writes with hk_store_submit; it takes what is
 * waiting, runs each in its own savepoint inside one BEGIN IMMEDIATE ... COMMIT (group commit, synchronous=FULL), and
 * then reports. Readers borrow a read-only connection; WAL lets them work beside the writer.
 *
 * In tests and in `hanok simulate` the store is opened inline: no thread, and hk_store_pump does the writer's work. */
#ifndef HK_STORE_STORE_H
#define HK_STORE_STORE_H

#include "engine/base/error.h"
#include "engine/store/db.h"

struct hk_store;

struct hk_store_options {
    const char *path; /* of the file, or ":memory:" (inline only) */
    bool is_inline;
    bool no_sync; /* synchronous=OFF: `hanok dags test` and benchmarks */
    /* How long a home that is held is waited for. A killed engine may hold it a little longer than it lives, through a
     * child that it was about to start; and a verb of the command line holds it for a moment. */
    int lock_wait_ms;
    /* Called on the writer thread when hk_store_deliver has something to do; wakes the loop. */
    void (*notify)(void *context);
    void *notify_context;
};

/* Opens, creates or migrates. HK_CONFLICT when another engine holds the same home, HK_CORRUPT, HK_IO, and
 * HK_INVALID when a newer hanok wrote it. */
HK_MUST_USE bool hk_store_open(const struct hk_store_options *options, struct hk_store **out, struct hk_error *err);
/* Finishes what was submitted, and delivers it. Loop thread. */
void hk_store_close(struct hk_store *store);

/* Schema version of the file, and of this program. */
int hk_store_schema_version(void);

struct hk_write {
    /* Writer thread. What it does is one part of a transaction: false undoes just that. */
    bool (*run)(struct hk_db *db, void *arg, struct hk_error *err);
    /* After the commit: err NULL when it is durable, else why not (then nothing of it happened). On the thread that
     * calls hk_store_deliver, or on the writer thread if done_on_writer (must be quick and thread-safe). */
    void (*done)(void *arg, const struct hk_error *err);
    void *arg;
    bool done_on_writer;
};

/* Any thread. Writes are run in the order they were submitted. HK_LIMIT is reported through done when
 * HK_MAX_WRITER_QUEUE writes wait, HK_CANCELLED when the store is being closed. */
void hk_store_submit(struct hk_store *store, const struct hk_write *write);

/* Calls done for what has been committed. Loop thread (the one thread that owns the store). */
void hk_store_deliver(struct hk_store *store);

/* Inline stores: does all that is waiting, then delivers; repeats until nothing is left. */
void hk_store_pump(struct hk_store *store);

/* Called by hk_store_deliver after a commit that has added events (engine/store/event_store.h), also when a crash or a
 * failure of that commit makes it a false alarm: whoever is called looks for itself, and looks once when it begins.
 * Loop thread, before the first write or between two of them; at most HK_STORE_MAX_WATCHERS. */
enum { HK_STORE_MAX_WATCHERS = 8 };
void hk_store_watch(struct hk_store *store, void (*call)(void *context), void *context);
/* How many commits may have queued events of assets: who watches for those alone sees whether there were any. Loop. */
uint64_t hk_store_asset_news_count(struct hk_store *store);
void hk_store_unwatch(struct hk_store *store, void (*call)(void *context), const void *context);

/* Waits until done: submit, run, commit. For CLI verbs and tests; not on the loop of a running engine. */
HK_MUST_USE bool hk_store_write_now(struct hk_store *store, bool (*run)(struct hk_db *, void *, struct hk_error *),
                                    void *arg, struct hk_error *err);

/* A read-only connection for this thread until it is given back. One read transaction: begin/end see one
 * state of the database. Any thread. */
HK_MUST_USE bool hk_store_reader_take(struct hk_store *store, struct hk_db **out, struct hk_error *err);
void hk_store_reader_give(struct hk_store *store, struct hk_db *db);

/* How many transactions this store has written: the same number twice means that the database has not changed between.
 * Counted after the commit and before anybody is told of it. Any thread. */
uint64_t hk_store_generation(struct hk_store *store);

/* Inline stores, for tests of crashes: the first half of hk_store_pump, which delivers nothing; and what a crash does
 * to writes that are waiting or not delivered: their done is called with HK_CANCELLED, whether or not they were
 * committed. */
void hk_store_commit(struct hk_store *store);
void hk_store_abandon(struct hk_store *store);
bool hk_store_is_idle(struct hk_store *store); /* nothing waits and nothing is to be delivered */

/* For tests: the n-th commit from now fails as a full disk would; 0: none. Inline stores only. */
void hk_store_fail_commit(struct hk_store *store, int nth);
/* And the n-th step of a statement inside of a write, which undoes that write alone. Returns what was left of the last
 * such call: with a large number, how many steps there were. */
int hk_store_fail_step(struct hk_store *store, int nth);

#endif
