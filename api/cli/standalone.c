#include "api/cli/standalone.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "api/cli/engine.h"
#include "api/cli/home_url.h"
#include "api/cli/host_script.h"
#include "engine/base/clock.h"

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
        .artifacts_destination = options->artifacts_destination,
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
    if (!hk_home_url_write(&home, hk_engine_url(engine), &err)) {
        fprintf(stderr, "hanok: %s\n", err.message);
    }
    greet(&home, options, hk_engine_url(engine));
    hk_engine_run(engine);
    hk_home_url_forget(&home);
    hk_engine_free(engine);
    return 0;
}
