#include "api/http/auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "api/http/base64.h"
#include "api/http/password.h"
#include "api/http/throttle.h"
#include "api/http/token_cache.h"
#include "engine/base/alloc.h"
#include "engine/base/buf.h"

enum { CACHE_SLOTS = 1024, DIGEST_SIZE = 32 };

#define CACHE_LIFE_US (5 * HK_MINUTE_US)

/* Credentials that were right, by a keyed digest; a slot is simply overwritten by the next one that falls on it. */
struct remembered {
    unsigned char digest[DIGEST_SIZE];
    int64_t until_us;
};

struct hk_auth {
    struct hk_auth_options options;
    unsigned char digest_key[HK_TOKEN_SECRET_SIZE];
    struct hk_token_cache *tokens;
    uv_mutex_t lock; /* guards the two tables below */
    struct remembered cache[CACHE_SLOTS];
    struct hk_throttle throttle;
};

static const char *const role_names[HK_ROLE_COUNT] = {"", "Public", "Viewer", "User", "Op", "Admin", ""};

const char *hk_role_name(enum hk_role role)
{
    HK_ASSERT(role < HK_ROLE_COUNT);
    return role_names[role];
}

bool hk_role_parse(struct hk_str name, enum hk_role *out)
{
    for (int role = HK_ROLE_PUBLIC; role <= HK_ROLE_ADMIN; role++) {
        const char *known = role_names[role];
        if (name.len == strlen(known) && strncasecmp(name.data, known, name.len) == 0) {
            *out = (enum hk_role)role;
            return true;
        }
    }
    return false;
}

bool hk_role_allows(enum hk_role caller, enum hk_role needs)
{
    if (needs == HK_ROLE_ANYONE) {
        return true;
    }
    if (needs == HK_ROLE_TASK || caller == HK_ROLE_TASK) {
        return needs == caller;
    }
    return caller >= needs;
}

struct hk_auth *hk_auth_create(const struct hk_auth_options *options)
{
    struct hk_auth *auth = hk_alloc(sizeof *auth);
    struct hk_error err;
    auth->options = *options;
    auth->throttle.most = HK_LOGIN_FAILURES_MAX;
    auth->throttle.window_us = HK_LOGIN_WINDOW_SECONDS * HK_SECOND_US;
    HK_ASSERT(options->clock != NULL && (options->users.find != NULL || options->all_admins));
    HK_ASSERT(hk_token_new_secret(auth->digest_key, &err)); /* no randomness, no service */
    HK_ASSERT(uv_mutex_init(&auth->lock) == 0);
    auth->tokens = hk_token_cache_new();
    return auth;
}

void hk_auth_destroy(struct hk_auth *auth)
{
    if (auth != NULL) {
        hk_token_cache_free(auth->tokens);
        uv_mutex_destroy(&auth->lock);
        OPENSSL_cleanse(auth, sizeof *auth);
        free(auth);
    }
}

bool hk_auth_is_all_admins(const struct hk_auth *auth)
{
    return auth->options.all_admins;
}

static int64_t now_s(const struct hk_auth *auth)
{
    return hk_clock_wall_us(auth->options.clock) / HK_SECOND_US;
}

bool hk_auth_issue(struct hk_auth *auth, const struct hk_token_grant *grant, struct hk_arena *arena, struct hk_str *out,
                   struct hk_error *err)
{
    return hk_token_issue(auth->options.secret, grant, now_s(auth), arena, out, err);
}

bool hk_auth_verify(struct hk_auth *auth, struct hk_str token, struct hk_str audience, struct hk_arena *arena,
                    struct hk_token *out, struct hk_error *err)
{
    const struct hk_token_check check = {.audience = audience, .now_s = now_s(auth)};
    if (hk_token_cache_find(auth->tokens, token, &check, arena, out)) {
        return true;
    }
    bool ok = hk_token_verify(auth->options.secret, token, &check, arena, out, err);
    if (ok) {
        hk_token_cache_add(auth->tokens, token, audience, out);
    }
    return ok;
}

/* -- names and passwords -- */

struct account {
    char hash[HK_PASSWORD_HASH_SIZE];
    char role[HK_ROLE_NAME_SIZE];
};

/* The hash is part of the digest, so that a new password makes the old one's digest worthless. */
static void digest_login(const struct hk_auth *auth, const struct hk_login *login, const struct account *account,
                         unsigned char out[DIGEST_SIZE])
{
    struct hk_buf text;
    hk_buf_init(&text, 64 * 1024);
    hk_buf_printf(&text, "%zu:%zu:%s:", login->username.len, login->password.len, account->hash);
    hk_buf_add_str(&text, login->username);
    hk_buf_add_str(&text, login->password);
    unsigned len = 0;
    HK_ASSERT(!text.is_full);
    HK_ASSERT(HMAC(EVP_sha256(), auth->digest_key, HK_TOKEN_SECRET_SIZE, (const unsigned char *)text.data, text.len,
                   out, &len) != NULL);
    OPENSSL_cleanse(text.data, text.len);
    hk_buf_clear(&text);
}

static size_t slot_of(const unsigned char digest[DIGEST_SIZE])
{
    return ((size_t)digest[0] << 8 | digest[1]) % CACHE_SLOTS;
}

static bool is_remembered(struct hk_auth *auth, const unsigned char digest[DIGEST_SIZE], int64_t now_us)
{
    uv_mutex_lock(&auth->lock);
    const struct remembered *slot = &auth->cache[slot_of(digest)];
    bool found = slot->until_us > now_us && CRYPTO_memcmp(slot->digest, digest, DIGEST_SIZE) == 0;
    uv_mutex_unlock(&auth->lock);
    return found;
}

static void note_success(struct hk_auth *auth, struct hk_str remote, const unsigned char digest[DIGEST_SIZE],
                         int64_t now_us)
{
    uv_mutex_lock(&auth->lock);
    struct remembered *slot = &auth->cache[slot_of(digest)];
    memcpy(slot->digest, digest, DIGEST_SIZE);
    slot->until_us = now_us + CACHE_LIFE_US;
    hk_throttle_forget(&auth->throttle, remote);
    uv_mutex_unlock(&auth->lock);
}

static void note_failure(struct hk_auth *auth, struct hk_str remote, int64_t now_us)
{
    uv_mutex_lock(&auth->lock);
    hk_throttle_fail(&auth->throttle, remote, now_us);
    uv_mutex_unlock(&auth->lock);
}

static bool check_throttle(struct hk_auth *auth, struct hk_str remote, int64_t now_us, struct hk_error *err)
{
    uv_mutex_lock(&auth->lock);
    bool is_closed = hk_throttle_is_closed(&auth->throttle, remote, now_us);
    uv_mutex_unlock(&auth->lock);
    if (is_closed) {
        return hk_error_set(err, HK_LIMIT, "Too many failed logins from %.*s; wait a minute and try again.",
                            HK_STR_ARG(remote));
    }
    return true;
}

static bool find_account(struct hk_auth *auth, const struct hk_login *login, struct account *account,
                         struct hk_error *err)
{
    const struct hk_auth_users *users = &auth->options.users;
    *account = (struct account){0};
    return users->find(users->context, login->username, account->hash, sizeof account->hash, account->role,
                       sizeof account->role, err);
}

/* The slow way: scrypt, whether the user exists or not, and the count of failures. */
static bool check_password(struct hk_auth *auth, const struct hk_login *login, const struct account *account,
                           struct hk_error *err)
{
    int64_t now_us = hk_clock_monotonic_us(auth->options.clock);
    if (!check_throttle(auth, login->remote, now_us, err)) {
        return false;
    }
    bool ok = false;
    if (account == NULL) {
        hk_password_pretend(login->password);
        hk_error_set(err, HK_UNAUTHENTICATED, "Invalid credentials");
    } else {
        ok = hk_password_verify(login->password, hk_str_from(account->hash), err);
    }
    if (!ok && err->code == HK_UNAUTHENTICATED) {
        note_failure(auth, login->remote, now_us);
    }
    return ok;
}

bool hk_auth_login(struct hk_auth *auth, const struct hk_login *login, struct hk_arena *arena, struct hk_caller *out,
                   struct hk_error *err)
{
    struct account account;
    unsigned char digest[DIGEST_SIZE];
    int64_t now_us = hk_clock_monotonic_us(auth->options.clock);
    if (login->password.len > HK_MAX_PASSWORD_BYTES || login->username.len > HK_MAX_PASSWORD_BYTES) {
        return hk_error_set(err, HK_UNAUTHENTICATED, "Invalid credentials");
    }
    if (!find_account(auth, login, &account, err)) {
        return err->code == HK_NOT_FOUND ? check_password(auth, login, NULL, err) : false;
    }
    digest_login(auth, login, &account, digest);
    if (!is_remembered(auth, digest, now_us)) {
        if (!check_password(auth, login, &account, err)) {
            return false;
        }
        note_success(auth, login->remote, digest, now_us);
    }
    *out = (struct hk_caller){.username = hk_arena_str(arena, login->username), .role = HK_ROLE_PUBLIC};
    (void)hk_role_parse(hk_str_from(account.role), &out->role);
    return true;
}

/* -- the Authorization header -- */

static bool take_scheme(struct hk_str header, const char *scheme, struct hk_str *rest)
{
    size_t len = strlen(scheme);
    if (header.len <= len || strncasecmp(header.data, scheme, len) != 0 || header.data[len] != ' ') {
        return false;
    }
    *rest = hk_str_trim((struct hk_str){header.data + len, header.len - len});
    return true;
}

static bool identify_token(struct hk_auth *auth, struct hk_str text, struct hk_arena *arena, struct hk_caller *out,
                           struct hk_error *err)
{
    struct hk_token token;
    if (hk_auth_verify(auth, text, HK_STR(HK_AUDIENCE_USER), arena, &token, err)) {
        *out = (struct hk_caller){.username = token.subject, .role = HK_ROLE_PUBLIC, .scope = token.scope};
        (void)hk_role_parse(token.role, &out->role);
        return true;
    }
    if (err->code == HK_DENIED && hk_auth_verify(auth, text, HK_STR(HK_AUDIENCE_TASK), arena, &token, err)) {
        *out = (struct hk_caller){
            .username = token.subject, .role = HK_ROLE_TASK, .scope = token.scope, .name = token.name};
        return true;
    }
    return false;
}

static bool identify_basic(struct hk_auth *auth, struct hk_str text, struct hk_login *login, struct hk_arena *arena,
                           struct hk_caller *out, struct hk_error *err)
{
    struct hk_str decoded;
    const char *colon = NULL;
    if (hk_base64_decode(text, arena, &decoded)) {
        colon = decoded.len > 0 ? memchr(decoded.data, ':', decoded.len) : NULL;
    }
    if (colon == NULL || !hk_str_is_utf8(decoded) || memchr(decoded.data, '\0', decoded.len) != NULL) {
        return hk_error_set(err, HK_UNAUTHENTICATED, "Invalid credentials");
    }
    size_t name_len = (size_t)(colon - decoded.data);
    login->username = (struct hk_str){decoded.data, name_len};
    login->password = (struct hk_str){colon + 1, decoded.len - name_len - 1};
    return hk_auth_login(auth, login, arena, out, err);
}

bool hk_auth_identify(struct hk_auth *auth, struct hk_str authorization, struct hk_str remote, struct hk_arena *arena,
                      struct hk_caller *out, struct hk_error *err)
{
    struct hk_str rest = {0};
    bool is_bearer = take_scheme(authorization, "Bearer", &rest) && rest.len > 0;
    if (auth->options.all_admins) {
        /* A task's token still means the task; whatever else is sent, everybody is admin. */
        if (!is_bearer || !identify_token(auth, rest, arena, out, err) || out->role != HK_ROLE_TASK) {
            *out = (struct hk_caller){.username = HK_STR("Anonymous"), .role = HK_ROLE_ADMIN};
        }
        return true;
    }
    if (is_bearer) {
        return identify_token(auth, rest, arena, out, err);
    }
    if (take_scheme(authorization, "Basic", &rest)) {
        struct hk_login login = {.remote = remote};
        return identify_basic(auth, rest, &login, arena, out, err);
    }
    return hk_error_set(err, HK_UNAUTHENTICATED, "Not authenticated");
}
