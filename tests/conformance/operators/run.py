"""Standard operators, sensors and decorators through the real Task SDK: the states that Airflow's documentation promises.

usage: run.py HANOK [--keep]
"""

import argparse
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
import airflow_api as api  # noqa: E402
from airflow_client.client.models.variable_body import VariableBody  # noqa: E402
from engine_test import Report, admin_of, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

SECONDS = 120
SECRET = "hunter2-hunter2"
GOOD, BAD, OUT, AFTER = "success", "failed", "skipped", "upstream_failed"
WANTED = {
    "parent": (BAD, {"first": GOOD, "again": GOOD, "skips": OUT, "fails": BAD}),
    "sensing": (BAD, {"makes": GOOD, "later": GOOD, "soft": OUT, "hard": BAD, "task_poke": GOOD,
                      "task_reschedule": GOOD, "failed_poke": BAD, "failed_reschedule": BAD, "decorated": GOOD,
                      "reads": GOOD}),
    "flows": (BAD, {"command": GOOD, "typed": GOOD, "run_if": OUT, "skip_if": OUT, "branch": GOOD, "left": GOOD,
                    "right": OUT, "group.inner": GOOD, "group.other": OUT, "join": GOOD, "soft_stop": GOOD,
                    "soft_direct": OUT, "soft_after": GOOD, "hard_stop": GOOD, "hard_direct": OUT, "hard_after": OUT,
                    "latest": GOOD, "after_latest": GOOD, "weekday": GOOD, "yes": GOOD, "no": OUT, "bash_late": BAD,
                    "python_late": BAD}),
    "retrying": (BAD, {"doubled": BAD, "by_half": BAD, "third_time": GOOD, "wide": GOOD}),
    "outlets": (GOOD, {"command": GOOD, "nothing": GOOD}),
    "cleaning": (GOOD, {"create": GOOD, "boom": BAD, "lost": AFTER, "work": GOOD, "drop": BAD}),
    "other_pythons": (GOOD, {"external_operator": GOOD, "venv_operator": GOOD, "virtual": GOOD, "external": GOOD,
                             "compares": GOOD}),
    "cleaning_counts": (BAD, {"create": GOOD, "work": GOOD, "drop": BAD}),
}


def start_of(client, dag_id, run_id, task_id):
    tasks = api.every(api.airflow.TaskInstanceApi(client).get_task_instances, "task_instances", dag_id, run_id)
    return next((task.start_date, task.end_date) for task in tasks if task.task_id == task_id)


def log_of(client, dag_id, run_id, task_id):
    """(logger, event) of every line."""
    ask = api.airflow.TaskInstanceApi(client).get_log_without_preload_content
    answer = ask(dag_id, run_id, task_id, 1, full_content=True, accept="application/json")
    return [(line.get("logger"), line["event"]) for line in json.loads(answer.data)["content"]]


def check_other_pythons(report, client, run_id):
    lines = log_of(client, "other_pythons", run_id, "external_operator")
    report.check("the other Python's own log lines are there, and masked",
                 [] if ("other", "logged ***") in lines else [str(lines)])
    report.equal("what it prints is masked", [event for _, event in lines if "printed" in event], ["printed ***"])
    report.equal("the secret is nowhere", [event for _, event in lines if SECRET in event], [])


def run(report, engine, folder):
    shutil.copy(os.path.join(HERE, "dags.py"), folder)
    client = admin_of(engine)
    wait_until(lambda: set(WANTED) <= set(api.dags_of(client)) or api.import_errors_of(client), SECONDS,
               "the DAGs to be read")
    report.equal("the file is read", api.import_errors_of(client), {})
    api.airflow.VariableApi(client).post_variable(VariableBody(key="other_secret", value=SECRET))
    # The sensors look for the run of the same logical date: their own.
    dates = {"sensing": "2026-02-01T00:00:00Z"}
    runs = {name: api.trigger(client, name, logical_date=dates.get(name)) for name in WANTED}
    ended = api.wait_for_runs(client, runs, SECONDS)
    for name, (state, tasks) in WANTED.items():
        report.equal(f"{name} ends as it should", ended.get(name), state)
        report.equal(f"so do the tasks of {name}", api.task_states(client, name, runs[name]), tasks)
    check_other_pythons(report, client, runs["other_pythons"])
    with open(os.path.join(engine.home, "child_runs")) as file:
        report.equal("reset_dag_run ran the child once more", file.read().split(), ["run", "run"])
    child = api.airflow.DagRunApi(client).get_dag_run("child", "fixed")
    report.equal("its type says who made it", str(child.run_type.value), "operator_triggered")
    created = start_of(client, "cleaning", runs["cleaning"], "create")
    worked = start_of(client, "cleaning", runs["cleaning"], "work")
    report.check("work waits for its setup although the task before it has ended",
                 [] if worked[0] >= created[1] else [f"{worked} is before the end of {created}"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("hanok")
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    # The operators that make an environment of their own call `python`, which a system has where one is activated.
    os.environ["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
    report = Report()
    with running_engine(report, args.hanok, "operators", "--parallelism", "16", keep=args.keep) as (engine, folder):
        run(report, engine, folder)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
