"""searches.py for registered models, their versions and logged models. usage: model_searches.py URL OTHER_URL [--count N]

Names begin with what is given once to both servers, and every search asks for that beginning, so that nothing else there
is seen."""

import argparse
import random
import sys
import time
import urllib.parse

from searches import Server

PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
PROMPT_VERSION = [*PROMPT, {"key": "mlflow.prompt.text", "value": "hello"}]


def fill_registry(server, rand, prefix):
    for n in range(14):
        name = f"{prefix}-{n}"
        is_prompt = n % 7 == 3
        tags = [{"key": key, "value": rand.choice(["t", "T", "tt"])} for key in ("team", "a.b") if rand.random() < 0.6]
        server.must("registered-models/create", {"name": name, "tags": tags + (PROMPT if is_prompt else [])})
        for version in range(rand.choice([0, 1, 2, 4])):
            tags = [{"key": "v", "value": rand.choice(["x", "X"])}] if rand.random() < 0.6 else []
            server.must("model-versions/create", {
                "name": name, "source": "prompt-template" if is_prompt else rand.choice(["s3://b/a", "s3://b/B"]),
                "tags": tags + (PROMPT_VERSION if is_prompt else [])})
            time.sleep(0.002)
            if version == 1 and rand.random() < 0.3:
                assert server.ask("model-versions/delete", {"name": name, "version": "1"}, "DELETE")[0] == 200
        time.sleep(0.002)


def fill_logged(server, rand, prefix):
    experiment = server.must("experiments/create", {"name": prefix})["experiment_id"]
    run = server.must("runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    for n in range(20):
        pairs = [[{"key": key, "value": rand.choice(["a", "A", "ab", "5"])} for key in keys if rand.random() < 0.7]
                 for keys in (("p", "q"), ("team",))]
        model = server.must("logged-models", {
            "experiment_id": experiment, "name": f"{prefix}-{n}", "model_type": rand.choice(["", "Agent"]),
            "params": pairs[0], "tags": pairs[1]})["model"]["info"]["model_id"]
        for time_ms in [3, 1, 2][:rand.choice([0, 1, 2, 3])]:
            data = rand.choice([None, ("d1", "x"), ("d2", "y")])
            server.must("runs/log-metric", {
                "run_id": run, "model_id": model, "key": rand.choice(["acc", "val/loss"]), "value": rand.choice([0, 1, 1, 2.5]),
                "timestamp": time_ms, "step": rand.choice([0, 1]),
                **({"dataset_name": data[0], "dataset_digest": data[1]} if data else {})})
        if rand.random() < 0.5:
            server.ask(f"logged-models/{model}", {"model_id": model, "status": "LOGGED_MODEL_READY"}, "PATCH")
        time.sleep(0.002)
    return experiment


MODEL_TERMS = ["tags.team = 't'", "tags.team != 't'", "tags.team LIKE 't%'", "tags.team ILIKE 'T%'", "tags.`a.b` = 'T'",
               "name != 'x'", "name LIKE '%-1%'", "name ILIKE '%-1%'", "tags.`mlflow.prompt.is_prompt` = 'true'",
               "tags.`mlflow.prompt.is_prompt` != 'true'", "tags.`mlflow.prompt.is_prompt` = 'false'",
               "tags.`mlflow.prompt.is_prompt` != 'false'", "tags.team != 'T' AND tags.team != 'tt'"]
VERSION_TERMS = ["tags.v = 'x'", "tags.v ILIKE 'x'", "version_number > 1", "version_number = '2'", "version_number != 1",
                 "source_path = 's3://b/a'", "source_path LIKE '%/B'", "run_id = ''", "run_id != 'x'", "name LIKE '%-1%'",
                 *MODEL_TERMS[8:12]]
MODEL_ORDERS = ["name", "name DESC", "timestamp", "last_updated_timestamp DESC"]
VERSION_ORDERS = ["name DESC", "version_number", "creation_timestamp", "last_updated_timestamp DESC", "version_number DESC"]
LOGGED_TERMS = ["metrics.acc > 0.5", "metrics.acc != 1", "metrics.val/loss <= 1", "metrics.`val/loss` = 2.5", "params.p = 'a'",
                "params.p != 'a'", "params.q LIKE 'a%'", "params.q ILIKE 'A%'", "params.p = 5", "tags.team IN ('a', 'A')",
                "tags.team NOT IN ('a')", "name LIKE '%-1%'", "model_type = 'Agent'", "source_run_id = ''",
                "creation_time > 5", "model_id != 'x'", "status = 1", "lifecycle = 'x'"]
FIELDS = ["name", "creation_time", "creation_timestamp", "metrics.acc", "metrics.val/loss", "status", "model_type"]


def registry_search(rand, prefix):
    kind, terms, orders = rand.choice([("registered-models", MODEL_TERMS, MODEL_ORDERS),
                                       ("model-versions", VERSION_TERMS, VERSION_ORDERS)])
    chosen = [f"name LIKE '{prefix}-%'", *rand.sample(terms, rand.choice([0, 1, 1, 2]))]
    query = [("filter", " AND ".join(chosen)), ("max_results", rand.choice([2, 5, 100]))]
    query += [("order_by", order) for order in rand.sample(orders, rand.choice([0, 1, 1, 2]))]
    return kind, query


def ask_registry(server, kind, query):
    pages, token = [], None
    while len(pages) < 60:
        text = urllib.parse.urlencode(query + ([("page_token", token)] if token else []))
        status, answer = server.ask(f"{kind}/search?{text}", None, "GET")
        if status != 200:
            return "refused"
        pages.append([[item["name"], item.get("version"), sorted(tag["key"] for tag in item.get("tags", []))]
                      for item in answer.get("registered_models", answer.get("model_versions", []))])
        token = answer.get("next_page_token")
        if not token:
            break
    return pages


def logged_search(rand):
    search = {"filter": " AND ".join(rand.sample(LOGGED_TERMS, rand.choice([0, 1, 1, 2]))),
              "max_results": rand.choice([3, 100]),
              "order_by": [{"field_name": name, "ascending": rand.random() < 0.5}
                           for name in rand.sample(FIELDS, rand.choice([0, 1, 2]))]}
    if rand.random() < 0.3:
        search["datasets"] = [{"dataset_name": "d1", "dataset_digest": "x"}]
    for order in search["order_by"]:
        if order["field_name"].startswith("metrics.") and rand.random() < 0.3:
            order["dataset_name"] = "d2"
    return search


def ask_logged(server, experiment, search):
    pages, token = [], None
    while len(pages) < 60:
        body = {**search, "experiment_ids": [experiment], **({"page_token": token} if token else {})}
        status, answer = server.ask("logged-models/search", body)
        if status != 200:
            return "refused"
        pages.append([model["info"]["name"] for model in answer.get("models", [])])
        token = answer.get("next_page_token")
        if not token:
            break
    return pages


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("urls", nargs=2)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    prefix = f"m{random.randrange(10**9)}"
    servers = [Server(url) for url in args.urls]
    experiments = []
    for server in servers:
        fill_registry(server, random.Random(args.seed), prefix)
        experiments.append(fill_logged(server, random.Random(args.seed), prefix))
    rand = random.Random(args.seed)
    bad = found = 0
    for _ in range(args.count):
        asked = registry_search(rand, prefix)
        answers = [ask_registry(server, *asked) for server in servers]
        found += answers[0] not in ("refused", [[]])
        if answers[0] != answers[1]:
            bad += 1
            print(f"{asked}\n   {answers[0]}\n   {answers[1]}")
        asked = logged_search(rand)
        answers = [ask_logged(server, experiment, asked) for server, experiment in zip(servers, experiments, strict=True)]
        found += answers[0] not in ("refused", [[]])
        if answers[0] != answers[1]:
            bad += 1
            print(f"{asked}\n   {answers[0]}\n   {answers[1]}")
    print(f"{2 * args.count} searches, {found} found something, {bad} answered differently")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
