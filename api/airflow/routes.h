/* The table of this door's routes, with the role each needs as in Airflow's simple auth manager. */
#ifndef HK_API_AIRFLOW_ROUTES_H
#define HK_API_AIRFLOW_ROUTES_H

#include "api/http/router.h"

extern const struct hk_route hk__airflow_routes[];
extern const size_t hk__airflow_route_count;

/* monitor.c */
void hk__version(const struct hk_request *req, struct hk_response *res);
void hk__health(const struct hk_request *req, struct hk_response *res);
/* dags.c, dag_details.c, dag_patch.c */
void hk__dags_list(const struct hk_request *req, struct hk_response *res);
void hk__dag_get(const struct hk_request *req, struct hk_response *res);
void hk__dag_details(const struct hk_request *req, struct hk_response *res);
void hk__dag_patch(const struct hk_request *req, struct hk_response *res);
void hk__dags_patch(const struct hk_request *req, struct hk_response *res);
void hk__dag_source(const struct hk_request *req, struct hk_response *res);
void hk__versions_list(const struct hk_request *req, struct hk_response *res);
void hk__version_get(const struct hk_request *req, struct hk_response *res);
void hk__dag_delete(const struct hk_request *req, struct hk_response *res); /* dag_delete.c */
/* dag_marks.c */
void hk__dag_stats(const struct hk_request *req, struct hk_response *res);
void hk__dag_tags(const struct hk_request *req, struct hk_response *res);
void hk__dag_favorite(const struct hk_request *req, struct hk_response *res);
void hk__dag_unfavorite(const struct hk_request *req, struct hk_response *res);
void hk__dag_warnings(const struct hk_request *req, struct hk_response *res);
void hk__plugins(const struct hk_request *req, struct hk_response *res);
void hk__plugin_errors(const struct hk_request *req, struct hk_response *res);
void hk__config(const struct hk_request *req, struct hk_response *res);
/* assets.c */
void hk__assets_list(const struct hk_request *req, struct hk_response *res);
void hk__asset_get(const struct hk_request *req, struct hk_response *res);
void hk__asset_events_list(const struct hk_request *req, struct hk_response *res);
void hk__asset_event_post(const struct hk_request *req, struct hk_response *res);
/* tasks.c */
void hk__tasks_list(const struct hk_request *req, struct hk_response *res);
void hk__task_get(const struct hk_request *req, struct hk_response *res);
/* runs.c, run_commands.c, run_clear.c, trigger.c, run_wait.c */
void hk__runs_list(const struct hk_request *req, struct hk_response *res);
void hk__runs_batch(const struct hk_request *req, struct hk_response *res);
void hk__run_get(const struct hk_request *req, struct hk_response *res);
void hk__run_trigger(const struct hk_request *req, struct hk_response *res);
void hk__run_patch(const struct hk_request *req, struct hk_response *res);
void hk__runs_bulk(const struct hk_request *req, struct hk_response *res); /* run_bulk.c */
void hk__runs_clear(const struct hk_request *req, struct hk_response *res);
void hk__run_clear(const struct hk_request *req, struct hk_response *res);
void hk__run_delete(const struct hk_request *req, struct hk_response *res);
void hk__run_wait(const struct hk_request *req, struct hk_response *res);
/* task_instances.c, task_instance_tries.c, task_instance_patch.c, task_instance_clear.c */
void hk__tis_list(const struct hk_request *req, struct hk_response *res);
void hk__tis_batch(const struct hk_request *req, struct hk_response *res);
void hk__ti_get(const struct hk_request *req, struct hk_response *res);
void hk__ti_get_mapped(const struct hk_request *req, struct hk_response *res);
void hk__ti_list_mapped(const struct hk_request *req, struct hk_response *res);
void hk__ti_tries(const struct hk_request *req, struct hk_response *res);
void hk__ti_try(const struct hk_request *req, struct hk_response *res);
void hk__ti_dependencies(const struct hk_request *req, struct hk_response *res);
void hk__ti_patch(const struct hk_request *req, struct hk_response *res);
void hk__ti_patch_dry_run(const struct hk_request *req, struct hk_response *res);
/* task_instance_bulk.c, task_instance_links.c */
void hk__tis_bulk(const struct hk_request *req, struct hk_response *res);
void hk__ti_delete(const struct hk_request *req, struct hk_response *res);
void hk__ti_links(const struct hk_request *req, struct hk_response *res);
void hk__ti_external_log(const struct hk_request *req, struct hk_response *res);
void hk__ti_group_patch(const struct hk_request *req, struct hk_response *res);
void hk__tis_clear(const struct hk_request *req, struct hk_response *res);
/* logs.c */
void hk__log_get(const struct hk_request *req, struct hk_response *res);
/* xcoms.c */
void hk__xcoms_list(const struct hk_request *req, struct hk_response *res);
void hk__xcom_get(const struct hk_request *req, struct hk_response *res);
void hk__xcom_post(const struct hk_request *req, struct hk_response *res);
void hk__xcom_patch(const struct hk_request *req, struct hk_response *res);
void hk__xcom_delete(const struct hk_request *req, struct hk_response *res);
/* variables.c */
void hk__variables_list(const struct hk_request *req, struct hk_response *res);
void hk__variable_get(const struct hk_request *req, struct hk_response *res);
void hk__variable_post(const struct hk_request *req, struct hk_response *res);
void hk__variable_patch(const struct hk_request *req, struct hk_response *res);
void hk__variable_delete(const struct hk_request *req, struct hk_response *res);
void hk__variables_bulk(const struct hk_request *req, struct hk_response *res);
/* connections.c */
void hk__connections_list(const struct hk_request *req, struct hk_response *res);
void hk__connection_get(const struct hk_request *req, struct hk_response *res);
void hk__connection_post(const struct hk_request *req, struct hk_response *res);
void hk__connection_patch(const struct hk_request *req, struct hk_response *res);
void hk__connection_delete(const struct hk_request *req, struct hk_response *res);
void hk__connection_test(const struct hk_request *req, struct hk_response *res);
void hk__connection_test_get(const struct hk_request *req, struct hk_response *res);
void hk__connections_defaults(const struct hk_request *req, struct hk_response *res); /* default_connections.c */
void hk__connections_bulk(const struct hk_request *req, struct hk_response *res);
/* pools.c */
void hk__pools_list(const struct hk_request *req, struct hk_response *res);
void hk__pool_get(const struct hk_request *req, struct hk_response *res);
void hk__pools_bulk(const struct hk_request *req, struct hk_response *res);
void hk__pool_post(const struct hk_request *req, struct hk_response *res);
void hk__pool_patch(const struct hk_request *req, struct hk_response *res);
void hk__pool_delete(const struct hk_request *req, struct hk_response *res);
/* import_errors.c */
void hk__import_errors_list(const struct hk_request *req, struct hk_response *res);
void hk__import_error_get(const struct hk_request *req, struct hk_response *res);
/* event_logs.c */
void hk__event_logs_list(const struct hk_request *req, struct hk_response *res);
void hk__event_log_get(const struct hk_request *req, struct hk_response *res);

#endif
