"""Version and health, the router, who may come in, import errors, event logs, through the client."""

import json

from airflow_client.client.models.variable_body import VariableBody
from client_server import MAIN, Server, TAG, equal, refused, test


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
    s.variables.post_variable(VariableBody(key=f"conf_{TAG}_audited", value="v1"))
    s.variables.delete_variable(f"conf_{TAG}_audited")
    assert s.events.get_event_logs(event_pattern="variable").total_entries > 0
    assert not [e for e in s.events.get_event_logs(event_pattern="variable", limit=100).event_logs if "v1" in (e.extra or "")]
