#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/cli/verbs.h"
#include "engine/store/store.h"

/* Opening the database by way of the client does both: an engine checks and migrates when it starts. */

static bool check_database(struct hk_cli *cli, struct hk_error *err)
{
    json_t *health = hk_client_get(cli->client, "/api/v2/monitor/health", err);
    if (health == NULL) {
        return false;
    }
    const json_t *metadatabase = json_object_get(health, "metadatabase");
    const char *status = json_string_value(json_object_get(metadatabase, "status"));
    bool ok = status != NULL && strcmp(status, "healthy") == 0;
    json_decref(health);
    if (!ok) {
        return hk_error_set(err, HK_UNAVAILABLE, "the database '%s' is not healthy", cli->home->database);
    }
    printf("Connection successful.\n");
    return true;
}

static bool migrate_database(struct hk_cli *cli, struct hk_error *err)
{
    (void)err;
    printf("DB: %s\nThe database has the newest schema, version %d.\n", cli->home->database, hk_store_schema_version());
    return true;
}

static const struct hk_verb verbs[] = {
    {"check", "Check if the database can be reached", HK_NEEDS_CLIENT, NULL, NULL, check_database},
    {"migrate", "Make the database, or bring it to the newest schema", HK_NEEDS_CLIENT, NULL, NULL, migrate_database},
};
const struct hk_verb_group hk_db_group = {"db", "Database operations", verbs, sizeof verbs / sizeof *verbs};
