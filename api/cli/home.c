#include "api/cli/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/http/password.h"
#include "engine/base/buf.h"
#include "engine/store/user_store.h"

#define NO_FOLDER "folder '%s' cannot be made: %m; name another home with --home or HANOK_HOME"

static bool make_folder(const char *path, struct hk_error *err)
{
    char part[HK_HOME_PATH_SIZE + 64];
    if (!hk_str_copy(part, sizeof part, hk_str_from(path))) {
        return hk_error_set(err, HK_INVALID, "the path of the home is too long");
    }
    for (char *at = part + 1; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            if (mkdir(part, 0755) != 0 && errno != EEXIST) {
                return hk_error_set(err, HK_IO, NO_FOLDER, part);
            }
            *at = '/';
        }
    }
    if (mkdir(part, 0700) != 0 && errno != EEXIST) {
        return hk_error_set(err, HK_IO, NO_FOLDER, part);
    }
    return true;
}

/* Written whole or not at all: a crash in between leaves the old file or none. */
static bool write_private(const char *path, const void *data, size_t len, struct hk_error *err)
{
    char temporary[HK_HOME_PATH_SIZE + 64];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return hk_error_set(err, HK_IO, "file '%s' cannot be written: %m", temporary);
    }
    bool ok = write(fd, data, len) == (ssize_t)len && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    return ok || hk_error_set(err, HK_IO, "file '%s' cannot be written: %m", path);
}

enum { SECRETS_SIZE = HK_TOKEN_SECRET_SIZE + HK_HOME_FERNET_SIZE };

/* Keys whose file a power failure took away would leave sealed what was sealed with them: so the folder, too. */
static bool make_secrets(const char *path, int folder, unsigned char both[SECRETS_SIZE], struct hk_error *err)
{
    unsigned char more[HK_TOKEN_SECRET_SIZE];
    if (!hk_token_new_secret(both, err) || !hk_token_new_secret(more, err)) {
        return false;
    }
    memcpy(both + HK_TOKEN_SECRET_SIZE, more, HK_HOME_FERNET_SIZE);
    return write_private(path, both, SECRETS_SIZE, err) &&
           (fsync(folder) == 0 || hk_error_set(err, HK_IO, "file '%s' cannot be written: %m", path));
}

static bool read_or_make_secrets(const char *path, int folder, unsigned char both[SECRETS_SIZE], struct hk_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? make_secrets(path, folder, both, err)
                               : hk_error_set(err, HK_IO, "file '%s' cannot be read: %m", path);
    }
    ssize_t n = read(fd, both, SECRETS_SIZE);
    close(fd);
    return n == SECRETS_SIZE ||
           hk_error_set(err, HK_CORRUPT,
                        "file '%s' is damaged; restore it from a back-up, or delete it to get new keys (stored "
                        "variables and passwords of connections are then lost)",
                        path);
}

/* One program at a time: of two that make keys in a new home, one would seal with keys that nobody finds again. */
static bool load_secrets(struct hk_home *home, struct hk_error *err)
{
    unsigned char both[SECRETS_SIZE];
    char path[HK_HOME_PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/secrets", home->path);
    int folder = open(home->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || flock(folder, LOCK_EX) != 0) {
        hk_error_set(err, HK_IO, "home '%s' cannot be used: %m", home->path);
        if (folder >= 0) {
            close(folder);
        }
        return false;
    }
    bool ok = read_or_make_secrets(path, folder, both, err);
    close(folder);
    if (ok) {
        memcpy(home->token_secret, both, HK_TOKEN_SECRET_SIZE);
        memcpy(home->fernet_key, both + HK_TOKEN_SECRET_SIZE, HK_HOME_FERNET_SIZE);
    }
    return ok;
}

bool hk_home_open(const char *path, struct hk_home *home, struct hk_error *err)
{
    const char *from_environment = getenv("HANOK_HOME");
    const char *user_home = getenv("HOME");
    char wanted[HK_HOME_PATH_SIZE];
    int n = 0;
    if (path != NULL || (from_environment != NULL && from_environment[0] != '\0')) {
        n = snprintf(wanted, sizeof wanted, "%s", path != NULL ? path : from_environment);
    } else {
        n = snprintf(wanted, sizeof wanted, "%s/.hanok", user_home != NULL ? user_home : "/");
    }
    if (n <= 0 || n >= (int)sizeof wanted) {
        return hk_error_set(err, HK_INVALID, "the path of the home is empty or too long; name one with --home");
    }
    if (!make_folder(wanted, err)) {
        return false;
    }
    char *absolute = realpath(wanted, NULL);
    bool fits = absolute != NULL && hk_str_copy(home->path, sizeof home->path, hk_str_from(absolute));
    free(absolute);
    if (!fits) {
        return hk_error_set(err, HK_IO, "home '%s' cannot be used: %m", wanted);
    }
    snprintf(home->database, sizeof home->database, "%s/hanok.db", home->path);
    snprintf(home->logs, sizeof home->logs, "%s/logs", home->path);
    snprintf(home->password_file, sizeof home->password_file, "%s/admin-password", home->path);
    return make_folder(home->logs, err) && load_secrets(home, err);
}

static bool count_user(void *arg, const struct hk_user_row *row)
{
    (void)row;
    (*(int64_t *)arg)++;
    return false; /* one is enough */
}

static bool has_users(struct hk_store *store, bool *out, struct hk_error *err)
{
    struct hk_db *db = NULL;
    int64_t count = 0;
    if (!hk_store_reader_take(store, &db, err)) {
        return false;
    }
    bool ok = hk_store_users_each(db, count_user, &count, err);
    hk_store_reader_give(store, db);
    *out = count > 0;
    return ok;
}

static bool put_user(struct hk_db *db, void *arg, struct hk_error *err)
{
    return hk_store_user_put(db, arg, false, err);
}

bool hk_home_first_user(const struct hk_home *home, struct hk_store *store, int64_t now_us, bool *is_new,
                        struct hk_error *err)
{
    char password[HK_NEW_PASSWORD_SIZE];
    char hash[HK_PASSWORD_HASH_SIZE];
    bool any = false;
    *is_new = false;
    if (!has_users(store, &any, err)) {
        return false;
    }
    if (any) {
        return true;
    }
    if (!hk_password_new(password, err) || !hk_password_hash(hk_str_from(password), hash, err)) {
        return false;
    }
    char line[HK_NEW_PASSWORD_SIZE + 1];
    int n = snprintf(line, sizeof line, "%s\n", password);
    /* The file first: a user whose password nobody can read would lock everybody out. */
    if (!write_private(home->password_file, line, (size_t)n, err)) {
        return false;
    }
    struct hk_user_row user = {.username = "admin", .role = "Admin", .password_hash = hash, .created_us = now_us};
    if (!hk_store_write_now(store, put_user, &user, err)) {
        return false;
    }
    *is_new = true;
    return true;
}
