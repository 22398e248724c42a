#include "api/airflow/routes.h"

#define V2 "/api/v2"
#define DAG V2 "/dags/{dag_id}"
#define RUN DAG "/dagRuns/{dag_run_id}"
#define TIS RUN "/taskInstances"
#define TI TIS "/{task_id}"
#define MAPPED TI "/{map_index}"

const struct hk_route hk__airflow_routes[] = {
    {HK_METHOD_GET, V2 "/version", HK_ROLE_ANYONE, hk__version},
    {HK_METHOD_GET, V2 "/monitor/health", HK_ROLE_ANYONE, hk__health},

    {HK_METHOD_GET, V2 "/dags", HK_ROLE_VIEWER, hk__dags_list},
    {HK_METHOD_PATCH, V2 "/dags", HK_ROLE_USER, hk__dags_patch},
    {HK_METHOD_GET, DAG, HK_ROLE_VIEWER, hk__dag_get},
    {HK_METHOD_PATCH, DAG, HK_ROLE_USER, hk__dag_patch},
    {HK_METHOD_DELETE, DAG, HK_ROLE_USER, hk__dag_delete},
    {HK_METHOD_GET, DAG "/details", HK_ROLE_VIEWER, hk__dag_details},
    {HK_METHOD_POST, DAG "/favorite", HK_ROLE_VIEWER, hk__dag_favorite},
    {HK_METHOD_POST, DAG "/unfavorite", HK_ROLE_VIEWER, hk__dag_unfavorite},
    {HK_METHOD_GET, V2 "/dagStats", HK_ROLE_VIEWER, hk__dag_stats},
    {HK_METHOD_GET, V2 "/dagTags", HK_ROLE_VIEWER, hk__dag_tags},
    {HK_METHOD_GET, V2 "/dagWarnings", HK_ROLE_VIEWER, hk__dag_warnings},
    {HK_METHOD_GET, V2 "/plugins", HK_ROLE_VIEWER, hk__plugins},
    {HK_METHOD_GET, V2 "/plugins/importErrors", HK_ROLE_VIEWER, hk__plugin_errors},
    {HK_METHOD_GET, V2 "/config", HK_ROLE_VIEWER, hk__config},
    {HK_METHOD_GET, V2 "/config/section/{section}/option/{option}", HK_ROLE_VIEWER, hk__config},
    {HK_METHOD_GET, DAG "/tasks", HK_ROLE_VIEWER, hk__tasks_list},
    {HK_METHOD_GET, DAG "/tasks/{task_id}", HK_ROLE_VIEWER, hk__task_get},
    {HK_METHOD_GET, DAG "/dagVersions", HK_ROLE_VIEWER, hk__versions_list},
    {HK_METHOD_GET, DAG "/dagVersions/{version_number}", HK_ROLE_VIEWER, hk__version_get},
    {HK_METHOD_GET, V2 "/dagSources/{dag_id}", HK_ROLE_VIEWER, hk__dag_source},

    {HK_METHOD_GET, DAG "/dagRuns", HK_ROLE_VIEWER, hk__runs_list},
    {HK_METHOD_POST, DAG "/dagRuns", HK_ROLE_USER, hk__run_trigger},
    {HK_METHOD_PATCH, DAG "/dagRuns", HK_ROLE_USER, hk__runs_bulk},
    {HK_METHOD_POST, DAG "/clearDagRuns", HK_ROLE_USER, hk__runs_clear},
    {HK_METHOD_POST, DAG "/dagRuns/list", HK_ROLE_VIEWER, hk__runs_batch},
    {HK_METHOD_GET, RUN, HK_ROLE_VIEWER, hk__run_get},
    {HK_METHOD_PATCH, RUN, HK_ROLE_USER, hk__run_patch},
    {HK_METHOD_DELETE, RUN, HK_ROLE_USER, hk__run_delete},
    {HK_METHOD_POST, RUN "/clear", HK_ROLE_USER, hk__run_clear},
    {HK_METHOD_GET, RUN "/wait", HK_ROLE_VIEWER, hk__run_wait},

    {HK_METHOD_POST, DAG "/clearTaskInstances", HK_ROLE_USER, hk__tis_clear},
    {HK_METHOD_GET, TIS, HK_ROLE_VIEWER, hk__tis_list},
    {HK_METHOD_POST, TIS "/list", HK_ROLE_VIEWER, hk__tis_batch},
    {HK_METHOD_GET, TI, HK_ROLE_VIEWER, hk__ti_get},
    {HK_METHOD_PATCH, TI, HK_ROLE_USER, hk__ti_patch},
    {HK_METHOD_PATCH, TI "/dry_run", HK_ROLE_USER, hk__ti_patch_dry_run},
    {HK_METHOD_GET, TI "/listMapped", HK_ROLE_VIEWER, hk__ti_list_mapped},
    {HK_METHOD_GET, TI "/tries", HK_ROLE_VIEWER, hk__ti_tries},
    {HK_METHOD_GET, TI "/tries/{task_try_number}", HK_ROLE_VIEWER, hk__ti_try},
    {HK_METHOD_GET, TI "/dependencies", HK_ROLE_VIEWER, hk__ti_dependencies},
    {HK_METHOD_GET, TI "/logs/{try_number}", HK_ROLE_VIEWER, hk__log_get},
    {HK_METHOD_GET, MAPPED, HK_ROLE_VIEWER, hk__ti_get_mapped},
    {HK_METHOD_PATCH, MAPPED, HK_ROLE_USER, hk__ti_patch},
    {HK_METHOD_PATCH, MAPPED "/dry_run", HK_ROLE_USER, hk__ti_patch_dry_run},
    {HK_METHOD_GET, MAPPED "/tries", HK_ROLE_VIEWER, hk__ti_tries},
    {HK_METHOD_GET, MAPPED "/tries/{task_try_number}", HK_ROLE_VIEWER, hk__ti_try},
    {HK_METHOD_GET, MAPPED "/dependencies", HK_ROLE_VIEWER, hk__ti_dependencies},

    {HK_METHOD_GET, TI "/xcomEntries", HK_ROLE_VIEWER, hk__xcoms_list},
    {HK_METHOD_POST, TI "/xcomEntries", HK_ROLE_USER, hk__xcom_post},
    {HK_METHOD_GET, TI "/xcomEntries/{xcom_key:path}", HK_ROLE_VIEWER, hk__xcom_get},
    {HK_METHOD_PATCH, TI "/xcomEntries/{xcom_key:path}", HK_ROLE_USER, hk__xcom_patch},
    {HK_METHOD_DELETE, TI "/xcomEntries/{xcom_key:path}", HK_ROLE_USER, hk__xcom_delete},

    {HK_METHOD_GET, V2 "/variables", HK_ROLE_OP, hk__variables_list},
    {HK_METHOD_POST, V2 "/variables", HK_ROLE_OP, hk__variable_post},
    {HK_METHOD_PATCH, V2 "/variables", HK_ROLE_OP, hk__variables_bulk},
    {HK_METHOD_GET, V2 "/variables/{variable_key:path}", HK_ROLE_OP, hk__variable_get},
    {HK_METHOD_PATCH, V2 "/variables/{variable_key:path}", HK_ROLE_OP, hk__variable_patch},
    {HK_METHOD_DELETE, V2 "/variables/{variable_key:path}", HK_ROLE_OP, hk__variable_delete},

    {HK_METHOD_GET, V2 "/connections", HK_ROLE_OP, hk__connections_list},
    {HK_METHOD_POST, V2 "/connections", HK_ROLE_OP, hk__connection_post},
    {HK_METHOD_PATCH, V2 "/connections", HK_ROLE_OP, hk__connections_bulk},
    {HK_METHOD_POST, V2 "/connections/test", HK_ROLE_OP, hk__connection_test},
    {HK_METHOD_POST, V2 "/connections/enqueue-test", HK_ROLE_OP, hk__connection_test},
    {HK_METHOD_GET, V2 "/connections/enqueue-test", HK_ROLE_PUBLIC, hk__connection_test_get},
    {HK_METHOD_POST, V2 "/connections/defaults", HK_ROLE_OP, hk__connections_defaults},
    {HK_METHOD_GET, V2 "/connections/{connection_id}", HK_ROLE_OP, hk__connection_get},
    {HK_METHOD_PATCH, V2 "/connections/{connection_id}", HK_ROLE_OP, hk__connection_patch},
    {HK_METHOD_DELETE, V2 "/connections/{connection_id}", HK_ROLE_OP, hk__connection_delete},

    {HK_METHOD_GET, V2 "/pools", HK_ROLE_VIEWER, hk__pools_list},
    {HK_METHOD_POST, V2 "/pools", HK_ROLE_OP, hk__pool_post},
    {HK_METHOD_PATCH, V2 "/pools", HK_ROLE_OP, hk__pools_bulk},
    {HK_METHOD_GET, V2 "/pools/{pool_name:path}", HK_ROLE_VIEWER, hk__pool_get},
    {HK_METHOD_PATCH, V2 "/pools/{pool_name:path}", HK_ROLE_OP, hk__pool_patch},
    {HK_METHOD_DELETE, V2 "/pools/{pool_name:path}", HK_ROLE_OP, hk__pool_delete},

    {HK_METHOD_GET, V2 "/importErrors", HK_ROLE_VIEWER, hk__import_errors_list},
    {HK_METHOD_GET, V2 "/importErrors/{import_error_id}", HK_ROLE_VIEWER, hk__import_error_get},
    {HK_METHOD_GET, V2 "/eventLogs", HK_ROLE_VIEWER, hk__event_logs_list},
    {HK_METHOD_GET, V2 "/eventLogs/{event_log_id}", HK_ROLE_VIEWER, hk__event_log_get},
};
const size_t hk__airflow_route_count = sizeof hk__airflow_routes / sizeof hk__airflow_routes[0];
