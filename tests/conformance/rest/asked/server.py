"""version, health, event logs, plugins, configuration; the router; who may do what."""

LOGS = "/api/v2/eventLogs"


def audit(s):
    s.quietly("POST", "/api/v2/variables", {"key": "audited", "value": "v"})
    s.quietly("PATCH", "/api/v2/dags/ask_main", {"is_paused": False})
    s.trigger("ask_main", "audit_1", conf={"n": 4, "api_key": "x"})
    s.wait_run("ask_main", "audit_1")
    s.get(f"{LOGS}?event=post_variable")
    s.get(f"{LOGS}?event=trigger_dag_run&run_id=audit_1")
    s.get(f"{LOGS}?event=patch_dag&dag_id=ask_main")
    for query in ("event=nope", "owner=admin&event=post_variable", "owner=viewer", "dag_id=ask_main&event=trigger_dag_run",
                  "task_id=x", "run_id=audit_1&event=trigger_dag_run", "map_index=3", "try_number=2",
                  "included_events=post_variable&included_events=nope", "excluded_events=post_variable&event=post_variable",
                  "before=2024-01-01T00:00:00Z", "after=2024-01-01T00:00:00Z&event=post_variable",
                  "event_pattern=POST_VAR", "owner_pattern=adm&event=post_variable", "dag_id_pattern=main&event=patch_dag",
                  "run_id_pattern=audit&event=trigger_dag_run", "task_id_pattern=x", "event_prefix_pattern=post_var",
                  "event=post_variable&order_by=-when", "event=post_variable&order_by=event_log_id",
                  "event=post_variable&order_by=dttm&limit=1", "event=post_variable&order_by=owner",
                  "event=post_variable&order_by=event"):
        s.get(f"{LOGS}?{query}", pick=("event_logs", "event"))
    for query in ("order_by=nope", "before=x", "map_index=x", "limit=x"):
        s.get(f"{LOGS}?{query}")
    s.get(f"{LOGS}/99999999")
    s.get(f"{LOGS}/x")


def router(s):
    for method, path in (("GET", "/api/v2/nope"), ("PUT", "/api/v2/dags"), ("DELETE", "/api/v2/dags"), ("POST",
    "/api/v2/dags/ask_main"),
                         ("GET", "/api/v2"), ("GET", "/api/v2/dags/"), ("PATCH", "/api/v2/version"), ("PUT", "/api/v2/pools/x"),
                         ("POST", "/api/v2/monitor/health")):
        s.ask(method, path)


def access(s):
    asks = (
        ("GET", "/api/v2/version", None), ("GET", "/api/v2/dags?limit=0", None), ("GET",
        "/api/v2/dags/ask_main/dagRuns?limit=0", None),
        ("PATCH", "/api/v2/dags/ask_main", {"is_paused": False}), ("POST", "/api/v2/dags/ask_main/dagRuns", {}),
        ("DELETE", "/api/v2/dags/nope", None), ("DELETE", "/api/v2/dags/ask_main/dagRuns/nope", None),
        ("PATCH", "/api/v2/dags/ask_main/dagRuns", {"actions": []}), ("POST", "/api/v2/dags/ask_main/clearTaskInstances",
        {"x": 1}),
        ("POST", "/api/v2/dags/ask_main/clearDagRuns", {"x": 1}),
        ("PATCH", "/api/v2/dags/ask_main/dagRuns/nope/taskInstances/x", {"x": 1}),
        ("PATCH", "/api/v2/dags/ask_main/dagRuns/nope/taskInstances", {"actions": []}),
        ("GET", "/api/v2/variables?limit=0", None), ("GET", "/api/v2/variables/nope", None), ("POST", "/api/v2/variables", {}),
        ("PATCH", "/api/v2/variables", {"actions": []}), ("DELETE", "/api/v2/variables/nope", None),
        ("GET", "/api/v2/connections?limit=0", None), ("POST", "/api/v2/connections", {}), ("POST",
        "/api/v2/connections/test", {}),
        ("PATCH", "/api/v2/connections", {"actions": []}), ("DELETE", "/api/v2/connections/nope", None),
        ("GET", "/api/v2/pools?limit=0", None), ("POST", "/api/v2/pools", {}), ("PATCH", "/api/v2/pools", {"actions": []}),
        ("DELETE", "/api/v2/pools/nope", None), ("GET", "/api/v2/importErrors?limit=0", None), ("GET",
        "/api/v2/eventLogs?limit=0", None),
        ("GET", "/api/v2/dagSources/nope", None), ("GET", "/api/v2/dags/nope/dagVersions/1", None), ("GET",
        "/api/v2/dags/nope/tasks", None),
        ("GET", "/api/v2/plugins?limit=0", None),
        ("GET", "/api/v2/config", None), ("GET", "/api/v2/dagStats?dag_ids=nope", None), ("GET", "/api/v2/dagTags?limit=0",
        None),
        ("GET", "/api/v2/dagWarnings?limit=0", None),
        ("GET", "/api/v2/dags/ask_main/dagRuns/nope/taskInstances/x/xcomEntries/y", None),
        ("POST", "/api/v2/dags/ask_main/dagRuns/nope/taskInstances/x/xcomEntries", {}),
        ("GET", "/api/v2/dags/ask_main/dagRuns/nope/taskInstances/x/logs/1", None), ("POST", "/api/v2/dags/nope/favorite",
        None),
    )
    for user in ("nobody", "viewer", "user", "op"):
        for method, path, body in asks:
            answer = s.quietly(method, path, body, user=user)
            s.keep(f"{user} {method} {path}", [answer[0], answer[2]] if answer[0] in (401, 403) else answer[0])
    for value in ("Bearer nope", "Bearer a.b.c", "Bearer", "Token x"):
        s.get("/api/v2/dags?limit=0", headers={"Authorization": value})


def neighbours(s):
    s.get("/api/v2/version")
    health = s.quietly("GET", "/api/v2/monitor/health")[2]
    s.keep("health", {"keys": list(health), "states": [health[name]["status"] for name in ("metadatabase", "scheduler",
    "dag_processor")]})
    s.get("/api/v2/config")
    s.get("/api/v2/config", headers={"Accept": "text/plain"})
    s.get("/api/v2/config/section/core/option/parallelism")
    for query in ("?limit=0", "?limit=x"):
        s.get("/api/v2/plugins" + query)
    s.get("/api/v2/plugins/importErrors")


def ask(s):
    neighbours(s)
    audit(s)
    router(s)
    access(s)
