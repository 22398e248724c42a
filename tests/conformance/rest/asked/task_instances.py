"""taskInstances: lists, one, tries, dependencies, clearing, marking, one at a time, by group and in bulk."""

RUN = "/api/v2/dags/ask_main/dagRuns/tis_1/taskInstances"
FAILS = "/api/v2/dags/ask_fails/dagRuns/tis_1/taskInstances"
SLOW = "/api/v2/dags/ask_slow/dagRuns"
PICK = ("task_instances", "task_id")
ORDERED = "order_by=start_date"


def lists(s):
    s.get(f"{RUN}?{ORDERED}")
    s.get(f"{FAILS}?order_by=-try_number")
    for query in (
        "limit=2", "limit=2&offset=2", "offset=50", "state=success", "state=failed&state=none", "state=no_status",
        "task_id=first", "task_id=nope", "task_display_name_pattern=IN", "task_display_name_prefix_pattern=se",
        "task_group_id=group", "operator=EmptyOperator", "operator=BashOperator&operator=%40task", "operator_name_pattern=bash",
        "operator_name_prefix_pattern=Bash", "pool=default_pool", "pool=nope", "pool_name_pattern=default",
        "pool_name_prefix_pattern=def", "queue=default", "queue=x", "queue_name_pattern=d", "queue_name_prefix_pattern=d",
        "executor=nope", "map_index=-1", "map_index=0", "try_number=1", "try_number=0&try_number=2", "version_number=1",
        "version_number=2", "duration_gte=0", "duration_gt=1000", "run_after_gte=2024-01-01T00:00:00Z",
        "logical_date_lte=2024-03-01T00:00:00Z", "logical_date_gt=2024-03-01T00:00:00Z", "start_date_lt=2024-01-01T00:00:00Z",
        "end_date_gte=2024-01-01T00:00:00Z", "rendered_map_index_pattern=x", "rendered_map_index_prefix_pattern=x",
        "order_by=-start_date", "order_by=operator&order_by=start_date", "order_by=state&order_by=start_date",
        "order_by=rendered_map_index&order_by=start_date",
    ):
        s.get(f"{RUN}?{query}&{ORDERED}" if "order_by" not in query else f"{RUN}?{query}", pick=PICK)
    for order in ("duration", "start_date", "end_date", "map_index", "try_number", "logical_date", "run_after",
                  "data_interval_start", "data_interval_end", "id", "state"):
        s.get(f"{RUN}?order_by={order}&limit=0")
    for query in ("state=nope", "order_by=task_id", "order_by=pool", "limit=x", "map_index=x", "try_number=x",
                  "task_group_id=nope", "version_number=x", "duration_lt=x", "start_date_gte=x", "cursor=nope"):
        s.get(f"{RUN}?{query}")
    s.get(f"/api/v2/dags/ask_main/dagRuns/~/taskInstances?run_id_pattern=tis_&{ORDERED}", pick=PICK)
    s.get(f"/api/v2/dags/~/dagRuns/~/taskInstances?run_id_prefix_pattern=tis_1&{ORDERED}", pick=PICK)
    s.get(f"/api/v2/dags/~/dagRuns/~/taskInstances?dag_id_pattern=fails&run_id_pattern=tis_1&{ORDERED}", pick=PICK)
    s.get("/api/v2/dags/~/dagRuns/tis_1/taskInstances")
    s.get("/api/v2/dags/nope/dagRuns/~/taskInstances")
    s.get("/api/v2/dags/ask_main/dagRuns/nope/taskInstances")
    every = "/api/v2/dags/~/dagRuns/~/taskInstances/list"
    main = {"dag_ids": ["ask_main"], "dag_run_ids": ["tis_1"], "order_by": "start_date"}
    for body in ({}, {"task_ids": ["first", "second"]}, {"state": ["success"]}, {"state": [None, "failed"]}, {"pool": ["nope"]},
                 {"queue": ["default"]}, {"executor": ["x"]}, {"page_limit": 2, "page_offset": 1}, {"duration_gte": 0},
                 {"logical_date_gte": "2024-03-01T00:00:00Z"}, {"order_by": "-start_date"}):
        s.post(every, {**main, **body}, pick=PICK)
    for body in ({"foo": 1}, {"state": ["nope"]}, {"order_by": "nope"}, {"page_limit": "x"}, {"dag_ids": "x"}, []):
        s.post(every, body)
    s.post("/api/v2/dags/ask_main/dagRuns/~/taskInstances/list", {})


def cursors(s):
    for order in ("order_by=start_date", "order_by=-operator", "order_by=map_index&order_by=-operator"):
        query = f"{RUN}?limit=2&{order}&cursor="
        cursor, found = "", []
        while cursor is not None:
            page = s.quietly("GET", query + cursor)[2]
            rows = [ti["task_id"] for ti in page["task_instances"]]
            found.append({**page, "task_instances": rows if "start" in order else len(rows),
                          "next_cursor": page["next_cursor"] is not None,
                          "previous_cursor": page["previous_cursor"] is not None})
            cursor = page["next_cursor"]
        s.keep(f"walk {query}", found)


def single(s):
    for path in ("first", "nope", "first/-1", "first/0", "first/x", "first/listMapped", "nope/listMapped", "first/tries",
                 "nope/tries", "first/-1/tries", "first/0/tries", "first/tries/1", "first/tries/9", "first/tries/x",
                 "first/-1/tries/1", "first/-1/tries/2", "nope/tries/1", "first/links", "nope/links",
                 "first/externalLogUrl/1", "nope/externalLogUrl/1", "group.inner", "second"):
        s.get(f"{RUN}/{path}")
    for path in ("boom/tries", "boom/tries/1", "boom/tries/2", "boom", "after", "after/tries"):
        s.get(f"{FAILS}/{path}")
    s.get("/api/v2/dags/nope/dagRuns/tis_1/taskInstances/first")
    s.get("/api/v2/dags/ask_main/dagRuns/nope/taskInstances/first")
    s.get("/api/v2/dags/ask_main/dagRuns/nope/taskInstances/first/tries")
    for path in ("first/dependencies", "first/-1/dependencies", "nope/dependencies"):
        s.get(f"{RUN}/{path}")


def clears(s):
    clear = "/api/v2/dags/ask_main/clearTaskInstances"
    fails = "/api/v2/dags/ask_fails/clearTaskInstances"
    one = {"dag_run_id": "tis_1", "only_failed": False}
    for body in ({}, {"task_ids": ["first"]}, {"task_ids": ["first"], "include_downstream": True},
                 {"task_ids": ["group.inner"], "include_upstream": True},
                 {"task_ids": ["second"], "include_upstream": True, "include_downstream": True},
                 {"task_ids": [["first", -1]]}, {"only_running": True}, {"include_future": True, "task_ids": ["first"]},
                 {"include_past": True, "task_ids": ["first"]}, {"reset_dag_runs": False}, {"task_ids": ["nope"]}):
        answer = s.quietly("POST", clear, {**one, **body})
        rows = answer[2].get("task_instances") if isinstance(answer[2], dict) else None
        kept = sorted(f"{row['dag_run_id']}/{row['task_id']}" for row in rows) if rows is not None else answer[2]
        s.keep(f"clear dry {body}", [answer[0], kept])
    s.post(fails, {"dag_run_id": "tis_1"}, pick=PICK)
    s.post(fails, {"dag_run_id": "tis_1", "only_failed": True, "task_ids": ["after"]}, pick=PICK)
    for body in ({"task_ids": []}, {"dag_run_id": "nope"}, {"foo": 1}, {"only_failed": True, "only_running": True},
                 {"dag_run_id": "tis_1", "start_date": "2024-01-01T00:00:00Z"},
                 {"dag_run_id": "tis_1", "end_date": "2024-01-01T00:00:00Z"},
                 {"start_date": "2024-02-01T00:00:00Z", "end_date": "2024-01-01T00:00:00Z"}, {"dry_run": "x"},
                 {"task_ids": [1]}, {"task_ids": "x"}, {"task_ids": [["a"]]}, {"start_date": "x"}, {"note": "n" * 1001},
                 {"dag_run_id": "tis_now", "include_past": True}, b"", b"{"):
        s.post(clear, body)
    s.post("/api/v2/dags/nope/clearTaskInstances", {})
    s.post(clear, {"start_date": "2024-03-01T00:00:00Z", "end_date": "2024-03-01T00:00:00Z", "only_failed": False,
                   "task_ids": ["first"]}, pick=PICK)
    s.post(fails, {"dry_run": False, "dag_run_id": "tis_1", "task_ids": ["boom"], "include_downstream": True,
                   "note": "cleared"}, pick=PICK)
    s.wait_run("ask_fails", "tis_1")
    s.get(f"{FAILS}?order_by=-try_number")
    s.get(f"{FAILS}/boom/tries", pick=("task_instances", "try_number"))


def marks(s):
    s.run("ask_main", "tis_mark")
    one = "/api/v2/dags/ask_main/dagRuns/tis_mark/taskInstances"
    s.patch(f"{one}/first/dry_run", {"new_state": "failed"})
    for body in ({"new_state": "failed", "include_downstream": True}, {"new_state": "failed", "include_upstream": True},
                 {"new_state": "success"}, {"new_state": "skipped", "include_future": True, "include_past": True}):
        answer = s.quietly("PATCH", f"{one}/second/dry_run", body)
        rows = answer[2].get("task_instances")
        s.keep(f"mark dry {body}", [answer[0], rows and sorted(f"{row['dag_run_id']}/{row['task_id']}" for row in rows)])
    s.patch(f"{one}/first", {"note": "only a note"})
    s.patch(f"{one}/first", {"new_state": "success"})
    s.patch(f"{one}/first", {"new_state": "failed", "note": "by hand"})
    s.get(f"{one}/first")
    s.patch(f"{one}/first/-1", {"new_state": "skipped"})
    s.patch(f"{one}/first/3", {"new_state": "failed"})
    s.patch(f"{one}/first?update_mask=note", {"new_state": "success", "note": "masked"})
    s.patch(f"{one}/first?update_mask=new_state", {"new_state": "success", "note": "not this"})
    for body in ({}, {"new_state": "x"}, {"new_state": None}, {"new_state": "running"}, {"foo": 1}, {"note": "n" * 1001},
                 {"new_state": "failed", "include_upstream": "x"}, [], b"{", {"note": None}):
        s.patch(f"{one}/first", body)
    s.patch(f"{one}/nope", {"new_state": "failed"})
    s.patch("/api/v2/dags/ask_main/dagRuns/nope/taskInstances/first", {"new_state": "failed"})
    s.patch("/api/v2/dags/nope/dagRuns/x/taskInstances/first", {"new_state": "failed"})


def groups(s):
    s.run("ask_main", "tis_group")
    group = "/api/v2/dags/ask_main/dagRuns/tis_group/taskGroupInstances"
    for path in ("group/dry_run", "nope/dry_run"):
        s.patch(f"{group}/{path}", {"new_state": "failed"}, pick=PICK)
    s.patch(f"{group}/group", {"new_state": "skipped", "note": "grouped"}, pick=PICK)
    s.patch(f"{group}/group", {"new_state": "skipped"}, pick=PICK)
    s.patch(f"{group}/group", {"new_state": "x"})
    s.patch(f"{group}/nope", {"new_state": "failed"})
    s.patch("/api/v2/dags/ask_main/dagRuns/nope/taskGroupInstances/group", {"new_state": "failed"})
    s.get("/api/v2/dags/ask_main/dagRuns/tis_group/taskInstances?order_by=operator&order_by=start_date",
          pick=("task_instances", "state"))


def bulk(s):
    s.run("ask_main", "tis_bulk")
    every = "/api/v2/dags/ask_main/dagRuns/tis_bulk/taskInstances"
    for action in (
        {"action": "update", "entities": [{"task_id": "first", "note": "b1"}, {"task_id": "second", "new_state": "failed"}]},
        {"action": "update", "entities": [{"task_id": "first", "note": "x"}, {"task_id": "nope", "note": "x"}]},
        {"action": "update", "entities": [{"task_id": "first", "note": "b2"}, {"task_id": "nope", "note": "x"}],
         "action_on_non_existence": "skip"},
        {"action": "update", "entities": [{"task_id": "first", "note": "b3", "map_index": -1}], "update_mask": ["note"]},
        {"action": "update", "entities": [{"task_id": "first", "new_state": "nope"}]},
        {"action": "create", "entities": [{"task_id": "first"}]},
        {"action": "delete", "entities": ["group.deeper"]},
        {"action": "delete", "entities": [{"task_id": "group.inner"}]},
        {"action": "delete", "entities": ["nope"]},
        {"action": "delete", "entities": ["nope"], "action_on_non_existence": "skip"},
        {"action": "nope", "entities": []},
    ):
        s.patch(every, {"actions": [action]})
    s.patch("/api/v2/dags/~/dagRuns/~/taskInstances", {"actions": [{"action": "update", "entities": [
        {"dag_id": "ask_main", "dag_run_id": "tis_bulk", "task_id": "first", "note": "far"}]}]})
    s.patch("/api/v2/dags/~/dagRuns/~/taskInstances", {"actions": [{"action": "update", "entities": [
        {"task_id": "first", "note": "far"}]}]})
    s.get(f"{every}?order_by=operator&order_by=start_date", pick=("task_instances", "note"))
    s.delete(f"{every}/second")
    s.delete(f"{every}/second")
    s.delete(f"{every}/first?map_index=3")
    s.get(f"{every}?order_by=operator", pick=PICK)


def running(s):
    s.trigger("ask_slow", "tis_slow")
    s.wait_task("ask_slow", "tis_slow", "sleeper", "running")
    s.get(f"{SLOW}/tis_slow/taskInstances?order_by=operator")
    s.get(f"{SLOW}/tis_slow/taskInstances/sleeper/tries")
    s.get(f"{SLOW}/tis_slow/taskInstances?state=none", pick=PICK)
    s.get(f"{SLOW}/tis_slow/taskInstances?end_date_gte=2024-01-01T00:00:00Z", pick=PICK)
    s.get(f"{SLOW}/tis_slow/taskInstances/sleeper/dependencies")
    s.get(f"{SLOW}/tis_slow/taskInstances/after/dependencies")
    s.post("/api/v2/dags/ask_slow/clearTaskInstances", {"dag_run_id": "tis_slow", "only_running": True, "only_failed": False},
           pick=PICK)
    s.post("/api/v2/dags/ask_slow/clearTaskInstances",
           {"dag_run_id": "tis_slow", "only_failed": False, "dry_run": False, "prevent_running_task": True})
    s.patch(f"{SLOW}/tis_slow/taskInstances/sleeper", {"new_state": "success"})
    s.wait_run("ask_slow", "tis_slow")
    s.get(f"{SLOW}/tis_slow/taskInstances?order_by=operator", pick=("task_instances", "state"))


def ask(s):
    s.unpause("ask_main", "ask_fails", "ask_slow")
    s.run("ask_main", "tis_1", logical_date="2024-03-01T00:00:00Z")
    s.run("ask_main", "tis_2", logical_date="2024-03-02T00:00:00Z")
    s.run("ask_main", "tis_now")
    s.run("ask_fails", "tis_1")
    single(s)
    lists(s)
    cursors(s)
    clears(s)
    marks(s)
    groups(s)
    bulk(s)
    running(s)
