"""Promotions that must be earned: what MLflow has not, asked with its unmodified client."""

import base64
import json
import os
import pathlib
import time
import urllib.error
import urllib.request

import mlflow
import mlflow.sklearn
import numpy
from checks import equal, refused, test, unique
from mlflow import MlflowClient
from mlflow.models import infer_signature


def call(server, method, path, user=None, **body):
    """As somebody else, or what the client has no function for: (status, answer)."""
    name, password = user or (os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"])
    request = urllib.request.Request(f"{server.url}/api/2.0/mlflow/{path}", method=method,
                                     data=json.dumps(body).encode() if body else None)
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode())
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def set_policy(server, name, target, *rules):
    status, answer = call(server, "POST", "promotion-policies/set",
                          policy={"name": f"{name}-policy-{target}", "model": name, "target": target, "rules": list(rules)})
    equal(status, 200, answer)


def version(name, auc):
    """A version from a run with that AUC."""
    client = MlflowClient()
    try:
        client.create_registered_model(name)
    except mlflow.exceptions.MlflowException:
        pass
    run = client.create_run("0")
    client.log_metric(run.info.run_id, "auc", auc)
    client.set_terminated(run.info.run_id)
    return client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id).version


def wait_for(what, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return
        time.sleep(0.1)
    raise AssertionError("this took too long")


@test(only_hanok=True)
def a_metric_keeps_an_alias(server):
    client, name = MlflowClient(), unique("gated")
    bad, good, worse = version(name, 0.8), version(name, 0.95), version(name, 0.93)
    set_policy(server, name, {"alias": "champion"}, {"metric": "metrics.auc >= 0.90"},
               {"metric": "auc >= champion.auc - 0.005"})
    with refused("PERMISSION_DENIED", "may not have the alias 'champion'", "metrics.auc >= 0.90: 0.8 is not >= 0.9."):
        client.set_registered_model_alias(name, "champion", bad)
    client.set_registered_model_alias(name, "champion", good)
    with refused("PERMISSION_DENIED", "auc >= champion.auc - 0.005: 0.93 is not >= 0.945."):
        client.set_registered_model_alias(name, "champion", worse)
    equal(client.get_model_version_by_alias(name, "champion").version, good)
    client.set_registered_model_alias(name, "other", bad)
    status, answer = call(server, "GET", f"promotion-audit/list?name={name}")
    equal([d["outcome"] for d in answer["decisions"] if d["action"] == "promote"],
          ["applied", "refused", "applied", "refused"])
    measured = answer["decisions"][1]["rules"][1]
    equal((measured["measured"], measured["threshold"], measured["outcome"]), ("0.93", ">= 0.945", "failed"))


@test(only_hanok=True)
def a_stage_is_kept_by_an_approval(server):
    client, name = MlflowClient(), unique("approved")
    number = version(name, 0.95)
    set_policy(server, name, {"stage": "Production"}, {"approvals": {"count": 1, "role": "Op"}})
    with refused("PERMISSION_DENIED", "the transition request", "completes by itself", "1 approval by Op: 0 given."):
        client.transition_model_version_stage(name, number, "Production")
    status, answer = call(server, "GET", f"transition-requests/list?name={name}&version={number}")
    equal([(r["to_stage"], r["state"]) for r in answer["requests"]], [("Production", "open")])
    body = {"name": name, "version": number, "stage": "Production"}
    status, answer = call(server, "POST", "transition-requests/approve", **body)
    equal((status, answer["error_code"]), (403, "PERMISSION_DENIED"), answer)  # by whom it was asked for
    equal(client.get_model_version(name, number).current_stage, "None")
    status, answer = call(server, "POST", "transition-requests/reject", **body, comment="not today")
    equal((status, answer["activity"]["activity_type"]), (200, "REJECTED_REQUEST"))


@test(only_hanok=True)
def a_model_must_have_a_signature_and_be_unchanged(server):
    from sklearn.linear_model import LinearRegression

    client, name = MlflowClient(), unique("signed")
    one = numpy.array([[0.5]])
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    with mlflow.start_run():
        mlflow.sklearn.log_model(model, name="m", registered_model_name=name)
    with mlflow.start_run():
        mlflow.sklearn.log_model(model, name="m", registered_model_name=name, input_example=one,
                                 signature=infer_signature(one, one[0]))
    set_policy(server, name, {"alias": "champion"}, "signature", "input_example", "checksum")
    with refused("PERMISSION_DENIED", "signature: the model was logged without one."):
        client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "champion", "2")
    mlflow.pyfunc.load_model(f"models:/{name}@champion").predict(one)


@test(only_hanok=True)
def a_validation_lets_a_promotion_go_on(server):
    client, name = MlflowClient(), unique("validated")
    dag_id = f"check_{name.replace('-', '_')}"
    number = version(name, 0.95)
    folder = pathlib.Path(server.folder)
    (folder / f"{dag_id}.yaml").write_text(f"{dag_id}:\n  schedule: null\n  start_date: 2024-01-01\n"
                                           "  is_paused_upon_creation: false\n  tasks:\n    - task_id: check\n"
                                           "      operator: airflow.operators.bash.BashOperator\n"
                                           "      bash_command: 'true'\n")
    (folder / f"{name}.policy.yaml").write_text(f"policies:\n  - name: {name}\n    model: {name}\n"
                                                "    target: {alias: champion}\n    rules:\n"
                                                f"      - validation_dag: {dag_id}\n")

    def is_read():
        policies = call(server, "GET", "promotion-policies/list")[1]["policies"]
        verdict = call(server, "POST", "gates:evaluate", name=name, version=number, alias="champion")[1]
        return name in [p["name"] for p in policies] and verdict["outcome"] == "outstanding"

    wait_for(is_read)
    with refused("PERMISSION_DENIED", "the transition request", f"DAG {dag_id} succeeds: it has not begun."):
        client.set_registered_model_alias(name, "champion", number)
    wait_for(lambda: client.get_registered_model(name).aliases.get("champion") == number)


@test(only_hanok=True)
def the_way_back_is_one_call(server):
    client, name = MlflowClient(), unique("back")
    for auc in (0.9, 0.95):
        client.set_registered_model_alias(name, "champion", version(name, auc))
    status, answer = call(server, "POST", "gates:rollback", name=name, alias="champion", comment="it drifts")
    equal((status, answer["model_version"]["version"]), (200, "1"))
    equal(client.get_model_version_by_alias(name, "champion").version, "1")
    decision = call(server, "GET", f"promotion-audit/list?name={name}")[1]["decisions"][0]
    equal((decision["action"], decision["comment"], decision["previous_version"]), ("rollback", "it drifts", 2))
