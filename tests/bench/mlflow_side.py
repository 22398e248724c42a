"""hanok's MLflow door and the real `mlflow server` (script/setup mlflow) side by side, for bench.py's `mlflow`.

Both run at once, and each question is put to one and then the other, so that whatever else the machine does falls on both.
The client is http_load, in C. hanok answers each write after its commit has reached the disk (synchronous=FULL).
"""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "conformance", "common"))
from real_mlflow import real_mlflow  # noqa: E402

CONNECTIONS = (1, 4, 16)
SECONDS = {"hanok": 1.5, "MLflow": 3.0}
API = "/api/2.0/mlflow/"
TICK = os.sysconf("SC_CLK_TCK")
REAL_RUNS, MANY_RUNS = 10_000, 100_000
NUMBER = "##########"

SEARCHES = {
    "filter on metric, param and tag, order by metric, 100": {
        "filter": "metrics.auc > 0.5 AND params.kind = 'kind-1' AND tags.team = 'team-2'", "order_by": ["metrics.auc DESC"],
        "max_results": 100},
    "the same, 1000": {
        "filter": "metrics.auc > 0.5 AND params.kind = 'kind-1' AND tags.team = 'team-2'", "order_by": ["metrics.auc DESC"],
        "max_results": 1000},
    "no filter, newest 100": {"max_results": 100},
    "no filter, order by metric, 100": {"order_by": ["metrics.loss ASC"], "max_results": 100},
    "few match: one param in a thousand": {"filter": "params.seed LIKE '77%7' AND metrics.auc > 0.1", "max_results": 100},
}


class Side:
    """One of the two servers."""

    def __init__(self, name, url, pid, headers):
        self.name, self.url, self.pid, self.headers = name, url, pid, headers
        self.port = url.rsplit(":", 1)[1]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=self.headers)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)

    def post(self, path, body):
        return self.call("POST", API + path, body)

    def pids(self):
        """Its process and all below."""
        children = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                        children.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(name))
                except OSError:
                    pass  # gone meanwhile
        found = [self.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu(self):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def memory_mib(self):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024
        return total


def questions(side, folder):
    """(name, path, file of the body or None): the same of both, about things of each one's own."""
    run = side.post("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
    side.post("registered-models/create", {"name": "house"})
    side.post("model-versions/create", {"name": "house", "source": "s3://bucket/x"})
    side.post("registered-models/alias", {"name": "house", "alias": "champion", "version": "1"})
    metrics = ", ".join(f'{{"key": "m{n}", "value": {n}.5, "timestamp": {NUMBER}, "step": {NUMBER}}}' for n in range(1000))
    bodies = {
        "create-run": ("runs/create",
        f'{{"experiment_id": "0", "start_time": {NUMBER}, "tags": [{{"key": "team", "value": "roof"}}]}}'),
        "log-metric": ("runs/log-metric",
        f'{{"run_id": "{run}", "key": "loss", "value": 0.5, "timestamp": {NUMBER}, "step": {NUMBER}}}'),
        "log-batch of 1,000": ("runs/log-batch", f'{{"run_id": "{run}", "metrics": [{metrics}]}}'),
    }
    for name, (path, text) in bodies.items():
        file_name = os.path.join(folder, f"{side.name}-{name}.json".replace(" ", "-"))
        with open(file_name, "w", encoding="utf-8") as file:
            file.write(text)
        yield name, API + path, file_name
    yield "get-run", f"{API}runs/get?run_id={run}&n=", None
    yield "get-by-alias", f"{API}registered-models/alias?name=house&alias=champion&n=", None


def load(bench, side, path, file_name, connections):
    """(answers a second, median ms, 99th percentile ms, CPU ms each)"""
    command = [bench.beside("http_load"), side.port, path, str(connections), str(SECONDS[side.name])]
    command += [f"{name}: {value}" for name, value in side.headers.items()] + ([f"@{file_name}"] if file_name else [])
    before = side.cpu()
    rate, _, median, late = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    return rate, median, late, (side.cpu() - before) * 1e3 / max(1, rate * SECONDS[side.name])


def shown(name, result, scale=1):
    rate, median, late, cpu = result
    return f"{name} {rate * scale:,.0f}/s, p50 {median:.2f} ms, p99 {late:.1f} ms, {cpu:.2f} ms CPU each"


def by_turns(bench, sides, folder):
    asked = {side.name: list(questions(side, folder)) for side in sides}
    for side in sides:  # a worker's first request takes it seconds
        for _ in range(3):
            load(bench, side, *asked[side.name][-2][1:], CONNECTIONS[-1])
    for at, (name, _, _) in enumerate(asked["hanok"]):
        for connections in CONNECTIONS:
            results = {side.name: load(bench, side, *asked[side.name][at][1:], connections) for side in sides}
            ratio = results["hanok"][0] / max(0.1, results["MLflow"][0])
            print(f"mlflow: {name}, {connections} connections: {shown('hanok', results['hanok'])}; "
                  f"{shown('MLflow', results['MLflow'])}: {ratio:.0f}x", flush=True)


def fill(path, count, schema):
    """So many runs of experiment 1 with five metrics, three params and three tags each, values scattered by multiplying; in
    hanok's tables or, the same, in MLflow's."""
    database = sqlite3.connect(path, timeout=60)

    def insert(table, columns):
        database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                         f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM n", (count,))

    with database:
        insert(schema["runs"][0], schema["runs"][1])
        run = {schema["run"]: schema["run_is"]}
        for table in schema["metrics"]:
            for key, factor in METRICS.items():
                insert(table, {**run, "key": f"'{key}'", schema["timestamp"]: "1", "step": "0", "is_nan": "0",
                               "value": f"(i * {factor} % 100003) / 100003.0"})
        for table, values in zip(schema["texts"], (PARAMS, TAGS)):
            for key, value in values.items():
                insert(table, {**run, "key": f"'{key}'", "value": value})
    database.close()


UUID = "printf('%032x', i)"
ARTIFACTS = f"'mlflow-artifacts:/1/' || {UUID} || '/artifacts'"
COMMON = {"run_uuid": UUID, "name": "'run-' || i", "user_id": "'kim'", "status": "'FINISHED'", "artifact_uri": ARTIFACTS}
OF_HANOK = {
    "runs": ("ml_run", {**COMMON, "experiment_key": "1", "start_ms": "1700000000000 + i", "end_ms": "1700000000009 + i"}),
    "run": "run_key", "run_is": f"(SELECT run_key FROM ml_run WHERE run_uuid = {UUID})", "timestamp": "timestamp_ms",
    "metrics": ("ml_metric", "ml_latest_metric"), "texts": ("ml_param", "ml_run_tag"),
}
OF_MLFLOW = {
    "runs": ("runs", {**COMMON, "experiment_id": "1", "start_time": "1700000000000 + i", "end_time": "1700000000009 + i",
                      "lifecycle_stage": "'active'", "source_type": "'UNKNOWN'", "source_name": "''", "entry_point_name": "''",
                      "source_version": "''"}),
    "run": "run_uuid", "run_is": UUID, "timestamp": "timestamp",
    "metrics": ("metrics", "latest_metrics"), "texts": ("params", "tags"),
}
METRICS = {"auc": 48271, "loss": 69621, "f1": 16807, "recall": 39373, "precision": 40692}
PARAMS = {"kind": "'kind-' || (i * 69621 % 65537 % 5)", "seed": "'' || i", "depth": "'' || (i % 12)"}
TAGS = {"team": "'team-' || (i * 16807 % 65521 % 4)", "mlflow.runName": "'run-' || i", "mlflow.user": "'kim'"}


def search(side, count, rounds):
    for name, body in SEARCHES.items():
        times, before = [], side.cpu()
        for n in range(rounds):
            begin = time.perf_counter()
            # A new question each time, so that no answer is given again.
            answer = side.post("runs/search", {"experiment_ids": ["1"], **body, "run_view_type": "ACTIVE_ONLY",
                "max_results": body["max_results"] - n % 2})
            times.append((time.perf_counter() - begin) * 1e3)
        cpu = (side.cpu() - before) * 1e3 / rounds
        print(f"mlflow: search over {count:,} runs, {name}: {side.name} p50 {statistics.median(times):.1f} ms, {cpu:.0f} ms CPU,"
              f" {len(answer.get('runs', []))} runs found", flush=True)


def side_of(engine):
    token = engine.request("POST", "/auth/token", {"username": "admin", "password": engine.password()})[1]["access_token"]
    return Side("hanok", engine.url, engine.process.pid, {"Authorization": f"Bearer {token}"})


def new_hanok(bench):
    begin = time.perf_counter()
    engine = bench.engine({}, all_admins=False)
    engine.start()
    side = side_of(engine)
    side.call("GET", API + "experiments/get?experiment_id=0")
    return engine, side, time.perf_counter() - begin


def run(bench):
    engine, hanok, started = new_hanok(bench)
    begin = time.perf_counter()
    # As `mlflow server` starts when nothing is said: four workers and its job runners.
    with real_mlflow(workers=4, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="true") as (url, process, home):
        real = Side("MLflow", url, process.pid, {})
        real.call("GET", API + "experiments/get?experiment_id=0")
        print(f"mlflow: start to the first answer: hanok {started * 1e3:.0f} ms, MLflow {time.perf_counter() - begin:.1f} s",
            flush=True)
        time.sleep(5)
        print(f"mlflow: idle memory (PSS): hanok {hanok.memory_mib():.1f} MiB, MLflow {real.memory_mib():.0f} MiB in"
              f" {len(real.pids())} processes", flush=True)
        with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
            by_turns(bench, (hanok, real), folder)
        print(f"mlflow: memory after that: hanok {hanok.memory_mib():.1f} MiB, MLflow {real.memory_mib():.0f} MiB", flush=True)
        real.post("experiments/create", {"name": "many"})
        fill(os.path.join(home, "mlflow.db"), REAL_RUNS, OF_MLFLOW)
        search(real, REAL_RUNS, 5)
    engine.stop()
    for count in (REAL_RUNS, MANY_RUNS):
        engine, hanok = filled_hanok(bench, count)
        search(hanok, count, 21)
        print(f"mlflow: memory then: hanok {hanok.memory_mib():.1f} MiB", flush=True)
        engine.stop()


def filled_hanok(bench, count):
    engine, hanok, _ = new_hanok(bench)
    hanok.post("experiments/create", {"name": "many"})
    engine.stop()
    fill(os.path.join(engine.home, "hanok.db"), count, OF_HANOK)
    engine.start()
    return engine, side_of(engine)
