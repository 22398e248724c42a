"""A person clears tasks and sets states; ask(client) tells, step by step, what became of the run and its tasks."""

import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import airflow_api as api  # noqa: E402
from airflow_client.client.exceptions import ServiceException  # noqa: E402
from airflow_client.client.models.clear_task_instances_body import ClearTaskInstancesBody  # noqa: E402
from airflow_client.client.models.clear_task_instances_body_task_ids_inner import ClearTaskInstancesBodyTaskIdsInner  # noqa: E402
from airflow_client.client.models.dag_run_patch_body import DAGRunPatchBody  # noqa: E402

DAGS = ("branching", "cleaning", "plain")
SECONDS = 240


def copy_dags(folder):
    shutil.copy(HERE / "dags.py", folder)


def until(function, what):
    """Airflow on SQLite answers 500 when another of its processes has locked the database."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            found = function()
            if found:
                return found
        except ServiceException:
            pass
        time.sleep(0.3)
    raise TimeoutError(f"no {what} within {SECONDS} s")


class Run:
    def __init__(self, client, dag_id):
        self.client, self.dag_id, self.told = client, dag_id, {}
        until(lambda: api.unpause(client, dag_id) or True, f"DAG {dag_id}")
        self.run_id = until(lambda: api.trigger(client, dag_id), "run")

    def state(self):
        return api.run_state(self.client, self.dag_id, self.run_id)

    def tasks(self):
        return api.task_states(self.client, self.dag_id, self.run_id)

    def tell(self, step):
        listed = api.airflow.TaskInstanceApi(self.client).get_task_instances
        tasks = until(lambda: api.every(listed, "task_instances", self.dag_id, self.run_id), "tasks")
        self.told[step] = {"run": until(self.state, "run")}
        for task in sorted(tasks, key=lambda task: task.task_id):
            state = "none" if task.state is None else str(task.state.value)
            self.told[step][task.task_id] = f"{state}, try {task.try_number}"

    def tell_end(self, step):
        until(lambda: self.state() in api.ENDED, f"end of {self.dag_id}: {step}")
        self.tell(step)

    def clear(self, *task_ids, **options):
        wanted = [ClearTaskInstancesBodyTaskIdsInner(task_id) for task_id in task_ids]
        body = ClearTaskInstancesBody(dry_run=False, dag_run_id=self.run_id, task_ids=wanted, only_failed=False,
                                      **options)
        tasks = api.airflow.TaskInstanceApi(self.client)
        until(lambda: tasks.post_clear_task_instances(self.dag_id, body), "clearing")

    def set(self, state):
        runs, body = api.airflow.DagRunApi(self.client), DAGRunPatchBody(state=state)
        return str(until(lambda: runs.patch_dag_run(self.dag_id, self.run_id, body), "setting").state.value)


def branching(client):
    run = Run(client, "branching")
    run.tell_end("run")
    run.clear("right")
    run.tell_end("what the branch skipped is cleared")
    run.clear("stopped", "beyond")
    run.tell_end("what the short circuit skipped is cleared")
    run.clear("branch", "left", "right")
    run.tell_end("the branch is cleared, too")
    run.clear("left")
    run.tell_end("what the branch skips now is cleared")
    return run.told


def cleaning(client):
    told = {}
    for state in ("failed", "success"):
        run = Run(client, "cleaning")
        until(lambda: run.tasks().get("work") == "running", "work")
        answer = run.set(state)
        run.tell_end(f"set to {state} while work runs")
        told.update(run.told, **{f"the answer to {state}": answer})
    return told


def plain(client):
    run = Run(client, "plain")
    run.tell_end("run")
    run.clear("last", reset_dag_runs=False)
    time.sleep(3)  # for what should not happen
    run.tell("cleared without its run")
    run.set("queued")
    run.tell_end("the run is queued")
    return run.told


def ask(client):
    until(lambda: set(DAGS) <= set(api.dags_of(client)), "DAGs")
    return {"branching": branching(client), "cleaning": cleaning(client), "plain": plain(client)}
