"""Every call that takes JSON, with each member in turn missing or wrong: hanok must answer, and say what is wrong.

usage: mutations.py HANOK [--real]

An answer is 200, or a refusal below 500 in MLflow's shape with a sentence in it. With --real the same is asked of the real
server of .venv-mlflow, and what it refuses hanok must refuse, too, but for LENIENT. (That hanok is stricter is meant, and
written down in docs/mlflow.md: it refuses by name what MLflow takes for zero or nothing.)
"""

import argparse
import contextlib
import copy
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from asked.traces import V3, trace  # noqa: E402
from asker import ID, Asker  # noqa: E402
from engine_test import Report, running_engine  # noqa: E402
from real_mlflow import real_mlflow  # noqa: E402

GONE = object()
VALUES = [GONE, None, 5, -1, 1.5, True, "x", "", [], {}, ["x"], [None], [5], {"a": 1}, "y" * 600, "ü\0z", 10**30]
PAIR = [{"key": "k", "value": "v"}]
NEW = [{"key": "NEW", "value": "v"}]  # NEW: another name each time
SOURCE = {"source_type": "HUMAN", "source_id": "kim"}
HOOK = {"name": "h", "url": "https://8.8.8.8/x", "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}],
        "description": "d", "secret": "s", "status": "ACTIVE"}

# (call, member, why): where hanok takes what MLflow refuses.
LENIENT = [
    (r"traces$", r"trace_location\.type", "the experiment in it says the same"),
    (r"/assessments$", r"assessment\.trace_id", "the trace is that of the address"),
    (r"search-datasets", r".", "the real server has this call below /ajax-api only"),
]
DATABASE = re.compile(r"^\(sqlite3\.|^\(raised as a result")  # complains of what the same body did before


class Server:
    """With one of everything in it."""

    def __init__(self, url, password=None):
        self.asker, self.made = Asker(url, password), 0
        self.experiment = self.asker.experiment("mutations")
        self.run = self.asker.run(self.experiment)
        model = self.asker.post("logged-models", {"experiment_id": self.experiment, "name": "m"})
        self.model = model["model"]["info"]["model_id"]
        self.asker.post("registered-models/create", {"name": "house"})
        self.asker.post("model-versions/create", {"name": "house", "source": "s3://x/y"})
        self.trace = "tr-" + "1" * 32
        self.asker.post(V3, trace(self.experiment, self.trace))
        said = self.asker.post(f"{V3}/{self.trace}/assessments", {"assessment": {"assessment_name": "a", "source": SOURCE,
                                                                                 "feedback": {"value": True}}})
        self.assessment = said["assessment"]["assessment_id"]
        self.hook = self.asker.post("webhooks", HOOK)["webhook"]["webhook_id"]

    def ask(self, method, path, body):
        """(status, answer)"""
        self.made += 1
        body = json.loads(json.dumps(body).replace("NEW", f"new{self.made}"))
        answer = self.asker.ask(method, path, body)
        return self.asker.found.pop()["status"], answer


def calls_of(s):
    """(method, path, good body), in an order that is the same for every server."""
    yield "POST", "experiments/create", {"name": "NEW", "artifact_location": "s3://a/b", "tags": PAIR}
    yield "POST", "experiments/search", {"max_results": 5, "order_by": ["name"], "filter": "name = 'x'", "view_type": "ALL"}
    yield "POST", "experiments/update", {"experiment_id": s.experiment, "new_name": "NEW"}
    yield "POST", "experiments/set-experiment-tag", {"experiment_id": s.experiment, "key": "k", "value": "v"}
    yield "POST", "experiments/search-datasets", {"experiment_ids": [s.experiment]}
    yield "POST", "runs/create", {"experiment_id": s.experiment, "user_id": "u", "run_name": "n", "start_time": 5,
                                  "tags": PAIR}
    yield "POST", "runs/update", {"run_id": s.run, "status": "FINISHED", "end_time": 5, "run_name": "n"}
    yield "POST", "runs/log-metric", {"run_id": s.run, "key": "k", "value": 1.0, "timestamp": 1, "step": 0, "model_id": s.model,
                                      "dataset_name": "d", "dataset_digest": "x"}
    yield "POST", "runs/log-parameter", {"run_id": s.run, "key": "NEW", "value": "v"}
    yield "POST", "runs/set-tag", {"run_id": s.run, "key": "k", "value": "v"}
    yield "POST", "runs/log-inputs", {"run_id": s.run, "models": [{"model_id": s.model}], "datasets": [
        {"tags": PAIR, "dataset": {"name": "d", "digest": "x", "source_type": "s", "source": "s", "schema": "s",
                                   "profile": "p"}}]}
    yield "POST", "runs/outputs", {"run_id": s.run, "models": [{"model_id": s.model, "step": 1}]}
    yield "POST", "runs/log-batch", {"run_id": s.run, "metrics": [{"key": "k", "value": 1.0, "timestamp": 1, "step": 0}],
                                     "params": NEW, "tags": PAIR}
    yield "POST", "runs/search", {"experiment_ids": [s.experiment], "filter": "", "run_view_type": "ALL", "max_results": 5,
                                  "order_by": ["metrics.k"]}
    yield "POST", "logged-models", {"experiment_id": s.experiment, "name": "n", "model_type": "t", "source_run_id": s.run,
                                    "params": PAIR, "tags": PAIR}
    yield "POST", "logged-models/search", {
        "experiment_ids": [s.experiment], "filter": "", "datasets": [{"dataset_name": "d", "dataset_digest": "x"}],
        "max_results": 5, "order_by": [{"field_name": "name", "ascending": True}]}
    yield "PATCH", f"logged-models/{s.model}/tags", {"tags": PAIR}
    yield "POST", f"logged-models/{s.model}/params", {"model_id": s.model, "params": NEW}
    yield "PATCH", f"logged-models/{s.model}", {"model_id": s.model, "status": "LOGGED_MODEL_READY"}
    yield "POST", "registered-models/create", {"name": "NEW", "description": "d", "tags": PAIR}
    yield "PATCH", "registered-models/update", {"name": "house", "description": "d"}
    yield "POST", "registered-models/get-latest-versions", {"name": "house", "stages": ["None"]}
    yield "POST", "registered-models/set-tag", {"name": "house", "key": "k", "value": "v"}
    yield "POST", "registered-models/alias", {"name": "house", "alias": "a", "version": "1"}
    yield "POST", "model-versions/create", {"name": "house", "source": "s3://x/y", "run_id": s.run, "description": "d",
                                            "run_link": "l", "model_id": s.model, "tags": PAIR}
    yield "PATCH", "model-versions/update", {"name": "house", "version": "1", "description": "d"}
    yield "POST", "model-versions/transition-stage", {"name": "house", "version": "1", "stage": "Staging",
                                                      "archive_existing_versions": True}
    yield "POST", "model-versions/set-tag", {"name": "house", "version": "1", "key": "k", "value": "v"}
    yield "POST", V3, trace(s.experiment, s.trace)
    yield "PATCH", f"{V3}/{s.trace}/tags", {"key": "k", "value": "v"}
    yield "POST", f"{V3}/search", {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {
        "experiment_id": s.experiment}}], "filter": "", "max_results": 5, "order_by": ["timestamp_ms"]}
    yield "POST", f"{V3}/{s.trace}/assessments", {"assessment": {
        "assessment_name": "a", "trace_id": s.trace, "source": SOURCE, "feedback": {"value": True}, "rationale": "so",
        "metadata": {"k": "v"}, "create_time": "2026-01-02T03:04:05Z", "last_update_time": "2026-01-02T03:04:05Z"}}
    yield "PATCH", f"{V3}/{s.trace}/assessments/{s.assessment}", {
        "assessment": {"assessment_name": "x", "feedback": {"value": 1}}, "update_mask": "feedback"}
    yield "POST", "webhooks", HOOK
    yield "PATCH", f"webhooks/{s.hook}", HOOK


def places_of(value, at=()):
    """Paths to all that is inside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inside:
        yield at + (key,)
        yield from places_of(member, at + (key,))


def changed(body, at, value):
    body = copy.deepcopy(body)
    holder = body
    for key in at[:-1]:
        holder = holder[key]
    if value is GONE:
        del holder[at[-1]]
    else:
        holder[at[-1]] = value
    return body


def sentence_of(answer):
    return answer.get("message", "") if isinstance(answer, dict) else ""


def problem_of(path, place, status, answer, real):
    """What is wrong with hanok's answer; None: nothing. real: what MLflow answered to the same, if it was asked."""
    if status != 200 and not (400 <= status < 500 and sentence_of(answer)):
        return f"{status} {answer!r:.300}"
    is_meant = any(re.search(call, path) and re.search(member, place) for call, member, _ in LENIENT)
    if real and status == 200 and 400 <= real[0] < 500 and not is_meant and not DATABASE.search(sentence_of(real[1])):
        return f"taken; MLflow: {real[0]} {real[1]!r:.300}"
    return None


def check(report, hanok, real):
    asked_of_real = calls_of(real) if real else None
    for method, path, body in calls_of(hanok):
        other = next(asked_of_real) if real else None
        status, answer = hanok.ask(method, path, body)
        problems = [] if status == 200 else [f"unchanged: {answer!r:.300}"]
        if real:
            real.ask(*other)
        for at in places_of(body):
            for value in VALUES:
                answer = hanok.ask(method, path, changed(body, at, value))
                wanted = real.ask(other[0], other[1], changed(other[2], at, value)) if real else None
                place = ".".join(map(str, at))
                problem = problem_of(path, place, *answer, wanted)
                if problem:
                    problems.append(f"{place} {'gone' if value is GONE else repr(value)[:40]}: {problem}")
        report.check(f"{method} {ID.sub('ID', path)}", problems)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", metavar="HANOK")
    parser.add_argument("--real", action="store_true", help="compare with the real server, which this starts")
    options = parser.parse_args()
    report = Report()
    with contextlib.ExitStack() as stack:
        engine, _ = stack.enter_context(running_engine(report, os.path.abspath(options.binary), "mlflow-mutations"))
        real = Server(stack.enter_context(real_mlflow())[0]) if options.real else None
        check(report, Server(engine.url, engine.password()), real)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
