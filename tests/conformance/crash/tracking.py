"""kill -9 of the real engine at random moments while clients track runs, store artifacts and promote models.

Afterwards nothing that was answered is lost, and nothing is there twice or by half: runs with each value that was
acknowledged, artifacts whole or absent, the alias where the last promotion put it, and for each promotion one line in
the audit trail and one event of its asset. A call that a kill cut off may have happened or not, but once.
usage: tracking.py HANOK [--kills N] [--seed N]
"""

import argparse
import hashlib
import http.client
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from standalone import Standalone  # noqa: E402

API = "/api/2.0/mlflow/"
CLIENTS = 6
MODEL = "house"
POLICY = {"name": "champion", "model": MODEL, "target": {"alias": "champion"}, "rules": [{"metric": "metrics.auc >= 0.5"}]}


class CutOff(Exception):
    """The engine went away before it answered."""


class Client:
    """One writer with a run of its own, and what it was told is done."""

    def __init__(self, number, seed):
        self.number, self.random = number, random.Random(f"{seed}-{number}")
        self.connection = None
        self.run = None
        self.steps, self.tags, self.files, self.maybe = set(), {}, {}, set()
        self.version, self.promoted, self.cut_promotions = None, set(), set()
        self.failures = []
        self.count = 0

    def call(self, method, path, body=None):
        """The answer's JSON, None for a conflict; CutOff when there is none."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        try:
            self.connection.request(method, path, data, {"Content-Type": "application/json"})
            response = self.connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise CutOff from error
        if status == 409:
            return None
        if status != 200:
            self.failures.append(f"{method} {path}: {status} {text[:200]!r}")
            return {}
        return json.loads(text or b"{}")

    def post(self, path, body):
        return self.call("POST", API + path, body)

    def work(self, address, is_over):
        host, port = address
        self.connection = http.client.HTTPConnection(host, port, timeout=30)
        try:
            while not is_over.is_set() and not self.failures:
                self.one()
        except CutOff:
            pass
        finally:
            self.connection.close()

    def one(self):
        self.count += 1
        if self.run is None:
            made = self.post("runs/create", {"experiment_id": "0", "start_time": 1})
            self.run = made.get("run", {}).get("info", {}).get("run_id")
            return
        self.random.choice((self.metric, self.metric, self.batch, self.tag, self.artifact, self.promote))()

    def logged(self, path, body, steps):
        self.maybe.update(steps)
        self.post(path, {"run_id": self.run, **body})
        self.steps.update(steps)

    def metric(self):
        step = self.count
        self.logged("runs/log-metric", {"key": "m", "value": step, "timestamp": step, "step": step}, [step])

    def batch(self):
        steps = [self.count * 1000 + i for i in range(self.random.randint(1, 50))]
        self.logged("runs/log-batch", {"metrics": [{"key": "m", "value": s, "timestamp": s, "step": s} for s in steps]}, steps)

    def tag(self):
        key, value = f"t{self.random.randint(0, 5)}", str(self.count)
        known = self.tags.get(key, [])
        self.tags[key] = [*known, value]
        self.post("runs/set-tag", {"run_id": self.run, "key": key, "value": value})
        self.tags[key] = [value]

    def artifact(self):
        name = f"{self.number}/{self.count}"
        content = self.random.randbytes(self.random.choice((10, 5000, 400000)))
        self.files[name] = (hashlib.sha256(content).hexdigest(), False)
        self.call("PUT", "/api/2.0/mlflow-artifacts/artifacts/" + name, content)
        self.files[name] = (self.files[name][0], True)

    def promote(self):
        """A version that nobody has promoted yet; two at once are a conflict for one of them."""
        if self.version is None:
            made = self.post("model-versions/create", {"name": MODEL, "source": f"runs:/{GOOD_RUN[0]}/m", "run_id": GOOD_RUN[0]})
            self.version = made["model_version"]["version"] if made else None
            return
        version, self.version = self.version, None
        self.cut_promotions.add(version)
        if self.post("registered-models/alias", {"name": MODEL, "alias": "champion", "version": version}) is not None:
            self.promoted.add(version)
        self.cut_promotions.remove(version)


GOOD_RUN = [None]


def fill(engine):
    """The model, the policy that guards it, and the run of all its versions."""
    def post(path, body):
        status, answer = engine.request("POST", API + path, body)
        assert status == 200, answer
        return answer

    GOOD_RUN[0] = post("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
    post("runs/log-metric", {"run_id": GOOD_RUN[0], "key": "auc", "value": 0.9, "timestamp": 1, "step": 0})
    post("registered-models/create", {"name": MODEL})
    post("promotion-policies/set", {"policy": POLICY})


def pages(engine, path, name):
    """All items of a list."""
    items, token = [], ""
    while True:
        status, answer = engine.request("GET", f"{API}{path}&page_token={token}")
        assert status == 200, answer
        items += answer.get(name, [])
        token = answer.get("next_page_token", "")
        if not token:
            return items


def check_client(engine, client):
    problems = list(client.failures)
    if client.run is None:
        return [*problems, f"client {client.number} has no run"]
    found = [metric["step"] for metric in pages(engine, f"metrics/get-history?run_id={client.run}&metric_key=m&max_results=5000",
                                                "metrics")]
    steps = set(map(int, found))
    if len(steps) != len(found):
        problems.append(f"client {client.number}: {len(found) - len(steps)} metrics are there twice")
    if client.steps - steps:
        problems.append(f"client {client.number}: {len(client.steps - steps)} acknowledged metrics are lost")
    if steps - client.maybe:
        problems.append(f"client {client.number}: {len(steps - client.maybe)} metrics that nobody logged")
    data = engine.request("GET", f"{API}runs/get?run_id={client.run}")[1]["run"]["data"]
    tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
    for key, values in client.tags.items():
        if tags.get(key) not in values and not (key not in tags and len(values) == 1):
            problems.append(f"client {client.number}: tag {key} is {tags.get(key)}, not one of {values}")
    for name, (digest, is_done) in client.files.items():
        path = os.path.join(engine.home, "artifacts", name)
        if not os.path.exists(path):
            problems += [f"artifact {name} is lost"] if is_done else []
        else:
            with open(path, "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != digest:
                    problems.append(f"artifact {name} is not what was sent")
    return problems


def check_promotions(engine, clients):
    promoted = {version for client in clients for version in client.promoted}
    cut = {version for client in clients for version in client.cut_promotions}
    holder = engine.request("GET", f"{API}registered-models/alias?name={MODEL}&alias=champion")[1]["model_version"]["version"]
    trail = [str(line["version"]) for line in pages(engine, f"promotion-audit/list?name={MODEL}&max_results=100", "decisions")
             if line["action"] == "promote" and line["outcome"] == "applied"]
    events = engine.get("/api/v2/assets/events?limit=1")[1]["total_entries"]
    print(f"{len(promoted)} promotions, {len(cut)} cut off: {len(trail)} in the audit trail, {events} events of the asset")
    problems = []
    if len(set(trail)) != len(trail) or not promoted <= set(trail) <= promoted | cut:
        problems.append("the audit trail has not each promotion once")
    if events != len(trail):
        problems.append("not each promotion has one event")
    if holder != trail[0]:
        problems.append(f"champion is {holder}, the audit trail says {trail[0]}")
    return problems


def leftovers(home):
    return [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(home, "artifacts"))
            for name in names if "uploading" in name]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    random.seed(options.seed)
    home = os.path.realpath(tempfile.mkdtemp(prefix="hanok-crash-"))
    dags = os.path.join(home, "dags")
    os.mkdir(dags)
    with open(os.path.join(dags, "champion.yaml"), "w", encoding="utf-8") as file:
        file.write(f"""champion:
  start_date: 2024-01-01
  schedule: ["model://{MODEL}@champion"]
  tasks:
    told:
      operator: airflow.providers.standard.operators.empty.EmptyOperator
""")
    engine = Standalone(options.binary, home, [dags], "--all-admins").start()
    engine.wait_for_dag("champion")
    fill(engine)
    clients = [Client(number, options.seed) for number in range(CLIENTS)]
    for _ in range(options.kills):
        is_over = threading.Event()
        host, port = engine.url.removeprefix("http://").split(":")
        threads = [threading.Thread(target=client.work, args=((host, int(port)), is_over)) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.02, 0.5))
        engine.kill()
        is_over.set()
        for thread in threads:
            thread.join()
        engine.start()
    problems = [problem for client in clients for problem in check_client(engine, client)]
    problems += check_promotions(engine, clients)
    problems += [f"left behind: {path}" for path in leftovers(home)]
    print(f"seed {options.seed}: {options.kills} kills during {sum(client.count for client in clients)} calls,"
          f" {sum(len(client.steps) for client in clients)} metrics, {sum(len(client.files) for client in clients)} artifacts")
    engine.stop()
    for problem in problems:
        print("FAILED:", problem)
    if problems:
        print("see", home)
    else:
        shutil.rmtree(home)
    print(f"{0 if problems else 1} passed, {1 if problems else 0} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
