/* struct hk_task: one node of a graph, and what it takes to run it. Plain data, immutable once its graph is built;
 * see engine/graph/graph.h for who owns it. */
#ifndef HK_GRAPH_TASK_H
#define HK_GRAPH_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/str.h"

/* When a task may run, given the states of its upstream tasks (airflow.task.trigger_rule.TriggerRule). */
enum hk_trigger_rule {
    HK_RULE_ALL_SUCCESS,
    HK_RULE_ALL_FAILED,
    HK_RULE_ALL_DONE,
    HK_RULE_ALL_DONE_MIN_ONE_SUCCESS,
    HK_RULE_ALL_DONE_SETUP_SUCCESS, /* set by Airflow on teardown tasks */
    HK_RULE_ONE_SUCCESS,
    HK_RULE_ONE_FAILED,
    HK_RULE_ONE_DONE,
    HK_RULE_NONE_FAILED,
    HK_RULE_NONE_FAILED_MIN_ONE_SUCCESS,
    HK_RULE_NONE_SKIPPED,
    HK_RULE_ALWAYS,
    HK_RULE_ALL_SKIPPED,
    HK_RULE_COUNT
};

/* How a task's own priority_weight becomes the one it is queued by. */
enum hk_weight_rule {
    HK_WEIGHT_DOWNSTREAM, /* plus all tasks after it */
    HK_WEIGHT_UPSTREAM,   /* plus all tasks before it */
    HK_WEIGHT_ABSOLUTE,
    HK_WEIGHT_COUNT
};

/* Who runs it. */
enum hk_runner {
    HK_RUNNER_NOTHING, /* succeeds as soon as it may run; no process, no slot (EmptyOperator) */
    HK_RUNNER_COMMAND, /* a shell command started by hanok itself; spec_json is a struct hk_command's JSON */
    HK_RUNNER_PYTHON,  /* the Task SDK in the warm Python host */
    HK_RUNNER_WAIT,    /* deferred until a promotion; no process, no slot (wait_*) */
    HK_RUNNER_COUNT
};

struct hk_task {
    uint32_t index;              /* position in graph->tasks */
    uint32_t group;              /* position in graph->groups */
    const char *task_id;         /* with its groups' prefix */
    const char *display_name;    /* NULL: task_id */
    const char *owner;           /* "airflow" by default */
    const char *operator_class;  /* "BashOperator": the class's name */
    const char *operator_module; /* "airflow.providers.standard.operators.bash"; NULL: not known */
    const char *operator_name;   /* what Airflow shows: "@task", "BashOperator"; NULL: operator_class */
    const char *doc_md;          /* NULL: none */
    const char *queue;           /* "default" */
    const char *executor;        /* NULL: the default one */

    enum hk_runner runner;
    const char *spec_json;  /* what the runner needs. HK_RUNNER_COMMAND: {"command": "...", "env": {..}|null,
                               "append_env": bool, "cwd": null|"...", "skip_exit_codes": [99], "push_xcom": bool,
                               "output": "utf-8"}. NULL: {} */
    const char *extra_json; /* what REST shows and hanok does not use: ui_color, ui_fgcolor, template_fields, params,
                              class_ref, ...; members as in GET /api/v2/dags/{id}/tasks. NULL: {} */

    enum hk_trigger_rule trigger_rule;
    bool depends_on_past;
    bool wait_for_downstream;
    bool ignore_first_depends_on_past;
    bool is_setup;
    bool is_teardown;
    bool teardown_fails_run;  /* Airflow's on_failure_fail_dagrun */
    bool is_mapped;           /* a placeholder that expands into instances at run time */
    bool can_skip_downstream; /* branch and short-circuit operators */
    bool has_failure_callback;

    /* HK_RUNNER_WAIT: for a version of the model that comes to hold the alias or the stage. */
    const char *wait_model;
    const char *wait_alias;  /* NULL: the stage */
    const char *wait_stage;  /* NULL: the alias */
    int64_t wait_timeout_us; /* then it has failed; 0: none */

    const uint32_t *outlets; /* indexes in graph->assets: an event of each when the task succeeds */
    uint32_t outlet_count;

    uint32_t retries;
    int64_t retry_delay_us;
    double retry_backoff;         /* multiplier per try; 0: none (Airflow: False), True is 2.0 */
    int64_t max_retry_delay_us;   /* 0: none */
    int64_t execution_timeout_us; /* 0: none */
    int64_t start_at_us;          /* HK_TIME_NONE: the DAG's */
    int64_t end_at_us;            /* HK_TIME_NONE: the DAG's */

    const char *pool; /* "default_pool" */
    uint32_t pool_slots;
    uint32_t max_active_per_dag; /* over all runs; 0: no limit */
    uint32_t max_active_per_run; /* mapped instances of one run; 0: no limit */
    int32_t priority_weight;     /* as written */
    enum hk_weight_rule weight_rule;

    /* Filled by hk_graph_build. */
    int32_t total_weight; /* by weight_rule; exact up to some 100,000 tasks and edges, and for chains, fans and trees of
                             any size; a lower bound beyond (engine/graph/weight.c) */
    const uint32_t *upstream; /* task indexes, ascending */
    uint32_t upstream_count;
    const uint32_t *downstream; /* the same */
    uint32_t downstream_count;
};

/* Position of a task's index among those right after this one; downstream_count: it is none of them. */
uint32_t hk_task_find_downstream(const struct hk_task *task, uint32_t downstream);

/* "all_success" ...; find is false for an unknown name. */
const char *hk_trigger_rule_name(enum hk_trigger_rule rule);
bool hk_trigger_rule_find(struct hk_str name, enum hk_trigger_rule *out);
const char *hk_weight_rule_name(enum hk_weight_rule rule);
bool hk_weight_rule_find(struct hk_str name, enum hk_weight_rule *out);
const char *hk_runner_name(enum hk_runner runner); /* "nothing", "command", "python", "wait" */
bool hk_runner_find(struct hk_str name, enum hk_runner *out);

#endif
