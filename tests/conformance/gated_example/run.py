"""dags/examples/comfort_model.py to its end: a version that earns its alias, and others that do not.

usage: run.py HANOK
The DAG trains, evaluates, registers and asks; the gate runs the validation DAG; the promotion starts the DAG that is
scheduled on it. Then a worse model and the client by hand are refused, with the reasons.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from engine_test import Report, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "dags", "examples")
SECONDS = 240


def runs_of(engine, dag_id):
    return engine.get(f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after")[1].get("dag_runs", [])


def ended(engine, dag_id, count):
    runs = runs_of(engine, dag_id)
    return len(runs) >= count and all(run["state"] in ("success", "failed") for run in runs)


def log_of(engine, run_id, task_id):
    path = os.path.join(engine.home, "logs", "dag_id=comfort_model", f"run_id={run_id}", f"task_id={task_id}", "attempt=1.log")
    with open(path, encoding="utf-8") as file:
        return file.read()


def log_says(engine, run_id, text):
    """A task's last words may reach its log after its state."""
    wait_until(lambda: text in log_of(engine, run_id, "promote"), SECONDS, f"'{text}' in the log of {run_id}")
    return []


def train(engine, run_id, degree):
    engine.trigger("comfort_model", dag_run_id=run_id, conf={"degree": degree})
    return engine.wait_for_run("comfort_model", run_id, SECONDS)


def champion(client):
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias("comfort", "champion").version
    except MlflowException as error:
        return error.error_code


def a_good_one(report, engine, client):
    report.equal("a run with a model that is as rich as it should be", train(engine, "good", 2), "success")
    report.check("asking for the alias opened a request", log_says(engine, "good", "requested"))
    wait_until(lambda: champion(client) == "1", SECONDS, "the first champion")
    report.check("version 1 became the champion by itself")
    wait_until(lambda: ended(engine, "comfort_check", 1), SECONDS, "the validation run")
    (check,) = runs_of(engine, "comfort_check")
    report.equal("the validation DAG was run with the candidate",
        (check["state"], check["conf"]["model"], str(check["conf"]["version"])),
                 ("success", "comfort", "1"))
    wait_until(lambda: ended(engine, "comfort_forecast", 1), SECONDS, "the DAG that is scheduled on the promotion")
    report.equal("the promotion started the DAG that uses the champion",
                 [(run["state"], run["run_type"]) for run in runs_of(engine, "comfort_forecast")],
                 [("success", "asset_triggered")])
    run = client.get_run(client.get_model_version("comfort", "1").run_id)
    report.equal("its MLflow run leads back to the DAG run",
                 [run.data.tags.get(f"airflow.{name}") for name in ("dag_id", "dag_run_id", "task_id")],
                 ["comfort_model", "good", "train"])


def bad_ones(report, engine, client):
    from mlflow.exceptions import MlflowException

    report.equal("a run whose model is too simple fails", train(engine, "simple", 1), "failed")
    report.equal("at its last task", engine.task_states("comfort_model", "simple"),
                 {"train": "success", "evaluate": "success", "register": "success", "promote": "failed"})
    report.check("the log says what the policy wanted", log_says(engine, "simple", "metrics.auc >= 0.9"))
    report.check("and what it measured", log_says(engine, "simple", "0.477"))
    report.equal("one that is good, but worse than the champion, fails, too", train(engine, "worse", 3), "failed")
    report.check("with the comparison in its log", log_says(engine, "worse", "champion"))
    try:
        client.set_registered_model_alias("comfort", "champion", "2")
        report.check("setting the alias by hand is refused", ["it was not"])
    except MlflowException as error:
        report.contains("setting the alias by hand is refused", str(error), "PERMISSION_DENIED: Version 2")
    report.equal("the champion is the same", champion(client), "1")


def main():
    binary = sys.argv[1]
    report = Report()
    with running_engine(report, binary, "gated", "--dags", EXAMPLES) as (engine, _):
        os.environ.update(MLFLOW_TRACKING_USERNAME="admin", MLFLOW_TRACKING_PASSWORD=engine.password(),
            MLFLOW_LOGGING_LEVEL="ERROR",
                          MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")
        from mlflow import MlflowClient

        client = MlflowClient(engine.url, engine.url)
        for dag_id in ("comfort_model", "comfort_check", "comfort_forecast"):
            engine.wait_for_dag(dag_id)
        a_good_one(report, engine, client)
        bad_ones(report, engine, client)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
