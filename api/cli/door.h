/* The CLI's private door, /hanok: what its verbs need and no foreign API offers. Role Admin, JSON, {"detail": ...} on
 * failure. No client but this program's own CLI should rely on it.
 *
 *     GET    /hanok/users                 {"users": [{"username", "role"}], "total_entries"}
 *     POST   /hanok/users                 {"username", "role", "password"}
 *     PATCH  /hanok/users/{username}      {"password"} and/or {"role"}
 *     DELETE /hanok/users/{username}
 *     GET    /hanok/variables, /{key}     as /api/v2 has them, but with secret values unmasked
 *     GET    /hanok/connections, /{id}    the same
 *     GET    /hanok/dags/{dag_id}/next    {"runs": [...]}: the next ?count= automated runs
 *     POST   /hanok/reserialize           reads all DAG files again
 */
#ifndef HK_CLI_DOOR_H
#define HK_CLI_DOOR_H

#include "api/http/router.h"
#include "engine/store/secret.h"
#include "engine/store/store.h"

struct hk_cli_door {
    struct hk_store *store;
    const struct hk_secret_key *key;
    void (*post)(void *context, void (*fn)(void *arg), void *arg); /* runs fn(arg) on the loop thread */
    void (*rescan)(void *context);                                 /* there */
    void *context;
    bool has_folders; /* false: the engine reads no DAG files, and reserialize is refused */
};

/* door is borrowed for the router's life. */
HK_MUST_USE bool hk_cli_door_register(struct hk_cli_door *door, struct hk_router *router, struct hk_error *err);

#endif
