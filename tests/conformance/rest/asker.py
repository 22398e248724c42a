"""Asks a server, Airflow or hanok, and keeps what it answered in a form that does not change from day to day.

asked/<noun>.py holds the questions about a noun: `ask(s)` calls s.get, s.post, ... in a fixed order. record.py has them
answered by the real Airflow and writes recorded/<noun>.json; compare.py asks hanok and compares.
"""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

VOLATILE = {  # members whose value depends on the machine or on what was asked before
    "duration", "last_parse_duration", "hostname", "pid", "unixname", "file_token", "import_error_id", "event_log_id",
    "timestamp", "lineno", "filename_at", "stack_trace", "extra_links",
}
TEXTS = [
    (re.compile(r"(?<!\d)(20(?:2[6-9]|[3-9]\d)-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:?00)?)"), "<time>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"(manual__<time>)(_\w{8})?"), r"\1"),
    (re.compile(r"for ID \w{8}$"), "for ID <id>"),
    (re.compile(r"/[^ \"'\\]*/(?=(?:asked_dags|dags)/?)"), "<folder>/"),
    (re.compile(r"/[^ ]*/logs/(?=dag_id=)"), "<logs>/"),
    (re.compile(r"<folder>/(?:asked_dags|dags)"), "<dags>"),
]


def steady_text(text):
    for pattern, instead in TEXTS:
        text = pattern.sub(instead, text)
    return text


def steady(value, key=None):
    """The value without what differs between two runs of the same questions."""
    if isinstance(value, dict):
        return {name: steady(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [steady(item, key) for item in value]
    if key in VOLATILE and value is not None and not isinstance(value, bool):
        return f"<{key}>" if value != "" else ""
    return steady_text(value) if isinstance(value, str) else value


def once(answer):
    """Airflow checks the body of its bulk routes twice and lists each mistake twice."""
    if isinstance(answer, dict) and list(answer) == ["create", "update", "delete"]:  # Airflow goes through sets
        return {name: {**part, "success": sorted(part["success"])} if part else part for name, part in answer.items()}
    mistakes = answer.get("detail") if isinstance(answer, dict) else None
    if isinstance(mistakes, list) and mistakes[: len(mistakes) // 2] == mistakes[len(mistakes) // 2 :]:
        return {**answer, "detail": mistakes[: len(mistakes) // 2]}
    return answer


class Asker:
    def __init__(self, url, passwords, is_patient=False):
        self.url, self.is_patient, self.found = url, is_patient, []
        self.tokens = {user: self.token(user, password) for user, password in passwords.items()}

    def token(self, user, password):
        return self.send("POST", "/auth/token", {"username": user, "password": password})[2]["access_token"]

    def send(self, method, path, body=None, headers=None):
        """(status, content type, Allow, parsed JSON or text)"""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=dict(headers or {}))
        if data is not None and "Content-type" not in request.headers:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text, got = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            status, text, got = error.code, error.read().decode(), error.headers
        kind = (got.get("Content-Type") or "").split(";")[0] if text else ""
        try:
            return status, kind, json.loads(text)
        except ValueError:
            return status, kind, text

    def quietly(self, method, path, body=None, user="admin", headers=None):
        """Asks without keeping it: (status, type, answer). Airflow on SQLite answers 500 when its database is locked."""
        if user != "nobody":
            headers = {"Authorization": f"Bearer {self.tokens[user]}", **(headers or {})}
        for _ in range(5 if self.is_patient else 1):
            answer = self.send(method, path, body, headers)
            if answer[0] != 500:
                break
            time.sleep(1)
        return answer

    def ask(self, method, path, body=None, user="admin", headers=None, pick=None):
        """Keeps the answer. pick: (name of the list, member of its rows) where only those matter."""
        status, kind, answer = self.quietly(method, path, body, user, headers)
        kept = answer
        if pick is not None and isinstance(answer, dict) and pick[0] in answer:
            rows, member = pick
            values = [row[member] for row in answer[rows]]
            if "/clear" in path:  # in no order that Airflow would promise
                values.sort()
            kept = {rows: values, "total_entries": answer["total_entries"]}
        entry = {"ask": f"{user} {method} {path}"}
        if body is not None:
            entry["body"] = body.decode() if isinstance(body, bytes) else body
        if headers:
            entry["headers"] = headers
        self.found.append({**entry, "status": status, "type": kind, "answer": steady(once(kept))})
        return answer

    def keep(self, name, answer):
        """Keeps what was put together from several answers."""
        self.found.append({"ask": name, "answer": steady(answer)})

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, body, **options)

    def patch(self, path, body=None, **options):
        return self.ask("PATCH", path, body, **options)

    def delete(self, path, **options):
        return self.ask("DELETE", path, **options)

    # ---- bringing about what is asked about; nothing of it is kept ----

    def unpause(self, *dag_ids, is_paused=False):
        for dag_id in dag_ids:
            assert self.quietly("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": is_paused})[0] == 200, dag_id

    def trigger(self, dag_id, run_id, **body):
        body = {"dag_run_id": run_id, "logical_date": None, **body}
        answer = self.quietly("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
        assert answer[0] in (200, 409 if self.is_patient else 200), answer

    def until(self, path, condition, what):
        seconds = 300 if self.is_patient else 40
        deadline = time.monotonic() + seconds
        while True:
            answer = self.quietly("GET", path)[2]
            if condition(answer):
                return answer
            assert time.monotonic() < deadline, f"{path}: no {what} within {seconds} s: {answer}"
            time.sleep(0.5 if self.is_patient else 0.05)

    def wait_run(self, dag_id, run_id, *states):
        states = states or ("success", "failed")
        return self.until(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", lambda run: run.get("state") in states, states)

    def wait_task(self, dag_id, run_id, task_id, *states):
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        return self.until(path, lambda task: task.get("state") in states, states)

    def run(self, dag_id, run_id, **body):
        """A run that has ended."""
        self.trigger(dag_id, run_id, **body)
        self.wait_run(dag_id, run_id)


def quoted(text):
    return urllib.parse.quote(text, safe="")
