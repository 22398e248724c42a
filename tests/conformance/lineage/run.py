"""Who has made a model is what the token of a task says, and nothing that can be written. usage: run.py HANOK

A task trains and registers with the unmodified client: the rule `lineage` lets that version pass. A version whose tags
say the same, written by hand, is refused with a sentence. The token does nothing but what a training task does, and
nothing at all once the task has ended. All of it with users and with --all-admins.
"""

import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

from engine_test import Report, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

DAGS = pathlib.Path(__file__).resolve().parent / "dags"
FORBIDDEN = 9  # calls of the DAG's


def xcom(engine, run, task_id):
    path = f"/api/v2/dags/train/dagRuns/{run}/taskInstances/{task_id}/xcomEntries/return_value?deserialize=true"
    return engine.get(path.replace("+", "%2B"))[1]["value"]


def by_hand(client, tags):
    """A version that looks as if a task had made it."""
    run = client.create_run("0", tags=tags)
    client.log_metric(run.info.run_id, "auc", 0.95)
    source = f"runs:/{run.info.run_id}/model"
    return client.create_model_version("earned", source, run.info.run_id).version


def refused(client, version):
    from mlflow.exceptions import MlflowException

    try:
        client.set_registered_model_alias("earned", "champion", version)
        return "nothing"
    except MlflowException as error:
        return str(error)


def check(report, engine, home):
    from mlflow import MlflowClient

    client = MlflowClient(engine.url, engine.url)
    client.create_registered_model("earned")
    token_file = os.path.join(home, "token")
    engine.wait_for_dag("train")
    wait_until(lambda: engine.get("/api/2.0/mlflow/promotion-policies/list")[1]["policies"], 60, "the policy")
    run = engine.trigger("train", conf={"token_file": token_file})
    report.equal("the DAG ends well", engine.wait_for_run("train", run), "success")
    run_id, version = xcom(engine, run, "make")
    report.equal("a task's token does not decide, administrate or leave its door", xcom(engine, run, "overreach"),
                 [403] * FORBIDDEN)
    tags = {key: value for key, value in client.get_run(run_id).data.tags.items() if key.startswith("airflow.")}
    report.equal("tags tell people the same", (tags["airflow.dag_id"], tags["airflow.dag_run_id"]), ("train", run))
    forged = by_hand(client, tags)
    why = refused(client, forged)
    report.contains("the same tags, written by hand, are refused", why, "PERMISSION_DENIED")
    report.contains("with what they are worth", why, f"its tags name run '{run}' of DAG 'train', but anybody can write")
    report.contains("and the cure", why, "train in a task of a DAG, where the MLflow client finds a token")
    bare = client.create_model_version("earned", "s3://somewhere/model").version
    report.contains("a version of no run, registered by a person", refused(client, bare), "no task has registered it")
    report.equal("what the task has made is let through", refused(client, version), "nothing")
    report.equal("and holds the alias", client.get_model_version_by_alias("earned", "champion").version, version)
    return token_file


def check_the_end(report, engine, token_file):
    with open(token_file, encoding="utf-8") as file:
        bearer = {"Authorization": "Bearer " + file.read()}
    late = lambda: engine.request("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers=bearer)  # noqa: E731
    report.equal("a task's last words are heard", late()[0], 200)
    wait_until(lambda: late()[0] != 200, 120, "the token to be worthless")
    status, answer = late()
    report.equal("a minute after the task the token is worthless", (status, answer["error_code"]), (403, "PERMISSION_DENIED"))
    report.contains("which is said", answer["message"], "The task whose token this is has ended")


def main():
    report = Report()
    os.environ.update(MLFLOW_LOGGING_LEVEL="ERROR", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")
    for name, options in (("lineage", ()), ("lineage-admins", ("--all-admins",))):
        with running_engine(report, sys.argv[1], name, *options) as (engine, folder):
            for file in DAGS.iterdir():
                if file.is_file():
                    shutil.copy(file, folder)
            if not options:
                os.environ.update(MLFLOW_TRACKING_USERNAME="admin", MLFLOW_TRACKING_PASSWORD=engine.password())
            token_file = check(report, engine, engine.home)
            if not options:
                check_the_end(report, engine, token_file)
            for variable in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
                os.environ.pop(variable, None)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
