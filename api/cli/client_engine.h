/* The engine that a client speaks to: the one that runs on the home, or one of its own on a second thread. Only
 * client.c includes this. */
#ifndef HK_CLI_CLIENT_ENGINE_H
#define HK_CLI_CLIENT_ENGINE_H

#include <uv.h>

#include "api/cli/home.h"

struct hk_engine;

struct hk_client_engine {
    char url[256];
    bool is_own;
    const struct hk_home *home;
    const char *dag_id;
    struct hk_engine *engine; /* of the second thread, which alone may touch it while it runs */
    uv_thread_t thread;
    uv_sem_t started;
    struct hk_error err; /* why it did not start */
};

HK_MUST_USE bool hk_client_engine_open(struct hk_client_engine *e, const struct hk_home *home, const char *dag_id,
                                       struct hk_error *err);
void hk_client_engine_close(struct hk_client_engine *e);

#endif
