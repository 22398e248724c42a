"""DagRuns, through the client."""

import datetime as dt
import json

from airflow_client.client.models.dag_run_clear_body import DAGRunClearBody
from airflow_client.client.models.dag_run_patch_body import DAGRunPatchBody
from airflow_client.client.models.dag_runs_batch_body import DAGRunsBatchBody
from client_server import MAIN, Server, TAG, UTC, equal, refused, test


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
