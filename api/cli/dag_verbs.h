/* The verbs of `hanok dags` that live in files of their own; dags.c has the table. */
#ifndef HK_CLI_DAG_VERBS_H
#define HK_CLI_DAG_VERBS_H

#include "api/cli/verbs.h"

extern const struct hk_option hk_dags_trigger_options[];
extern const struct hk_option hk_dags_list_runs_options[];
extern const struct hk_option hk_dags_next_options[];
extern const struct hk_option hk_dags_reserialize_options[];
extern const struct hk_option hk_dags_test_options[];
extern const struct hk_option hk_tasks_test_options[];
bool hk_dags_trigger(struct hk_cli *cli, struct hk_error *err);
bool hk_dags_list_runs(struct hk_cli *cli, struct hk_error *err);
bool hk_dags_state(struct hk_cli *cli, struct hk_error *err);
bool hk_dags_next(struct hk_cli *cli, struct hk_error *err);
bool hk_dags_reserialize(struct hk_cli *cli, struct hk_error *err);
bool hk_dags_test(struct hk_cli *cli, struct hk_error *err);
bool hk_tasks_test(struct hk_cli *cli, struct hk_error *err);

/* A run by its id or logical date: a new reference of GET dagRuns/{id}'s answer. NULL with HK_NOT_FOUND. */
json_t *hk_cli_find_run(const struct hk_cli *cli, const char *dag_id, const char *date_or_run_id, struct hk_error *err);

#endif
