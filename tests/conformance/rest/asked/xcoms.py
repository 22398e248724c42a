"""xcomEntries."""

RUN = "/api/v2/dags/ask_main/dagRuns/xcom_1/taskInstances"
FIRST = f"{RUN}/first/xcomEntries"
PICK = ("xcom_entries", "key")


def ask(s):
    s.unpause("ask_main")
    s.run("ask_main", "xcom_1", logical_date="2024-04-01T00:00:00Z")
    s.get(FIRST)
    s.get(f"{RUN}/second/xcomEntries/return_value")
    for query in ("?stringify=true", "?stringify=false", "?deserialize=true", "?deserialize=false", "?map_index=0",
                  "?map_index=-1", "?map_index=-2", "?stringify=x"):
        s.get(f"{RUN}/second/xcomEntries/return_value{query}")
    s.get(f"{FIRST}/nope")
    s.get(f"{RUN}/nope/xcomEntries")
    s.get("/api/v2/dags/nope/dagRuns/x/taskInstances/y/xcomEntries")
    s.get("/api/v2/dags/nope/dagRuns/x/taskInstances/y/xcomEntries/z")
    for body in ({"key": "a", "value": 1}, {"key": "b/c", "value": {"x": [1, None, "y"]}}, {"key": "n", "value": None},
                 {"key": "s", "value": "text"}, {"key": "m", "value": True, "map_index": -1}):
        s.post(FIRST, body)
    for body in ({"key": "a", "value": 2}, {"key": "a"}, {"value": 1}, {}, {"key": "", "value": 1}, {"key": 1, "value": 1},
                 {"key": "z", "value": 1, "foo": 2}, {"key": "z", "value": 1, "map_index": "x"},
                 {"key": "z", "value": {"__type": "dict"}}, {"key": "z", "value": 1, "map_index": 5}, b"{", []):
        s.post(FIRST, body)
    s.post(f"{RUN}/nope/xcomEntries", {"key": "a", "value": 1})
    s.post("/api/v2/dags/nope/dagRuns/x/taskInstances/y/xcomEntries", {"key": "a", "value": 1})
    s.post("/api/v2/dags/ask_main/dagRuns/nope/taskInstances/first/xcomEntries", {"key": "a", "value": 1})
    for query in ("order_by=key", "order_by=-key", "limit=2&order_by=key", "limit=2&offset=2&order_by=key", "xcom_key=a",
                  "xcom_key=nope", "xcom_key_pattern=RETURN", "xcom_key_prefix_pattern=b", "map_index=-1", "map_index=0",
                  "map_index_filter=-1", "logical_date_gte=2024-04-01T00:00:00Z", "logical_date_gt=2024-04-01T00:00:00Z",
                  "run_after_gte=2024-01-01T00:00:00Z", "dag_display_name_pattern=ask_main", "run_id_pattern=xcom",
                  "task_id_pattern=fir", "order_by=timestamp", "task_id_prefix_pattern=sec", "run_id_prefix_pattern=x"):
        s.get(f"{FIRST}?{query}", pick=PICK)
    for query in ("order_by=nope", "limit=x", "map_index=-2", "map_index=x", "logical_date_gte=x"):
        s.get(f"{FIRST}?{query}")
    s.get(f"{RUN}/~/xcomEntries?order_by=key", pick=("xcom_entries", "task_id"))
    s.get("/api/v2/dags/ask_main/dagRuns/~/taskInstances/~/xcomEntries?run_id_pattern=xcom_1&order_by=key", pick=PICK)
    s.get("/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries?run_id_pattern=xcom_1&order_by=key", pick=PICK)
    s.patch(f"{FIRST}/a", {"value": [1, 2]})
    s.patch(f"{FIRST}/b/c", {"value": "changed"})
    for body in ({}, {"value": 1, "foo": 1}, {"value": 1, "map_index": 4}, {"value": {"__classname__": "x"}}, b""):
        s.patch(f"{FIRST}/a", body)
    s.patch(f"{FIRST}/nope", {"value": 1})
    s.delete(f"{FIRST}/a")
    s.delete(f"{FIRST}/a")
    s.delete(f"{FIRST}/b/c?map_index=-1")
    s.delete(f"{FIRST}/n?map_index=2")
    s.get(f"{FIRST}?order_by=key", pick=PICK)
