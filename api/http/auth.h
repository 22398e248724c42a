/* Who is calling, and what may they do? Credentials come as "Authorization: Bearer <token>" or "Basic <base64>", at
 * every door. Tokens are Airflow's: HS512 JWTs (token.h). Roles as in Airflow's simple auth manager, each holding all
 * that the one before may do:
 *
 *     Public   log in, nothing more
 *     Viewer   read DAGs, runs, task instances, logs, XComs, assets, pools, the configuration, the views
 *     User     change DAGs and runs: trigger, clear, mark, pause, delete; backfills, XComs, HITL answers
 *     Op       read and change variables and connections; change pools, assets, the configuration
 *     Admin    everything, users included
 *
 * Password checks cost milliseconds (scrypt), so Basic credentials that were right are remembered for five minutes by
 * a keyed digest of them and of the stored hash, so that a changed password is noticed at once. Ten failures within a
 * minute from one address close the way in for the rest of that minute (HK_LIMIT, 429). Any thread. */
#ifndef HK_HTTP_AUTH_H
#define HK_HTTP_AUTH_H

#include "api/http/request.h"
#include "api/http/token.h"
#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"

enum { HK_ROLE_NAME_SIZE = 16, HK_LOGIN_FAILURES_MAX = 10, HK_LOGIN_WINDOW_SECONDS = 60 };

/* Where users are kept. find copies the encoded password hash (password.h) and the role's name; false with
 * HK_NOT_FOUND when there is no such user, or another code when it cannot say. Called on any HTTP thread. */
struct hk_auth_users {
    void *context;
    bool (*find)(void *context, struct hk_str username, char *hash, size_t hash_size, char *role, size_t role_size,
                 struct hk_error *err);
};

struct hk_auth_options {
    const struct hk_clock *clock;
    unsigned char secret[HK_TOKEN_SECRET_SIZE]; /* signs tokens; hk_token_new_secret makes one, the caller keeps it */
    struct hk_auth_users users;
    bool all_admins; /* everybody is Admin, no credentials needed */
};

struct hk_auth;

struct hk_auth *hk_auth_create(const struct hk_auth_options *options);
void hk_auth_destroy(struct hk_auth *auth); /* NULL is fine */
bool hk_auth_is_all_admins(const struct hk_auth *auth);

/* Reads an Authorization header (empty: absent). HK_UNAUTHENTICATED "Not authenticated", "Token Expired" or "Invalid
 * credentials"; HK_DENIED "Invalid JWT token"; HK_LIMIT; HK_UNAVAILABLE. Strings of *out live in the arena. */
HK_MUST_USE bool hk_auth_identify(struct hk_auth *auth, struct hk_str authorization, struct hk_str remote,
                                  struct hk_arena *arena, struct hk_caller *out, struct hk_error *err);

/* A name and a password, as a login form or Basic sends them. */
struct hk_login {
    struct hk_str username;
    struct hk_str password;
    struct hk_str remote;
};
HK_MUST_USE bool hk_auth_login(struct hk_auth *auth, const struct hk_login *login, struct hk_arena *arena,
                               struct hk_caller *out, struct hk_error *err);

/* A token for a user or, with scope and HK_AUDIENCE_TASK, for a task instance. Text in the arena. */
HK_MUST_USE bool hk_auth_issue(struct hk_auth *auth, const struct hk_token_grant *grant, struct hk_arena *arena,
                               struct hk_str *out, struct hk_error *err);
HK_MUST_USE bool hk_auth_verify(struct hk_auth *auth, struct hk_str token, struct hk_str audience,
                                struct hk_arena *arena, struct hk_token *out, struct hk_error *err);

/* Whether a caller may use a route. HK_ROLE_TASK is given only to tasks. */
bool hk_role_allows(enum hk_role caller, enum hk_role needs);
const char *hk_role_name(enum hk_role role);               /* "Viewer" */
bool hk_role_parse(struct hk_str name, enum hk_role *out); /* any case; the five above */

#endif
