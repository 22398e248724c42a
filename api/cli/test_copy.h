/* What a test run takes along from the user's home: variables, connections and pools, so that a DAG under test finds
 * what it will find later. Read through the client (an engine may be running there), written straight into the test's
 * store. */
#ifndef HK_CLI_TEST_COPY_H
#define HK_CLI_TEST_COPY_H

#include <jansson.h>

#include "api/cli/home.h"
#include "engine/store/secret.h"
#include "scheduler/scheduler.h"

/* *out is NULL when that home (NULL: the default one) has no database; else a new reference. Makes nothing. */
HK_MUST_USE bool hk_test_copy_read(const char *home, json_t **out, struct hk_error *err);
/* Before the loop of the test's engine begins. */
HK_MUST_USE bool hk_test_copy_write(const json_t *copy, struct hk_store *store, struct hk_scheduler *scheduler,
                                    const struct hk_secret_key *key, struct hk_error *err);

#endif
