#include "engine/store/db.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/clock.h"

/* Statements made at run time are few different texts, too (a list with these filters in this order), and preparing one
 * takes longer than running it. */
enum { STATEMENT_SLOTS = 512, MADE_SLOTS = 32, MADE_MAX_BYTES = 8192, BUSY_MS = 10000, BUDGET_GRAIN = 1000 };

struct hk_stmt {
    struct hk_db *db;
    sqlite3_stmt *raw;
    const char *sql; /* identity of a cached statement */
    char *made_sql;  /* of one made at run time; NULL: of none, or of one that is too long to be kept */
    size_t made_len;
    uint64_t last_used;
    bool is_taken;
    struct hk_error bind_error;
    bool has_bind_error;
};

struct hk_db {
    sqlite3 *raw;
    struct hk_stmt *cache[STATEMENT_SLOTS]; /* open addressing by address of the SQL text */
    size_t cached;
    struct hk_stmt *made[MADE_SLOTS]; /* the least recently used one gives way */
    uint64_t uses;
    int log_pages;
    int fail_step_in; /* 0: never */
    int64_t budget;   /* steps that are left */
    unsigned news;
    struct hk_graph_cache *graphs;
};

static enum hk_code code_of(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_CONSTRAINT:
        return HK_CONFLICT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL: /* until somebody makes room */
        return HK_UNAVAILABLE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return HK_CORRUPT;
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return HK_IO;
    case SQLITE_TOOBIG:
        return HK_LIMIT;
    case SQLITE_INTERRUPT:
        return HK_CANCELLED;
    default:
        return HK_INTERNAL;
    }
}

static bool fail(struct hk_db *db, int rc, struct hk_error *err)
{
    if ((rc & 0xFF) == SQLITE_FULL) {
        return hk_error_set(err, code_of(rc), "the disk is full: '%s' cannot grow; free some space on it",
                            sqlite3_db_filename(db->raw, "main"));
    }
    if ((rc & 0xFF) == SQLITE_IOERR && db->raw != NULL) {
        return hk_error_set(err, code_of(rc), "the database '%s' cannot be read or written: %s; see to its disk",
                            sqlite3_db_filename(db->raw, "main"), sqlite3_errmsg(db->raw));
    }
    if (code_of(rc) == HK_CORRUPT) {
        return hk_error_set(err, HK_CORRUPT, "the database is damaged (%s); restore it from a back-up, or move it away",
                            db->raw != NULL ? sqlite3_errmsg(db->raw) : sqlite3_errstr(rc));
    }
    return hk_error_set(err, code_of(rc), "database: %s",
                        db->raw != NULL ? sqlite3_errmsg(db->raw) : sqlite3_errstr(rc));
}

/* SQLite counts its memory under one lock for all threads unless told not to; nobody asks for the count. */
static void configure_once(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int note_log(void *arg, sqlite3 *raw, const char *name, int pages)
{
    struct hk_db *db = arg;
    (void)raw;
    (void)name;
    db->log_pages = pages;
    return SQLITE_OK;
}

bool hk_db_open(const char *path, enum hk_db_mode mode, struct hk_db **out, struct hk_error *err)
{
    static pthread_once_t is_configured = PTHREAD_ONCE_INIT;
    (void)pthread_once(&is_configured, configure_once);
    struct hk_db *db = hk_alloc(sizeof *db);
    int flags = mode == HK_DB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int rc = sqlite3_open_v2(path, &db->raw, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        fail(db, rc, err);
        hk_error_prefix(err, "%s", path);
        hk_db_close(db);
        return false;
    }
    sqlite3_extended_result_codes(db->raw, 1);
    /* Small memory of running statements comes from here, without malloc: 64 kB, enough for the texts of a wide row. */
    (void)sqlite3_db_config(db->raw, SQLITE_DBCONFIG_LOOKASIDE, NULL, 512, 128);
    sqlite3_busy_timeout(db->raw, BUSY_MS);
    /* Four times SQLite's own: a search over 100,000 runs that goes through a table takes 40 ms instead of 110, and
     * pages of a large write are not written and read again before it ends. */
    (void)sqlite3_exec(db->raw, "PRAGMA cache_size = -8192", NULL, NULL, NULL);
    (void)sqlite3_wal_hook(db->raw, note_log, db); /* in place of SQLite's automatic checkpoints */
    *out = db;
    return true;
}

static void destroy(struct hk_stmt *q)
{
    if (q != NULL) {
        sqlite3_finalize(q->raw);
        free(q->made_sql);
        free(q);
    }
}

void hk_db_close(struct hk_db *db)
{
    if (db == NULL) {
        return;
    }
    for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
        destroy(db->cache[i]);
    }
    for (size_t i = 0; i < MADE_SLOTS; i++) {
        HK_ASSERT(db->made[i] == NULL || !db->made[i]->is_taken);
        destroy(db->made[i]);
    }
    HK_ASSERT(sqlite3_close(db->raw) == SQLITE_OK);
    free(db);
}

void hk_db_share_graphs(struct hk_db *db, struct hk_graph_cache *graphs)
{
    db->graphs = graphs;
}

struct hk_graph_cache *hk_db_graphs(const struct hk_db *db)
{
    return db->graphs;
}

bool hk_db_exec(struct hk_db *db, const char *sql, struct hk_error *err)
{
    int rc = sqlite3_exec(db->raw, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? true : fail(db, rc, err);
}

/* What goes wrong before a statement is run is reported when it is: then there is somebody to tell. */
static void check_bind(struct hk_stmt *q, int rc)
{
    if (rc != SQLITE_OK && !q->has_bind_error) {
        q->has_bind_error = true;
        fail(q->db, rc, &q->bind_error);
    }
}

struct hk_stmt *hk_db_query(struct hk_db *db, const char *static_sql)
{
    size_t at = ((uintptr_t)static_sql >> 3) % STATEMENT_SLOTS;
    while (db->cache[at] != NULL && db->cache[at]->sql != static_sql) {
        at = (at + 1) % STATEMENT_SLOTS;
    }
    struct hk_stmt *q = db->cache[at];
    if (q == NULL) {
        HK_ASSERT(++db->cached < STATEMENT_SLOTS);
        q = hk_alloc(sizeof *q);
        q->db = db;
        q->sql = static_sql;
        db->cache[at] = q;
    }
    hk_reset(q);
    if (q->raw == NULL) { /* new, or it could not be prepared before: a locked file, a full disk */
        check_bind(q, sqlite3_prepare_v3(db->raw, static_sql, -1, SQLITE_PREPARE_PERSISTENT, &q->raw, NULL));
        HK_ASSERT(!q->has_bind_error || q->bind_error.code != HK_INTERNAL); /* a mistake in our SQL is a bug */
    }
    return q;
}

/* One that is free and has this text. */
static struct hk_stmt *find_made(const struct hk_db *db, struct hk_str sql)
{
    for (size_t i = 0; i < MADE_SLOTS; i++) {
        struct hk_stmt *q = db->made[i];
        if (q != NULL && !q->is_taken && q->made_len == sql.len && memcmp(q->made_sql, sql.data, sql.len) == 0) {
            return q;
        }
    }
    return NULL;
}

/* Keeps q when there is room for it or an older one to give way: not one that is in use. */
static void keep_made(struct hk_db *db, struct hk_stmt *q, struct hk_str sql)
{
    size_t oldest = MADE_SLOTS;
    for (size_t i = 0; i < MADE_SLOTS && (oldest == MADE_SLOTS || db->made[oldest] != NULL); i++) {
        const struct hk_stmt *other = db->made[i];
        bool may_go = other == NULL || !other->is_taken;
        if (may_go && (oldest == MADE_SLOTS || other == NULL || other->last_used < db->made[oldest]->last_used)) {
            oldest = i;
        }
    }
    if (oldest < MADE_SLOTS && sql.len <= MADE_MAX_BYTES) {
        destroy(db->made[oldest]);
        q->made_sql = hk_strndup(sql.data, sql.len);
        q->made_len = sql.len;
        db->made[oldest] = q;
    }
}

bool hk_db_prepare(struct hk_db *db, struct hk_str sql, struct hk_stmt **out, struct hk_error *err)
{
    struct hk_stmt *q = find_made(db, sql);
    if (q == NULL) {
        q = hk_alloc(sizeof *q);
        q->db = db;
        int rc = sqlite3_prepare_v3(db->raw, sql.data, (int)sql.len, SQLITE_PREPARE_PERSISTENT, &q->raw, NULL);
        if (rc != SQLITE_OK) {
            free(q);
            return fail(db, rc, err);
        }
        keep_made(db, q, sql);
    }
    q->is_taken = true;
    q->last_used = ++db->uses;
    *out = q;
    return true;
}

void hk_stmt_free(struct hk_stmt *q)
{
    if (q == NULL) {
        return;
    }
    if (q->made_sql == NULL) {
        destroy(q);
        return;
    }
    hk_reset(q);
    q->is_taken = false;
}

void hk_bind_int(struct hk_stmt *q, int at, int64_t value)
{
    check_bind(q, sqlite3_bind_int64(q->raw, at, value));
}

void hk_bind_time(struct hk_stmt *q, int at, int64_t us)
{
    if (us == HK_TIME_NONE) {
        hk_bind_null(q, at);
    } else {
        hk_bind_int(q, at, us);
    }
}

void hk_bind_double(struct hk_stmt *q, int at, double value)
{
    check_bind(q, sqlite3_bind_double(q->raw, at, value));
}

void hk_bind_text(struct hk_stmt *q, int at, const char *text)
{
    check_bind(q, sqlite3_bind_text(q->raw, at, text, -1, SQLITE_STATIC));
}

void hk_bind_str(struct hk_stmt *q, int at, struct hk_str text)
{
    check_bind(q, sqlite3_bind_text64(q->raw, at, text.data, text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void hk_bind_null(struct hk_stmt *q, int at)
{
    check_bind(q, sqlite3_bind_null(q->raw, at));
}

int hk_db_fail_step(struct hk_db *db, int nth)
{
    int left = db->fail_step_in;
    db->fail_step_in = nth;
    return left;
}

static int step(struct hk_stmt *q)
{
    bool fails = q->db->fail_step_in > 0 && --q->db->fail_step_in == 0;
    return fails ? SQLITE_FULL : sqlite3_step(q->raw);
}

bool hk_step(struct hk_stmt *q, bool *ok, struct hk_error *err)
{
    *ok = true;
    if (q->has_bind_error || q->raw == NULL) {
        *ok = false;
        *err = q->bind_error;
        hk_reset(q);
        return false;
    }
    int rc = step(q);
    if (rc == SQLITE_ROW) {
        return true;
    }
    if (rc != SQLITE_DONE) {
        *ok = false;
        fail(q->db, rc, err);
    }
    sqlite3_reset(q->raw);
    return false;
}

bool hk_run(struct hk_stmt *q, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
    }
    return ok;
}

bool hk_run_for_int(struct hk_stmt *q, int64_t *out, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *out = hk_column_int(q, 0);
    }
    return ok;
}

void hk_reset(struct hk_stmt *q)
{
    if (q->raw != NULL) {
        sqlite3_reset(q->raw);
        sqlite3_clear_bindings(q->raw);
    }
    q->has_bind_error = false;
}

int64_t hk_column_int(struct hk_stmt *q, int at)
{
    return sqlite3_column_int64(q->raw, at);
}

int64_t hk_column_time(struct hk_stmt *q, int at)
{
    return hk_column_is_null(q, at) ? HK_TIME_NONE : hk_column_int(q, at);
}

double hk_column_double(struct hk_stmt *q, int at)
{
    return sqlite3_column_double(q->raw, at);
}

const char *hk_column_text(struct hk_stmt *q, int at)
{
    return (const char *)sqlite3_column_text(q->raw, at);
}

struct hk_str hk_column_str(struct hk_stmt *q, int at)
{
    const char *text = hk_column_text(q, at);
    return (struct hk_str){text, (size_t)sqlite3_column_bytes(q->raw, at)};
}

bool hk_column_is_text(struct hk_stmt *q, int at)
{
    return sqlite3_column_type(q->raw, at) == SQLITE_TEXT;
}

bool hk_column_is_null(struct hk_stmt *q, int at)
{
    return sqlite3_column_type(q->raw, at) == SQLITE_NULL;
}

static int spend(void *arg)
{
    struct hk_db *db = arg;
    db->budget -= BUDGET_GRAIN;
    return db->budget <= 0;
}

void hk_db_set_budget(struct hk_db *db, int64_t steps)
{
    db->budget = steps;
    sqlite3_progress_handler(db->raw, steps > 0 ? BUDGET_GRAIN : 0, spend, db);
}

size_t hk_db_reset_all(struct hk_db *db)
{
    size_t count = 0;
    for (sqlite3_stmt *s = sqlite3_next_stmt(db->raw, NULL); s != NULL; s = sqlite3_next_stmt(db->raw, s)) {
        if (sqlite3_stmt_busy(s)) {
            sqlite3_reset(s);
            count++;
        }
    }
    return count;
}

int hk_db_log_pages(const struct hk_db *db)
{
    return db->log_pages;
}

void hk_db_checkpoint(struct hk_db *db, int wait_ms)
{
    int mode = wait_ms > 0 ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    sqlite3_busy_timeout(db->raw, wait_ms > 0 ? wait_ms : BUSY_MS);
    (void)sqlite3_wal_checkpoint_v2(db->raw, NULL, mode, NULL, NULL);
    sqlite3_busy_timeout(db->raw, BUSY_MS);
}

void hk_db_note_news(struct hk_db *db, enum hk_db_news kind)
{
    db->news |= kind;
}

unsigned hk_db_take_news(struct hk_db *db)
{
    unsigned news = db->news;
    db->news = HK_DB_NO_NEWS;
    return news;
}

bool hk_db_is_in_transaction(struct hk_db *db)
{
    return sqlite3_get_autocommit(db->raw) == 0;
}

int64_t hk_db_changes(struct hk_db *db)
{
    return sqlite3_changes64(db->raw);
}

int64_t hk_db_last_key(struct hk_db *db)
{
    return sqlite3_last_insert_rowid(db->raw);
}
