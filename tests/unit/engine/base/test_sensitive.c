#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "engine/base/sensitive.h"

/* What should_hide_value_for_key of Airflow 3.3.2 answers. */
static void names_as_airflow_sees_them(void **state)
{
    (void)state;
    static const char *const hidden[] = {
        "password",     "PASSWORD",          "db_password_2", "api key", "Api--Key",
        "my.api.key",   " token ",           "private key!",  "p_dsn",   "a_secret",
        "keyfile-dict", "service - account", "webhook_url",   "éproxyé", "xtokenx",
    };
    static const char *const shown[] = {"",       "user",     "pass word", "api", "apik ey",
                                        "to_ken", "api__key", "access",    "host"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        if (!hk_name_is_sensitive(hk_str_from(hidden[i]))) {
            fail_msg("'%s' speaks of a secret", hidden[i]);
        }
    }
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        if (hk_name_is_sensitive(hk_str_from(shown[i]))) {
            fail_msg("'%s' speaks of no secret", shown[i]);
        }
    }
}

static void a_long_name_hides_nothing(void **state)
{
    (void)state;
    char name[1000];
    memset(name, 'a', sizeof name);
    memcpy(name + sizeof name - 8, "password", 8);
    assert_true(hk_name_is_sensitive((struct hk_str){name, sizeof name}));
    assert_false(hk_name_is_sensitive((struct hk_str){name, sizeof name - 1}));
    assert_false(hk_name_is_sensitive((struct hk_str){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_as_airflow_sees_them),
        cmocka_unit_test(a_long_name_hides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
