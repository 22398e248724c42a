/* One run of one DAG in this process: an engine without doors on a temporary home, whose DAGs run only when they are
 * triggered. `dags test` runs all of a DAG, `tasks test` one task of it: the others are marked done beforehand. */
#ifndef HK_CLI_TEST_RUN_H
#define HK_CLI_TEST_RUN_H

#include "api/cli/engine.h"

struct hk_test_run_options {
    const char *dag_id;  /* NULL: the only one of the folders */
    const char *task_id; /* NULL: all */
    const char *const *folders;
    size_t folder_count;
    const char *conf_json; /* NULL: {} */
    int64_t logical_us;
    const char *python;    /* NULL: none */
    const char *from_home; /* whose variables, connections and pools are copied, if it is there; NULL: the default */
};

/* *succeeded tells how the run ended. false: it could not be run, and err says why. */
HK_MUST_USE bool hk_test_run(const struct hk_test_run_options *options, bool *succeeded, struct hk_error *err);

#endif
