"""No sequence of calls through any door gets a version past a failing gate.

Five users of all roles make random calls, by REST, its twin and the command line: they register, promote, ask, approve,
reject, take away, copy, rename, delete, roll back, and set policies. After each call it is looked up who holds what, and
each new holder is judged by rules written down here, not by hanok's. At the end the audit trail has to account for
every holder. usage: doors.py HANOK [--calls N] [--seed N]
"""

import argparse
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from standalone import Standalone, wait_until  # noqa: E402

USERS = {"vera": "Viewer", "una": "User", "udo": "User", "olga": "Op", "otto": "Op", "admin": "Admin"}
MAY_APPROVE = {"Op", "Admin"}
GATED = ["m0", "m1", "m2", "m3"]  # the policies are about m*
OTHERS = ["x0", "x1"]
AUCS = [None, 0.3, 0.6, 0.9]
TARGETS = [("alias", "champion"), ("alias", "gold"), ("alias", "never"), ("alias", "free"),
           ("stage", "Production"), ("stage", "Staging"), ("stage", "Archived"), ("stage", "None")]
POLICIES = """policies:
  - {name: champion, model: m*, target: {alias: champion}, removal: Op, rules: [metric: metrics.auc >= 0.5]}
  - {name: production, model: m*, target: {stage: Production},
     rules: [metric: metrics.auc >= 0.5, approvals: {count: 1, role: Op}]}
  - {name: gold, model: m*, target: {alias: gold}, rules: [metric: metrics.auc >= 0.5, validation_dag: check_good]}
  - {name: never, model: m*, target: {alias: never}, rules: [validation_dag: check_bad]}
"""


class Model:
    def __init__(self):
        self.versions = {}  # number -> (auc, author)


class World:
    """The server, and what the test knows of it."""

    def __init__(self, engine, seed):
        self.engine, self.random = engine, random.Random(seed)
        self.connection = http.client.HTTPConnection(engine.url.removeprefix("http://"), timeout=60)
        self.tokens = {}
        self.models = {}  # name -> Model
        self.requests = {}  # id -> (name, version, target, who asked)
        self.approvals = {}  # id -> who
        self.holders = {}
        self.extra_auc = None  # a second policy of champion, set by REST
        self.problems, self.counts, self.log = [], {}, []

    def call(self, user, method, path, body=None, prefix="/api/2.0/mlflow/"):
        headers = {"Authorization": "Bearer " + self.tokens[user], "Content-Type": "application/json"}
        self.connection.request(method, prefix + path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        text = response.read()
        answer = json.loads(text) if text else {}
        if response.status >= 500:
            self.problems.append(f"{user} {method} {path} {body}: {response.status} {answer}")
        return response.status, answer

    def ask(self, path):
        status, answer = self.call("admin", "GET", path)
        assert status == 200, (path, answer)
        return answer

    def snapshot(self):
        """{(Model, kind, name): {versions}}"""
        found = {}
        for row in self.ask("registered-models/search?max_results=100").get("registered_models", []):
            for alias in row.get("aliases", []):
                found[(row["name"], "alias", alias["alias"])] = {int(alias["version"])}
        for row in self.ask("model-versions/search?max_results=10000").get("model_versions", []):
            found.setdefault((row["name"], "stage", row["current_stage"]), set()).add(int(row["version"]))
        return found


# ---- what a gate asks, in the test's own words ----

def is_gated(name, target):
    return name.startswith("m") and target in TARGETS[:3] + [("stage", "Production")]


def objections(world, name, target, version):
    """Why this version may not hold the target, as far as the test knows."""
    auc, author = world.models[name].versions[version]
    if target == ("alias", "never"):
        return ["its validation never succeeds"]
    if auc is None or auc < 0.5:
        return [f"its auc is {auc}"]
    if target == ("stage", "Production"):
        for request, about in world.requests.items():
            if about[1:3] == (version, target) and about[0] is world.models[name]:
                if any(USERS[user] in MAY_APPROVE for user in world.approvals.get(request, set()) - {author, about[3]}):
                    return []
        return ["nobody who may has approved it"]
    if target == ("alias", "gold"):
        runs = world.engine.get("/api/v2/dags/check_good/dagRuns?limit=100&state=success&order_by=-start_date")[1]["dag_runs"]
        if not any(int(run["conf"]["version"]) == version for run in runs):
            return ["its validation has not succeeded"]
    return []


def look(world, user, what, old_extra):
    """Judges what has changed since the last look."""
    now = world.snapshot()
    for (name, kind, which), versions in now.items():
        target = (kind, which)
        if not is_gated(name, target):
            continue
        before = world.holders.get((name, kind, which), set())
        if what[0] == "rename" and what[2] == name:
            before = set()  # under this name it holds the target anew
        for version in versions - before:
            why = objections(world, name, target, version)
            extra = min(filter(None, (world.extra_auc, old_extra)), default=None) if world.extra_auc and old_extra else None
            if target == ("alias", "champion") and extra and (world.models[name].versions[version][0] or 0) < extra \
                    and what[0] != "rollback":
                why.append(f"the second policy asks for {extra}")
            world.counts["promoted"] = world.counts.get("promoted", 0) + 1
            if why:
                world.problems.append(f"after {user} {what}: version {version} of {name} holds {which}, but {why}")
    for (name, kind, which), versions in world.holders.items():
        if name.startswith("m") and which == "champion" and (name, kind, which) not in now and USERS[user] not in MAY_APPROVE:
            world.problems.append(f"after {user} {what}: {which} of {name} is taken away, which needs the role Op")
    world.holders = now


# ---- what users do ----

def some_model(world):
    return world.random.choice(sorted(world.models) or ["m0"])


def some_version(world, name):
    numbers = sorted(world.models[name].versions) if name in world.models else []
    return world.random.choice(numbers) if numbers else 1


def create_model(world, user):
    name = world.random.choice(GATED + OTHERS)
    if world.call(user, "POST", "registered-models/create", {"name": name})[0] == 200:
        world.models[name] = Model()
    return "create", name


def create_version(world, user):
    name, auc = some_model(world), world.random.choice(AUCS)
    status, answer = world.call(user, "POST", "runs/create", {"experiment_id": "0", "start_time": 1})
    if status == 200:
        run = answer["run"]["info"]["run_id"]
        if auc is not None:
            metric = {"run_id": run, "key": "auc", "value": auc, "timestamp": 1, "step": 0}
            world.call(user, "POST", "runs/log-metric", metric)
        version = {"name": name, "source": f"runs:/{run}/m", "run_id": run}
        status, answer = world.call(user, "POST", "model-versions/create", version)
        if status == 200:
            world.models[name].versions[int(answer["model_version"]["version"])] = (auc, user)
    return "version", name, auc


def copy_version(world, user):
    """As the client copies: a version whose source is another, with its run."""
    name, to = some_model(world), some_model(world)
    version = some_version(world, name)
    status, old = world.call(user, "GET", f"model-versions/get?name={name}&version={version}")
    if status == 200:
        status, answer = world.call(user, "POST", "model-versions/create", {
            "name": to, "source": f"models:/{name}/{version}", "run_id": old["model_version"].get("run_id")})
        if status == 200:
            world.models[to].versions[int(answer["model_version"]["version"])] = (world.models[name].versions[version][0], user)
    return "copy", name, version, to


def promote(world, user):
    name, target = some_model(world), world.random.choice(TARGETS)
    version, way = some_version(world, name), world.random.random()
    kind, which = target
    if way < 0.04:
        subprocess.run([world.engine.command[0], "models", "promote", name, str(version), f"--{kind}", which, "--home",
                        world.engine.home], capture_output=True, check=False)
        user = "cli"
    elif kind == "alias":
        prefix = world.random.choice(("/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/"))
        world.call(user, "POST", "registered-models/alias", {"name": name, "alias": which, "version": str(version)}, prefix)
    else:
        path = world.random.choice(("model-versions/transition-stage", "databricks/model-versions/transition-stage"))
        world.call(user, "POST", path, {"name": name, "version": str(version), "stage": which,
                                        "archive_existing_versions": way < 0.3 and which in ("Production", "Staging")})
    learn_requests(world, name, version)
    return "promote", name, version, target


def learn_requests(world, name, version):
    status, answer = world.call("admin", "GET", f"transition-requests/list?name={name}&version={version}")
    for request in answer.get("requests", []) if status == 200 else []:
        target = ("stage", request["to_stage"]) if "to_stage" in request else ("alias", request["to_alias"])
        world.requests.setdefault(request["id"], (world.models[name], version, target, request["user_id"]))


def open_request(world, name, version, target):
    status, answer = world.call("admin", "GET", f"transition-requests/list?name={name}&version={version}")
    for request in answer.get("requests", []) if status == 200 else []:
        if request.get("to_" + target[0]) == target[1]:
            return request["id"], request["user_id"]
    return None, None


def ask_for(world, user):
    name, target = some_model(world), world.random.choice(TARGETS)
    version = some_version(world, name)
    world.call(user, "POST", "transition-requests/create", {"name": name, "version": str(version), target[0]: target[1]})
    learn_requests(world, name, version)
    return "request", name, version, target


def decide(world, user):
    waiting = [(name, *about[1:3]) for about in world.requests.values()
               for name, model in world.models.items() if model is about[0]]
    if not waiting:
        return "nothing",
    name, version, target = world.random.choice(waiting)
    request, asked = open_request(world, name, version, target)
    verb = world.random.choice(("approve", "approve", "approve", "reject", "delete"))
    body = {"name": name, "version": str(version), target[0]: target[1]}
    if verb == "delete":
        world.call(user, "DELETE", "transition-requests/delete", body)
        return verb, *body.values()
    if verb == "approve" and request:
        world.approvals.setdefault(request, set()).add(user)  # before: it may complete with the call
    status, answer = world.call(user, "POST", f"transition-requests/{verb}", body)
    if verb == "approve" and request and status != 200:
        world.approvals[request].discard(user)
    if verb == "approve" and status == 200:
        author = world.models[name].versions[version][1]
        if is_gated(name, target) and target[0] == "stage" and (user in (author, asked) or USERS[user] not in MAY_APPROVE):
            world.problems.append(f"{user} may not approve version {version} of {name} (made by {author}, asked for by {asked})")
    return verb, name, version, target


def take_away(world, user):
    name = some_model(world)
    way = world.random.choice(("alias", "alias", "version", "model"))
    if way == "alias":
        alias = world.random.choice([name for kind, name in TARGETS if kind == "alias"])
        world.call(user, "DELETE", "registered-models/alias", {"name": name, "alias": alias})
        return "delete alias", name, alias
    if way == "version":
        version = some_version(world, name)
        if world.call(user, "DELETE", "model-versions/delete", {"name": name, "version": str(version)})[0] == 200:
            world.models[name].versions.pop(version, None)
        return "delete version", name, version
    if world.random.random() < 0.3 and world.call(user, "DELETE", "registered-models/delete", {"name": name})[0] == 200:
        del world.models[name]
    return "delete model", name


def rename(world, user):
    name, to = some_model(world), world.random.choice(GATED + OTHERS)
    if name == to:
        return "nothing",
    if world.call(user, "POST", "registered-models/rename", {"name": name, "new_name": to})[0] == 200:
        world.models[to] = world.models.pop(name)
        return "rename", name, to
    return "rename refused", name, to


def roll_back(world, user):
    name, target = some_model(world), world.random.choice(TARGETS)
    world.call(user, "POST", "gates:rollback", {"name": name, target[0]: target[1]})
    return "rollback", name, target


def set_policy(world, user):
    """A second policy of champion, now stricter, now gone."""
    if world.extra_auc is None or world.random.random() < 0.5:
        auc = world.random.choice((0.7, 0.95))
        status, _ = world.call(user, "POST", "promotion-policies/set", {"policy": {
            "name": "extra", "model": "m*", "target": {"alias": "champion"}, "rules": [{"metric": f"metrics.auc >= {auc}"}]}})
        world.extra_auc = auc if status == 200 else world.extra_auc
    else:
        status, _ = world.call(user, "DELETE", "promotion-policies/delete", {"name": "extra"})
        world.extra_auc = None if status == 200 else world.extra_auc
    if status == 200 and USERS[user] not in MAY_APPROVE:
        world.problems.append(f"{user} may not set policies")
    status, answer = world.call(user, "DELETE", "promotion-policies/delete", {"name": "champion"})
    if status == 200:
        world.problems.append("the policy of a file was deleted by REST")
    return "policy",


def edit(world, user):
    """What must change nothing that counts: descriptions, tags, the run's tags, the trail itself."""
    name = some_model(world)
    version = some_version(world, name)
    world.call(user, "PATCH", "model-versions/update", {"name": name, "version": str(version), "description": "x",
                                                         "stage": "Production", "current_stage": "Production"})
    world.call(user, "POST", "model-versions/set-tag", {"name": name, "version": str(version), "key": "auc", "value": "1"})
    for method in ("POST", "PATCH", "DELETE", "PUT"):
        if world.call(user, method, f"promotion-audit/list?name={name}", {})[0] == 200:
            world.problems.append(f"{method} promotion-audit/list is answered 200")
    return "edit", name, version


DEEDS = [create_model, create_version, create_version, create_version, copy_version, promote, promote, promote, promote, promote,
         ask_for, decide, decide, decide, take_away, rename, roll_back, set_policy, edit]


def check_trail(world):
    """Each holder of a gated target is the last whom the trail says it was given to."""
    for (name, kind, which), versions in world.holders.items():
        if not is_gated(name, (kind, which)) or kind != "alias":
            continue
        trail = [entry for entry in world.ask(f"promotion-audit/list?name={name}&max_results=100").get("decisions", [])
                 if entry["outcome"] == "applied" and (entry["target"] or {}).get(kind) == which]
        if trail and {trail[0]["version"]} != versions:
            world.problems.append(f"{which} of {name} is held by {versions}, the trail's last word is {trail[0]}")
        world.counts["accounted for"] = world.counts.get("accounted for", 0) + bool(trail)


def start(options, folder):
    dags = os.path.join(folder, "dags")
    os.mkdir(dags)
    with open(os.path.join(dags, "all.policy.yaml"), "w", encoding="utf-8") as file:
        file.write(POLICIES)
    for name, command in (("check_good", "true"), ("check_bad", "false")):
        with open(os.path.join(dags, name + ".yaml"), "w", encoding="utf-8") as file:
            file.write(f"{name}:\n  start_date: 2024-01-01\n  schedule: null\n  tasks:\n    check:\n"
                       "      operator: airflow.providers.standard.operators.bash.BashOperator\n"
                       f"      bash_command: '{command}'\n")
    engine = Standalone(options.binary, os.path.join(folder, "home"), [dags]).start()
    world = World(engine, options.seed)
    for user, role in USERS.items():
        password = engine.password() if user == "admin" else user
        if user != "admin":
            subprocess.run([options.binary, "users", "create", "-u", user, "-r", role, "-p", user, "--home", engine.home],
                           check=True, capture_output=True)
        status, answer = engine.request("POST", "/auth/token", {"username": user, "password": password})
        assert status in (200, 201), answer
        world.tokens[user] = answer["access_token"]
    wait_until(lambda: len(world.ask("promotion-policies/list").get("policies", [])) == 4, 30, "the policies to be read")
    engine.wait_for_dag("check_bad")
    engine.wait_for_dag("check_good")
    return world


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    folder = os.path.realpath(tempfile.mkdtemp(prefix="hanok-doors-"))
    world = start(options, folder)
    for _ in range(options.calls):
        user = world.random.choice(sorted(USERS))
        extra = world.extra_auc
        what = world.random.choice(DEEDS)(world, user)
        world.counts[what[0]] = world.counts.get(what[0], 0) + 1
        if options.show:
            print(user, *what)
        look(world, user, what, extra)
        if world.problems:
            break
    if not world.problems:
        check_trail(world)
    world.engine.stop()
    print(f"seed {options.seed}: {dict(sorted(world.counts.items()))}")
    if not world.problems and world.counts.get("promoted", 0) < options.calls / 100:
        world.problems.append("hardly anything was promoted: this tests nothing")
    for problem in world.problems:
        print("FAILED:", problem)
    if world.problems:
        print("see", folder)
    else:
        shutil.rmtree(folder)
    print(f"{0 if world.problems else 1} passed, {1 if world.problems else 0} failed")
    return 1 if world.problems else 0


if __name__ == "__main__":
    sys.exit(main())
