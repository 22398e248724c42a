#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/cli/home.h"

static void remove_home(const char *folder)
{
    char command[256];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void make_home(char folder[64])
{
    snprintf(folder, 64, "/tmp/hanok-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
}

/* An engine and a verb on a new home at the same moment: whoever comes second must take what the first has made, or
 * what it seals can never be opened again. */
static void several_at_once_agree_on_the_keys(void **state)
{
    (void)state;
    enum { PROCESSES = 8, ROUNDS = 10 };
    static struct hk_home home;
    for (int round = 0; round < ROUNDS; round++) {
        char folder[64];
        int results[2];
        int go[2];
        make_home(folder);
        assert_int_equal(pipe(results), 0);
        assert_int_equal(pipe(go), 0);
        for (int i = 0; i < PROCESSES; i++) {
            if (fork() == 0) {
                struct hk_error err;
                char c;
                close(go[1]);
                bool ok = read(go[0], &c, 1) == 0 && hk_home_open(folder, &home, &err) &&
                          write(results[1], home.fernet_key, sizeof home.fernet_key) == sizeof home.fernet_key;
                _exit(ok ? 0 : 1);
            }
        }
        close(go[0]);
        close(go[1]); /* all at once */
        for (int i = 0; i < PROCESSES; i++) {
            int status = 1;
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        struct hk_error err;
        assert_true(hk_home_open(folder, &home, &err));
        for (int i = 0; i < PROCESSES; i++) {
            unsigned char key[HK_HOME_FERNET_SIZE];
            assert_int_equal(read(results[0], key, sizeof key), sizeof key);
            assert_memory_equal(key, home.fernet_key, sizeof key);
        }
        close(results[0]);
        close(results[1]);
        remove_home(folder);
    }
}

static void check_private(const char *folder, const char *name)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(stat(path, &st), 0);
    if ((st.st_mode & 077) != 0) {
        fail_msg("%s has the mode %o", name, st.st_mode & 07777);
    }
}

/* Even in a home that others may look into. */
static void what_is_in_it_is_private(void **state)
{
    (void)state;
    static struct hk_home home;
    char folder[64];
    struct hk_error err;
    struct hk_store *store = NULL;
    bool is_new = false;
    make_home(folder);
    umask(022);
    assert_true(hk_home_open(folder, &home, &err));
    struct hk_store_options options = {.path = home.database};
    assert_true(hk_store_open(&options, &store, &err));
    assert_true(hk_home_first_user(&home, store, 1, &is_new, &err));
    assert_true(is_new);
    static const char *const names[] = {"secrets",      "admin-password", "logs",         "hanok.db",
                                        "hanok.db-wal", "hanok.db-shm",   "hanok.db.lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        check_private(folder, names[i]);
    }
    hk_store_close(store);
    remove_home(folder);
}

static void damaged_keys_are_told(void **state)
{
    (void)state;
    static struct hk_home home;
    char folder[64];
    char path[128];
    struct hk_error err;
    make_home(folder);
    snprintf(path, sizeof path, "%s/secrets", folder);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    assert_false(hk_home_open(folder, &home, &err));
    assert_int_equal(err.code, HK_CORRUPT);
    assert_non_null(strstr(err.message, "is damaged; restore it"));
    remove_home(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_at_once_agree_on_the_keys),
        cmocka_unit_test(what_is_in_it_is_private),
        cmocka_unit_test(damaged_keys_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
