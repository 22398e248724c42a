"""DAGs that are scheduled on assets, in Python and YAML, and what tasks are given for MLflow. usage: run.py HANOK"""

import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

from engine_test import Report, running_engine  # noqa: E402
from standalone import processes_of, wait_until  # noqa: E402

DAGS = pathlib.Path(__file__).resolve().parent / "dags"


def runs_of(engine, dag_id):
    return engine.get(f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after")[1]["dag_runs"]


def wait_for_end(engine, dag_id, count=1):
    wait_until(lambda: [r["state"] for r in runs_of(engine, dag_id)] == ["success"] * count, 60, f"{count} of {dag_id}")
    return runs_of(engine, dag_id)


def xcom(engine, dag_id, run_id, task_id):
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value?deserialize=true"
    return engine.get(path.replace("+", "%2B"))[1]["value"]


def check_chain(report, engine):
    for dag_id in ("maker", "user", "waits_for_both", "yaml_user", "yaml_last"):
        engine.wait_for_dag(dag_id)
    made = engine.trigger("maker")
    (run,) = wait_for_end(engine, "user")
    report.check("the run's id is Airflow's", [] if run["dag_run_id"].startswith("asset_triggered__2") else [run])
    report.equal("its fields", [run["run_type"], run["triggered_by"], run["logical_date"], run["data_interval_start"]],
                 ["asset_triggered", "asset", None, None])
    report.equal("its task sees the event", xcom(engine, "user", run["dag_run_id"], "use"),
                 ["asset_triggered", None, {"rows": 7}, "maker", "make", made])
    wait_for_end(engine, "yaml_user")
    wait_for_end(engine, "yaml_last")
    engine.trigger("maker")
    wait_for_end(engine, "user", 2)
    wait_for_end(engine, "yaml_last", 2)
    report.equal("not all of its assets have events", runs_of(engine, "waits_for_both"), [])


def check_rest(report, engine):
    page = engine.get("/api/v2/assets?name_pattern=bucket&order_by=name")[1]
    report.equal("one asset has that name", page["total_entries"], 1)
    asset = page["assets"][0]
    made, event = asset.pop("created_at"), asset.pop("last_asset_event")
    dags = [dag.pop("dag_id") for dag in asset.pop("scheduled_dags")]
    (producer,) = asset.pop("producing_tasks")
    report.equal("its DAGs", dags, ["user", "waits_for_both", "yaml_user"])
    report.equal("its task", (producer["dag_id"], producer["task_id"]), ("maker", "make"))
    report.check("its times", [] if made <= asset.pop("updated_at") <= event["timestamp"] else [asset])
    report.equal("the rest of it", asset,
                 {"id": asset["id"], "name": "s3://bucket/table", "uri": "s3://bucket/table", "group": "asset",
                  "extra": {"owner": "data"}, "consuming_tasks": [], "aliases": [], "watchers": []})
    report.equal("the same by its id", engine.get(f"/api/v2/assets/{asset['id']}")[1]["name"], asset["name"])
    report.equal("an unknown id", engine.get("/api/v2/assets/99999"),
                 (404, {"detail": "The Asset with ID: `99999` was not found"}))
    report.equal("only those of a DAG", engine.get("/api/v2/assets?dag_ids=yaml_last")[1]["total_entries"], 2)
    events = engine.get(f"/api/v2/assets/events?asset_id={asset['id']}&order_by=-timestamp")[1]
    newest = events["asset_events"][0]
    report.equal("its events", [events["total_entries"], newest["id"], newest["extra"], newest["source_dag_id"],
                                newest["source_map_index"]], [2, event["id"], {"rows": 7}, "maker", -1])
    report.equal("the runs of the newest", sorted((r["dag_id"], r["triggering"]) for r in newest["created_dagruns"]),
                 [("user", True), ("yaml_user", True)])
    never = engine.get("/api/v2/assets?uri_pattern=never")[1]["assets"][0]["id"]
    status, answer = engine.request("POST", "/api/v2/assets/events", {"asset_id": never, "extra": {"by": "hand"}})
    report.equal("an event made by hand", (status, answer["extra"], answer["source_dag_id"]),
                 (200, {"by": "hand", "from_rest_api": True}, None))
    wait_for_end(engine, "waits_for_both")
    report.equal("of an unknown asset", engine.request("POST", "/api/v2/assets/events", {"asset_id": 99999}),
                 (404, {"detail": "Asset with ID: `99999` was not found"}))
    report.equal("what it lacks", engine.request("POST", "/api/v2/assets/events", {})[0], 422)
    ids = [dag["dag_id"] for dag in engine.get("/api/v2/dags?has_asset_schedule=true&asset_dependency=BUCKET")[1]["dags"]]
    report.equal("DAGs that are scheduled on it", sorted(ids), ["user", "waits_for_both", "yaml_user"])
    details = engine.get("/api/v2/dags/waits_for_both/details")[1]
    report.equal("a DAG's expression", details["asset_expression"],
                 {"all": [{"asset": {"uri": u, "name": n, "group": "asset"}}
                          for n, u in (("s3://bucket/table",) * 2, ("never://comes", "never://comes/"))]})
    report.equal("its schedule", [details["timetable_summary"], details["timetable_description"]],
                 ["Asset", "Triggered by assets"])


def check_waiting(report, engine):
    runs = {dag_id: engine.trigger(dag_id) for dag_id in ("waits_for_promotion", "yaml_waits")}
    for dag_id, run in runs.items():
        wait_until(lambda: engine.task_states(dag_id, run).get("wait") == "deferred", 30, f"{dag_id} to wait")
    report.check("no process waits", [line for line in processes_of(engine.home) if "task" in line[1]])
    return runs


def ask_mlflow(engine, path, body):
    status, answer = engine.request("POST", "/api/2.0/mlflow/" + path, body)
    assert status == 200, (path, status, answer)
    return answer


def check_promotion(report, engine, runs):
    ask_mlflow(engine, "registered-models/create", {"name": "fraud"})
    ask_mlflow(engine, "model-versions/create", {"name": "fraud", "source": "s3://models/fraud"})
    report.equal("a version is not a promotion", runs_of(engine, "on_promotion"), [])
    ask_mlflow(engine, "registered-models/alias", {"name": "fraud", "alias": "champion", "version": "1"})
    (run,) = wait_for_end(engine, "on_promotion")
    event = xcom(engine, "on_promotion", run["dag_run_id"], "deploy")
    report.equal("the DAG that is scheduled on it is told", [event[k] for k in ("model", "version", "alias")],
                 ["fraud", 1, "champion"])
    for dag_id, waiting in runs.items():
        report.equal(f"{dag_id} goes on", engine.wait_for_run(dag_id, waiting), "success")
    report.equal("the wait's value is the event", xcom(engine, "waits_for_promotion", runs["waits_for_promotion"], "told"), 1)


def check_lineage(report, engine):
    engine.wait_for_dag("lineage")
    run = engine.trigger("lineage")
    report.equal("the lineage DAG ends well", engine.wait_for_run("lineage", run), "success")
    first, second = (xcom(engine, "lineage", run, name) for name in ("first", "second"))
    report.equal("the server is this one", first[0], engine.url)
    version = first[1].pop("airflow.dag_version_id")
    report.equal("the version is told", len(version), 36)
    report.equal("the tags of a run", first[1],
                 {"airflow.dag_id": "lineage", "airflow.dag_run_id": run, "airflow.task_id": "first",
                  "airflow.try_number": "1", "airflow.map_index": "-1", "airflow.bundle_name": "dags-folder"})
    report.equal("each task has its own", second[1]["airflow.task_id"], "second")
    report.equal("the token lets in at the MLflow door alone", first[2:5], [200, 403, 403])
    report.equal("the warm process is the same for both", first[5], second[5])
    report.equal("a tracking server of the user's own stays, without the token",
                 xcom(engine, "lineage", run, "own"), "http://mine no token")
    command = xcom(engine, "lineage", run, "command")
    report.contains("a command is given it, too", str(command), engine.url)
    for name in ("first", "command"):
        path = f"/api/v2/dags/lineage/dagRuns/{run}/taskInstances/{name}/logs/1".replace("+", "%2B")
        log = json.dumps(engine.get(path)[1])
        report.check(f"the log of {name} does not show the token", [] if "eyJ" not in log and "***" in log else [log])


def main():
    report = Report()
    with running_engine(report, sys.argv[1], "assets") as (engine, folder):
        for file in DAGS.iterdir():
            if file.is_file():
                shutil.copy(file, folder)
        with report.guarded("chain"):
            check_chain(report, engine)
        with report.guarded("rest"):
            check_rest(report, engine)
        with report.guarded("waiting"):
            check_promotion(report, engine, check_waiting(report, engine))
        with report.guarded("lineage"):
            check_lineage(report, engine)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
