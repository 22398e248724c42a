"""Drives a running hanok with the unmodified apache-airflow-client, whose models check every body.

    test_client.py http://127.0.0.1:8080 admin PASSWORD

The server must have been started with the folder `dags` beside this file. Prints a line for what fails and closes with
'N passed, N failed'; exits with 1 if anything failed.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
import traceback
import urllib.error
import urllib.request
import uuid

import airflow_client.client as ac
from airflow_client.client.api import (
    connection_api, dag_api, dag_run_api, dag_source_api, dag_version_api, event_log_api, import_error_api, monitor_api,
    pool_api, task_api, task_instance_api, variable_api, version_api, x_com_api,
)
from airflow_client.client.exceptions import ApiException
from airflow_client.client.models.clear_task_instances_body import ClearTaskInstancesBody
from airflow_client.client.models.connection_body import ConnectionBody
from airflow_client.client.models.dag_patch_body import DAGPatchBody
from airflow_client.client.models.dag_run_clear_body import DAGRunClearBody
from airflow_client.client.models.dag_run_state import DagRunState
from airflow_client.client.models.dag_run_patch_body import DAGRunPatchBody
from airflow_client.client.models.dag_runs_batch_body import DAGRunsBatchBody
from airflow_client.client.models.patch_task_instance_body import PatchTaskInstanceBody
from airflow_client.client.models.pool_body import PoolBody
from airflow_client.client.models.pool_patch_body import PoolPatchBody
from airflow_client.client.models.task_instances_batch_body import TaskInstancesBatchBody
from airflow_client.client.models.trigger_dag_run_post_body import TriggerDAGRunPostBody
from airflow_client.client.models.variable_body import VariableBody
from airflow_client.client.models.x_com_create_body import XComCreateBody
from airflow_client.client.models.x_com_update_body import XComUpdateBody

MAIN, FAILS, SLOW = "conf_rest", "conf_fails", "conf_slow"
TAG = uuid.uuid4().hex[:8]
UTC = dt.timezone.utc


class Server:
    def __init__(self, url: str, username: str, password: str):
        self.url = url.rstrip("/")
        login = {"username": username, "password": password}
        self.token = self.raw("POST", "/auth/token", login)[1]["access_token"]
        config = ac.Configuration(host=self.url, access_token=self.token)
        client = ac.ApiClient(config)
        self.dags = dag_api.DAGApi(client)
        self.runs = dag_run_api.DagRunApi(client)
        self.tis = task_instance_api.TaskInstanceApi(client)
        self.xcoms = x_com_api.XComApi(client)
        self.variables = variable_api.VariableApi(client)
        self.connections = connection_api.ConnectionApi(client)
        self.pools = pool_api.PoolApi(client)
        self.errors = import_error_api.ImportErrorApi(client)
        self.sources = dag_source_api.DagSourceApi(client)
        self.versions = dag_version_api.DagVersionApi(client)
        self.tasks = task_api.TaskApi(client)
        self.events = event_log_api.EventLogApi(client)
        self.monitor = monitor_api.MonitorApi(client)
        self.version = version_api.VersionApi(client)

    def raw(self, method: str, path: str, body=None, headers=None):
        """Status, parsed body (or text) and headers; never raises for a status."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        if getattr(self, "token", None):
            request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text, got = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            status, text, got = error.code, error.read().decode(), error.headers
        try:
            return status, json.loads(text), got
        except ValueError:
            return status, text, got

    def trigger(self, dag_id: str, **fields):
        return self.runs.trigger_dag_run(dag_id, TriggerDAGRunPostBody(**fields))

    def wait(self, dag_id: str, run_id: str, *states: str, seconds: float = 60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            run = self.runs.get_dag_run(dag_id, run_id)
            if run.state.value in states:
                return run
            time.sleep(0.05)
        raise AssertionError(f"{dag_id}/{run_id} is {run.state.value} after {seconds} s, not {states}")

    def wait_task(self, dag_id: str, run_id: str, task_id: str, state: str, seconds: float = 60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.tis.get_task_instances(dag_id, run_id, task_id=task_id).task_instances
            ti = found[0] if found else None # hanok makes them when the run starts, a moment after its creation
            if ti and ti.state is not None and ti.state.value == state:
                return ti
            time.sleep(0.05)
        raise AssertionError(f"{task_id} is {ti and ti.state} after {seconds} s, not {state}")


TESTS = []


def test(function):
    TESTS.append(function)
    return function


def equal(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def refused(status: int, detail, call, *args, **kwargs):
    """The call fails with this status and this detail (None: whatever)."""
    try:
        call(*args, **kwargs)
    except ApiException as error:
        equal(error.status, status)
        if detail is not None:
            equal(json.loads(error.body)["detail"], detail)
        return
    raise AssertionError(f"no error; {status} was expected")


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
def version_and_health(s: Server):
    equal(s.version.get_version().version, "3.3.2")
    health = s.monitor.get_health()
    equal(health.metadatabase.status, "healthy")
    equal(health.scheduler.status, "healthy")


@test
def doors_are_closed_without_a_token(s: Server):
    token, s.token = s.token, None
    try:
        equal(s.raw("GET", "/api/v2/dags")[:2], (401, {"detail": "Not authenticated"}))
        equal(s.raw("GET", "/api/v2/dags", headers={"Authorization": "Bearer a.b.c"})[:2],
              (403, {"detail": "Invalid JWT token"}))
    finally:
        s.token = token


@test
def errors_of_the_router(s: Server):
    equal(s.raw("GET", "/api/v2/nope")[:2], (404, {"error": "API route not found"}))
    equal(s.raw("PUT", "/api/v2/dags")[:2], (405, {"detail": "Method Not Allowed"}))
    equal(s.raw("GET", "/api/v2/dags?limit=abc")[:2], (422, {"detail": [{
        "type": "int_parsing", "loc": ["query", "limit"],
        "msg": "Input should be a valid integer, unable to parse string as an integer", "input": "abc"}]}))
    equal(s.raw("GET", "/api/v2/dags?limit=-1")[:2], (422, {"detail": [{
        "type": "greater_than_equal", "loc": ["query", "limit"],
        "msg": "Input should be greater than or equal to 0", "input": "-1", "ctx": {"ge": 0}}]}))
    equal(s.raw("GET", "/api/v2/dags?order_by=nope")[:2], (400, {
        "detail": "Ordering with 'nope' is disallowed or the attribute does not exist on the model"}))


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


@test
def trigger_and_its_refusals(s: Server):
    path = f"/api/v2/dags/{MAIN}/dagRuns"
    run_id = f"conf_{TAG}_1"
    run = s.trigger(MAIN, dag_run_id=run_id, logical_date=dt.datetime(2024, 2, 3, tzinfo=UTC) + dt.timedelta(
        microseconds=int(TAG, 16)), conf={"k": "v"}, note="hello note")
    equal((run.dag_run_id, run.run_type.value, run.triggered_by.value, run.triggering_user_name, run.note, run.conf),
          (run_id, "manual", "rest_api", "admin", "hello note", {"k": "v"}))
    assert run.state.value in ("queued", "running")
    equal(run.data_interval_start, run.logical_date)
    again = s.raw("POST", path, {"dag_run_id": run_id, "logical_date": None})
    equal(again[0], 409)
    equal(again[1]["detail"]["reason"], "Unique constraint violation")
    assert s.trigger(MAIN, logical_date=None).dag_run_id.startswith("manual__")
    equal(s.raw("POST", "/api/v2/dags/nope/dagRuns", {"logical_date": None})[:2],
          (404, {"detail": "Dag with dag_id: 'nope' not found"}))
    equal(s.raw("POST", path, {})[:2], (422, {"detail": [
        {"type": "missing", "loc": ["body", "logical_date"], "msg": "Field required", "input": {}}]}))
    equal(s.raw("POST", path, {"logical_date": None, "foo": 1})[:2], (422, {"detail": [
        {"type": "extra_forbidden", "loc": ["body", "foo"], "msg": "Extra inputs are not permitted", "input": 1}]}))
    equal(s.raw("POST", path, b"{bad")[:2], (422, {"detail": [
        {"type": "json_invalid", "loc": ["body", 1], "msg": "JSON decode error", "input": {},
         "ctx": {"error": "Expecting property name enclosed in double quotes"}}]}))
    equal(s.raw("POST", path, {"logical_date": None, "dag_run_id": "a b"})[0], 400)
    equal(s.raw("POST", path, {"logical_date": None, "dag_run_id": "a..b"})[:2], (
        400, {"detail": "The run_id 'a..b' must not contain '..' to prevent path traversal"}))
    equal(s.raw("POST", path, {"logical_date": None, "dag_run_id": "scheduled__x"})[:2], (
        400, {"detail": "A manual DAG run cannot use ID 'scheduled__x' since it is reserved for scheduled runs"}))


@test
def runs_list_and_filters(s: Server):
    run_id = f"conf_{TAG}_list"
    run = s.trigger(MAIN, dag_run_id=run_id, logical_date=None, conf={"mark": TAG})
    run = s.wait(MAIN, run_id, "success")

    def ids(dag_id=MAIN, order_by=("-id",), **filters):
        return [r.dag_run_id for r in s.runs.get_dag_runs(dag_id, order_by=list(order_by), **filters).dag_runs]

    assert run_id in ids() and run_id in ids("~")
    equal(ids(run_id_pattern=run_id), [run_id])
    equal(ids(run_id_prefix_pattern=run_id), [run_id])
    equal(ids(conf_contains=TAG), [run_id])
    assert run_id in ids(state=["success"]) and run_id not in ids(state=["failed", "running"])
    assert run_id in ids(run_type=["manual"]) and run_id not in ids(run_type=["scheduled"])
    assert run_id in ids(triggering_user_name_pattern="adm")
    assert run_id in ids(run_after_gte=run.run_after, run_after_lte=run.run_after)
    equal(ids(run_after_lt=dt.datetime(2020, 1, 1, tzinfo=UTC)), [])
    assert run_id in ids(start_date_gte=run.start_date, end_date_lte=run.end_date)
    assert run_id in ids(duration_gte=0.0) and run_id not in ids(duration_gte=10000.0)
    assert run_id in ids("~", dag_id_pattern="conf_rest") and ids("~", dag_id_pattern="nope") == []
    assert run_id in ids(dag_version=[1]) and ids(dag_version=[7]) == []
    equal(ids(order_by=["-run_after"], limit=1)[0], ids(order_by=["-id"], limit=1)[0])
    total = s.runs.get_dag_runs(MAIN, limit=1).total_entries
    equal(len(ids(limit=100)), min(total, 100))
    refused(404, "The Dag with ID: `nope` was not found", s.runs.get_dag_runs, "nope")
    equal(s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns?state=nope")[:2],
          (422, {"detail": "Invalid value for state. Valid values are queued, running, success, failed"}))
    batch = s.runs.get_list_dag_runs_batch("~", DAGRunsBatchBody(dag_ids=[MAIN], states=["success"], order_by="-id"))
    equal(batch.dag_runs[0].dag_id, MAIN)


@test
def run_get_patch_delete(s: Server):
    run_id = f"conf_{TAG}_patch"
    missing = f"The DagRun with dag_id: `{MAIN}` and run_id: `nope` was not found"
    s.trigger(MAIN, dag_run_id=run_id, logical_date=None)
    s.wait(MAIN, run_id, "success")
    equal(s.runs.patch_dag_run(MAIN, run_id, DAGRunPatchBody(note="n2")).note, "n2")
    equal(s.runs.get_dag_run(MAIN, run_id).note, "n2")
    equal(s.runs.patch_dag_run(MAIN, run_id, DAGRunPatchBody(note="")).note, None)
    equal(s.runs.patch_dag_run(MAIN, run_id, DAGRunPatchBody(state="failed")).state.value, "failed")
    equal(s.runs.patch_dag_run(MAIN, run_id, DAGRunPatchBody(state="success", note="x"),
                               update_mask=["note"]).state.value, "failed")
    s.runs.patch_dag_run(MAIN, run_id, DAGRunPatchBody(state="queued"))
    s.wait(MAIN, run_id, "success")
    refused(404, missing, s.runs.get_dag_run, MAIN, "nope")
    refused(404, missing, s.runs.patch_dag_run, MAIN, "nope", DAGRunPatchBody(note="x"))
    refused(404, missing, s.runs.delete_dag_run, MAIN, "nope")
    equal(s.raw("PATCH", f"/api/v2/dags/{MAIN}/dagRuns/{run_id}", {"state": "running"})[0], 422)
    s.runs.delete_dag_run(MAIN, run_id)
    refused(404, None, s.runs.get_dag_run, MAIN, run_id)


@test
def run_clear(s: Server):
    run_id = f"conf_{TAG}_clear"
    s.trigger(MAIN, dag_run_id=run_id, logical_date=None)
    s.wait(MAIN, run_id, "success")
    path = f"/api/v2/dags/{MAIN}/dagRuns/{run_id}/clear"
    dry = s.raw("POST", path, {})
    equal((dry[0], dry[1]["total_entries"], len(dry[1]["task_instances"])), (200, 3, 3))
    equal(s.raw("POST", path, {"only_failed": True})[1]["total_entries"], 0)
    cleared = s.runs.clear_dag_run(MAIN, run_id, DAGRunClearBody(dry_run=False, note="again")).actual_instance
    equal((cleared.dag_run_id, cleared.note), (run_id, "again"))
    s.wait(MAIN, run_id, "success")
    equal(s.tis.get_task_instance(MAIN, run_id, "first").try_number, 2)
    equal(s.raw("POST", path, {"only_new": True, "only_failed": True})[0], 422)


@test
def run_wait(s: Server):
    run_id = f"conf_{TAG}_wait"
    s.trigger(MAIN, dag_run_id=run_id, logical_date=None)
    status, text, _ = s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns/{run_id}/wait?interval=0.1&result=first")
    last = json.loads(text.strip().splitlines()[-1]) if isinstance(text, str) else text
    equal((status, last), (200, {"state": "success", "results": {"first": "42"}}))
    equal(s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns/{run_id}/wait")[0], 422)
    equal(s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns/nope/wait?interval=1")[0], 404)


@test
def task_instances(s: Server):
    run_id = f"conf_{TAG}_tis"
    s.trigger(MAIN, dag_run_id=run_id, logical_date=None)
    s.wait(MAIN, run_id, "success")

    def ids(dag_id=MAIN, run=run_id, **filters):
        return sorted(t.task_id for t in s.tis.get_task_instances(dag_id, run, **filters).task_instances)

    equal(ids(), ["first", "nothing", "second"])
    equal(ids(state=["success"]), ["first", "nothing", "second"])
    equal(ids(state=["failed", "no_status"]), [])
    equal(ids(task_id="first"), ["first"])
    equal(ids(task_display_name_pattern="IRS"), ["first"])
    equal(ids(operator=["EmptyOperator"]), ["nothing"])
    equal(ids(operator_name_pattern="bash"), ["first", "second"])
    equal(ids(pool=["default_pool"]), ["first", "nothing", "second"])
    equal(ids(queue=["nope"]), [])
    equal(ids(executor=["nope"]), [])
    equal(ids(map_index=[-1], try_number=[1]), ["first", "nothing", "second"])
    equal(ids(version_number=[1]), ["first", "nothing", "second"])
    equal(ids(duration_gte=1000.0), [])
    equal(len(ids("~", "~", limit=2)), 2)
    equal(ids("~", "~", run_id_pattern=run_id), ["first", "nothing", "second"])
    equal(ids(MAIN, "~", run_id_prefix_pattern=run_id, task_id="first"), ["first"])
    order = s.tis.get_task_instances(MAIN, run_id, order_by=["-start_date"]).task_instances
    equal(order[-1].task_id, "first")
    first = s.tis.get_task_instance(MAIN, run_id, "first")
    equal((first.state.value, first.try_number, first.operator_name, first.map_index, first.pool_slots, first.executor_config),
          ("success", 1, "BashOperator", -1, 1, "{}"))
    assert first.pid > 0 and first.duration >= 0 and uuid.UUID(str(first.id))
    equal(s.tis.get_mapped_task_instance(MAIN, run_id, "first", -1).task_id, "first")
    batch = s.tis.get_task_instances_batch("~", "~", TaskInstancesBatchBody(
        dag_ids=[MAIN], dag_run_ids=[run_id], task_ids=["first"], state=["success"]))
    equal(batch.total_entries, 1)
    refused(404, f"The Task Instance with dag_id: `{MAIN}`, run_id: `{run_id}` and task_id: `nope` was not found",
            s.tis.get_task_instance, MAIN, run_id, "nope")
    refused(404, f"DagRun with dag_id: `{MAIN}` and run_id: `nope` was not found", s.tis.get_task_instances, MAIN, "nope")
    refused(400, "dag_id is required when dag_run_id is specified", s.tis.get_task_instances, "~", run_id)
    refused(404, "Task id first is not mapped", s.tis.get_mapped_task_instances, MAIN, run_id, "first")
    equal(s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns/{run_id}/taskInstances?order_by=task_id")[0], 400)
    equal(s.tis.get_task_instance_dependencies(MAIN, run_id, "first").dependencies, [])


@test
def tries_and_retries(s: Server):
    run_id = f"conf_{TAG}_tries"
    s.trigger(FAILS, dag_run_id=run_id, logical_date=None)
    s.wait(FAILS, run_id, "failed")
    boom = s.tis.get_task_instance(FAILS, run_id, "boom")
    equal((boom.state.value, boom.try_number, boom.max_tries), ("failed", 2, 1))
    equal(s.tis.get_task_instance(FAILS, run_id, "after").state.value, "upstream_failed")
    tries = s.tis.get_task_instance_tries(FAILS, run_id, "boom")
    equal([(t.try_number, t.state.value) for t in tries.task_instances], [(1, "failed"), (2, "failed")])
    equal(s.tis.get_task_instance_try_details(FAILS, run_id, "boom", 1).try_number, 1)
    equal(s.tis.get_task_instance_try_details(FAILS, run_id, "boom", 2).try_number, 2)
    refused(404, None, s.tis.get_task_instance_try_details, FAILS, run_id, "boom", 7)
    for number in (1, 2):
        log = s.tis.get_log(FAILS, run_id, "boom", number)
        assert "oh no" in str(log), log


@test
def task_instance_patch(s: Server):
    run_id = f"conf_{TAG}_mark"
    s.trigger(SLOW, dag_run_id=run_id, logical_date=None)
    s.wait_task(SLOW, run_id, "sleeper", "running")
    why = s.tis.get_task_instance_dependencies(SLOW, run_id, "after")
    assert any(d.name == "Trigger Rule" for d in why.dependencies), why
    dry = s.tis.patch_task_instance_dry_run(SLOW, run_id, "sleeper",
                                            PatchTaskInstanceBody(new_state="success", include_downstream=True))
    equal(sorted(t.task_id for t in dry.task_instances), ["after", "sleeper"])
    equal(s.tis.get_task_instance(SLOW, run_id, "sleeper").state.value, "running")
    marked = s.tis.patch_task_instance(SLOW, run_id, "sleeper", PatchTaskInstanceBody(new_state="success", note="by hand"))
    equal((marked.total_entries, marked.task_instances[0].state.value, marked.task_instances[0].note),
          (1, "success", "by hand"))
    s.wait(SLOW, run_id, "success")
    refused(409, "Task id sleeper is already in success state", s.tis.patch_task_instance, SLOW, run_id, "sleeper",
            PatchTaskInstanceBody(new_state="success"))
    refused(404, f"Task 'nope' not found in Dag '{SLOW}'", s.tis.patch_task_instance, SLOW, run_id, "nope",
            PatchTaskInstanceBody(new_state="success"))
    equal(s.raw("PATCH", f"/api/v2/dags/{SLOW}/dagRuns/{run_id}/taskInstances/sleeper", {"new_state": "x"})[:2], (422, {
        "detail": [{"type": "value_error", "loc": ["body", "new_state"],
                    "msg": "Value error, 'x' is not one of ['success', 'failed', 'skipped']", "input": "x",
                    "ctx": {"error": {}}}]}))


@test
def clear_task_instances(s: Server):
    run_id = f"conf_{TAG}_cleartis"
    s.trigger(FAILS, dag_run_id=run_id, logical_date=None)
    s.wait(FAILS, run_id, "failed")
    dry = s.tis.post_clear_task_instances(FAILS, ClearTaskInstancesBody(dag_run_id=run_id))
    equal(sorted(t.task_id for t in dry.task_instances), ["after", "boom"])
    equal(s.tis.get_task_instance(FAILS, run_id, "boom").try_number, 2)
    equal(s.tis.post_clear_task_instances(
        FAILS, ClearTaskInstancesBody(dag_run_id=run_id, only_running=True, only_failed=False)).total_entries, 0)
    body = {"dry_run": False, "dag_run_id": run_id, "task_ids": ["boom"], "include_downstream": True}
    status, answer, _ = s.raw("POST", f"/api/v2/dags/{FAILS}/clearTaskInstances", body)
    equal((status, answer["total_entries"]), (200, 2))
    s.wait(FAILS, run_id, "failed")
    assert s.tis.get_task_instance(FAILS, run_id, "boom").try_number >= 3
    refused(404, f"Dag Run id nope not found in dag {FAILS}", s.tis.post_clear_task_instances, FAILS,
            ClearTaskInstancesBody(dag_run_id="nope"))
    path = f"/api/v2/dags/{FAILS}/clearTaskInstances"
    equal(s.raw("POST", path, {"task_ids": []})[1]["detail"][0]["msg"],
          "Value error, task_ids list should have at least 1 element.")
    equal(s.raw("POST", path, {"dag_run_id": run_id, "include_past": True})[0], 400)


@test
def logs(s: Server):
    run_id = f"conf_{TAG}_logs"
    s.trigger(MAIN, dag_run_id=run_id, logical_date=None)
    s.wait(MAIN, run_id, "success")
    path = f"/api/v2/dags/{MAIN}/dagRuns/{run_id}/taskInstances/first/logs/1"
    status, log, _ = s.raw("GET", path)
    equal(status, 200)
    equal(log["content"][0], {"event": "::group::Log message source details"})
    assert log["content"][1]["event"].endswith(f"dag_id={MAIN}/run_id={run_id}/task_id=first/attempt=1.log")
    equal(log["content"][2], {"event": "::endgroup::"})
    marks = [line for line in log["content"] if "HANOK-LOG-MARK" in line["event"] and line.get("logger")]
    assert marks and marks[-1]["level"] == "info" and "timestamp" in marks[-1], log
    equal(log["continuation_token"], None)
    status, text, headers = s.raw("GET", path, headers={"Accept": "application/x-ndjson"})
    equal((status, headers["Content-Type"]), (200, "application/x-ndjson"))
    lines = [json.loads(line) for line in text.splitlines()]
    equal(lines, log["content"])
    equal(s.raw("GET", path + "?token=abc")[:2],
          (400, {"detail": "Bad Signature. Please use only the tokens provided by the API."}))
    equal(s.raw("GET", path.replace("/logs/1", "/logs/9"))[:2], (404, {"detail": "TaskInstance not found"}))
    equal(s.raw("GET", path, headers={"Accept": "text/html"})[0], 406)
    equal(s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns/..%2F..%2Fx/taskInstances/first/logs/1")[0] in (400, 404), True)


@test
def log_of_a_running_task(s: Server):
    run_id = f"conf_{TAG}_runlog"
    s.trigger(SLOW, dag_run_id=run_id, logical_date=None)
    s.wait_task(SLOW, run_id, "sleeper", "running")
    path = f"/api/v2/dags/{SLOW}/dagRuns/{run_id}/taskInstances/sleeper/logs/1"
    token = s.raw("GET", path)[1]["continuation_token"]
    assert token
    more = s.raw("GET", f"{path}?token={token}")
    equal(more[0], 200)
    assert not any(line["event"].startswith("::group::Log message source") for line in more[1]["content"])
    s.runs.patch_dag_run(SLOW, run_id, DAGRunPatchBody(state="failed"))
    s.wait(SLOW, run_id, "failed")
    equal(s.tis.get_task_instance(SLOW, run_id, "after").state.value, "skipped")


@test
def xcoms(s: Server):
    run_id = f"conf_{TAG}_xcom"
    s.trigger(MAIN, dag_run_id=run_id, logical_date=None)
    s.wait(MAIN, run_id, "success")
    entries = s.xcoms.get_xcom_entries(MAIN, run_id, "first")
    equal([e.key for e in entries.xcom_entries], ["return_value"])
    assert s.xcoms.get_xcom_entries("~", "~", "~").total_entries >= 2
    equal(s.xcoms.get_xcom_entries(MAIN, run_id, "~", xcom_key_pattern="return").total_entries, 2)
    equal(s.xcoms.get_xcom_entries(MAIN, run_id, "~", xcom_key="nope").total_entries, 0)
    equal(s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns/{run_id}/taskInstances/first/xcomEntries/return_value")[1]["value"], "42")
    created = s.xcoms.create_xcom_entry(MAIN, "first", run_id, XComCreateBody(key="own/key", value={"a": [1, None, "x"]}))
    equal(created.value, {"a": [1, None, "x"]})
    text = s.raw("GET", f"/api/v2/dags/{MAIN}/dagRuns/{run_id}/taskInstances/first/xcomEntries/own/key?stringify=true")
    equal(text[1]["value"], "{'a': [1, None, 'x']}")
    refused(409, "The XCom with key: `own/key` with mentioned task instance already exists.", s.xcoms.create_xcom_entry,
            MAIN, "first", run_id, XComCreateBody(key="own/key", value=1))
    equal(s.xcoms.update_xcom_entry(MAIN, "first", run_id, "own/key", XComUpdateBody(value=7)).value, 7)
    s.xcoms.delete_xcom_entry(MAIN, "first", run_id, "own/key")
    refused(404, "The XCom with key: `own/key` with mentioned task instance doesn't exist.", s.xcoms.delete_xcom_entry,
            MAIN, "first", run_id, "own/key")
    refused(404, "XCom entry with key: `nope` not found", s.xcoms.get_xcom_entry, MAIN, "first", run_id, "nope")
    refused(404, f"Task with ID: `nope` not found in dag: `{MAIN}`", s.xcoms.create_xcom_entry, MAIN, "nope", run_id,
            XComCreateBody(key="k", value=1))


@test
def variables(s: Server):
    key = f"conf_{TAG}"
    made = s.variables.post_variable(VariableBody(key=key, value="v1", description="d"))
    equal((made.key, made.value, made.description, made.is_encrypted), (key, "v1", "d", True))
    equal(s.variables.get_variable(key).value, "v1")
    equal(s.variables.patch_variable(key, VariableBody(key=key, value="v2", description="d")).value, "v2")
    masked = s.variables.patch_variable(key, VariableBody(key=key, value="v3", description="e"), update_mask=["description"])
    equal((masked.value, masked.description), ("v2", "e"))
    equal(s.variables.patch_variable(key, VariableBody(key=key, value={"a": 1, "password": "x"})).value,
          '{"a": 1, "password": "***"}')
    equal([v.key for v in s.variables.get_variables(variable_key_pattern=key).variables], [key])
    s.variables.post_variable(VariableBody(key=f"{key}_api_key", value="hidden"))
    equal(s.variables.get_variable(f"{key}_api_key").value, "***")
    equal([v.key for v in s.variables.get_variables(variable_key_prefix_pattern=key, order_by=["-key"]).variables],
          [f"{key}_api_key", key])
    refused(409, f"The Variable with key: `{key}` already exists", s.variables.post_variable,
            VariableBody(key=key, value="x"))
    refused(404, "The Variable with key: `nope` was not found", s.variables.get_variable, "nope")
    refused(404, "The Variable with key: `nope` was not found", s.variables.delete_variable, "nope")
    refused(400, "Invalid body, key from request body doesn't match uri parameter", s.variables.patch_variable, key,
            VariableBody(key="other", value="x"))
    bulk = {"actions": [
        {"action": "create", "entities": [{"key": f"{key}_b", "value": "1"}]},
        {"action": "update", "entities": [{"key": f"{key}_b", "value": "2"}, {"key": "nope", "value": "3"}],
         "action_on_non_existence": "skip"},
        {"action": "delete", "entities": [f"{key}_b", key, f"{key}_api_key"]}]}
    status, answer, _ = s.raw("PATCH", "/api/v2/variables", bulk)
    equal((status, answer), (200, {"create": {"success": [f"{key}_b"], "errors": []},
                                   "update": {"success": [f"{key}_b"], "errors": []},
                                   "delete": {"success": [f"{key}_b", key, f"{key}_api_key"], "errors": []}}))
    equal(s.variables.get_variables(variable_key_pattern=key).total_entries, 0)


@test
def connections(s: Server):
    name = f"conf_{TAG}"
    made = s.connections.post_connection(ConnectionBody(
        connection_id=name, conn_type="http", host="h", login="l", port=80, password="pw", schema="s",
        extra='{"a": 1, "token": "t"}'))
    equal((made.connection_id, made.password, made.extra, made.port, made.var_schema),
          (name, "***", '{"a": 1, "token": "***"}', 80, "s"))
    equal(s.connections.get_connection(name).host, "h")
    patched = s.connections.patch_connection(name, ConnectionBody(connection_id=name, conn_type="http", host="h2"),
                                             update_mask=["host"])
    equal((patched.host, patched.login, patched.password), ("h2", "l", "***"))
    equal([c.connection_id for c in s.connections.get_connections(connection_id_pattern=name).connections], [name])
    equal(s.raw("POST", "/api/v2/connections", {"connection_id": name, "conn_type": "http"})[1]["detail"]["reason"],
          "Unique constraint violation")
    equal(s.raw("POST", "/api/v2/connections", {"connection_id": "a b", "conn_type": "http"})[1]["detail"][0]["type"],
          "string_pattern_mismatch")
    equal(s.raw("POST", "/api/v2/connections", {"connection_id": "a", "conn_type": "x", "extra": "nope"})[0], 422)
    refused(404, "The Connection with connection_id: `nope` was not found", s.connections.get_connection, "nope")
    s.connections.delete_connection(name)
    refused(404, f"The Connection with connection_id: `{name}` was not found", s.connections.delete_connection, name)


@test
def pools(s: Server):
    name = f"conf_{TAG}"
    made = s.pools.post_pool(PoolBody(name=name, slots=5, description="d"))
    equal((made.name, made.slots, made.open_slots, made.occupied_slots, made.include_deferred), (name, 5, 5, 0, False))
    equal(s.pools.get_pool(name).description, "d")
    equal(s.pools.patch_pool(name, PoolPatchBody(pool=name, slots=7, include_deferred=True)).slots, 7)
    assert {"default_pool", name} <= {p.name for p in s.pools.get_pools().pools}
    equal([p.name for p in s.pools.get_pools(pool_name_pattern=name).pools], [name])
    equal(s.pools.patch_pool("default_pool", PoolPatchBody(slots=64), update_mask=["slots"]).slots, 64)
    s.pools.patch_pool("default_pool", PoolPatchBody(slots=128), update_mask=["slots"])
    refused(400, "Default Pool can't be deleted", s.pools.delete_pool, "default_pool")
    refused(400, "Only slots and included_deferred can be modified on Default Pool", s.pools.patch_pool, "default_pool",
            PoolPatchBody(slots=1))
    refused(404, "The Pool with name: `nope` was not found", s.pools.get_pool, "nope")
    equal(s.raw("POST", "/api/v2/pools", {"name": name, "slots": 1})[0], 409)
    equal(s.raw("POST", "/api/v2/pools", {"name": "x", "slots": -2})[0], 422)
    s.pools.delete_pool(name)
    refused(404, f"The Pool with name: `{name}` was not found", s.pools.delete_pool, name)


@test
def import_errors(s: Server):
    errors = s.errors.get_import_errors(filename_pattern="broken_conf")
    equal((errors.total_entries, errors.import_errors[0].filename), (1, "broken_conf.yaml"))
    equal(s.errors.get_import_error(errors.import_errors[0].import_error_id).stack_trace,
          errors.import_errors[0].stack_trace)
    refused(404, "The ImportError with import_error_id: `99999` was not found", s.errors.get_import_error, 99999)


@test
def event_logs(s: Server):
    run_id = f"conf_{TAG}_audit"
    s.trigger(MAIN, dag_run_id=run_id, logical_date=None, conf={"api_key": "hide me"})
    rows = s.events.get_event_logs(dag_id=MAIN, event="trigger_dag_run", order_by=["-when"]).event_logs
    equal((rows[0].owner, rows[0].dag_id, rows[0].run_id), ("admin", MAIN, run_id))
    extra = json.loads(rows[0].extra)
    equal((extra["method"], extra["conf"]), ("POST", {"api_key": "***"}))
    equal(s.events.get_event_log(rows[0].event_log_id).event, "trigger_dag_run")
    refused(404, "The Event Log with id: `99999999` not found", s.events.get_event_log, 99999999)
    assert s.events.get_event_logs(excluded_events=["trigger_dag_run"]).total_entries < (
        s.events.get_event_logs().total_entries)
    assert s.events.get_event_logs(event_pattern="variable").total_entries > 0
    assert not [e for e in s.events.get_event_logs(event_pattern="variable", limit=100).event_logs if "v1" in (e.extra or "")]


def main() -> int:
    if len(sys.argv) < 4:
        print(__doc__)
        return 2
    server = Server(*sys.argv[1:4])
    wanted = sys.argv[4:]
    failed = passed = 0
    for function in TESTS:
        if wanted and function.__name__ not in wanted:
            continue
        try:
            function(server)
            passed += 1
        except Exception:
            failed += 1
            print(f"FAILED {function.__name__}\n{traceback.format_exc(limit=-4)}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
