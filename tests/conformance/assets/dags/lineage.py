"""What tasks are given for their MLflow client."""

import json
import os
import urllib.error
import urllib.request

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

NAMES = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_RUN_CONTEXT")


def ask(path):
    request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + path)
    request.add_header("Authorization", "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"])
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


with DAG("lineage", schedule=None):

    @task
    def show(n):
        print("token:", os.environ["MLFLOW_TRACKING_TOKEN"])
        return [
            os.environ["MLFLOW_TRACKING_URI"], json.loads(os.environ["MLFLOW_RUN_CONTEXT"]),
            ask("/api/2.0/mlflow-artifacts/artifacts"), ask("/api/v2/dags"), ask("/api/v2/variables"), os.getppid(),
        ]

    show.override(task_id="first")(1) >> show.override(task_id="second")(2)
    BashOperator(task_id="command", bash_command='echo "$MLFLOW_TRACKING_TOKEN"; echo "$MLFLOW_TRACKING_URI $MLFLOW_RUN_CONTEXT"')
    BashOperator(task_id="own", bash_command='echo "$MLFLOW_TRACKING_URI ${MLFLOW_TRACKING_TOKEN:-no token}"',
                 env={"MLFLOW_TRACKING_URI": "http://mine"}, append_env=True)
