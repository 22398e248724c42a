"""Promotions to one target at the same instant: one wins, and whoever looked before it gets a conflict.

Rounds of clients that promote versions of their own at a barrier. Each promotion that was answered with success is in
the audit trail once, with the version before it as the previous holder, so that they form one line; each conflict is
answered 409 and has changed nothing; the last of the line holds the target. In other rounds two requests are approved at
once by two people: one is applied, the other superseded. usage: at_once.py HANOK [--rounds N]
"""

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from standalone import Standalone, wait_until  # noqa: E402

CLIENTS = 8
POLICIES = """policies:
  - {name: champion, model: house, target: {alias: champion}, rules: [metric: metrics.auc >= 0.5]}
  - {name: production, model: house, target: {stage: Production}, rules: [approvals: {count: 1, role: Op}]}
"""


class Client:
    def __init__(self, engine, user, password):
        self.connection = http.client.HTTPConnection(engine.url.removeprefix("http://"), timeout=60)
        status, answer = engine.request("POST", "/auth/token", {"username": user, "password": password})
        assert status in (200, 201), answer
        self.headers = {"Authorization": "Bearer " + answer["access_token"], "Content-Type": "application/json"}

    def call(self, method, path, body=None):
        self.connection.request(method, "/api/2.0/mlflow/" + path, None if body is None else json.dumps(body), self.headers)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")

    def done(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        assert status == 200, (path, answer)
        return answer


def at_once(deeds):
    """Does them all at the same instant, each in a thread; their results."""
    barrier, results = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(i):
        barrier.wait()
        results[i] = deeds[i]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def make_version(client):
    run = client.done("POST", "runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
    client.done("POST", "runs/log-metric", {"run_id": run, "key": "auc", "value": 0.9, "timestamp": 1, "step": 0})
    return client.done("POST", "model-versions/create", {"name": "house", "source": f"runs:/{run}/m", "run_id": run})[
        "model_version"]["version"]


def trail(client, key, name):
    """(version, previous) of all that were applied to the target, the oldest first."""
    entries, token = [], ""
    while True:
        answer = client.done("GET", f"promotion-audit/list?name=house&max_results=100&page_token={token}")
        entries += answer["decisions"]
        token = answer.get("next_page_token", "")
        if not token:
            break
    return [(str(entry["version"]), entry["previous_version"] and str(entry["previous_version"]))
            for entry in reversed(entries)
            if entry["outcome"] == "applied" and entry["action"] == "promote" and (entry["target"] or {}).get(key) == name]


def race(clients, rounds, problems):
    won, lost = [], []
    for _ in range(rounds):
        versions = [make_version(client) for client in clients]
        answers = at_once([lambda c=client, v=version: c.call("POST", "registered-models/alias", {
            "name": "house", "alias": "champion", "version": v}) for client, version in zip(clients, versions)])
        for version, (status, answer) in zip(versions, answers):
            if status == 200:
                won.append(version)
            elif status == 409 and answer.get("error_code") == "RESOURCE_CONFLICT":
                lost.append(version)
            else:
                problems.append(f"version {version}: {status} {answer}")
    line = trail(clients[0], "alias", "champion")
    if sorted(version for version, _ in line) != sorted(won):
        problems.append(f"{len(won)} promotions were answered with success, {len(line)} are in the trail")
    if any(previous != before for (_, previous), (before, _) in zip(line[1:], line)):
        problems.append("the trail is no line: a promotion had another holder before it than it says")
    if set(lost) & {version for version, _ in line}:
        problems.append("a promotion that got a conflict has been applied")
    holder = clients[0].done("GET", "registered-models/alias?name=house&alias=champion")["model_version"]["version"]
    if holder != line[-1][0]:
        problems.append(f"version {holder} holds the alias, {line[-1][0]} was the last to get it")
    if not lost:
        problems.append("no two promotions met: this tests nothing")
    print(f"{rounds} rounds of {len(clients)}: {len(won)} promoted, {len(lost)} conflicts")


def approve_at_once(asker, approvers, rounds, problems):
    for _ in range(rounds):
        versions = [make_version(asker) for _ in approvers]
        for version in versions:
            asker.done("POST", "transition-requests/create", {"name": "house", "version": version, "stage": "Production"})
        answers = at_once([lambda c=client, v=version: c.call("POST", "transition-requests/approve", {
            "name": "house", "version": v, "stage": "Production", "archive_existing_versions": True})
            for client, version in zip(approvers, versions)])
        states = [answer.get("activity", {}).get("state") for _, answer in answers]
        stages = [asker.done("GET", f"model-versions/get?name=house&version={version}")["model_version"]["current_stage"]
                  for version in versions]
        still_open = [request for version in versions
                      for request in asker.done("GET", f"transition-requests/list?name=house&version={version}")["requests"]]
        if sorted(stages) != ["None", "Production"] or still_open:
            problems.append(f"approved at once: {stages}, answered {states} {answers}, open {still_open}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    folder = os.path.realpath(tempfile.mkdtemp(prefix="hanok-at-once-"))
    dags = os.path.join(folder, "dags")
    os.mkdir(dags)
    with open(os.path.join(dags, "all.policy.yaml"), "w", encoding="utf-8") as file:
        file.write(POLICIES)
    engine = Standalone(options.binary, os.path.join(folder, "home"), [dags]).start()
    for user, role in (("una", "User"), ("olga", "Op"), ("otto", "Op")):
        subprocess.run([options.binary, "users", "create", "-u", user, "-r", role, "-p", user, "--home", engine.home], check=True,
                       capture_output=True)
    admins = [Client(engine, "admin", engine.password()) for _ in range(CLIENTS)]
    wait_until(lambda: len(admins[0].done("GET", "promotion-policies/list").get("policies", [])) == 2, 30, "the policies")
    admins[0].done("POST", "registered-models/create", {"name": "house"})
    problems = []
    race(admins, options.rounds, problems)
    una, olga, otto = (Client(engine, user, user) for user in ("una", "olga", "otto"))
    approve_at_once(una, [olga, otto], options.rounds, problems)
    engine.stop()
    for problem in problems:
        print("FAILED:", problem)
    if problems:
        print("see", folder)
    else:
        shutil.rmtree(folder)
    print(f"{0 if problems else 1} passed, {1 if problems else 0} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
