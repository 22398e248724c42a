"""The same runs in two servers, the same searches, the same answers? usage: searches.py URL OTHER_URL [--count N] [--seed S]

One of them is the real `mlflow server`, one hanok; both are left with an experiment more. Runs are told apart by their
names. What a search refuses is compared by its status only."""

import argparse
import json
import random
import sys
import urllib.error
import urllib.request


class Server:
    def __init__(self, url):
        self.url = url

    def ask(self, path, body, method="POST"):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/api/2.0/mlflow/{path}", method=method, data=data,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def must(self, path, body):
        status, answer = self.ask(path, body)
        assert status == 200, (path, body, answer)
        return answer


def make_runs(rand, count):
    """Values are few, so that there are ties; some are missing, some are no numbers."""
    runs = []
    for n in range(count):
        values = [0, 1, 1, 2, -1.5, 0.5, "NaN", "Infinity", "-Infinity"]
        metrics = {key: rand.choice(values) for key in ("acc", "loss", "val loss") if rand.random() < 0.7}
        params = {key: rand.choice(["a", "b", "A", "x_y", "x%y", "50*", "[a]"]) for key in ("p", "q") if rand.random() < 0.7}
        tags = {key: rand.choice(["t", "T", "tt", "ü", ""]) for key in ("team", "a.b") if rand.random() < 0.7}
        data = [(rand.choice(["d1", "d2"]), rand.choice(["train", "test", None])) for _ in range(rand.choice([0, 0, 1, 2]))]
        runs.append({"name": f"run-{n}", "start": rand.choice([1, 2, 3, 4]), "metrics": metrics, "params": params, "tags": tags,
                     "data": data, "end": rand.choice([None, 5, 6]), "deleted": rand.random() < 0.15,
                     "status": rand.choice(["FINISHED", "FAILED"])})
    return runs


def fill(server, runs, name):
    experiment = server.must("experiments/create", {"name": name})["experiment_id"]
    for run in runs:
        info = server.must("runs/create", {"experiment_id": experiment, "start_time": run["start"], "run_name": run["name"],
                                           "user_id": "u"})["run"]["info"]
        server.must("runs/log-batch", {
            "run_id": info["run_id"],
            "metrics": [{"key": key, "value": value, "timestamp": 1, "step": 0} for key, value in run["metrics"].items()],
            "params": [{"key": key, "value": value} for key, value in run["params"].items()],
            "tags": [{"key": key, "value": value} for key, value in run["tags"].items()]})
        for name, context in run["data"]:
            tags = [{"key": "mlflow.data.context", "value": context}] if context else []
            server.must("runs/log-inputs", {"run_id": info["run_id"], "datasets": [
                {"tags": tags, "dataset": {"name": name, "digest": "x" + name, "source_type": "s", "source": "s"}}]})
        if run["end"]:
            server.must("runs/update", {"run_id": info["run_id"], "status": run["status"], "end_time": run["end"]})
        if run["deleted"]:
            server.must("runs/delete", {"run_id": info["run_id"]})
    return experiment


TERMS = [
    *[f"metrics.{key} {op} {value}" for key in ("acc", "loss", "`val loss`", "none") for op in ("=", "!=", "<", "<=", ">", ">=")
      for value in ("0", "1", "-1.5", "0.5", "1e308")],
    *[f"params.{key} {op} '{value}'" for key in ("p", "q", "none") for op in ("=", "!=", "LIKE", "ILIKE")
      for value in ("a", "A", "x_y", "x%", "%*", "[a]", "%", "")],
    *[f"tags.{key} {op} '{value}'" for key in ("team", "`a.b`", "mlflow.runName") for op in ("=", "!=", "LIKE", "ILIKE")
      for value in ("t", "T%", "run-1%", "Ü", "")],
    *[f"{kind}.{key} IS {no}NULL" for kind in ("params", "tags") for key in ("p", "team", "none") for no in ("", "NOT ")],
    *[f"start_time {op} 2" for op in ("=", "!=", "<", ">=")], "end_time > 5", "end_time != 5", "created < 3.5",
    "status = 'FINISHED'", "status != 'RUNNING'", "status LIKE 'F%'", "run_name LIKE 'run-2%'", "run_name != 'run-3'",
    "user_id = 'u'", "artifact_uri LIKE '%artifacts'", "run_id != 'x'", "run_id NOT IN ('x')", "run_id IN ('x', 'y')",
    *[f"dataset.{key} {op}" for key in ("name", "digest", "context")
      for op in ("= 'd1'", "LIKE 'x%'", "IN ('train', 'xd2')", "!= 'd1'", "NOT IN ('test')", "= 'train'")],
]
ORDERS = ["metrics.acc", "metrics.loss", "metrics.`val loss`", "metrics.none", "params.p", "params.q", "tags.team",
          "start_time", "end_time", "status", "run_name", "user_id"]


def random_search(rand):
    terms = rand.sample(TERMS, rand.choice([0, 1, 1, 1, 2, 2, 3]))
    orders = [f"{name} {rand.choice(['ASC', 'DESC'])}" for name in rand.sample(ORDERS, rand.choice([0, 1, 1, 2]))]
    return {"filter": " AND ".join(terms), "order_by": [*orders, "run_name"] if "run_name" not in " ".join(orders) else orders,
            "run_view_type": rand.choice(["ACTIVE_ONLY", "ACTIVE_ONLY", "DELETED_ONLY", "ALL"]),
            "max_results": rand.choice([3, 10, 1000])}


def all_pages(server, experiment, search):
    """The names on each page, and the first run of the first."""
    pages = []
    first = None
    token = None
    while len(pages) < 40:
        body = {**search, "experiment_ids": [experiment], **({"page_token": token} if token else {})}
        status, answer = server.ask("runs/search", body)
        if status != 200:
            return status, answer
        runs = answer.get("runs", [])
        first = first or (plain(runs[0]) if runs else None)
        pages.append([run["info"]["run_name"] for run in runs])
        token = answer.get("next_page_token")
        if not token:
            break
    return pages, first


def plain(run):
    """What is the same in both servers."""
    info = {key: run["info"].get(key) for key in ("run_name", "status", "start_time", "end_time", "lifecycle_stage", "user_id")}
    data = {key: sorted(json.dumps(item, sort_keys=True) for item in run["data"].get(key, [])) for key in
            ("metrics", "params", "tags")}
    inputs = [[item["dataset"]["name"], item.get("tags")] for item in run.get("inputs", {}).get("dataset_inputs", [])]
    return [info, data, sorted(json.dumps(item) for item in inputs)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("urls", nargs=2)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rand = random.Random(args.seed)
    servers = [Server(url) for url in args.urls]
    runs = make_runs(rand, args.runs)
    experiments = [fill(server, runs, f"searches-{args.seed}-{args.runs}-{rand.random()}") for server in servers[:1]]
    experiments += [fill(server, runs, f"searches-{rand.random()}") for server in servers[1:]]
    bad = 0
    for _ in range(args.count):
        search = random_search(rand)
        answers = [all_pages(server, experiment, search) for server, experiment in zip(servers, experiments, strict=True)]
        if answers[0] != answers[1] and (isinstance(answers[0][0], list) or answers[0][0] != answers[1][0]):
            bad += 1
            print(f"{json.dumps(search)}\n   {answers[0]}\n   {answers[1]}")
    print(f"{args.count} searches over {args.runs} runs, {bad} answered differently")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
