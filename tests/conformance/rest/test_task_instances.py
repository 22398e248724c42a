"""TaskInstances and their logs, through the client."""

import json
import uuid

from airflow_client.client.models.clear_task_instances_body import ClearTaskInstancesBody
from airflow_client.client.models.dag_run_patch_body import DAGRunPatchBody
from airflow_client.client.models.patch_task_instance_body import PatchTaskInstanceBody
from airflow_client.client.models.task_instances_batch_body import TaskInstancesBatchBody
from client_server import FAILS, MAIN, SLOW, Server, TAG, equal, refused, test


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
