/* JSON Web Tokens as Airflow 3 signs them: HS512, header {"alg":"HS512","kid":"not-used","typ":"JWT"}, claims sub,
 * role, teams, jti, aud, nbf, exp, iat for people (aud "apache-airflow") and sub, scope, jti, aud, nbf, exp, iat for
 * tasks (aud "urn:airflow.apache.org:task", sub = the task instance's id). The algorithm is pinned, the signature
 * compared in constant time, and exp, nbf and aud are checked with Airflow's leeway of 10 s. Pure but for jti's
 * randomness. */
#ifndef HK_HTTP_TOKEN_H
#define HK_HTTP_TOKEN_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/str.h"

enum {
    HK_TOKEN_SECRET_SIZE = 64,
    HK_TOKEN_SIGNATURE_SIZE = 64,
    HK_TOKEN_SECONDS = 86400,
    HK_TOKEN_CLI_SECONDS = 3600,
    HK_TOKEN_LEEWAY_SECONDS = 10,
    HK_MAX_TOKEN_BYTES = 8192
};

#define HK_AUDIENCE_USER "apache-airflow"
#define HK_AUDIENCE_TASK "urn:airflow.apache.org:task"
#define HK_SCOPE_MLFLOW "mlflow" /* of a task's token that is given to its MLflow client */

/* What to put into a token. */
struct hk_token_grant {
    struct hk_str subject;
    struct hk_str role;  /* empty: no role and teams claims */
    struct hk_str scope; /* empty: no scope claim; "execution" or "workload" for tasks */
    struct hk_str name;  /* who the subject is, for people to read; empty: no name claim */
    struct hk_str audience;
    int64_t valid_seconds;
};

/* What a verified token says. Strings live in the arena; absent ones are empty. */
struct hk_token {
    struct hk_str subject;
    struct hk_str role;
    struct hk_str scope;
    struct hk_str id; /* jti */
    struct hk_str name;
    int64_t issued_at_s;
    int64_t not_before_s;
    int64_t expires_at_s;
};

HK_MUST_USE bool hk_token_new_secret(unsigned char secret[HK_TOKEN_SECRET_SIZE], struct hk_error *err);

HK_MUST_USE bool hk_token_issue(const unsigned char secret[HK_TOKEN_SECRET_SIZE], const struct hk_token_grant *grant,
                                int64_t now_s, struct hk_arena *arena, struct hk_str *out, struct hk_error *err);

/* HMAC-SHA-512 over the first two parts of a token. */
void hk_token_sign(const unsigned char secret[HK_TOKEN_SECRET_SIZE], struct hk_str text,
                   unsigned char out[HK_TOKEN_SIGNATURE_SIZE]);

struct hk_token_check {
    struct hk_str audience;
    int64_t now_s;
};

/* Whether its time has come and is not over, with the leeway. */
bool hk_token_is_timely(const struct hk_token *token, int64_t now_s);

/* HK_UNAUTHENTICATED "Token Expired" for a genuine token whose time is over, HK_DENIED "Invalid JWT token" for all
 * else. */
HK_MUST_USE bool hk_token_verify(const unsigned char secret[HK_TOKEN_SECRET_SIZE], struct hk_str token,
                                 const struct hk_token_check *check, struct hk_arena *arena, struct hk_token *out,
                                 struct hk_error *err);

#endif
