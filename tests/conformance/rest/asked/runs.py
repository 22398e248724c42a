"""dagRuns: triggering, lists, patches, clearing, deletion, one at a time and in bulk."""

MAIN, SLOW, FAILS = (f"/api/v2/dags/ask_{name}/dagRuns" for name in ("main", "slow", "fails"))
ALL = "/api/v2/dags/~/dagRuns"
PICK = ("dag_runs", "dag_run_id")


def triggers(s):
    s.post(MAIN, {"dag_run_id": "runs_1", "logical_date": "2024-02-01T00:00:00Z", "conf": {"n": 5, "x": [1, "a"]},
                  "note": "hello"})
    s.wait_run("ask_main", "runs_1")
    s.get(f"{MAIN}/runs_1")
    s.wait_run("ask_main", s.post(MAIN, {"logical_date": None})["dag_run_id"].replace("+", "%2B"))
    s.post(MAIN, {"dag_run_id": "runs_2", "logical_date": "2024-02-02T09:00:00+09:00"})
    s.wait_run("ask_main", "runs_2")
    s.post(MAIN, {"dag_run_id": "runs_3", "logical_date": "2024-02-03T00:00:00Z",
                  "data_interval_start": "2024-01-01T00:00:00Z", "data_interval_end": "2024-01-02T00:00:00Z"})
    s.wait_run("ask_main", "runs_3")
    s.post(MAIN, {"dag_run_id": "runs_4", "logical_date": None, "run_after": "2024-01-05T00:00:00Z"})
    s.wait_run("ask_main", "runs_4")
    s.post(MAIN, {"dag_run_id": "runs_5", "logical_date": None, "data_interval_start": "2024-01-01T00:00:00Z",
                  "data_interval_end": "2024-01-02T00:00:00Z", "note": "", "conf": None})
    s.wait_run("ask_main", "runs_5")
    for body in (
        {}, {"logical_date": "x"}, {"logical_date": "2024-02-02"}, {"logical_date": "2024-02-02T00:00:00"},
        {"logical_date": 1706745600}, {"logical_date": None, "conf": []}, {"logical_date": None, "conf": {"n": "x"}},
        {"logical_date": None, "conf": {"n": 0}}, {"logical_date": None, "conf": "x"},
        {"logical_date": None, "dag_run_id": "runs_1"}, {"dag_run_id": "other", "logical_date": "2024-02-01T00:00:00Z"},
        {"logical_date": None, "dag_run_id": "a b"}, {"logical_date": None, "dag_run_id": ""},
        {"logical_date": None, "dag_run_id": 1}, {"logical_date": None, "dag_run_id": "../x"},
        {"logical_date": None, "dag_run_id": "scheduled__x"}, {"logical_date": None, "dag_run_id": "backfill__x"},
        {"logical_date": None, "foo": 1, "bar": None}, {"logical_date": None, "data_interval_start": "2024-01-01T00:00:00Z"},
        {"logical_date": None, "note": 5}, {"logical_date": None, "note": "n" * 1001}, b"{bad", b"", None, [], b"null",
        {"logical_date": None, "run_after": "x"},
    ):
        s.post(MAIN, body)
    s.until(f"{MAIN}?state=running&state=queued", lambda answer: answer["total_entries"] == 0, "end of all")
    s.post("/api/v2/dags/nope/dagRuns", {"logical_date": None})
    s.post(MAIN, b"logical_date=", headers={"Content-Type": "application/x-www-form-urlencoded"})
    s.post(MAIN, b'{"logical_date": null}', headers={"Content-Type": "text/plain"})


def lists(s):
    s.get(f"{MAIN}?run_id_pattern=runs_1")
    for query in (
        "order_by=-id", "order_by=state&order_by=run_id", "order_by=-run_id", "order_by=dag_run_id", "order_by=-logical_date",
        "order_by=run_after&order_by=id", "order_by=dag_id", "order_by=-start_date", "order_by=-end_date", "order_by=conf",
        "limit=2", "limit=2&offset=2", "limit=2&offset=99", "state=success", "state=failed&state=queued",
        "run_type=manual", "run_type=scheduled&run_type=backfill", "run_after_lte=2024-01-06T00:00:00Z",
        "run_after_lt=2024-01-05T00:00:00Z", "run_after_gt=2024-01-05T00:00:00Z&run_after_lt=2024-02-02T12:00:00Z",
        "logical_date_gte=2024-02-02T00:00:00Z", "logical_date_lt=2024-02-02T00:00:00Z", "start_date_lt=2024-01-01",
        "end_date_gte=2024-01-01", "duration_gte=0", "duration_gt=1000", "duration_lte=1000", "conf_contains=5",
        "conf_contains=nope", "run_id_pattern=S_3", "run_id_prefix_pattern=runs_", "run_id_prefix_pattern=RUNS",
        "triggering_user_name_pattern=ADM", "triggering_user_name_prefix_pattern=admin", "triggering_user_name_pattern=x",
        "dag_id_pattern=main", "dag_id_prefix_pattern=nope", "dag_version=1", "dag_version=9", "bundle_version=x",
        "partition_key_pattern=x", "partition_key_prefix_pattern=x", "consuming_asset_pattern=x",
    ):
        s.get(f"{MAIN}?run_id_pattern=runs_&{query}" if "run_id" not in query else f"{MAIN}?{query}", pick=PICK)
    for query in (
        "state=nope", "run_type=nope", "order_by=nope", "order_by=partition_date", "limit=x", "run_after_gte=x",
        "duration_gte=x", "dag_version=x", "partition_date_gte=2024-01-01", "partition_date_lte=x", "cursor=nope",
    ):
        s.get(f"{MAIN}?{query}")
    s.get(f"{ALL}?partition_date_gte=2024-01-01")
    s.get("/api/v2/dags/nope/dagRuns")
    s.get(f"{ALL}?run_id_pattern=runs_&order_by=id", pick=PICK)
    s.get(f"{MAIN}/nope")
    s.get("/api/v2/dags/nope/dagRuns/runs_1")
    for body in (
        {"dag_ids": ["ask_main"], "order_by": "run_id", "page_limit": 3}, {"dag_ids": ["nope"]}, {"states": ["failed"]},
        {"dag_ids": ["ask_main"], "states": ["success"], "order_by": "-run_id", "page_limit": 2, "page_offset": 1},
        {"dag_ids": ["ask_main"], "run_after_lte": "2024-01-06T00:00:00Z"}, {"conf_contains": "nope"},
        {"dag_ids": ["ask_main"], "logical_date_gte": "2024-02-02T00:00:00Z", "logical_date_lt": "2024-02-03T00:00:00Z"},
    ):
        s.post(f"{ALL}/list", body, pick=PICK)
    for body in ({"order_by": "nope"}, {"page_limit": -1}, {"states": ["nope"]}, {"states": [None], "dag_ids": ["nope"]},
                 {"foo": 1}, {"dag_ids": "x"}, {"run_after_gte": "2024-01-01"}, {"page_offset": "x"}):
        s.post(f"{ALL}/list", body)
    s.post(f"{MAIN}/list", {})


def cursors(s):
    """Tokens are opaque and differ; what a walk with them finds must not."""
    for order in ("order_by=id", "order_by=-run_id", "order_by=logical_date", "order_by=state&order_by=-run_id"):
        query = f"{MAIN}?run_id_pattern=runs_&limit=2&{order}&cursor="
        cursor, found = "", []
        while cursor is not None:
            page = s.quietly("GET", query + cursor)[2]
            found.append({**page, "dag_runs": [run["dag_run_id"] for run in page["dag_runs"]],
                          "next_cursor": page["next_cursor"] is not None,
                          "previous_cursor": page["previous_cursor"] is not None})
            cursor, back = page["next_cursor"], page["previous_cursor"]
        page = s.quietly("GET", query + back)[2]
        found.append([run["dag_run_id"] for run in page["dag_runs"]])
        s.keep(f"walk {query}", found)


def patches(s):
    one = f"{MAIN}/runs_1"
    for body in ({"note": "n2"}, {"note": ""}, {"note": None}, {"state": "failed"}, {"state": "success", "note": "n3"}, {}):
        s.patch(one, body)
    s.patch(one + "?update_mask=note", {"state": "failed", "note": "masked"})
    s.patch(one + "?update_mask=state", {"state": "failed", "note": "not this"})
    s.patch(one + "?update_mask=nope", {"state": "success", "note": "not this"})
    for body in ({"state": "running"}, {"state": "nope"}, {"foo": 1}, {"note": "n" * 1001}, {"state": None}, [], b"{"):
        s.patch(one, body)
    s.patch(f"{MAIN}/nope", {"note": "x"})
    s.patch("/api/v2/dags/nope/dagRuns/x", {"note": "x"})
    s.quietly("PATCH", one, {"state": "queued"})
    s.wait_run("ask_main", "runs_1")
    s.get(f"{one}/taskInstances?order_by=map_index&task_id=first")


def clears(s):
    s.run("ask_fails", "runs_clear")
    one = f"{FAILS}/runs_clear"
    for body in ({}, {"dry_run": True}, {"only_failed": True}):
        s.post(f"{one}/clear", body, pick=("task_instances", "task_id"))
    for body in ({"only_new": True, "only_failed": True}, {"foo": 1}, {"dry_run": "x"}, {"note": "n" * 1001}, b""):
        s.post(f"{one}/clear", body)
    s.post(f"{FAILS}/nope/clear", {})
    s.post(f"{one}/clear", {"dry_run": False, "only_failed": True, "note": "again"})
    s.wait_run("ask_fails", "runs_clear")
    s.get(f"{one}/taskInstances/boom/tries")
    s.get(one)


def waits(s):
    s.get(f"{MAIN}/runs_1/wait?interval=0.1&result=first")
    s.get(f"{MAIN}/runs_1/wait?interval=0.1&result=first&result=nope")
    s.get(f"{MAIN}/runs_1/wait?interval=0.1")
    s.get(f"{MAIN}/runs_1/wait")
    s.get(f"{MAIN}/runs_1/wait?interval=0")
    s.get(f"{MAIN}/nope/wait?interval=1")


def queued(s):
    s.unpause("ask_slow", is_paused=True)
    for name in ("runs_q1", "runs_q2", "runs_q3"):
        s.trigger("ask_slow", name)
    s.get(f"{SLOW}/runs_q1")
    s.get(f"{SLOW}/runs_q1/taskInstances")
    s.get(f"{SLOW}/runs_q1/taskInstances/sleeper")
    s.delete(f"{SLOW}/runs_q1")
    s.delete(f"{SLOW}/runs_q1")
    s.patch(f"{SLOW}/runs_q2", {"state": "success"})
    s.get(f"{SLOW}/runs_q2/taskInstances?order_by=id", pick=("task_instances", "state"))
    s.patch(f"{SLOW}/runs_q3", {"state": "failed"})
    s.get(f"{SLOW}/runs_q3/taskInstances?order_by=id", pick=("task_instances", "state"))
    s.unpause("ask_slow")


def running(s):
    s.trigger("ask_slow", "runs_r1")
    s.wait_task("ask_slow", "runs_r1", "sleeper", "running")
    s.get(f"{SLOW}/runs_r1")
    s.delete(f"{SLOW}/runs_r1")
    s.patch(f"{SLOW}/runs_r1", {"state": "failed"})
    s.get(f"{SLOW}/runs_r1/taskInstances?order_by=id", pick=("task_instances", "state"))
    s.delete(f"{SLOW}/runs_r1")
    s.delete(f"{SLOW}/nope")


def bulk(s):
    for number in range(1, 6):
        s.run("ask_main", f"bulk_{number}")
    s.patch(MAIN, {"actions": [{"action": "update", "entities": [
        {"dag_run_id": "bulk_1", "note": "b1"}, {"dag_run_id": "bulk_2", "state": "failed"}]}]})
    s.get(f"{MAIN}?run_id_pattern=bulk_&order_by=run_id", pick=("dag_runs", "note"))
    s.get(f"{MAIN}?run_id_pattern=bulk_&order_by=run_id", pick=("dag_runs", "state"))
    for action in (
        {"action": "update", "entities": [{"dag_run_id": "bulk_1", "note": "b2"}, {"dag_run_id": "nope", "note": "x"}]},
        {"action": "update", "entities": [{"dag_run_id": "bulk_1", "note": "b3"}, {"dag_run_id": "nope", "note": "x"}],
         "action_on_non_existence": "skip"},
        {"action": "update", "entities": [{"dag_run_id": "bulk_1", "note": "b4", "state": "failed"}], "update_mask": ["note"]},
        {"action": "update", "entities": [{"dag_run_id": "bulk_1", "dag_id": "ask_fails", "note": "x"}]},
        {"action": "update", "entities": [{"dag_run_id": "bulk_1", "state": "nope"}]},
        {"action": "update", "entities": [{"dag_run_id": "bulk_1"}]},
        {"action": "update", "entities": [{}]},
        {"action": "create", "entities": [{"dag_run_id": "bulk_9"}]},
        {"action": "delete", "entities": ["bulk_3", {"dag_run_id": "bulk_4"}]},
        {"action": "delete", "entities": ["bulk_3"]},
        {"action": "delete", "entities": ["bulk_5", "bulk_3"], "action_on_non_existence": "skip"},
        {"action": "nope", "entities": []},
        {"action": "delete"},
    ):
        s.patch(MAIN, {"actions": [action]})
    s.patch(MAIN, {})
    s.patch(ALL, {"actions": [{"action": "update", "entities": [
        {"dag_id": "ask_main", "dag_run_id": "bulk_1", "note": "far"}, {"dag_run_id": "bulk_2", "note": "x"}]}]})
    s.patch(ALL, {"actions": [{"action": "delete", "entities": ["bulk_1"]}]})
    s.patch(ALL, {"actions": [{"action": "delete", "entities": [{"dag_id": "ask_main", "dag_run_id": "bulk_2"}]}]})
    s.patch("/api/v2/dags/nope/dagRuns", {"actions": [{"action": "delete", "entities": ["x"]}]})
    s.get(f"{MAIN}?run_id_pattern=bulk_&order_by=run_id", pick=("dag_runs", "note"))
    clear = "/api/v2/dags/{}/clearDagRuns"
    s.post(clear.format("ask_main"), {"dag_runs": [{"dag_run_id": "bulk_1"}]}, pick=("task_instances", "task_id"))
    for body in ({}, {"dag_runs": []}, {"dag_runs": [{"dag_run_id": "nope"}]}, {"dag_runs": [{"dag_run_id": "x",
    "dag_id": "y"}]},
                 {"dag_runs": [{"dag_run_id": "bulk_1"}], "only_new": True, "only_failed": True},
                 {"dag_runs": [{"foo": 1}]}, {"dag_runs": [{"dag_run_id": "bulk_1"}], "partition_key": "x"}):
        s.post(clear.format("ask_main"), body)
    s.post(clear.format("~"), {"dag_runs": [{"dag_run_id": "bulk_1"}]})
    s.post(clear.format("~"), {"dag_runs": [{"dag_id": "ask_main", "dag_run_id": "bulk_1"}], "dry_run": False, "note": "all"},
           pick=PICK)
    s.wait_run("ask_main", "bulk_1")
    s.get(f"{MAIN}/bulk_1")


def ask(s):
    s.unpause("ask_main", "ask_fails", "ask_slow")
    triggers(s)
    lists(s)
    cursors(s)
    patches(s)
    clears(s)
    waits(s)
    queued(s)
    running(s)
    bulk(s)
