"""What the unmodified apache-airflow-client does with a server, Airflow or hanok: the tests ask both through this."""

import json
import time
import urllib.request

import airflow_client.client as airflow
from airflow_client.client.models.dag_patch_body import DAGPatchBody
from airflow_client.client.models.trigger_dag_run_post_body import TriggerDAGRunPostBody

PAGE = 50
ENDED = ("success", "failed")


def token_of(url, username=None, password=None):
    """A token as a CI job fetches it; without a name from a server on which everybody is admin."""
    data = None
    if username is not None:
        data = json.dumps({"username": username, "password": password}).encode()
    request = urllib.request.Request(url + "/auth/token", data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["access_token"]


def client_of(url, token):
    return airflow.ApiClient(airflow.Configuration(host=url, access_token=token))


def every(method, field, *arguments, **filters):
    """All pages of a list."""
    found = []
    while True:
        page = method(*arguments, limit=PAGE, offset=len(found), **filters)
        items = getattr(page, field)
        found += items
        if not items or len(found) >= page.total_entries:
            return found


def dags_of(client):
    """dag_id -> the file it comes from, as the server lists them."""
    dags = every(airflow.DAGApi(client).get_dags, "dags", exclude_stale=True)
    return {dag.dag_id: dag.relative_fileloc for dag in dags}


def import_errors_of(client):
    """file -> what the server says of it."""
    errors = every(airflow.ImportErrorApi(client).get_import_errors, "import_errors")
    return {error.filename: error.stack_trace for error in errors}


def unpause(client, dag_id):
    airflow.DAGApi(client).patch_dag(dag_id, DAGPatchBody(is_paused=False))


def trigger(client, dag_id, logical_date=None, conf=None, run_id=None):
    body = TriggerDAGRunPostBody(logical_date=logical_date, conf=conf, dag_run_id=run_id)
    return airflow.DagRunApi(client).trigger_dag_run(dag_id, body).dag_run_id


def run_state(client, dag_id, run_id):
    return str(airflow.DagRunApi(client).get_dag_run(dag_id, run_id).state.value)


def task_states(client, dag_id, run_id):
    """task id, or `task id[map index]` -> state."""
    states = {}
    for task in every(airflow.TaskInstanceApi(client).get_task_instances, "task_instances", dag_id, run_id):
        name = task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]"
        states[name] = "none" if task.state is None else str(task.state.value)
    return states


def wait_for_runs(client, runs, seconds):
    """dag_id -> run_id in; dag_id -> state out, for those that ended within the time."""
    ended, deadline = {}, time.monotonic() + seconds
    while len(ended) < len(runs) and time.monotonic() < deadline:
        for dag_id, run_id in runs.items():
            if dag_id not in ended:
                state = run_state(client, dag_id, run_id)
                if state in ENDED:
                    ended[dag_id] = state
        time.sleep(0.2 if len(runs) < 5 else 1)
    return ended
