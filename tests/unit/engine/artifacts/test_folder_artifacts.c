/* Artifacts in a folder: real files in a temporary one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/artifacts/folder_artifacts.h"
#include "engine/base/limits.h"

static char folder[64];
static struct hk_artifacts *artifacts;
static struct hk_arena arena;
static struct hk_error err;

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hanok-test-artifacts-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return hk_folder_artifacts_open(folder, &artifacts, &err) ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    hk_artifacts_free(artifacts);
    hk_arena_clear(&arena);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    return hk_arena_printf(&arena, "%s/%s", folder, name);
}

/* A path as artifact_path.h gives it: with a NUL behind it. */
static struct hk_str path_of(const char *path)
{
    return hk_arena_str(&arena, hk_str_from(path));
}

static bool put(const char *path, const char *text)
{
    struct hk_upload *upload = NULL;
    if (!hk_upload_begin(artifacts, path_of(path), strlen(text), &upload, &err)) {
        return false;
    }
    assert_true(hk_upload_write(upload, text, strlen(text), &err));
    assert_int_equal(hk_upload_size(upload), strlen(text));
    return hk_upload_commit(upload, &err);
}

static void expect_text(const char *path, const char *text)
{
    struct hk_artifact artifact;
    bool is_folder = false;
    if (!hk_artifacts_open(artifacts, path_of(path), &artifact, &is_folder, &err)) {
        fail_msg("%s: %s", path, err.message);
    }
    assert_int_equal(artifact.size, strlen(text));
    char *found = hk_arena_alloc(&arena, artifact.size + 1);
    assert_true(hk_artifact_read(&artifact, 0, found, artifact.size, &err));
    assert_string_equal(found, text);
    assert_false(hk_artifact_read(&artifact, artifact.size, found, 1, &err));
    hk_artifact_close(&artifact);
}

static enum hk_code fails_to_open(const char *path)
{
    struct hk_artifact artifact;
    bool is_folder = false;
    assert_false(hk_artifacts_open(artifacts, path_of(path), &artifact, &is_folder, &err));
    assert_int_equal(is_folder, strstr(err.message, "directory, not a file") != NULL);
    return err.code;
}

/* "name:size name/ ..." */
static const char *listed(const char *path)
{
    struct hk_artifact_entries entries;
    char *text = hk_arena_printf(&arena, "%s", "");
    assert_true(hk_artifacts_list(artifacts, path_of(path), &arena, &entries, &err));
    for (size_t i = 0; i < entries.len; i++) {
        const struct hk_artifact_entry *entry = &entries.items[i];
        text = entry->is_folder
                   ? hk_arena_printf(&arena, "%s%.*s/ ", text, HK_STR_ARG(entry->name))
                   : hk_arena_printf(&arena, "%s%.*s:%d ", text, HK_STR_ARG(entry->name), (int)entry->size);
    }
    return text;
}

static void keeps_what_is_put(void **state)
{
    (void)state;
    assert_true(put("0/run/artifacts/model/MLmodel", "flavors"));
    assert_true(put("0/run/artifacts/a.txt", "first"));
    expect_text("0/run/artifacts/a.txt", "first");
    assert_true(put("0/run/artifacts/a.txt", "another one"));
    expect_text("0/run/artifacts/a.txt", "another one");
    assert_true(put("0/run/artifacts/empty", ""));
    expect_text("0/run/artifacts/empty", "");
    assert_string_equal(listed("0/run/artifacts"), "a.txt:11 empty:0 model/ ");
    assert_string_equal(listed("0/run/artifacts/model"), "MLmodel:7 ");
    assert_string_equal(listed(""), "0/ ");
    assert_string_equal(listed("0/run/artifacts/a.txt"), "");
    assert_string_equal(listed("nothing/here"), "");
    assert_int_equal(fails_to_open("0/run"), HK_INVALID);
    assert_int_equal(fails_to_open(""), HK_INVALID);
    assert_int_equal(fails_to_open("0/run/nothing"), HK_NOT_FOUND);
    assert_string_equal(err.message, "No such artifact: '0/run/nothing'");
    assert_int_equal(fails_to_open("nothing/here"), HK_NOT_FOUND);
    assert_string_equal(err.message, "No such artifact: 'nothing/here'");
    assert_int_equal(fails_to_open("0/run/artifacts/a.txt/b"), HK_NOT_FOUND);
}

static void tells_files_apart(void **state)
{
    (void)state;
    struct hk_artifact first;
    struct hk_artifact second;
    bool is_folder = false;
    assert_true(put("a", "one"));
    assert_true(hk_artifacts_open(artifacts, path_of("a"), &first, &is_folder, &err));
    assert_true(put("a", "two"));
    assert_true(hk_artifacts_open(artifacts, path_of("a"), &second, &is_folder, &err));
    assert_string_not_equal(first.etag, second.etag);
    char text[4] = "";
    assert_true(hk_artifact_read(&first, 0, text, 3, &err)); /* what was opened stays what it was */
    assert_string_equal(text, "one");
    hk_artifact_close(&first);
    hk_artifact_close(&second);
}

static void leaves_nothing_of_what_is_cut(void **state)
{
    (void)state;
    struct hk_upload *upload = NULL;
    assert_true(put("a/b", "old"));
    assert_true(hk_upload_begin(artifacts, path_of("a/b"), 100, &upload, &err));
    assert_true(hk_upload_write(upload, "new", 3, &err));
    assert_string_equal(listed(""), "a/ ");
    hk_upload_abort(upload);
    assert_true(hk_upload_begin(artifacts, path_of("c/d"), 0, &upload, &err));
    hk_upload_abort(upload);
    expect_text("a/b", "old");
    assert_string_equal(listed(""), "a/ ");
    assert_string_equal(listed("a"), "b:3 ");
    assert_int_equal(system(hk_arena_printf(&arena, "test $(find '%s' -type f | wc -l) = 1", folder)), 0);
}

static void files_and_folders_do_not_replace_each_other(void **state)
{
    (void)state;
    assert_true(put("a/b", "x"));
    assert_false(put("a", "x"));
    assert_int_equal(err.code, HK_INVALID);
    assert_non_null(strstr(err.message, "delete it first"));
    assert_false(put("a/b/c", "x"));
    assert_int_equal(err.code, HK_INVALID);
    assert_non_null(strstr(err.message, "in its way"));
    expect_text("a/b", "x");
    char *name = hk_arena_alloc(&arena, 301);
    memset(name, 'n', 300);
    assert_false(put(name, "x"));
    assert_int_equal(err.code, HK_INVALID);
    assert_int_equal(fails_to_open(name), HK_NOT_FOUND);
    assert_int_equal(system(hk_arena_printf(&arena, "test $(find '%s' -type f | wc -l) = 1", folder)), 0);
}

/* Links are not followed, wherever they lead, at the end of a path or on the way. */
static void follows_no_links(void **state)
{
    (void)state;
    char outside[80];
    snprintf(outside, sizeof outside, "%s-outside", folder);
    assert_int_equal(mkdir(outside, 0700), 0);
    assert_int_equal(system(hk_arena_printf(&arena, "echo secret > '%s/file'", outside)), 0);
    assert_true(put("in/file", "x"));
    assert_int_equal(symlink(outside, in_folder("out")), 0);
    assert_int_equal(symlink("in", in_folder("also")), 0);
    assert_int_equal(symlink(hk_arena_printf(&arena, "%s/file", outside), in_folder("link")), 0);
    assert_string_equal(listed(""), "in/ ");
    struct hk_artifact_entries entries;
    assert_false(hk_artifacts_list(artifacts, path_of("out"), &arena, &entries, &err));
    assert_string_equal(err.message, "Invalid path: resolved path is outside the artifact directory");
    static const char *const paths[] = {"out/file", "link", "also/file"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fails_to_open(paths[i]), HK_INVALID);
    }
    assert_false(put("out/new", "x"));
    assert_false(put("out/file", "x"));
    assert_false(hk_artifacts_delete(artifacts, path_of("out/file"), &err));
    assert_true(put("link", "mine"));                                  /* takes the link's place */
    assert_true(hk_artifacts_delete(artifacts, path_of("out"), &err)); /* the link itself */
    assert_int_equal(system(hk_arena_printf(&arena, "grep -q secret '%s/file'", outside)), 0);
    assert_int_equal(system(hk_arena_printf(&arena, "test $(ls '%s' | wc -l) = 1; rm -rf '%s'", outside, outside)), 0);
}

static void deletes(void **state)
{
    (void)state;
    char *deep = hk_arena_printf(&arena, "%s", "d");
    for (int i = 1; i < HK_MAX_ARTIFACT_DEPTH; i++) {
        deep = hk_arena_printf(&arena, "%s/d", deep);
    }
    assert_true(put("a/b/c", "x"));
    assert_true(put("a/d", "x"));
    assert_true(put(deep, "x"));
    assert_int_equal(symlink("/etc", in_folder("a/etc")), 0);
    assert_true(hk_artifacts_delete(artifacts, path_of("a/d"), &err));
    assert_true(hk_artifacts_delete(artifacts, path_of("a/d"), &err));
    assert_true(hk_artifacts_delete(artifacts, path_of("nothing/here"), &err));
    assert_string_equal(listed("a"), "b/ ");
    assert_true(hk_artifacts_delete(artifacts, path_of("a"), &err));
    assert_string_equal(listed(""), "d/ ");
    assert_true(hk_artifacts_delete(artifacts, path_of("d"), &err));
    assert_string_equal(listed(""), "");
    assert_int_equal(access("/etc/passwd", F_OK), 0);
    assert_false(hk_artifacts_delete(artifacts, path_of(""), &err));
}

static void says_when_there_is_no_room(void **state)
{
    (void)state;
    struct hk_upload *upload = NULL;
    assert_true(put("a", "old"));
    assert_false(hk_upload_begin(artifacts, path_of("a"), UINT64_MAX / 2, &upload, &err));
    assert_int_equal(err.code, HK_LIMIT);
    assert_non_null(strstr(err.message, "There is no room on the disk for 'a'"));
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = {.rlim_cur = 1000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    char piece[600] = "";
    assert_true(hk_upload_begin(artifacts, path_of("a"), 0, &upload, &err));
    assert_true(hk_upload_write(upload, piece, sizeof piece, &err));
    bool fits = hk_upload_write(upload, piece, sizeof piece, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(fits);
    assert_int_equal(err.code, HK_LIMIT);
    hk_upload_abort(upload);
    expect_text("a", "old");
}

static void has_no_addresses(void **state)
{
    (void)state;
    assert_false(hk_artifacts_has_urls(artifacts));
    struct hk_artifacts *none = NULL;
    assert_false(hk_folder_artifacts_open("/nowhere/at/all", &none, &err));
    assert_int_equal(err.code, HK_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_what_is_put),
        TEST(tells_files_apart),
        TEST(leaves_nothing_of_what_is_cut),
        TEST(files_and_folders_do_not_replace_each_other),
        TEST(follows_no_links),
        TEST(deletes),
        TEST(says_when_there_is_no_room),
        TEST(has_no_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
