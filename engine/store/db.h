/* One SQLite connection and its prepared statements: the only way SQL is run in hanok. Only the .c files of
 * engine/store include this, and only they know sqlite3.h. A connection belongs to one thread at a time.
 *
 *     static const char FIND[] = "SELECT slots FROM pool WHERE name = ?1";
 *     struct hk_stmt *q = hk_db_query(db, FIND);
 *     hk_bind_text(q, 1, name);
 *     while (hk_step(q, &ok, err)) { slots = hk_column_int(q, 0); }
 *
 * A statement is prepared once per connection and found again by the address of its text, so texts must be static
 * constants. Running hk_db_query again on the same text resets it; hk_step resets it when rows are used up. */
#ifndef HK_STORE_DB_H
#define HK_STORE_DB_H

#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/str.h"

struct hk_db;
struct hk_stmt;
struct hk_graph_cache;

enum hk_db_mode { HK_DB_READ_WRITE, HK_DB_READ_ONLY };

HK_MUST_USE bool hk_db_open(const char *path, enum hk_db_mode mode, struct hk_db **out, struct hk_error *err);
void hk_db_close(struct hk_db *db); /* NULL does nothing */

/* Decoded graphs that the connections of one store share; NULL: none. */
void hk_db_share_graphs(struct hk_db *db, struct hk_graph_cache *graphs);
struct hk_graph_cache *hk_db_graphs(const struct hk_db *db);

/* Statements without parameters or rows: pragmas, BEGIN, a migration. May hold several. */
HK_MUST_USE bool hk_db_exec(struct hk_db *db, const char *sql, struct hk_error *err);

struct hk_stmt *hk_db_query(struct hk_db *db, const char *static_sql);
/* A statement made at run time (filters of a list), the caller's until hk_stmt_free. The connection keeps the last few,
 * so the same text again is not prepared again. */
HK_MUST_USE bool hk_db_prepare(struct hk_db *db, struct hk_str sql, struct hk_stmt **out, struct hk_error *err);
void hk_stmt_free(struct hk_stmt *q);

/* Parameters count from 1. Bound text must live until the statement was run. */
void hk_bind_int(struct hk_stmt *q, int at, int64_t value);
void hk_bind_time(struct hk_stmt *q, int at, int64_t us); /* HK_TIME_NONE is NULL */
void hk_bind_double(struct hk_stmt *q, int at, double value);
void hk_bind_text(struct hk_stmt *q, int at, const char *text);  /* NULL is NULL */
void hk_bind_str(struct hk_stmt *q, int at, struct hk_str text); /* data NULL is NULL */
void hk_bind_null(struct hk_stmt *q, int at);

/* The next row: true. false at the end (*ok true) or on an error (*ok false and err set). */
bool hk_step(struct hk_stmt *q, bool *ok, struct hk_error *err);
/* Runs a statement that gives no rows. */
HK_MUST_USE bool hk_run(struct hk_stmt *q, struct hk_error *err);
/* Runs a statement of at most one row, for its first column; *out stays as it is when there is none. */
HK_MUST_USE bool hk_run_for_int(struct hk_stmt *q, int64_t *out, struct hk_error *err);
void hk_reset(struct hk_stmt *q); /* when leaving hk_step's loop early */

/* Columns count from 0. Text is valid until the next step or reset. */
int64_t hk_column_int(struct hk_stmt *q, int at);
int64_t hk_column_time(struct hk_stmt *q, int at); /* NULL is HK_TIME_NONE */
double hk_column_double(struct hk_stmt *q, int at);
const char *hk_column_text(struct hk_stmt *q, int at); /* NULL is NULL */
struct hk_str hk_column_str(struct hk_stmt *q, int at);
bool hk_column_is_null(struct hk_stmt *q, int at);
bool hk_column_is_text(struct hk_stmt *q, int at);

/* All statements from now on may take so many of SQLite's steps together; the one that needs more ends with
 * HK_CANCELLED. 0: as many as they need. For asking in one way and, when that turns out to be long, in another: unlike
 * a time, a number of steps is the same on every machine. */
void hk_db_set_budget(struct hk_db *db, int64_t steps);

/* Resets statements that were left on a row: they would hold the state of the database that they began to read. Returns
 * how many there were. */
size_t hk_db_reset_all(struct hk_db *db);

/* For tests: the n-th step from now fails as a full disk would; 0: none. Returns what was left of the last such call.
 */
int hk_db_fail_step(struct hk_db *db, int nth);

/* The write-ahead log: how many pages it had after the last commit (0 where there is none), and copying it into the
 * database. Only if nobody reads an older state at that moment does the log begin anew with the next commit; with
 * wait_ms above 0 readers are waited for so long. Failing is no loss: the log stays, and grows. */
int hk_db_log_pages(const struct hk_db *db);
void hk_db_checkpoint(struct hk_db *db, int wait_ms);

/* An event was added, of the outbox or of an asset: those who watch the store are to be told after the commit.
 * hk_db_take_news asks and forgets. */
enum hk_db_news { HK_DB_NO_NEWS = 0, HK_DB_NEWS = 1, HK_DB_ASSET_NEWS = 2 };
void hk_db_note_news(struct hk_db *db, enum hk_db_news kind);
unsigned hk_db_take_news(struct hk_db *db); /* bits of the above */

bool hk_db_is_in_transaction(struct hk_db *db); /* a full disk may end one */
int64_t hk_db_changes(struct hk_db *db);        /* rows touched by the last statement */
int64_t hk_db_last_key(struct hk_db *db);       /* rowid of the last insert */

#endif
