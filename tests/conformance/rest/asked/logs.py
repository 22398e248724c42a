"""logs of tasks, as JSON and as lines."""

LOG = "/api/v2/dags/ask_main/dagRuns/logs_1/taskInstances/first/logs"


def events(answer):
    """What the task itself wrote, and the frame around it; what SDK and operator say between differs in wording."""
    content = answer["content"] if isinstance(answer, dict) and "content" in answer else []
    lines = [line for line in content if isinstance(line, dict)]
    return {
        "keys": list(answer),
        "head": [line for line in lines[:3]],
        "marks": [{name: line.get(name) for name in ("event", "level", "logger")} for line in lines
                  if "ASK-LOG-MARK" in line["event"] and "logger" in line],
    }


def ask(s):
    s.unpause("ask_main", "ask_fails")
    s.run("ask_main", "logs_1")
    s.run("ask_fails", "logs_1")
    answer = s.quietly("GET", f"{LOG}/1")[2]
    s.keep("log", events(answer))
    for query in ("?full_content=true", "?full_content=false", "?map_index=-1"):
        s.keep(f"log {query}", events(s.quietly("GET", f"{LOG}/1{query}")[2]))
    for path in ("/1?token=nope", "/9", "/0", "/-1", "/x", "/1?map_index=3", "/1?full_content=x"):
        s.get(LOG + path)
    s.get("/api/v2/dags/nope/dagRuns/logs_1/taskInstances/first/logs/1")
    s.get("/api/v2/dags/ask_main/dagRuns/nope/taskInstances/first/logs/1")
    s.get("/api/v2/dags/ask_main/dagRuns/logs_1/taskInstances/nope/logs/1")
    for accept in ("text/html", "application/xml"):
        s.get(f"{LOG}/1", headers={"Accept": accept})
    for accept in ("application/x-ndjson", "application/json", "*/*", "text/plain", "application/json, text/plain, */*"):
        status, kind, _ = s.quietly("GET", f"{LOG}/1", headers={"Accept": accept})
        s.keep(f"log as {accept}", [status, kind])
    boom = s.quietly("GET", "/api/v2/dags/ask_fails/dagRuns/logs_1/taskInstances/boom/logs/2")[2]
    s.keep("log of a failure", [line["event"] for line in boom["content"] if line["event"].startswith(("oh no",
    "Task failed"))])
