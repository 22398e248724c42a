#include "api/cli/standalone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/cli/engine.h"
#include "api/cli/host_script.h"
#include "engine/base/clock.h"

/* Tells CLI verbs on the same home where this engine listens. */
static bool write_url(const struct hk_home *home, const char *url, struct hk_error *err)
{
    char path[HK_HOME_PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/run", home->path);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return hk_error_set(err, HK_IO, "folder '%s' cannot be made: %m", path);
    }
    snprintf(path, sizeof path, "%s/run/url", home->path);
    FILE *file = fopen(path, "we");
    bool ok = file != NULL && fprintf(file, "%s\n", url) > 0;
    ok = file != NULL && fclose(file) == 0 && ok;
    return ok || hk_error_set(err, HK_IO, "file '%s' cannot be written: %m", path);
}

static int fail(const struct hk_error *err)
{
    fprintf(stderr, "hanok: %s\n", err->message);
    return 1;
}

static void greet(const struct hk_home *home, const struct hk_standalone_options *options, const char *url)
{
    if (options->all_admins) {
        printf("everybody on this machine is admin (--all-admins)\n");
    } else {
        printf("log in as 'admin'; the password is in %s\n", home->password_file);
    }
    printf("listening on %s\n", url);
    fflush(stdout);
}

int hk_standalone(const struct hk_standalone_options *options)
{
    static struct hk_home home;
    struct hk_error err;
    struct hk_engine *engine = NULL;
    char own_dags[HK_HOME_PATH_SIZE + 32];
    char script[HK_HOME_PATH_SIZE + 64];
    const char *own_folders[] = {own_dags};
    if (!hk_home_open(options->home, &home, &err) || !hk_host_script_write(home.path, script, sizeof script, &err)) {
        return fail(&err);
    }
    snprintf(own_dags, sizeof own_dags, "%s/dags", home.path);
    bool uses_own = options->dag_folder_count == 0;
    if (uses_own && mkdir(own_dags, 0755) != 0 && errno != EEXIST) {
        hk_error_set(&err, HK_IO, "folder '%s' cannot be made: %m", own_dags);
        return fail(&err);
    }
    struct hk_engine_options engine_options = {
        .home = &home,
        .dag_folders = uses_own ? own_folders : options->dag_folders,
        .dag_folder_count = uses_own ? 1 : options->dag_folder_count,
        .listen = options->listen != NULL ? options->listen : "127.0.0.1:8080",
        .all_admins = options->all_admins,
        .parallelism = options->parallelism,
        .python = options->python,
        .host_script = script,
        .starts_paused = options->starts_paused,
        .watch = true,
    };
    if (!hk_engine_start(&engine_options, &engine, &err)) {
        return fail(&err);
    }
    if (!write_url(&home, hk_engine_url(engine), &err)) {
        fprintf(stderr, "hanok: %s\n", err.message);
    }
    greet(&home, options, hk_engine_url(engine));
    hk_engine_run(engine);
    hk_engine_free(engine);
    char path[HK_HOME_PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/run/url", home.path);
    unlink(path);
    return 0;
}
