#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/cli/output.h"
#include "api/cli/verbs.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"

bool hk_cli_print_rows(const struct hk_cli *cli, json_t *rows)
{
    struct hk_buf text;
    hk_buf_init(&text, HK_OUTPUT_BYTES);
    hk_output_rows(rows, hk_output_find(hk_arguments_text(cli->args, "output")), &text);
    fwrite(text.data, 1, text.len, stdout);
    hk_buf_clear(&text);
    json_decref(rows);
    return true;
}

bool hk_cli_confirm(const struct hk_cli *cli, struct hk_error *err, const char *fmt, ...)
{
    char answer[32] = "";
    va_list args;
    if (hk_arguments_has(cli->args, "yes")) {
        return true;
    }
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf(" (y/n) ");
    fflush(stdout);
    bool got = fgets(answer, sizeof answer, stdin) != NULL;
    struct hk_str word = hk_str_trim(hk_str_from(answer));
    if (got && word.len > 0 && (word.data[0] == 'y' || word.data[0] == 'Y')) {
        return true;
    }
    return hk_error_set(err, HK_CANCELLED, "cancelled, nothing was changed; --yes does not ask");
}

/* ---- files ---- */

bool hk_cli_read_file(const char *path, char **text, size_t *len, struct hk_error *err)
{
    struct hk_buf all;
    char chunk[16384];
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return hk_error_set(err, HK_IO, "file '%s' cannot be read: %m", path);
    }
    hk_buf_init(&all, HK_MAX_DAG_FILE_BYTES);
    ssize_t n = 0;
    do {
        n = read(fd, chunk, sizeof chunk);
        hk_buf_add(&all, chunk, n > 0 ? (size_t)n : 0);
    } while (n > 0 || (n < 0 && errno == EINTR));
    bool ok = n == 0 || hk_error_set(err, HK_IO, "file '%s' cannot be read: %m", path);
    if (ok && all.is_full) {
        ok = hk_error_set(err, HK_LIMIT, "file '%s' has more than %d bytes", path, HK_MAX_DAG_FILE_BYTES);
    }
    if (!is_input) {
        close(fd);
    }
    *len = all.len;
    if (ok) {
        *text = hk_buf_take(&all);
    }
    hk_buf_clear(&all);
    return ok;
}

json_t *hk_cli_read_json(const char *path, struct hk_error *err)
{
    char *text = NULL;
    size_t len = 0;
    struct hk_str name = hk_str_from(path);
    if (hk_str_ends_with(name, ".env") || hk_str_ends_with(name, ".yaml") || hk_str_ends_with(name, ".yml")) {
        hk_error_set(err, HK_INVALID, "file '%s' cannot be imported: only JSON files can be, as yet", path);
        return NULL;
    }
    if (!hk_cli_read_file(path, &text, &len, err)) {
        return NULL;
    }
    json_t *document = hk_json_parse((struct hk_str){text, len}, err);
    free(text);
    if (document == NULL) {
        hk_error_prefix(err, "file '%s'", path);
    } else if (!json_is_object(document)) {
        hk_error_set(err, HK_INVALID, "file '%s' holds no JSON object ({\"name\": ...})", path);
        json_decref(document);
        document = NULL;
    }
    return document;
}

bool hk_cli_write_file(const char *path, struct hk_str text, struct hk_error *err)
{
    if (strcmp(path, "-") == 0) {
        bool ok = fwrite(text.data, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
        return ok || hk_error_set(err, HK_IO, "standard output cannot be written: %m");
    }
    /* What is exported may be secret: for the owner's eyes only. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    while (ok && text.len > 0) {
        ssize_t n = write(fd, text.data, text.len);
        ok = n > 0 || (n < 0 && errno == EINTR);
        text.data += n > 0 ? n : 0;
        text.len -= n > 0 ? (size_t)n : 0;
    }
    ok = fd >= 0 && close(fd) == 0 && ok;
    return ok || hk_error_set(err, HK_IO, "file '%s' cannot be written: %m", path);
}

bool hk_cli_time(const char *what, const char *text, char *out, struct hk_error *err)
{
    int64_t us = 0;
    bool has_zone = false;
    if (!hk_iso_parse(hk_str_from(text), &us, &has_zone)) {
        return hk_error_set(err, HK_INVALID,
                            "%s '%s' is no date or time; write 2026-11-22 or 2026-11-22T20:51:10+09:00", what, text);
    }
    hk_iso_z(us, out);
    return true;
}

/* ---- where DAGs are ---- */

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

void hk_cli_folders_find(const struct hk_arguments *args, const struct hk_home *home, struct hk_cli_folders *out)
{
    const char *path = NULL;
    out->count = 0;
    for (size_t i = 0; (path = hk_arguments_at(args, "dags", i)) != NULL; i++) {
        out->paths[out->count++] = path;
    }
    for (size_t i = 0; (path = hk_arguments_at(args, "subdir", i)) != NULL; i++) {
        out->paths[out->count++] = path;
    }
    if (out->count > 0) {
        return;
    }
    path = setting("HANOK_DAGS");
    path = path != NULL ? path : setting("AIRFLOW__CORE__DAGS_FOLDER");
    if (path == NULL) {
        snprintf(out->own, sizeof out->own, "%s/dags", home->path);
        path = out->own;
    }
    out->paths[out->count++] = path;
}

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

const char *hk_cli_python(const struct hk_arguments *args, char *out, size_t out_size)
{
    const char *named = hk_arguments_text(args, "python");
    named = named != NULL ? named : setting("HANOK_PYTHON");
    if (named != NULL) {
        return named;
    }
    const char *environment = setting("VIRTUAL_ENV");
    if (environment != NULL && snprintf(out, out_size, "%s/bin/python", environment) < (int)out_size &&
        is_program(out)) {
        return out;
    }
    struct hk_str rest = hk_str_from(setting("PATH"));
    struct hk_str folder;
    while (hk_str_next(&rest, ':', &folder)) {
        int n = snprintf(out, out_size, "%.*s/python3", HK_STR_ARG(folder));
        if (n < (int)out_size && out[0] == '/' && is_program(out)) {
            return out;
        }
    }
    return NULL;
}
