#include "engine/store/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "engine/store/db.h"
#include "engine/store/graph_cache.h"
#include "engine/store/schema.h"

enum {
    MAX_IDLE_READERS = 8,
    MAX_GRAPH_BYTES = 16 * 1024 * 1024,
    /* The write-ahead log in pages of 4 kB: when it is copied into the database; when readers are waited for, because
     * with one of them at every moment it would grow for ever; and how long they may keep the writer. */
    LOG_PAGES = 1000,
    LONG_LOG_PAGES = 16 * LOG_PAGES,
    READER_WAIT_MS = 500,
    LOCK_PAUSE_MS = 10
};

struct queue {
    struct item *items;
    size_t len;
    size_t cap;
};

struct item {
    struct hk_write write;
    struct hk_error err;
    bool failed;
};

struct watcher {
    void (*call)(void *context);
    void *context;
};

struct hk_store {
    struct hk_store_options options;
    char *path;
    struct hk_db *db;   /* the writer's */
    int long_log_pages; /* how long its log may get before readers are waited for */
    struct hk_graph_cache *graphs;
    atomic_uint_fast64_t generation;
    int lock_fd;

    pthread_t thread;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t wake;
    struct queue waiting;
    struct queue finished;
    bool is_closing;
    bool is_notified;
    struct hk_db *idle_readers[MAX_IDLE_READERS];
    size_t idle_reader_count;
    bool has_news; /* for those who watch, with the next delivery */
    uint64_t asset_news;
    int fail_commit_in;
    int fail_step_in;

    struct watcher watchers[HK_STORE_MAX_WATCHERS]; /* the loop's */
    size_t watcher_count;
};

static void queue_push(struct queue *q, const struct item *item)
{
    hk_array_grow((void **)&q->items, &q->cap, q->len + 1, sizeof *q->items);
    q->items[q->len++] = *item;
}

/* ---- opening ---- */

static bool get_version(struct hk_db *db, int64_t *out, struct hk_error *err)
{
    static const char SQL[] = "PRAGMA user_version";
    struct hk_stmt *q = hk_db_query(db, SQL);
    return hk_run_for_int(q, out, err);
}

static bool migrate(struct hk_db *db, struct hk_error *err)
{
    int64_t version = 0;
    if (!get_version(db, &version, err)) {
        return false;
    }
    if (version > HK_SCHEMA_COUNT) {
        return hk_error_set(err, HK_INVALID,
                            "the database has schema version %lld, this hanok knows up to %d; use a newer hanok",
                            (long long)version, HK_SCHEMA_COUNT);
    }
    for (int64_t v = version; v < HK_SCHEMA_COUNT; v++) {
        char set_version[64];
        snprintf(set_version, sizeof set_version, "PRAGMA user_version = %lld", (long long)v + 1);
        if (!hk_db_exec(db, "BEGIN IMMEDIATE", err) || !hk_db_exec(db, hk_schema_sql[v], err) ||
            !hk_db_exec(db, set_version, err) || !hk_db_exec(db, "COMMIT", err)) {
            return hk_error_prefix(err, "migration %lld", (long long)v + 1);
        }
    }
    return true;
}

/* SQLite's own locks would let two engines alternate; this one is held as long as the engine lives. */
static bool lock_home(struct hk_store *store, struct hk_error *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s.lock", store->path) >= (int)sizeof path) {
        return hk_error_set(err, HK_INVALID, "the path of the home is too long");
    }
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        return hk_error_set(err, HK_IO, "%s cannot be opened: %m", path);
    }
    bool is_ours = flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0;
    for (int ms = 0; !is_ours && ms < store->options.lock_wait_ms; ms += LOCK_PAUSE_MS) {
        usleep(LOCK_PAUSE_MS * 1000); /* the kernel can wait for a lock, but not for so long and no longer */
        is_ours = flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0;
    }
    if (!is_ours) {
        return hk_error_set(err, HK_CONFLICT,
                            "another hanok is running on this home (%s is locked); stop it or choose another --home",
                            path);
    }
    return true;
}

static void *writer_main(void *arg);

/* SQLite would make it readable for all; its own files beside it (-wal, -shm) get the mode that this one has. */
static void make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    } /* else SQLite says what is wrong */
}

static bool open_database(struct hk_store *store, struct hk_error *err)
{
    if (store->lock_fd >= 0) {
        make_private(store->path);
    }
    if (!hk_db_open(store->path, HK_DB_READ_WRITE, &store->db, err)) {
        return false;
    }
    hk_db_share_graphs(store->db, store->graphs);
    const char *sync = store->options.no_sync ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL";
    /* The last one: a log that was longer is cut when it begins anew. */
    static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; "
                                  "PRAGMA journal_size_limit = 16777216";
    return hk_db_exec(store->db, pragmas, err) && hk_db_exec(store->db, sync, err) && migrate(store->db, err);
}

bool hk_store_open(const struct hk_store_options *options, struct hk_store **out, struct hk_error *err)
{
    struct hk_store *store = hk_alloc(sizeof *store);
    store->options = *options;
    store->path = hk_strdup(options->path);
    store->lock_fd = -1;
    store->long_log_pages = LONG_LOG_PAGES;
    store->graphs = hk_graph_cache_new(MAX_GRAPH_BYTES);
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->wake, NULL);
    bool is_file = strcmp(options->path, ":memory:") != 0;
    HK_ASSERT(is_file || options->is_inline);
    if ((is_file && !lock_home(store, err)) || !open_database(store, err)) {
        store->options.is_inline = true; /* no thread to join */
        hk_store_close(store);
        return false;
    }
    if (!options->is_inline) {
        HK_ASSERT(pthread_create(&store->thread, NULL, writer_main, store) == 0);
    }
    *out = store;
    return true;
}

void hk_store_close(struct hk_store *store)
{
    if (store == NULL) {
        return;
    }
    if (!store->options.is_inline) {
        pthread_mutex_lock(&store->mutex);
        store->is_closing = true;
        pthread_cond_signal(&store->wake);
        pthread_mutex_unlock(&store->mutex);
        pthread_join(store->thread, NULL);
        hk_store_deliver(store);
    }
    for (size_t i = 0; i < store->idle_reader_count; i++) {
        hk_db_close(store->idle_readers[i]);
    }
    hk_db_close(store->db);
    hk_graph_cache_free(store->graphs);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    pthread_mutex_destroy(&store->mutex);
    pthread_cond_destroy(&store->wake);
    free(store->waiting.items);
    free(store->finished.items);
    free(store->path);
    free(store);
}

int hk_store_schema_version(void)
{
    return HK_SCHEMA_COUNT;
}

/* ---- writing ---- */

static void rollback(struct hk_db *db, const char *sql)
{
    struct hk_error ignored;
    if (!hk_db_exec(db, sql, &ignored)) {
        /* After a full disk SQLite may have rolled back by itself; then there is nothing to undo. */
        return;
    }
}

/* Runs one item in its savepoint; sets item->failed when it failed and was undone. false: the whole transaction is
 * lost, since it could not be undone or SQLite has ended it by itself (full disk). The first has none: there is nothing
 * before it that must stay, and SQLite would copy each page that it changes, which of a large one are thousands. */
static bool run_part(struct hk_store *store, struct item *item, bool is_first, struct hk_error *err)
{
    struct hk_db *db = store->db;
    static const char BEGIN[] = "SAVEPOINT part";
    static const char RELEASE[] = "RELEASE part";
    if (!is_first && !hk_run(hk_db_query(db, BEGIN), err)) {
        return false;
    }
    (void)hk_db_fail_step(db, store->fail_step_in);
    item->failed = !item->write.run(db, item->write.arg, &item->err);
    store->fail_step_in = hk_db_fail_step(db, 0);
    if (!hk_db_is_in_transaction(db)) {
        *err = item->err;
        return item->failed ? false : hk_error_set(err, HK_IO, "database: the transaction was ended by an error");
    }
    if (!item->failed) {
        return is_first || hk_run(hk_db_query(db, RELEASE), err);
    }
    return hk_db_exec(db, is_first ? "ROLLBACK; BEGIN IMMEDIATE" : "ROLLBACK TO part; RELEASE part", err);
}

static bool commit(struct hk_store *store, struct hk_error *err)
{
    static const char COMMIT[] = "COMMIT";
    if (store->fail_commit_in > 0 && --store->fail_commit_in == 0) {
        return hk_error_set(err, HK_UNAVAILABLE, "the disk is full (injected)");
    }
    return hk_run(hk_db_query(store->db, COMMIT), err);
}

/* One transaction over the batch. When the commit fails, every write in it has failed. */
static void run_batch(struct hk_store *store, struct item *items, size_t count)
{
    static const char BEGIN[] = "BEGIN IMMEDIATE";
    struct hk_error err = {0};
    bool ok = hk_run(hk_db_query(store->db, BEGIN), &err);
    for (size_t i = 0; i < count && ok; i++) {
        ok = run_part(store, &items[i], i == 0, &err);
    }
    ok = ok && commit(store, &err);
    atomic_fetch_add(&store->generation, 1); /* of a failed one, too: it may have been written all the same */
    if (!ok) {
        rollback(store->db, "ROLLBACK");
        for (size_t i = 0; i < count; i++) {
            if (!items[i].failed) {
                items[i].failed = true;
                items[i].err = err;
            }
        }
    }
}

uint64_t hk_store_generation(struct hk_store *store)
{
    return atomic_load(&store->generation);
}

static void report(struct hk_store *store, struct item *items, size_t count, unsigned news)
{
    bool notify = false;
    for (size_t i = 0; i < count; i++) {
        if (items[i].write.done_on_writer && items[i].write.done != NULL) {
            items[i].write.done(items[i].write.arg, items[i].failed ? &items[i].err : NULL);
        }
    }
    pthread_mutex_lock(&store->mutex);
    for (size_t i = 0; i < count; i++) {
        if (!items[i].write.done_on_writer && items[i].write.done != NULL) {
            queue_push(&store->finished, &items[i]);
        }
    }
    store->has_news = store->has_news || news != HK_DB_NO_NEWS;
    store->asset_news += (news & HK_DB_ASSET_NEWS) != 0;
    notify = (store->finished.len > 0 || store->has_news) && !store->is_notified;
    store->is_notified = store->is_notified || notify;
    pthread_mutex_unlock(&store->mutex);
    if (notify && store->options.notify != NULL) {
        store->options.notify(store->options.notify_context);
    }
}

/* Takes what is waiting; the caller frees. Waits for something when `wait`. false when closing and empty. */
static bool take_batch(struct hk_store *store, bool wait, struct queue *out)
{
    pthread_mutex_lock(&store->mutex);
    while (wait && store->waiting.len == 0 && !store->is_closing) {
        pthread_cond_wait(&store->wake, &store->mutex);
    }
    *out = store->waiting;
    store->waiting = (struct queue){0};
    pthread_mutex_unlock(&store->mutex);
    return out->len > 0;
}

/* After everybody has been told: nobody waits for this but the next batch. */
static void tidy_log(struct hk_store *store)
{
    int pages = hk_db_log_pages(store->db);
    if (pages < LOG_PAGES) {
        store->long_log_pages = LONG_LOG_PAGES;
        return;
    }
    bool is_long = pages >= store->long_log_pages;
    hk_db_checkpoint(store->db, is_long ? READER_WAIT_MS : 0);
    store->long_log_pages +=
        is_long ? LONG_LOG_PAGES : 0; /* a reader that is slower than that is waited for again then */
}

static void do_batch(struct hk_store *store, struct queue *batch)
{
    for (size_t at = 0; at < batch->len; at += HK_MAX_WRITER_BATCH) {
        size_t n = batch->len - at < HK_MAX_WRITER_BATCH ? batch->len - at : HK_MAX_WRITER_BATCH;
        run_batch(store, batch->items + at, n);
        report(store, batch->items + at, n, hk_db_take_news(store->db));
        tidy_log(store);
    }
    free(batch->items);
}

static void *writer_main(void *arg)
{
    struct hk_store *store = arg;
    struct queue batch;
    while (take_batch(store, true, &batch)) {
        do_batch(store, &batch);
    }
    return NULL;
}

void hk_store_submit(struct hk_store *store, const struct hk_write *write)
{
    struct item item = {.write = *write};
    pthread_mutex_lock(&store->mutex);
    bool is_closing = store->is_closing;
    bool has_room = store->waiting.len < HK_MAX_WRITER_QUEUE && !is_closing;
    if (has_room) {
        queue_push(&store->waiting, &item);
        pthread_cond_signal(&store->wake);
    }
    pthread_mutex_unlock(&store->mutex);
    if (!has_room) {
        item.failed = true;
        if (is_closing) {
            hk_error_set(&item.err, HK_CANCELLED, "the engine is going away");
        } else {
            hk_error_set(&item.err, HK_LIMIT, "%d writes are waiting for the disk already; try again later",
                         HK_MAX_WRITER_QUEUE);
        }
        report(store, &item, 1, HK_DB_NO_NEWS);
    }
}

void hk_store_deliver(struct hk_store *store)
{
    pthread_mutex_lock(&store->mutex);
    struct queue finished = store->finished;
    store->finished = (struct queue){0};
    store->is_notified = false;
    bool has_news = store->has_news;
    store->has_news = false;
    pthread_mutex_unlock(&store->mutex);
    for (size_t i = 0; i < finished.len; i++) {
        struct item *item = &finished.items[i];
        item->write.done(item->write.arg, item->failed ? &item->err : NULL);
    }
    free(finished.items);
    for (size_t i = 0; has_news && i < store->watcher_count; i++) {
        store->watchers[i].call(store->watchers[i].context);
    }
}

void hk_store_watch(struct hk_store *store, void (*call)(void *context), void *context)
{
    HK_ASSERT(store->watcher_count < HK_STORE_MAX_WATCHERS);
    store->watchers[store->watcher_count++] = (struct watcher){call, context};
}

uint64_t hk_store_asset_news_count(struct hk_store *store)
{
    pthread_mutex_lock(&store->mutex);
    uint64_t count = store->asset_news;
    pthread_mutex_unlock(&store->mutex);
    return count;
}

void hk_store_unwatch(struct hk_store *store, void (*call)(void *context), const void *context)
{
    for (size_t i = 0; i < store->watcher_count; i++) {
        if (store->watchers[i].call == call && store->watchers[i].context == context) {
            store->watchers[i] = store->watchers[--store->watcher_count];
            return;
        }
    }
}

void hk_store_commit(struct hk_store *store)
{
    HK_ASSERT(store->options.is_inline);
    struct queue batch;
    if (take_batch(store, false, &batch)) {
        do_batch(store, &batch);
    }
}

void hk_store_pump(struct hk_store *store)
{
    while (store->waiting.len > 0 || store->finished.len > 0 || store->has_news) {
        hk_store_commit(store);
        hk_store_deliver(store);
    }
}

bool hk_store_is_idle(struct hk_store *store)
{
    HK_ASSERT(store->options.is_inline);
    return store->waiting.len == 0 && store->finished.len == 0 && !store->has_news;
}

static void cancel(struct queue *q)
{
    struct hk_error err;
    hk_error_set(&err, HK_CANCELLED, "the engine went away");
    for (size_t i = 0; i < q->len; i++) {
        if (q->items[i].write.done != NULL) {
            q->items[i].write.done(q->items[i].write.arg, &err);
        }
    }
    free(q->items);
}

void hk_store_abandon(struct hk_store *store)
{
    HK_ASSERT(store->options.is_inline);
    while (store->waiting.len > 0 || store->finished.len > 0) {
        struct queue finished = store->finished;
        struct queue waiting = store->waiting;
        store->finished = (struct queue){0};
        store->waiting = (struct queue){0};
        store->is_notified = false;
        store->has_news = false;
        cancel(&finished);
        cancel(&waiting);
    }
}

/* ---- a write that is waited for ---- */

struct waiter {
    bool (*run)(struct hk_db *, void *, struct hk_error *);
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool is_done;
    bool failed;
    struct hk_error *err;
};

static bool waiter_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct waiter *w = arg;
    return w->run(db, w->arg, err);
}

static void waiter_done(void *arg, const struct hk_error *err)
{
    struct waiter *w = arg;
    pthread_mutex_lock(&w->mutex);
    w->is_done = true;
    w->failed = err != NULL;
    if (err != NULL) {
        *w->err = *err;
    }
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
}

bool hk_store_write_now(struct hk_store *store, bool (*run)(struct hk_db *, void *, struct hk_error *), void *arg,
                        struct hk_error *err)
{
    struct waiter w = {.run = run, .arg = arg, .err = err};
    pthread_mutex_init(&w.mutex, NULL);
    pthread_cond_init(&w.wake, NULL);
    struct hk_write write = {waiter_run, waiter_done, &w, true};
    hk_store_submit(store, &write);
    if (store->options.is_inline) {
        hk_store_pump(store);
    }
    pthread_mutex_lock(&w.mutex);
    while (!w.is_done) {
        pthread_cond_wait(&w.wake, &w.mutex);
    }
    pthread_mutex_unlock(&w.mutex);
    pthread_mutex_destroy(&w.mutex);
    pthread_cond_destroy(&w.wake);
    return !w.failed;
}

/* ---- reading ---- */

bool hk_store_reader_take(struct hk_store *store, struct hk_db **out, struct hk_error *err)
{
    static const char BEGIN[] = "BEGIN";
    if (strcmp(store->path, ":memory:") == 0) {
        *out = store->db;
        return true;
    }
    pthread_mutex_lock(&store->mutex);
    struct hk_db *db = store->idle_reader_count > 0 ? store->idle_readers[--store->idle_reader_count] : NULL;
    pthread_mutex_unlock(&store->mutex);
    if (db == NULL && !hk_db_open(store->path, HK_DB_READ_ONLY, &db, err)) {
        return false;
    }
    hk_db_share_graphs(db, store->graphs);
    if (!hk_run(hk_db_query(db, BEGIN), err)) {
        hk_db_close(db);
        return false;
    }
    *out = db;
    return true;
}

void hk_store_reader_give(struct hk_store *store, struct hk_db *db)
{
    static const char END[] = "COMMIT";
    if (db == store->db) {
        return;
    }
    struct hk_error ignored;
    if (hk_db_reset_all(db) > 0) {
        hk_log(HK_WARN, "store", "a reader left a statement on its row");
    }
    bool ok = hk_run(hk_db_query(db, END), &ignored);
    pthread_mutex_lock(&store->mutex);
    if (ok && store->idle_reader_count < MAX_IDLE_READERS) {
        store->idle_readers[store->idle_reader_count++] = db;
        db = NULL;
    }
    pthread_mutex_unlock(&store->mutex);
    hk_db_close(db);
}

void hk_store_fail_commit(struct hk_store *store, int nth)
{
    store->fail_commit_in = nth;
}

int hk_store_fail_step(struct hk_store *store, int nth)
{
    int left = store->fail_step_in;
    store->fail_step_in = nth;
    return left;
}
