#include "engine/store/connection_store.h"

#include "engine/base/limits.h"

#define CONNECTION_SELECT                                                                                              \
    "SELECT conn_id, conn_type, description, host, login, schema, port, password, extra, is_encrypted FROM "           \
    "connection c"
static const char CONNECTION_COUNT[] = "SELECT count(*) FROM connection c";
static const char CONNECTION_FIND[] = CONNECTION_SELECT " WHERE conn_id = ?1";
static const char CONNECTION_EXISTS[] = "SELECT 1 FROM connection WHERE conn_id = ?1";
static const char CONNECTION_SET[] =
    "INSERT INTO connection (conn_id, conn_type, description, host, login, schema, port, password, extra, "
    "is_encrypted, added) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, "
    "(SELECT coalesce(max(added), 0) + 1 FROM connection)) ON CONFLICT (conn_id) DO UPDATE SET conn_type = ?2, "
    "description = ?3, host = ?4, login = ?5, schema = ?6, port = ?7, password = ?8, extra = ?9, is_encrypted = 1";
static const char CONNECTION_DELETE[] = "DELETE FROM connection WHERE conn_id = ?1";

const struct hk_order_field hk_connection_orders[] = {
    {"conn_id", "c.conn_id", NULL},
    {"connection_id", "c.conn_id", NULL},
    {"conn_type", "c.conn_type", NULL},
    {"description", "c.description", NULL},
    {"host", "c.host", NULL},
    {"port", "c.port", NULL},
    {"id", "c.added", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"c.added", "c.conn_id", NULL};
static const struct hk_list_sql LIST = {CONNECTION_SELECT, NULL, KEY};

static bool open_text(const struct hk_secret_key *secret, struct hk_str *text, struct hk_buf *plain,
                      struct hk_error *err)
{
    hk_buf_reset(plain);
    if (text->data == NULL) {
        return true;
    }
    if (!hk_secret_unseal(secret, *text, plain, err)) {
        return false;
    }
    *text = plain->len > 0 ? hk_buf_str(plain) : HK_STR("");
    return true;
}

static bool hand_out(struct hk_stmt *q, const struct hk_secret_key *secret, hk_connection_info_fn each, void *arg,
                     bool *found, struct hk_error *err)
{
    bool ok = true;
    struct hk_buf password;
    struct hk_buf extra;
    hk_buf_init(&password, HK_MAX_VARIABLE_BYTES + 64);
    hk_buf_init(&extra, HK_MAX_VARIABLE_BYTES + 64);
    while (hk_step(q, &ok, err)) {
        struct hk_connection_info row = {
            .conn_id = hk_column_str(q, 0),
            .conn_type = hk_column_str(q, 1),
            .description = hk_column_str(q, 2),
            .host = hk_column_str(q, 3),
            .login = hk_column_str(q, 4),
            .schema = hk_column_str(q, 5),
            .port = hk_column_time(q, 6),
            .password = hk_column_str(q, 7),
            .extra = hk_column_str(q, 8),
        };
        bool is_encrypted = hk_column_int(q, 9) != 0;
        if (is_encrypted &&
            (!open_text(secret, &row.password, &password, err) || !open_text(secret, &row.extra, &extra, err))) {
            hk_error_prefix(err, "connection '%.*s'", HK_STR_ARG(row.conn_id));
            hk_reset(q);
            ok = false;
            break;
        }
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            break;
        }
    }
    hk_buf_clear(&password);
    hk_buf_clear(&extra);
    return ok;
}

bool hk_store_connection_list(struct hk_db *db, const struct hk_secret_key *secret, const struct hk_search *conn_id,
                              const struct hk_page *page, hk_connection_info_fn each, void *arg, int64_t *total,
                              struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    hk_filter_search(&f, "c.conn_id", conn_id);
    struct hk_stmt *q = NULL;
    bool found = false;
    bool ok = hk_filter_count(&f, db, CONNECTION_COUNT, total, err) && hk_filter_select(&f, db, &LIST, page, &q, err) &&
              hand_out(q, secret, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_connection_find(struct hk_db *db, const struct hk_secret_key *secret, struct hk_str conn_id,
                              hk_connection_info_fn each, void *arg, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, CONNECTION_FIND);
    hk_bind_str(q, 1, conn_id);
    *found = false;
    return hand_out(q, secret, each, arg, found, err);
}

bool hk_store_connection_exists(struct hk_db *db, struct hk_str conn_id, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, CONNECTION_EXISTS);
    hk_bind_str(q, 1, conn_id);
    *found = false;
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *found = true;
    }
    return ok;
}

/* Leaves out empty (and NULL is bound) where there is nothing to seal. */
static bool seal_text(const struct hk_secret_key *secret, struct hk_str text, int64_t now_us, struct hk_buf *out,
                      struct hk_error *err)
{
    return text.data == NULL || hk_secret_seal(secret, text, now_us, out, err);
}

bool hk_store_connection_set(struct hk_db *db, const struct hk_secret_key *secret, const struct hk_connection_info *row,
                             int64_t now_us, struct hk_error *err)
{
    struct hk_buf password;
    struct hk_buf extra;
    hk_buf_init(&password, SIZE_MAX);
    hk_buf_init(&extra, SIZE_MAX);
    bool ok =
        seal_text(secret, row->password, now_us, &password, err) && seal_text(secret, row->extra, now_us, &extra, err);
    if (ok) {
        struct hk_stmt *q = hk_db_query(db, CONNECTION_SET);
        hk_bind_str(q, 1, row->conn_id);
        hk_bind_str(q, 2, row->conn_type);
        hk_bind_str(q, 3, row->description);
        hk_bind_str(q, 4, row->host);
        hk_bind_str(q, 5, row->login);
        hk_bind_str(q, 6, row->schema);
        hk_bind_time(q, 7, row->port);
        hk_bind_str(q, 8, hk_buf_str(&password));
        hk_bind_str(q, 9, hk_buf_str(&extra));
        ok = hk_run(q, err);
    }
    hk_buf_clear(&password);
    hk_buf_clear(&extra);
    return ok;
}

bool hk_store_connection_delete(struct hk_db *db, struct hk_str conn_id, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, CONNECTION_DELETE);
    hk_bind_str(q, 1, conn_id);
    bool ok = hk_run(q, err);
    *found = ok && hk_db_changes(db) > 0;
    return ok;
}
