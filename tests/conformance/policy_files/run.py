"""Policy files that come, break and go, while hanok runs and while it does not. usage: run.py HANOK

A file that is broken leaves its last good policies in force and is an import error; one that is gone takes its policies,
its DAGs and its import error along, also when it was broken before and went while hanok was down.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

from engine_test import Report, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

ML = "/api/2.0/mlflow/"
GOOD = "policies:\n  - {name: strict, model: fraud, target: {alias: champion}, rules: [metric: metrics.auc >= 0.9]}\n"
BROKEN = GOOD.replace("metrics.auc >= 0.9", "metrics.auc >> 0.9")
DAG = """d:
  default_args: {start_date: '2025-01-01'}
  schedule: null
  tasks:
    - {task_id: t, operator: airflow.operators.bash.BashOperator, bash_command: 'true'}
"""


def policies(engine):
    return [p["name"] for p in engine.get(ML + "promotion-policies/list")[1]["policies"]]


PYTHON = "from airflow.sdk import DAG\nwith DAG('p', schedule=None):\n    pass\n"


def mistakes(engine):
    return {e["filename"]: e["stack_trace"] for e in engine.get("/api/v2/importErrors")[1]["import_errors"]}


def dags(engine):
    return [d["dag_id"] for d in engine.get("/api/v2/dags")[1]["dags"]]


def gate(engine):
    body = {"name": "fraud", "version": "1", "alias": "champion"}
    return engine.request("POST", ML + "gates:evaluate", body)[1]["outcome"]


def trail(engine):
    decisions = engine.get(ML + "promotion-audit/list?name=fraud")[1]["decisions"]
    return [d["message"] for d in decisions if d["action"] == "policy"]


def restart(engine, change):
    engine.stop()
    change()
    engine.start()


def check(report, engine, folder):
    file, dag, python = folder / "fraud.policy.yaml", folder / "d.yaml", folder / "p.py"
    file.write_text(GOOD)
    dag.write_text(DAG)
    python.write_text(PYTHON)
    wait_until(lambda: policies(engine) == ["strict"] and sorted(dags(engine)) == ["d", "p"], 30, "the files")
    engine.request("POST", ML + "registered-models/create", {"name": "fraud"})
    engine.request("POST", ML + "model-versions/create", {"name": "fraud", "source": "s3://m/f"})
    report.equal("a policy file holds", gate(engine), "failed")

    file.write_text(BROKEN)
    dag.write_text(DAG + "  nonsense: [\n")
    wait_until(lambda: len(mistakes(engine)) == 2, 30, "the import errors")
    said = mistakes(engine)["fraud.policy.yaml"]
    report.contains("broken, it is an import error that names the line", said, "fraud.policy.yaml:2:")
    report.equal("and its last good policy holds", (policies(engine), gate(engine)), (["strict"], "failed"))
    restart(engine, lambda: None)
    wait_until(lambda: len(mistakes(engine)) == 2, 30, "the import errors after a restart")
    report.equal("after a restart as well", (policies(engine), gate(engine)), (["strict"], "failed"))

    restart(engine, lambda: (file.unlink(), dag.unlink(), python.unlink()))
    wait_until(lambda: policies(engine) == [] and not mistakes(engine), 30, "the policy to go")
    report.equal("gone while hanok was down, so are its policy and its mistakes", gate(engine), "passed")
    ended = "policy 'strict', version 2, ended, by file fraud.policy.yaml"
    report.equal("and the trail says so", trail(engine)[0], ended)
    wait_until(lambda: dags(engine) == [], 30, "the DAGs to go")
    report.check("a broken DAG file takes its DAG along in the same way")
    python.write_text(PYTHON)
    wait_until(lambda: dags(engine) == ["p"], 30, "the DAG to come again")
    report.check("a file that comes again is read for what it is", [] if not mistakes(engine) else [mistakes(engine)])

    file.write_text(GOOD)
    wait_until(lambda: policies(engine) == ["strict"], 30, "the policy")
    restart(engine, lambda: file.write_text(BROKEN))
    wait_until(lambda: mistakes(engine), 30, "the import error")
    found = (policies(engine), gate(engine))
    report.equal("broken while hanok was down, the last good one holds", found, (["strict"], "failed"))
    file.unlink()
    wait_until(lambda: policies(engine) == [] and not mistakes(engine), 30, "the policy to go")
    report.equal("gone while it runs, it ends", gate(engine), "passed")


def main():
    report = Report()
    with running_engine(report, sys.argv[1], "policy-files") as (engine, folder):
        check(report, engine, pathlib.Path(folder))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
