"""A running hanok as the unmodified apache-airflow-client sees it, whose models check every body; and what test_*.py share."""

from __future__ import annotations

import datetime as dt
import json
import time
import urllib.error
import urllib.request
import uuid

import airflow_client.client as ac
from airflow_client.client.api import (
    connection_api, dag_api, dag_run_api, dag_source_api, dag_version_api, event_log_api, import_error_api, monitor_api,
    pool_api, task_api, task_instance_api, variable_api, version_api, x_com_api,
)
from airflow_client.client.exceptions import ApiException
from airflow_client.client.models.trigger_dag_run_post_body import TriggerDAGRunPostBody

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
