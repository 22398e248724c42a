"""Dags, their sources, versions and tasks, through the client."""

import datetime as dt

from airflow_client.client.models.dag_patch_body import DAGPatchBody
from airflow_client.client.models.dag_run_state import DagRunState
from client_server import FAILS, MAIN, SLOW, Server, UTC, equal, refused, test


DAG_KEYS = """dag_id dag_display_name is_paused is_stale last_parsed_time last_parse_duration last_expired bundle_name
 bundle_version relative_fileloc fileloc description timetable_summary timetable_description timetable_partitioned
 timetable_periodic tags max_active_tasks max_active_runs max_consecutive_failed_dag_runs has_task_concurrency_limits
 has_import_errors next_dagrun_logical_date next_dagrun_data_interval_start next_dagrun_data_interval_end
 next_dagrun_run_after allowed_run_types owners""".split()
DETAIL_KEYS = """catchup dag_run_timeout asset_expression doc_md start_date end_date is_paused_upon_creation params
 render_template_as_native_obj template_search_path timezone last_parsed default_args rerun_with_latest_version owner_links
 is_favorite active_runs_count""".split()
RUN_KEYS = """dag_run_id dag_id logical_date queued_at start_date end_date duration data_interval_start data_interval_end
 run_after last_scheduling_decision run_type state triggered_by triggering_user_name conf note dag_versions bundle_version
 dag_display_name partition_key partition_date""".split()
TI_KEYS = """id task_id dag_id dag_run_id map_index logical_date run_after start_date end_date duration state try_number
 max_tries task_display_name dag_display_name hostname unixname pool pool_slots queue priority_weight operator operator_name
 queued_when scheduled_when pid executor executor_config note rendered_map_index rendered_fields trigger triggerer_job
 dag_version""".split()
TASK_KEYS = """task_id task_display_name owner start_date end_date trigger_rule depends_on_past wait_for_downstream retries
 queue pool pool_slots execution_timeout retry_delay retry_exponential_backoff priority_weight weight_rule ui_color ui_fgcolor
 template_fields downstream_task_ids doc_md operator_name params class_ref is_mapped extra_links""".split()


@test
def keys_of_bodies_in_order(s: Server):
    dag = s.raw("GET", f"/api/v2/dags/{MAIN}")[1]
    equal(list(dag), DAG_KEYS + ["is_backfillable", "file_token"])
    details = s.raw("GET", f"/api/v2/dags/{MAIN}/details")[1]
    equal(list(details), DAG_KEYS + DETAIL_KEYS + ["is_backfillable", "file_token", "concurrency", "latest_dag_version"])
    run = s.trigger(MAIN, logical_date=None)
    s.wait(MAIN, run.dag_run_id, "success")
    equal(list(s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns/{run.dag_run_id}")[1]), RUN_KEYS)
    tis = s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns/{run.dag_run_id}/taskInstances")[1]
    equal(list(tis), ["task_instances", "total_entries", "total_entries_limit", "next_cursor", "previous_cursor"])
    equal(list(tis["task_instances"][0]), TI_KEYS)
    equal(list(s.raw("GET", f"/api/v2/dags/{MAIN}/tasks/first")[1]), TASK_KEYS)


@test
def dags_list_and_filters(s: Server):
    def ids(**filters):
        return [d.dag_id for d in s.dags.get_dags(**filters).dags]

    assert {MAIN, FAILS, SLOW, "conf_daily"} <= set(ids())
    equal(ids(dag_id_pattern="conf_re"), [MAIN])
    equal(ids(dag_id_pattern="CONF_REST|conf_slow"), [MAIN, SLOW])
    equal(ids(dag_id_prefix_pattern="conf_r"), [MAIN])
    equal(ids(dag_id_prefix_pattern="CONF_R"), [])
    equal(ids(dag_display_name_pattern="%slow"), [SLOW])
    equal(ids(tags=["conf_a"]), [MAIN])
    equal(sorted(ids(tags=["conf", "conf_a"])), [FAILS, MAIN, SLOW])
    equal(ids(tags=["conf", "conf_a"], tags_match_mode="all"), [MAIN])
    equal(sorted(ids(owners=["conf_own"])), [FAILS, MAIN])
    equal(ids(owners=["conf%own"]), [])
    equal(ids(paused=True), [])
    assert MAIN in ids(paused=False)
    equal(ids(has_import_errors=True), [])
    equal(ids(bundle_name="nope"), [])
    equal(ids(has_asset_schedule=True), [])
    equal(ids(is_favorite=True), [])
    assert MAIN in ids(has_asset_schedule=False, is_favorite=False)
    equal(ids(order_by=["-dag_id"]), sorted(ids(), reverse=True))
    equal(ids(order_by=["dag_id"], limit=1, offset=1), sorted(ids())[1:2])
    page = s.dags.get_dags(limit=1)
    equal((len(page.dags), page.total_entries), (1, len(ids())))
    s.dags.get_dags(order_by=["-last_run_start_date", "next_dagrun", "last_run_state", "dag_display_name"])


@test
def dags_by_their_last_run(s: Server):
    run = s.trigger(MAIN, logical_date=None)
    s.wait(MAIN, run.dag_run_id, "success")
    assert MAIN in [d.dag_id for d in s.dags.get_dags(last_dag_run_state=DagRunState.SUCCESS).dags]
    assert MAIN not in [d.dag_id for d in s.dags.get_dags(last_dag_run_state=DagRunState.RUNNING).dags]
    assert MAIN in [d.dag_id for d in s.dags.get_dags(dag_run_state=["success", "failed"]).dags]
    early = dt.datetime(2020, 1, 1, tzinfo=UTC)
    assert MAIN in [d.dag_id for d in s.dags.get_dags(dag_run_start_date_gte=early).dags]
    assert MAIN not in [d.dag_id for d in s.dags.get_dags(dag_run_end_date_lt=early).dags]


@test
def dag_get_and_details(s: Server):
    dag = s.dags.get_dag(MAIN)
    equal((dag.dag_id, dag.is_paused, dag.description), (MAIN, False, "a pipeline for the client test"))
    equal([t.name for t in dag.tags], ["conf", "conf_a", "dagfactory"])
    equal(dag.owners, ["conf_owner"])
    equal((dag.timetable_summary, dag.timetable_description), (None, "Never, external triggers only"))
    assert "." in dag.file_token
    details = s.dags.get_dag_details(MAIN)
    equal(details.doc_md, "# conf_rest\nsome *doc*")
    equal(details.params["n"]["value"], 3)
    equal((details.timezone, details.concurrency, details.catchup), ("UTC", details.max_active_tasks, False))
    equal(details.latest_dag_version.version_number, 1)
    refused(404, "The Dag with ID: `nope` was not found", s.dags.get_dag, "nope")
    refused(404, "The Dag with ID: `nope` was not found", s.dags.get_dag_details, "nope")


@test
def dag_patch(s: Server):
    equal(s.dags.patch_dag(SLOW, DAGPatchBody(is_paused=True)).is_paused, True)
    equal(s.dags.get_dag(SLOW).is_paused, True)
    equal(s.dags.patch_dag(SLOW, DAGPatchBody(is_paused=False), update_mask=["is_paused"]).is_paused, False)
    refused(404, "Dag with id: nope was not found", s.dags.patch_dag, "nope", DAGPatchBody(is_paused=True))
    refused(400, "Only `is_paused` field can be updated through the REST API", s.dags.patch_dag, SLOW,
            DAGPatchBody(is_paused=True), update_mask=["tags"])
    equal(s.dags.patch_dags(DAGPatchBody(is_paused=True)).total_entries, 0)
    answer = s.dags.patch_dags(DAGPatchBody(is_paused=True), dag_id_pattern="conf_slow")
    equal([(d.dag_id, d.is_paused) for d in answer.dags], [(SLOW, True)])
    s.dags.patch_dags(DAGPatchBody(is_paused=False), dag_id_pattern="conf_slow")
    equal(s.dags.get_dag(SLOW).is_paused, False)


@test
def sources_versions_tasks(s: Server):
    source = s.sources.get_dag_source(MAIN)
    assert "HANOK-LOG-MARK" in source.content
    status, text, headers = s.raw("GET", f"/api/v2/dagSources/{MAIN}", headers={"Accept": "text/plain"})
    equal((status, headers["Content-Type"].split(";")[0]), (200, "text/plain"))
    assert "HANOK-LOG-MARK" in text
    equal(s.raw("GET", f"/api/v2/dagSources/{MAIN}", headers={"Accept": "image/png"})[:2],
          (406, {"detail": "Only application/json or text/plain is supported"}))
    refused(404, "The source code of the Dag nope, version_number None was not found", s.sources.get_dag_source, "nope")
    versions = s.versions.get_dag_versions(MAIN)
    equal((versions.total_entries, versions.dag_versions[0].version_number), (1, 1))
    assert s.versions.get_dag_versions("~").total_entries >= 4
    equal(s.versions.get_dag_version(MAIN, 1).id, versions.dag_versions[0].id)
    refused(404, f"The DagVersion with dag_id: `{MAIN}` and version_number: `9` was not found",
            s.versions.get_dag_version, MAIN, 9)
    tasks = s.tasks.get_tasks(MAIN)
    equal([t.task_id for t in tasks.tasks], ["first", "nothing", "second"])
    equal([t.task_id for t in s.tasks.get_tasks(MAIN, order_by="-task_id").tasks], ["second", "nothing", "first"])
    first = s.tasks.get_task(MAIN, "first")
    equal((first.downstream_task_ids, first.owner, first.trigger_rule, first.operator_name),
          (["second"], "conf_owner", "all_success", "BashOperator"))
    equal(first.params["n"]["source"], "dag")
    refused(404, "Task with id nope was not found", s.tasks.get_task, MAIN, "nope")
    refused(400, None, s.tasks.get_tasks, MAIN, order_by="nope")
