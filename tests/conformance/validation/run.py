"""Validation DAGs that are paused, broken, missing, deleted or failed by hand: nobody waits for ever, and each answer
says what to do. usage: run.py HANOK"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

from engine_test import Report, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

DAGS = pathlib.Path(__file__).resolve().parent / "dags"
ML = "/api/2.0/mlflow/"


def ask(engine, path, body, wanted=200):
    status, answer = engine.request("POST", ML + path, body)
    assert status == wanted, (path, status, answer)
    return answer


def version(engine, model):
    ask(engine, "model-versions/create", {"name": model, "source": "s3://models/m"})
    page = engine.get(f"{ML}model-versions/search?filter=name%3D'{model}'&max_results=1")[1]
    return page["model_versions"][0]["version"]


def promote(engine, model, number):
    body = {"name": model, "alias": "champion", "version": number}
    return engine.request("POST", ML + "registered-models/alias", body)[1].get("message", "")


def requests_of(engine, model, number):
    return engine.get(f"{ML}transition-requests/list?name={model}&version={number}")[1]["requests"]


def history(engine, model):
    decisions = engine.get(f"{ML}promotion-audit/list?name={model}")[1]["decisions"]
    return [(d["action"], d["outcome"], d["message"] or "") for d in decisions]


def pause(engine, yes):
    assert engine.request("PATCH", "/api/v2/dags/check", {"is_paused": yes})[0] == 200


def runs(engine):
    return {run["dag_run_id"]: run["state"] for run in engine.get("/api/v2/dags/check/dagRuns")[1]["dag_runs"]}


def closed(engine, model, number):
    wait_until(lambda: requests_of(engine, model, number) == [], 30, f"the request of version {number} to end")
    return history(engine, model)[0]


def check_paused(report, engine):
    pause(engine, True)
    number = version(engine, "checked")
    wanted = "it waits for DAG 'check', which is paused (hanok dags unpause check)"
    said = ask(engine, "gates:evaluate", {"name": "checked", "version": number, "alias": "champion"})
    report.contains("gates:evaluate says that the DAG is paused", said["rules"][0]["sentence"], wanted)
    report.contains("and so does the answer to a promotion", promote(engine, "checked", number), wanted)
    report.contains("and the request", requests_of(engine, "checked", number)[0]["system_comment"], wanted)
    wait_until(lambda: runs(engine), 30, "the validation run")
    report.equal("its run waits", list(runs(engine).values()), ["queued"])
    pause(engine, False)
    report.equal("unpaused, it completes by itself", closed(engine, "checked", number)[:2], ("promote", "applied"))


def check_deleted(report, engine):
    pause(engine, True)
    number = version(engine, "checked")
    promote(engine, "checked", number)
    request = requests_of(engine, "checked", number)[0]["id"]
    wait_until(lambda: f"promotion__{request}" in runs(engine), 30, "the validation run")
    status = engine.request("DELETE", f"/api/v2/dags/check/dagRuns/promotion__{request}")[0]
    report.equal("a validation run is deleted", status, 204)
    end = closed(engine, "checked", number)
    report.equal("its request is refused", end[:2], ("promote", "refused"))
    report.contains("with what to do", end[2], f"run 'promotion__{request}' of it was deleted; ask for the promotion anew")
    report.check("the run is not made again", [r for r in runs(engine) if request in r])
    pause(engine, False)


def check_failed_by_hand(report, engine, hold):
    hold.touch()
    number = version(engine, "checked")
    promote(engine, "checked", number)
    run = "promotion__" + requests_of(engine, "checked", number)[0]["id"]
    wait_until(lambda: runs(engine).get(run) == "running", 30, "the validation run")
    pause(engine, True)
    wait_until(lambda: "is paused" in requests_of(engine, "checked", number)[0]["system_comment"], 30, "the news")
    report.check("a DAG that is paused later is told of, too")
    pause(engine, False)
    wait_until(lambda: "is paused" not in requests_of(engine, "checked", number)[0]["system_comment"], 30, "the news")
    engine.request("PATCH", f"/api/v2/dags/check/dagRuns/{run}", {"state": "failed"})
    end = closed(engine, "checked", number)
    report.equal("a run that is marked failed refuses the request", end[:2], ("promote", "refused"))
    report.contains("with the reason", end[2], f"run '{run}' of DAG 'check' is failed")
    hold.unlink()


def check_missing(report, engine, folder):
    number = version(engine, "missing")
    wanted = "there is no DAG 'nowhere'; add its file, or mend the policy 'missing'"
    report.contains("a DAG that is not there refuses", promote(engine, "missing", number), wanted)
    file = folder / "check.yaml"
    good = file.read_text()
    file.write_text(good + "  - broken: [")
    wait_until(lambda: engine.get("/api/v2/importErrors")[1]["total_entries"], 30, "the import error")
    number = version(engine, "checked")
    said = promote(engine, "checked", number)
    report.contains("so does one with import errors", said, "the file of DAG 'check' has import errors; mend it")
    report.equal("and no request is open", requests_of(engine, "checked", number), [])
    file.write_text(good)
    wait_until(lambda: not engine.get("/api/v2/importErrors")[1]["total_entries"], 30, "the import error to go")
    promote(engine, "checked", number)
    report.equal("mended, it completes", closed(engine, "checked", number)[:2], ("promote", "applied"))


def main():
    report = Report()
    with running_engine(report, sys.argv[1], "validation") as (engine, name):
        folder = pathlib.Path(name)
        hold = pathlib.Path(engine.home) / "hold"
        for file in DAGS.iterdir():
            (folder / file.name).write_text(file.read_text().replace("@hold@", str(hold)))
        engine.wait_for_dag("check")
        wait_until(lambda: len(engine.get(ML + "promotion-policies/list")[1]["policies"]) == 2, 30, "the policies")
        for model in ("checked", "missing"):
            ask(engine, "registered-models/create", {"name": model})
        for check in (check_paused, check_deleted):
            with report.guarded(check.__name__):
                check(report, engine)
        with report.guarded("failed"):
            check_failed_by_hand(report, engine, hold)
        with report.guarded("missing"):
            check_missing(report, engine, folder)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
