"""What hostile and clumsy users send: each call is refused with MLflow's own shape and changes nothing.

The rows of bad_calls.py are asked of the real server, too, which gives the same status and code but where a row says so.
Disks that are full are in ../full_disk and ../artifacts, uploads in parts in ../artifacts/s3.py.
"""

import base64
import contextlib
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import socket
import sqlite3
import time
import urllib.parse

import bad_calls
import mlflow
from checks import equal, refused, test, unique
from mlflow import MlflowClient
from standalone import wait_until

POLICY = "policies:\n  - name: p\n    model: m\n    target: {alias: champion}\n    rules:\n"
# (what the file holds, the line, a piece of the sentence)
POLICIES = [
    ("policies:\n  - name: [p\n", 3, "did not find expected"),
    ("policies:\n\t- name: p\n", 2, "cannot start any token"),
    ("", 1, "takes a mapping, not nothing"),
    ("policies: 3\n", 1, "takes a list"),
    ("polices:\n  - name: p\n", 1, "knows no 'polices'; it knows policies"),
    (POLICY.replace("name: p", "nam: p") + "      - lineage\n", 2, "knows no 'nam'"),
    ("policies:\n  - name: p\n    target: {alias: a}\n    rules: [lineage]\n", 2, "needs 'model'"),
    ("policies:\n  - name: p\n    model: m\n    rules: [lineage]\n", 2, "needs 'target'"),
    (POLICY.replace("{alias: champion}", "{alias: a, stage: Production}") + "      - lineage\n", 4,
     "{alias: NAME} or {stage: NAME}"),
    (POLICY.replace("{alias: champion}", "{stage: Heaven}") + "      - lineage\n", 4, "Staging, Production and Archived"),
    (POLICY.replace("champion", "v1") + "      - lineage\n", 4, "v1"),
    (POLICY.replace("champion", "a b") + "      - lineage\n", 4, "a b"),
    (POLICY.replace("    rules:\n", ""), 2, "needs 'rules'"),
    (POLICY.replace("rules:", "rules: []"), 5, "1 to 100 rules"),
    (POLICY + "      - metrc: auc >= 0.9\n", 6, "there are metric, min_samples"),
    (POLICY + "      - lineaje\n", 6, "one of the words signature"),
    (POLICY + "      - metric: auc >=\n", 6, "character 7"),
    (POLICY + "      - lineage\n      - metric: auc >= 0.9 and foo\n", 7, "character 12"),
    (POLICY + "      - approvals: {count: 0, role: Op}\n", 6, "at least 1"),
    (POLICY + "      - approvals: {count: two, role: Op}\n", 6, "a whole number, not a text"),
    (POLICY + "      - approvals: {count: 2, role: King}\n", 6, "User, Op and Admin"),
    (POLICY + "      - approvals: {counts: 2}\n", 6, "it knows count, role"),
    (POLICY + "      - max_age: 30 moons\n", 6, "'30 days'"),
    (POLICY + "      - max_age: -3 days\n", 6, "'30 days'"),
    (POLICY + "      - window: {days: [mon-fry], from: '09:00', to: '17:00'}\n", 6, "mon-fri"),
    (POLICY + "      - window: {days: [mon-fri], from: '9 am', to: '17:00'}\n", 6, "'09:30'"),
    (POLICY + "      - window: {days: [mon-fri], from: '09:00', to: '09:00'}\n", 6, "the window is empty"),
    (POLICY + "      - window: {days: [mon], from: '09:00', to: '10:00', zone: Europe/Atlantis}\n", 6, "'Europe/Berlin'"),
    (POLICY + "      - min_samples: {metric: rows, at_least: many}\n", 6, "a whole number"),
    (POLICY + "      - validation_dag: ''\n", 6, "not empty"),
    (POLICY + "      - tag: [a, b]\n", 6, "a text, not a list"),
    (POLICY + "      - lineage\n    model: other\n", 7, "already given on line 3"),
    (POLICY + "      - lineage\n  - name: p\n    model: n\n    target: {alias: a}\n    rules: [lineage]\n", 7,
     "two policies named 'p'"),
    ("policies: " + "[" * 3000, 1, "nested more than 100 levels"),
]


# ---- asking ----


def headers_of(server):
    if not server.is_hanok:
        return {}
    pair = base64.b64encode(f"admin:{server.engine.password()}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def ask(server, method, path, body=None, kind="application/json", more=()):
    """(status, error_code, message or what came); the path is sent as it is written."""
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    if body is not None and not isinstance(body, (str, bytes)):
        body = json.dumps(body)
    path = path if path.startswith("/") else "/api/2.0/mlflow/" + path
    headers = {**headers_of(server), **({"Content-Type": kind} if body is not None else {}), **dict(more)}
    try:
        connection.request(method, path, body.encode() if isinstance(body, str) else body, headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()
    try:
        found = json.loads(text)
        return status, found.get("error_code"), found.get("message", text)
    except (ValueError, AttributeError):
        return status, None, text


def filled(value, names):
    if isinstance(value, str):
        return value.format(**names)
    if isinstance(value, dict):
        return {key: filled(member, names) for key, member in value.items()}
    return [filled(member, names) for member in value] if isinstance(value, list) else value


def things():
    """An experiment, a run and a model whose names the rows use."""
    client, word = MlflowClient(), unique("bad")
    experiment = client.create_experiment(word)
    run = client.create_run(experiment).info.run_id
    client.log_param(run, "kept", "1")
    client.create_registered_model(word)
    client.create_model_version(word, f"runs:/{run}/model", run)
    return {"e": experiment, "r": run, "m": word}


def state_of(server):
    """All rows of all tables and all artifacts, as digests."""
    if not server.is_hanok:
        return None
    home = pathlib.Path(server.engine.home)
    found = {}
    with contextlib.closing(sqlite3.connect(f"file:{home}/hanok.db?mode=ro", uri=True)) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = sorted(repr(row) for row in db.execute(f'SELECT * FROM "{table}"'))
            found[table] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    for at, folders, files in os.walk(home / "artifacts"):
        for name in folders + files:
            path = os.path.join(at, name)
            found[path] = os.path.getsize(path) if name in files else "folder"
    return found


@contextlib.contextmanager
def nothing_changes(server):
    before = state_of(server)
    yield
    after = state_of(server)
    equal({key for key in {*(before or {}), *(after or {})} if before.get(key) != after.get(key)}, set(), "what has changed")


def mistakes_of(server, rows):
    names, mistakes = things(), []
    with nothing_changes(server):
        for row in rows:
            if isinstance(row, bad_calls.Ours) and not server.is_hanok:
                continue
            what, method, path, body, status, code, pieces = row
            found = ask(server, method, filled(path, names), filled(body, names))
            missing = [piece for piece in filled(pieces, names) if server.is_hanok and piece not in found[2]]
            if found[:2] != (status, code) or missing:
                mistakes.append((what, found[0], found[1], found[2][:200], missing))
    equal(mistakes, [], "mistakes")


# ---- the tracking API and the registry ----


@test
def keys_and_values_that_cannot_be(server):
    mistakes_of(server, bad_calls.KEYS_AND_VALUES)


@test
def what_is_not_known(server):
    mistakes_of(server, bad_calls.UNKNOWN)


@test
def pages_and_tokens(server):
    mistakes_of(server, bad_calls.PAGES)


@test
def bodies_that_are_no_json(server):
    mistakes_of(server, bad_calls.JSON)
    if server.is_hanok:  # where it is broken
        found = ask(server, "POST", "experiments/create", '{"name": "x"\n "a": 1}')
        assert "line 2, column 4" in found[2], found
        with nothing_changes(server):
            found = ask(server, "POST", "experiments/create", '{"name": "' + "x" * 17_000_000 + '"}')
            equal(found[0], 413)


@test
def sources_and_addresses_elsewhere(server):
    mistakes_of(server, bad_calls.PLACES)


@test
def filters_that_are_broken(server):
    """Each with its place. Two of the experiments' and the traces' grammars show that the place is told there, too."""
    mistakes_of(server, [(text, "POST", "runs/search", {"experiment_ids": ["{e}"], "filter": text}, 400, bad_calls.INVALID,
                          ["(at character "]) for text in bad_calls.FILTERS])
    traces = {"locations": [{"mlflow_experiment": {"experiment_id": "0"}}]}
    for path, body, text in [("experiments/search", {"max_results": 5}, "name = 'a' AND colour = 'b'"),
                             ("/api/3.0/mlflow/traces/search", traces, "name = 'a' AND span.x = 'b'")]:
        found = ask(server, "POST", path, {**body, "filter": text})
        equal(found[:2], (400, bad_calls.INVALID), text)
        assert not server.is_hanok or "(at character 16)" in found[2], found
    for text, place in [("params.a = 'b' AND tags.b > 3", 29), ("metrics.a > 1 OR x", 15), ("tags.한옥 = 'a' AND b", 20)]:
        found = ask(server, "POST", "runs/search", {"experiment_ids": ["0"], "filter": text})
        equal(found[:2], (400, bad_calls.INVALID))
        assert not server.is_hanok or f"(at character {place})" in found[2], found


@test
def what_is_too_long_is_cut(server):
    """MLflow's server cuts values, not keys, and says nothing."""
    names, client = things(), MlflowClient()
    for length, kept in [(6000, 6000), (6001, 6000)]:
        param = {"run_id": names["r"], "key": f"p{length}", "value": "한" * length}
        equal(ask(server, "POST", "runs/log-parameter", param)[0], 200)
        equal(len(client.get_run(names["r"]).data.params[f"p{length}"]), kept)
    for length, kept in [(8000, 8000), (8001, 8000)]:
        tag = {"run_id": names["r"], "key": f"t{length}", "value": "한" * length}
        equal(ask(server, "POST", "runs/set-tag", tag)[0], 200)
        equal(len(client.get_run(names["r"]).data.tags[f"t{length}"]), kept)
    key = "k" * 250
    equal(ask(server, "POST", "runs/log-metric", bad_calls.metric(run_id=names["r"], key=key))[0], 200)
    equal(client.get_run(names["r"]).data.metrics[key], 1.5)


@test
def numbers_that_are_none(server):
    names, client = things(), MlflowClient()
    for key, value in [("nan", '"NaN"'), ("inf", '"Infinity"'), ("minus", '"-Infinity"')]:
        body = f'{{"run_id": "{names["r"]}", "key": "{key}", "value": {value}, "timestamp": 1, "step": 0}}'
        equal(ask(server, "POST", "runs/log-metric", body)[0], 200, key)
    found = client.get_run(names["r"]).data.metrics
    assert found["inf"] > 1e308 and found["minus"] < -1e308, found  # the real server's database knows no infinity
    assert found["nan"] != found["nan"]
    for value in ("high", "0x10", "1,5", "", "١"):
        with nothing_changes(server):
            found = ask(server, "POST", "runs/log-metric", bad_calls.metric(run_id=names["r"], value=value))
            assert found[:2] == (400, bad_calls.INVALID) or (value == "١" and not server.is_hanok), (value, found)


@test
def the_client_is_told(server):
    client, names = MlflowClient(), things()
    missing, invalid = bad_calls.MISSING, bad_calls.INVALID
    with nothing_changes(server):
        with refused(missing, "0" * 32):
            client.get_run("0" * 32)
        with refused(missing, "no-such"):
            client.get_model_version_by_alias("no-such", "champion")
        with refused(invalid, "nobody"):
            mlflow.pyfunc.load_model(f"models:/{names['m']}@nobody")
        with refused(invalid, "a/../b"):
            client.log_metric(names["r"], "a/../b", 1)
        with refused(invalid, "kept"):
            client.log_param(names["r"], "kept", "2")
        with refused(invalid, "OR"):
            mlflow.search_runs([names["e"]], filter_string="metrics.a > 1 OR metrics.a < 0")
        with refused(missing, "tr-none"):
            client.set_trace_tag("tr-none", "a", "b") if server.is_hanok else client.get_trace("tr-none")
        with refused(missing, "77"):
            client.set_registered_model_alias(names["m"], "champion", "77")


# ---- artifacts ----


@test
def artifacts_outside(server):
    mistakes_of(server, bad_calls.ARTIFACTS)
    if server.is_hanok:
        with nothing_changes(server):
            deep = "/".join("d" * 80)
            for path in ("a%00b", "%2fetc/passwd", "/etc/passwd", "a//b", "a/./b", ".", "x" * 3000, deep):
                found = ask(server, "PUT", bad_calls.PREFIX + path, b"x", "application/octet-stream")
                equal(found[:2], (413 if path == deep else 400, bad_calls.INVALID), path)
        for folder in ("..", "/etc", "a/../..", "%2e%2e"):
            equal(ask(server, "GET", f"/api/2.0/mlflow-artifacts/artifacts?path={folder}")[:2], (400, bad_calls.INVALID), folder)


@test(only_hanok=True)
def a_link_in_the_folder_leads_nowhere(server):
    home = pathlib.Path(server.engine.home)
    secret = home / "outside"
    secret.mkdir()
    (secret / "key").write_text("secret")
    folder = home / "artifacts" / unique("links")
    folder.mkdir(parents=True)
    (folder / "file").symlink_to(secret / "key")
    (folder / "folder").symlink_to(secret)
    at = bad_calls.PREFIX + folder.name
    for method, path, body in [("GET", "/file", None), ("GET", "/folder/key", None), ("PUT", "/folder/new", b"x"),
                               ("DELETE", "/folder/key", None)]:
        found = ask(server, method, at + path, body, "application/octet-stream")
        assert found[0] in (400, 404) and found[1] and "secret" not in found[2], (method, path, found)
    ask(server, "PUT", at + "/file", b"other", "application/octet-stream")  # replaces the link, if anything
    ask(server, "DELETE", at + "/folder")
    equal(((secret / "key").read_text(), os.listdir(secret)), ("secret", ["key"]))


@test(only_hanok=True)
def an_upload_that_is_cut(server):
    address = urllib.parse.urlsplit(server.url)
    login = headers_of(server)["Authorization"]
    word = unique("cut")
    ask(server, "PUT", f"{bad_calls.PREFIX}{word}/old", b"old", "application/octet-stream")
    with nothing_changes(server):
        for name, framing, sent in [("old", "Content-Length: 5000000", b"x" * 2_000_000), ("new", "Content-Length: 500", b""),
                                    ("chunks", "Transfer-Encoding: chunked", b"10\r\n0123456789abcdef\r\n8\r\n0123"),
                                    ("broken", "Transfer-Encoding: chunked", b"zz\r\n0123")]:
            with socket.create_connection((address.hostname, address.port)) as client:
                client.sendall(f"PUT {bad_calls.PREFIX}{word}/{name} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {login}\r\n"
                               f"{framing}\r\n\r\n".encode() + sent)
                time.sleep(0.1)
        time.sleep(0.5)
    equal(ask(server, "GET", f"{bad_calls.PREFIX}{word}/old")[2], "old")


@test(only_hanok=True)
def uploads_in_parts_to_a_folder(server):
    at = "/api/2.0/mlflow-artifacts/mpu/"
    with nothing_changes(server):
        for path, body, code in [("create/a", {"path": "b", "num_parts": 2}, "NOT_IMPLEMENTED"),
                                 ("create/a", {}, bad_calls.INVALID),
                                 ("create/..%2f..", {"path": "b", "num_parts": 2}, bad_calls.INVALID),
                                 ("complete/a", {"path": "b", "upload_id": "x", "parts": []}, bad_calls.INVALID),
                                 ("abort/a", {"path": "b", "upload_id": "../x"}, "NOT_IMPLEMENTED")]:
            found = ask(server, "POST", at + path, body)
            equal(found[1], code, f"{path} {body}: {found}")


# ---- spans ----


@test
def spans_that_are_none(server):
    experiment = {"x-mlflow-experiment-id": "0"}
    with nothing_changes(server):
        for body, more, status in [
            (b"\xff\xff", experiment, 400), (b"", experiment, 400), (b"\x0a\x00", {}, 422),
            (b"no gzip", {**experiment, "Content-Encoding": "gzip"}, 400),
            (gzip.compress(b"\x0a\x00")[:-3], {**experiment, "Content-Encoding": "gzip"}, 400),
            (b"\xff\xff\xff", {**experiment, "Content-Encoding": "deflate"}, 400),
            (b"\x0a\x00", {**experiment, "Content-Encoding": "br"}, 400),
        ]:
            equal(ask(server, "POST", "/v1/traces", body, "application/x-protobuf", more)[0], status, (body, more))
        for members, piece in [('"spanId": "xyz"', "spanId"), ('"name": 3', "name"), ('"endTimeUnixNano": "soon"', "endTime"),
                               ('"attributes": {}', "attributes"), ('"events": [3]', "events"),
                               ('"status": {"code": []}', "code"),
                               ('"attributes": [{"key": "a", "value": {"intValue": "x"}}]', "intValue")]:
            body = '{"resourceSpans": [{"scopeSpans": [{"spans": [{' + members + "}]}]}]}"
            found = ask(server, "POST", "/v1/traces", body, "application/json", experiment)
            equal(found[0], 400, body)
            assert not server.is_hanok or f"'{piece}" in found[2], found
        for body in ("{", "[]", "{}", '{"resourceSpans": 3}', "[" * 5000):
            found = ask(server, "POST", "/v1/traces", body, "application/json", experiment)
            assert found[0] == 400 or not server.is_hanok, (body, found)
        if server.is_hanok:  # the real server unpacks it all
            bomb = gzip.compress(bytes(200_000_000))
            found = ask(server, "POST", "/v1/traces", bomb, "application/x-protobuf", {**experiment, "Content-Encoding": "gzip"})
            equal(found[0], 413)
            assert "send fewer in one request" in found[2], found


# ---- policies ----


@test(only_hanok=True)
def policy_files_with_mistakes(server):
    folder = pathlib.Path(server.folder)
    word = unique("wrong")
    wanted = {}
    for number, (text, line, piece) in enumerate(POLICIES):
        name = f"{word}-{number}.policy.yaml"
        wanted[name] = (f"{name}:{line}: ", piece)
        (folder / name).write_text(text)

    def errors():
        listed = server.engine.get("/api/v2/importErrors?limit=100")[1]["import_errors"]
        return {os.path.basename(error["filename"]): error["stack_trace"] for error in listed}

    wait_until(lambda: set(wanted) <= set(errors()), 30, "the files to be read")
    found = errors()
    mistakes = [(name, pieces, found.get(name)) for name, pieces in wanted.items()
                if not all(piece in found.get(name, "") for piece in pieces)]
    names = [policy["name"] for policy in server.engine.get("/api/2.0/mlflow/promotion-policies/list")[1]["policies"]]
    for name in wanted:
        (folder / name).unlink()
    wait_until(lambda: not set(wanted) & set(errors()), 30, "the files to be forgotten")
    equal(mistakes, [], "mistakes")
    assert "p" not in names, names


@test(only_hanok=True)
def policies_by_rest_with_mistakes(server):
    """As a text one policy is what stands behind the dash of the file's list."""
    mistakes = []
    with nothing_changes(server):
        for text, line, piece in POLICIES:
            head, dash, rest = text.partition("  - name:")
            if not dash or "  - name: p\n" in rest or "name: [p" in text or "polices" in text:
                continue  # a mistake of the list
            policy = "name:" + "\n".join(row[4:] if row.startswith("    ") else row for row in rest.split("\n"))
            piece = piece.replace("on line 3", "on line 2")
            found = ask(server, "POST", "promotion-policies/set", {"policy_yaml": policy})
            if found[:2] != (400, bad_calls.INVALID) or piece not in found[2] or f":{line - 1}: " not in found[2]:
                mistakes.append((policy, line - 1, piece, found))
        for policy in (3, [], {}, {"name": "p"}, {"name": "p", "model": "m", "target": {"alias": "a"}, "rules": [{"metric": 3}]}):
            found = ask(server, "POST", "promotion-policies/set", {"policy": policy})
            if found[:2] != (400, bad_calls.INVALID):
                mistakes.append((policy, found))
    equal(mistakes, [], "mistakes")
