"""XcomEntries, through the client."""

from airflow_client.client.models.x_com_create_body import XComCreateBody
from airflow_client.client.models.x_com_update_body import XComUpdateBody
from client_server import MAIN, Server, TAG, equal, refused, test


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
