/* The home: the one folder that holds all of hanok's state.
 *
 *     HOME/hanok.db           the database (and its -wal, -shm, .lock)
 *     HOME/secrets            keys: tokens (64 bytes) and Fernet (32 bytes), 0600
 *     HOME/admin-password     of the first user, 0600, written once
 *     HOME/artifacts/         what MLflow runs log as files, unless they lie elsewhere
 *     HOME/uploads/           what is on its way to a bucket, if they lie in one
 *     HOME/logs/              task logs, Airflow's path template
 *     HOME/run/               the shim's socket and journal, the engine's URL, the Python host's files
 */
#ifndef HK_CLI_HOME_H
#define HK_CLI_HOME_H

#include "api/http/token.h"
#include "engine/base/error.h"
#include "engine/store/store.h"

enum { HK_HOME_PATH_SIZE = 3072, HK_HOME_FERNET_SIZE = 32 };

struct hk_home {
    char path[HK_HOME_PATH_SIZE]; /* absolute */
    char database[HK_HOME_PATH_SIZE + 32];
    char logs[HK_HOME_PATH_SIZE + 32];
    char password_file[HK_HOME_PATH_SIZE + 32];
    unsigned char token_secret[HK_TOKEN_SECRET_SIZE];
    unsigned char fernet_key[HK_HOME_FERNET_SIZE];
};

/* path NULL: $HANOK_HOME, else ~/.hanok. Makes what is missing (folders 0700), reads or makes the secrets. */
HK_MUST_USE bool hk_home_open(const char *path, struct hk_home *out, struct hk_error *err);

/* Makes the user "admin" with a random password when there is no user at all; *is_new tells. The password goes into
 * password_file. */
HK_MUST_USE bool hk_home_first_user(const struct hk_home *home, struct hk_store *store, int64_t now_us, bool *is_new,
                                    struct hk_error *err);

#endif
