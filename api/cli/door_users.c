#include <string.h>

#include "api/cli/door_internal.h"
#include "api/http/auth.h"
#include "api/http/password.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/store/user_store.h"

enum { ROLE_SIZE = 16 };

/* ---- reading ---- */

static bool write_user(void *arg, const struct hk_user_row *row)
{
    struct hk_json *w = arg;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "username", row->username);
    hk_json_kv_text(w, "role", row->role);
    hk_json_end_object(w);
    return true;
}

static bool count_user(void *arg, const struct hk_user_row *row)
{
    int64_t *count = arg;
    (void)row;
    (*count)++;
    return true;
}

/* A page like every list's, so that the client reads it as one; there are never so many users that it matters. */
void hk__door_users(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    struct hk_db *db = NULL;
    struct hk_error err;
    struct hk_json w;
    int64_t count = 0;
    if (!hk_store_reader_take(door->store, &db, &err)) {
        hk_fail_error(req, res, &err);
        return;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "users");
    hk_json_begin_array(&w);
    bool ok = hk_store_users_each(db, count_user, &count, &err) &&
              (!hk_str_is(hk_request_query(req, "offset"), "0") || hk_store_users_each(db, write_user, &w, &err));
    hk_json_end_array(&w);
    hk_json_kv_int(&w, "total_entries", count);
    hk_json_end_object(&w);
    hk_store_reader_give(door->store, db);
    if (!ok) {
        hk_fail_error(req, res, &err);
    }
}

/* ---- changing ---- */

struct change {
    char username[HK_MAX_ID_BYTES + 1];
    char role[ROLE_SIZE];
    char hash[HK_PASSWORD_HASH_SIZE];
    int64_t created_us;
    bool is_new;
};

static bool read_role(const json_t *body, struct change *change, struct hk_error *err)
{
    enum hk_role role = HK_ROLE_ANYONE;
    const char *text = hk_json_get_text(body, "role", NULL);
    if (text == NULL) {
        return true;
    }
    if (!hk_role_parse(hk_str_from(text), &role)) {
        return hk_error_set(err, HK_INVALID, "there is no role '%s'; it is Public, Viewer, User, Op or Admin", text);
    }
    return hk_str_copy(change->role, sizeof change->role, hk_str_from(hk_role_name(role)));
}

static bool read_password(const json_t *body, struct change *change, struct hk_error *err)
{
    const char *text = hk_json_get_text(body, "password", NULL);
    if (text == NULL) {
        return true;
    }
    if (text[0] == '\0' || strlen(text) > HK_MAX_PASSWORD_BYTES) {
        return hk_error_set(err, HK_INVALID, "a password has 1 to %d bytes", HK_MAX_PASSWORD_BYTES);
    }
    return hk_password_hash(hk_str_from(text), change->hash, err);
}

static bool read_change(const struct hk_request *req, struct change *change, struct hk_error *err)
{
    json_t *body = hk_json_parse(req->body, err);
    if (body == NULL) {
        return false;
    }
    bool ok = json_is_object(body) || hk_error_set(err, HK_INVALID, "the body is no JSON object");
    ok = ok && read_role(body, change, err) && read_password(body, change, err);
    const char *name = hk_json_get_text(body, "username", NULL);
    if (ok && change->is_new) {
        ok = name != NULL && change->role[0] != '\0' && change->hash[0] != '\0';
        ok = ok || hk_error_set(err, HK_INVALID, "a user needs \"username\", \"role\" and \"password\"");
        ok = ok && name != NULL && name[0] != '\0' &&
             hk_str_copy(change->username, sizeof change->username, hk_str_from(name));
        ok = ok || hk_error_set(err, HK_INVALID, "a user's name has 1 to %d bytes", HK_MAX_ID_BYTES);
    } else if (ok && change->role[0] == '\0' && change->hash[0] == '\0') {
        ok = hk_error_set(err, HK_INVALID, "nothing to change: give \"role\" or \"password\"");
    }
    json_decref(body);
    return ok;
}

static bool keep_old(void *arg, const struct hk_user_row *row)
{
    struct change *change = arg;
    change->created_us = row->created_us;
    bool fits = change->role[0] != '\0' || hk_str_copy(change->role, sizeof change->role, hk_str_from(row->role));
    fits = fits &&
           (change->hash[0] != '\0' || hk_str_copy(change->hash, sizeof change->hash, hk_str_from(row->password_hash)));
    HK_ASSERT(fits);
    return true;
}

static bool save(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct change *change = arg;
    if (!change->is_new && !hk_store_user_get(db, hk_str_from(change->username), keep_old, change, err)) {
        return false;
    }
    struct hk_user_row row = {change->username, change->role, change->hash, change->created_us};
    return hk_store_user_put(db, &row, !change->is_new, err);
}

static void answer(const struct hk_request *req, struct hk_response *res, const struct change *change)
{
    struct hk_json w;
    (void)req;
    res->status = change->is_new ? 201 : 200;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "username", change->username);
    hk_json_kv_text(&w, "role", change->role);
    hk_json_end_object(&w);
}

void hk__door_user_create(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    struct change change = {.is_new = true, .created_us = hk_clock_wall_us(hk_clock_system())};
    struct hk_error err;
    if (!read_change(req, &change, &err) || !hk_store_write_now(door->store, save, &change, &err)) {
        hk_fail_error(req, res, &err);
        return;
    }
    answer(req, res, &change);
}

void hk__door_user_change(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    struct change change = {.is_new = false};
    struct hk_error err;
    if (!hk_str_copy(change.username, sizeof change.username, hk_request_path(req, "username"))) {
        hk_fail(req, res, HK_NOT_FOUND, "there is no user of so long a name");
        return;
    }
    if (!read_change(req, &change, &err) || !hk_store_write_now(door->store, save, &change, &err)) {
        hk_fail_error(req, res, &err);
        return;
    }
    answer(req, res, &change);
}

static bool remove_user(struct hk_db *db, void *arg, struct hk_error *err)
{
    return hk_store_user_delete(db, arg, err);
}

void hk__door_user_delete(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    struct hk_error err;
    char *name = (char *)(uintptr_t)hk_arena_str(req->arena, hk_request_path(req, "username")).data;
    if (!hk_store_write_now(door->store, remove_user, name, &err)) {
        hk_fail_error(req, res, &err);
        return;
    }
    hk_response_empty(res, 204);
}
