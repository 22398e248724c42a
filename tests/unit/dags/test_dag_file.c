/* Which files of a folder are DAG files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dags/dag_file.h"

static char root[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/hanok-test-XXXXXX");
    return mkdtemp(root) != NULL && chdir(root) == 0 ? 0 : -1;
}

static void touch(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void expect(const char *wanted)
{
    struct hk_dag_files files;
    struct hk_error err;
    struct hk_buf found;
    hk_buf_init(&found, 4096);
    assert_true(hk_dag_files_list(root, &files, &err));
    for (size_t i = 0; i < files.len; i++) {
        hk_buf_printf(&found, "%s%s", i > 0 ? " " : "", files.items[i].relative);
    }
    assert_string_equal(found.data, wanted);
    hk_buf_clear(&found);
    hk_dag_files_clear(&files);
}

static void links_that_lead_back_are_not_followed(void **state)
{
    (void)state;
    assert_int_equal(mkdir("inner", 0700), 0);
    assert_int_equal(mkdir("other", 0700), 0);
    touch("a.yaml");
    touch("inner/b.py");
    assert_int_equal(symlink(".", "loop"), 0);
    assert_int_equal(symlink("..", "inner/up"), 0);
    assert_int_equal(symlink("self.yaml", "self.yaml"), 0);
    assert_int_equal(symlink("../inner", "other/link"), 0);
    expect("a.yaml inner/b.py other/link/b.py");
}

static void what_is_no_file_is_left_out(void **state)
{
    (void)state;
    assert_int_equal(mkdir("folder.yaml", 0700), 0);
    assert_int_equal(mkfifo("pipe.yaml", 0600), 0);
    assert_int_equal(symlink("/dev/zero", "zero.py"), 0);
    assert_int_equal(symlink("nowhere", "dangling.yaml"), 0);
    touch("folder.yaml/in.yml");
    touch(".hidden.py");
    touch("notes.txt");
    expect("folder.yaml/in.yml");
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1; /* NOLINT(cert-env33-c) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(links_that_lead_back_are_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_left_out, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
