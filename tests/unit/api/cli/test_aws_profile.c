#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "api/cli/aws_profile.h"

static struct hk_arena arena;
static struct hk_aws_profile found;

static int set_up(void **state)
{
    (void)state;
    hk_arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

static bool reads(const char *credentials, const char *config, const char *name)
{
    return hk_aws_profile_read(hk_str_from(credentials), hk_str_from(config), name, &arena, &found);
}

static const char *shown(const char *text)
{
    return text != NULL ? text : "-";
}

/* key secret token region endpoint other way */
static void expect(const char *wanted)
{
    char text[256];
    snprintf(text, sizeof text, "%s %s %s %s %s %s", shown(found.access_key), shown(found.secret_key),
             shown(found.session_token), shown(found.region), shown(found.endpoint), shown(found.other_way));
    assert_string_equal(text, wanted);
}

static void reads_what_aws_configure_writes(void **state)
{
    (void)state;
    static const char credentials[] = "[default]\naws_access_key_id = AK\naws_secret_access_key = a/b+c==\n"
                                      "[dev]\naws_access_key_id = DEV\naws_secret_access_key = d\n"
                                      "aws_session_token = t=\n";
    static const char config[] = "[default]\nregion = eu-west-1\noutput = json\n"
                                 "[profile dev]\nregion = us-west-2\nendpoint_url = http://127.0.0.1:9000\n";
    assert_true(reads(credentials, config, "default"));
    expect("AK a/b+c== - eu-west-1 - -");
    assert_true(reads(credentials, config, "dev"));
    expect("DEV d t= us-west-2 http://127.0.0.1:9000 -");
    assert_false(reads(credentials, config, "none"));
    expect("- - - - - -");
    assert_false(reads(NULL, NULL, "default"));
}

static void the_file_of_keys_stands_over_the_other(void **state)
{
    (void)state;
    assert_true(reads("[p]\nregion=a\naws_access_key_id=x\n",
                      "[profile p]\nregion=b\naws_access_key_id=y\naws_secret_access_key=z\n", "p"));
    expect("x z - a - -");
    assert_true(reads("", "[profile p]\naws_access_key_id=y\naws_secret_access_key=z\n", "p"));
    expect("y z - - - -");
    assert_true(reads("[p]\naws_access_key_id=y\n", "", "p"));
    expect("y - - - - -");
}

/* In one file a profile is "[x]", in the other "[profile x]"; only "[default]" is the same in both. */
static void sections_have_the_names_of_their_file(void **state)
{
    (void)state;
    assert_false(reads("[profile p]\nregion=a\n", "[p]\nregion=b\n", "p"));
    assert_true(reads("", "[profile   p]\nregion=b\n", "p"));
    expect("- - - b - -");
    assert_true(reads("", "[profile \"my own\"]\nregion=b\n", "my own"));
    expect("- - - b - -");
    assert_true(reads("", "[profile default]\nregion=b\n", "default"));
    expect("- - - b - -");
    assert_false(reads("", "[profiles p]\nregion=b\n[sso-session p]\nregion=c\n", "p"));
}

static void lines_are_read_as_python_reads_them(void **state)
{
    (void)state;
    assert_true(reads("# comment\n; another\r\n\r\n  [p]  \r\n\tAWS_Access_Key_ID:x\r\n"
                      "\taws_secret_access_key  =  y ; z \r\n\n",
                      "", "p"));
    expect("x y ; z - - - -");
    assert_true(reads("aws_access_key_id = lost\n[p]\nregion\nregion =\n", "", "p"));
    expect("- - - - - -");
    assert_true(reads("", "[profile p]\ns3 =\n  addressing_style = path\n  region = nested\nregion = r\n", "p"));
    expect("- - - r - -");
    assert_true(reads("[p] # mine\nregion = a\n[q]\nregion = b\n[p]\nregion = c", "", "p"));
    expect("- - - c - -");
    assert_true(reads("[]\n=\n[p]\naws_security_token = old\n[", "", "p"));
    expect("- - old - - -");
}

static void tells_that_keys_are_to_be_had_elsewhere(void **state)
{
    (void)state;
    assert_true(reads("", "[profile p]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n", "p"));
    expect("- - - - - role_arn");
    assert_true(reads("", "[profile p]\nsso_session = s\n[sso-session s]\nsso_start_url = u\n", "p"));
    expect("- - - - - sso_session");
    assert_true(reads("", "[profile p]\ncredential_process = /bin/x\n", "p"));
    expect("- - - - - credential_process");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_what_aws_configure_writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_file_of_keys_stands_over_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sections_have_the_names_of_their_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_are_read_as_python_reads_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_that_keys_are_to_be_had_elsewhere, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
