"""importErrors, dagSources, dagVersions, tasks: what was read from the files."""

ERRORS = "/api/v2/importErrors"
TASKS = "/api/v2/dags/ask_main/tasks"
VERSIONS = "/api/v2/dags/ask_main/dagVersions"


def errors(s):
    first = s.get(ERRORS)["import_errors"][0]["import_error_id"]
    s.keep("one import error", s.quietly("GET", f"{ERRORS}/{first}")[2])
    for query in ("?order_by=-timestamp", "?order_by=filename", "?limit=0", "?filename_pattern=BROKEN",
    "?filename_pattern=nope",
                  "?filename_prefix_pattern=ask", "?order_by=nope", "?order_by=stacktrace", "?order_by=id",
                  "?order_by=import_error_id", "?order_by=bundle_name"):
        s.get(ERRORS + query)
    s.get(f"{ERRORS}/99999")
    s.get(f"{ERRORS}/x")


def sources(s):
    s.get("/api/v2/dagSources/ask_main")
    s.get("/api/v2/dagSources/ask_main?version_number=1")
    s.get("/api/v2/dagSources/ask_main?version_number=9")
    s.get("/api/v2/dagSources/ask_main?version_number=x")
    s.get("/api/v2/dagSources/nope")
    for accept in ("text/plain", "image/png", "application/json, text/plain"):
        s.get("/api/v2/dagSources/ask_main", headers={"Accept": accept})


def versions(s):
    s.get(VERSIONS)
    for query in ("?version_number=1", "?version_number=9", "?bundle_name=nope", "?bundle_version=x",
    "?order_by=-version_number",
                  "?order_by=id", "?order_by=dag_id", "?order_by=bundle_name", "?order_by=bundle_version", "?order_by=nope",
                  "?limit=0", "?version_number=x"):
        s.get(VERSIONS + query)
    s.get("/api/v2/dags/~/dagVersions?order_by=dag_id", pick=("dag_versions", "dag_id"))
    s.get("/api/v2/dags/nope/dagVersions")
    for number in ("1", "9", "x"):
        s.get(f"{VERSIONS}/{number}")
    s.get("/api/v2/dags/nope/dagVersions/1")


def tasks(s):
    s.get(TASKS)
    for query in ("?order_by=-task_id", "?order_by=owner", "?order_by=start_date", "?order_by=nope", "?order_by=retries",
                  "?order_by=pool", "?order_by=-operator_name", "?order_by=trigger_rule", "?order_by=priority_weight"):
        s.get(TASKS + query, pick=("tasks", "task_id"))
    for task_id in ("first", "second", "group.inner", "group.deeper", "nope"):
        s.get(f"{TASKS}/{task_id}")
    s.get("/api/v2/dags/ask_fails/tasks/boom")
    s.get("/api/v2/dags/ask_daily/tasks/one")
    s.get("/api/v2/dags/nope/tasks")
    s.get("/api/v2/dags/nope/tasks/first")


def ask(s):
    errors(s)
    sources(s)
    versions(s)
    tasks(s)
