#include "api/cli/client_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "api/cli/engine.h"
#include "api/cli/home_url.h"

enum { WAIT_MS = 10000, STEP_MS = 20 };

/* Whether a program holds the database, which it does by a flock on HOME/hanok.db.lock for as long as it runs. Asked
 * only beside a URL: for the blink in which we hold the lock ourselves, nobody else could start. */
static bool is_engine_running(const struct hk_home *home)
{
    char path[HK_HOME_PATH_SIZE + 64];
    snprintf(path, sizeof path, "%s.lock", home->database);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool is_held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return is_held;
}

static void run_engine(void *arg)
{
    struct hk_client_engine *e = arg;
    struct hk_engine_options options = {
        .home = e->home, .listen = "127.0.0.1:0", .is_passive = true, .passive_dag = e->dag_id};
    struct hk_engine *engine = NULL;
    if (!hk_engine_start(&options, &engine, &e->err)) {
        uv_sem_post(&e->started);
        return;
    }
    bool fits = hk_str_copy(e->url, sizeof e->url, hk_str_from(hk_engine_url(engine)));
    HK_ASSERT(fits);
    e->engine = engine;
    uv_sem_post(&e->started);
    hk_engine_run(engine);
    hk_engine_free(engine);
}

static void quit_engine(void *arg)
{
    hk_engine_quit(arg);
}

static bool start_own(struct hk_client_engine *e, struct hk_error *err)
{
    uv_sem_init(&e->started, 0);
    HK_ASSERT(uv_thread_create(&e->thread, run_engine, e) == 0);
    uv_sem_wait(&e->started);
    e->is_own = e->engine != NULL;
    if (!e->is_own) {
        uv_thread_join(&e->thread);
        uv_sem_destroy(&e->started);
        *err = e->err;
    }
    return e->is_own;
}

bool hk_client_engine_open(struct hk_client_engine *e, const struct hk_home *home, const char *dag_id,
                           struct hk_error *err)
{
    *e = (struct hk_client_engine){.home = home, .dag_id = dag_id};
    /* Another verb may have its own engine on the home for a moment, and one that starts has no URL yet: both pass. */
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += STEP_MS) {
        if (hk_home_url_read(home, e->url, sizeof e->url) && is_engine_running(home) &&
            hk_home_url_read(home, e->url, sizeof e->url)) { /* the first may have been a dead one's */
            return true;
        }
        if (start_own(e, err)) {
            return true;
        }
        if (err->code != HK_CONFLICT) {
            return false;
        }
        uv_sleep(STEP_MS);
    }
    return hk_error_set(err, HK_UNAVAILABLE,
                        "another hanok uses the home '%s' but does not say where it listens; wait for it or end it",
                        home->path);
}

void hk_client_engine_close(struct hk_client_engine *e)
{
    if (!e->is_own) {
        return;
    }
    hk_engine_post(e->engine, quit_engine, e->engine);
    uv_thread_join(&e->thread);
    uv_sem_destroy(&e->started);
}
