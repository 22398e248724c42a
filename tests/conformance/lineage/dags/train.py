"""Makes a version with the token that each task finds, and tries with it what a task may not do."""

import json
import os
import urllib.error
import urllib.request

from airflow.sdk import DAG, task

APPROVE = {"name": "earned", "version": "1", "alias": "champion", "comment": "by myself"}
POLICY = {"policy": {"name": "mine", "model": "earned", "target": {"alias": "champion"}, "rules": []}}
WEBHOOK = {"name": "w", "url": "https://localhost/", "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]}
FORBIDDEN = (
    ("POST", "/api/2.0/mlflow/transition-requests/approve", APPROVE),
    ("POST", "/api/2.0/mlflow/transition-requests/reject", APPROVE),
    ("POST", "/api/2.0/mlflow/promotion-policies/set", POLICY),
    ("DELETE", "/api/2.0/mlflow/promotion-policies/delete", {"name": "earned-champion"}),
    ("POST", "/api/2.0/mlflow/webhooks", WEBHOOK),
    ("GET", "/api/v2/dags", None),
    ("POST", "/api/v2/dags/train/dagRuns", {"logical_date": None}),
    ("GET", "/api/v2/variables", None),
    ("GET", "/api/v2/connections", None),
)


def ask(method, path, body):
    request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + path, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"])
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, None if body is None else json.dumps(body).encode()) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


with DAG("train", schedule=None):

    @task
    def make(dag_run=None):
        import mlflow

        with open(dag_run.conf["token_file"], "w", encoding="utf-8") as file:
            file.write(os.environ["MLFLOW_TRACKING_TOKEN"])
        client = mlflow.MlflowClient()
        with mlflow.start_run() as run:
            mlflow.log_metric("auc", 0.95)
        source = f"runs:/{run.info.run_id}/model"
        return [run.info.run_id, client.create_model_version("earned", source, run.info.run_id).version]

    @task
    def overreach(made):
        return [ask(*call) for call in FORBIDDEN]

    overreach(make())
