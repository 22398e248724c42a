"""Asks a server, MLflow or hanok, over bare HTTP and keeps what it answered in a form that does not change from day to day.

asked/<noun>.py holds the questions about a noun: `ask(s)` calls s.get, s.post, ... in a fixed order. record.py has them
answered by the real server and writes recorded/<noun>.json; compare.py asks hanok and compares. No client stands between,
because the client checks much itself that others may send.
"""

import base64
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

PREFIX = "/api/2.0/mlflow/"
ID = re.compile(r"(?:(?:tr|m|a|wh)-)?(?:(?<![0-9a-f])|(?<=%27)|(?<=%2F))"
                r"(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])")
TIME = re.compile(r"(?<!\d)1[789]\d{11}(?!\d)")
GENERATED_NAME = re.compile(r"^[a-z]+-[a-z]+-\d{1,3}$")
ADDRESS = re.compile(r"0x[0-9a-f]{8,}")  # of one of Python's objects
LONG = re.compile(r"(.)\1{60,}")
OF_THE_DATABASE = re.compile(r"\s*(Error: )?\((?:builtins\.|sqlite3\.|raised as a result of Query-invoked autoflush)[\s\S]*")
UNORDERED = {"tags", "params", "metrics", "aliases", "events", "dataset_inputs", "experiment_ids", "latest_versions"}
MAPS = {"tags", "trace_metadata", "metadata"}  # protobuf's, whose members come in another order each time


def in_any_order(value):
    return json.dumps(value, sort_keys=True)


class Steady:
    """Ids become numbers in the order in which they are first asked about, so that who is who still counts."""

    def __init__(self, found):
        self.ids, self.tokens = {}, set()
        for entry in found:
            self.tokens |= set(tokens_of(entry["answer"]))
            for asked in (entry["ask"], json.dumps(entry.get("body"))):
                for match in ID.finditer(asked):
                    self.ids.setdefault(match[0], f"<id {len(self.ids) + 1}>")

    def text(self, text):
        if GENERATED_NAME.match(text):
            return "<name>"
        for token in self.tokens:
            text = text.replace(urllib.parse.quote(token, safe=""), "<token>").replace(token, "<token>")
        text = LONG.sub(lambda found: f"<{len(found[0])} x {found[1]}>", text)
        text = ADDRESS.sub("<address>", text)
        text = ID.sub(lambda found: self.ids.get(found[0], "<id>"), text)
        return OF_THE_DATABASE.sub(" <of the database>", TIME.sub("<time>", text))

    def value(self, value, key=None):
        if isinstance(value, dict):
            members = sorted(value.items()) if key in MAPS else value.items()
            return {name: self.value(member, name) for name, member in members}
        if isinstance(value, list):
            kept = [self.value(item, key) for item in value]
            return sorted(kept, key=in_any_order) if key in UNORDERED else kept
        if key in ("create_time", "last_update_time") and isinstance(value, str):
            return "<time>"
        if isinstance(value, int) and not isinstance(value, bool) and TIME.fullmatch(str(value)):
            return "<time>"
        return self.text(value) if isinstance(value, str) else value

    def entry(self, entry):
        kept = {**entry, "ask": self.text(entry["ask"]), "answer": self.value(entry["answer"])}
        if "body" in entry:
            kept["body"] = self.value(entry["body"])
            if len(json.dumps(kept["body"])) > 600:
                kept["body"] = f"<{len(json.dumps(kept['body']))} bytes>"
        return kept


def tokens_of(answer):
    """Tokens are to be handed back, and not to be looked into."""
    if isinstance(answer, dict):
        for name, member in answer.items():
            if name == "next_page_token" and member:
                yield member
            yield from tokens_of(member)


class Asker:
    def __init__(self, url, password=None):
        self.url, self.found = url, []
        pair = base64.b64encode(f"admin:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {pair}"} if password else {}

    def send(self, method, path, data=None, headers=None):
        """(status, headers, text)"""
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={**self.headers, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def ask(self, method, path, body=None, headers=None, show=None):
        """Keeps the answer and returns it. body: a value for JSON, bytes as they are; show: headers to keep, too."""
        path = path if path.startswith("/") else PREFIX + path
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None and headers is None:
            headers = {"Content-Type": "application/json"}
        if method == "POST":
            time.sleep(0.001)  # what was made in one millisecond has no order
        status, got, raw = self.send(method, path, data, headers)
        text = raw.decode(errors="replace")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = text
        entry = {"ask": f"{method} {path}"}
        if body is not None:
            entry["body"] = body.decode(errors="replace") if isinstance(body, bytes) else body
        if headers not in (None, {"Content-Type": "application/json"}):
            entry["headers"] = headers
        entry["status"] = status
        entry["type"] = (got.get("Content-Type") or "").split(";")[0] if raw else ""
        for name in show or ():
            entry[name.lower()] = got.get(name)
        entry["answer"] = answer
        self.found.append(entry)
        return answer

    def pick(self, rows, name):
        """Of the last answer only who is in it, in which order: the rest of a row is asked elsewhere."""
        answer = self.found[-1]["answer"]
        if isinstance(answer, dict) and "error_code" not in answer:
            self.found[-1]["answer"] = [name(row) for row in answer.get(rows, [])] + ["more"] * ("next_page_token" in answer)

    def kept(self):
        steady = Steady(self.found)
        return [steady.entry(entry) for entry in self.found]

    def get(self, path, /, show=None, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query, doseq=True)
        return self.ask("GET", path, show=show)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, body, **options)

    def patch(self, path, body=None, **options):
        return self.ask("PATCH", path, body, **options)

    def put(self, path, body=None, **options):
        return self.ask("PUT", path, body, **options)

    def delete(self, path, body=None, **options):
        return self.ask("DELETE", path, body, **options)

    # ---- what many questions need first; kept, too ----

    def experiment(self, name):
        return self.post("experiments/create", {"name": name})["experiment_id"]

    def run(self, experiment_id="0", **options):
        body = {"experiment_id": experiment_id, "start_time": 1_700_000_000_000, "run_name": "run", **options}
        return self.post("runs/create", body)["run"]["info"]["run_id"]
