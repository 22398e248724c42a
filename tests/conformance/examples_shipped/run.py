"""The example DAG files of the installed Airflow and standard provider, unmodified, end in hanok as in Airflow.

expected.json holds Airflow's answer (record.py made it). refused.json names what hanok does not do yet: `import` has
the files that must get an import error with this text, `run` the tasks that must fail with this text in their log. A
refusal that is gone is a failure, too: its line has to be taken out. Everything goes through the unmodified
apache-airflow-client.
usage: run.py HANOK [--only DAG_ID]... [--keep]
"""

import argparse
import json
import os
import pathlib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import airflow_api as api  # noqa: E402
import airflow_client.client as airflow  # noqa: E402
import shipped  # noqa: E402
from engine_test import Report, admin_of, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SECONDS_TO_READ = 240
SECONDS_TO_RUN = 300


def read(name):
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def differences(expected, found):
    """Sentences, one per task. A task that the run's date rules out is `removed` in hanok; Airflow never makes it."""
    found = {task: state for task, state in found.items() if state != "removed" or task in expected}
    return [
        f"task {task}: Airflow says {expected.get(task, 'nothing')}, hanok says {found.get(task, 'nothing')}"
        for task in sorted({*expected, *found})
        if expected.get(task) != found.get(task)
    ]


def log_of(client, dag_id, run_id, task_id):
    ask = airflow.TaskInstanceApi(client).get_log_without_preload_content
    return ask(dag_id, run_id, task_id, 1, full_content=True).data.decode()


def check_refusals(report, errors, refused):
    for path, text in sorted(refused.items()):
        problems = []
        if path not in errors:
            problems.append("hanok has read it without an import error: take it out of refused.json")
        elif text not in errors[path]:
            problems.append(f"the import error does not say '{text}': {errors[path]}")
        report.check(f"{path} is refused by name", problems)
    for path in sorted({*errors} - {*refused}):
        report.check(f"{path} is read", [errors[path]])


def check_run(report, client, dag_id, run_id, expected, ended):
    if dag_id not in ended:
        report.check(dag_id, [f"no end within {SECONDS_TO_RUN} s: {api.task_states(client, dag_id, run_id)}"])
        return
    problems = []
    if ended[dag_id] != expected["state"]:
        problems.append(f"the run: Airflow says {expected['state']}, hanok says {ended[dag_id]}")
    report.check(dag_id, problems + differences(expected["tasks"], api.task_states(client, dag_id, run_id)))


def check_refused_run(report, client, dag_id, run_id, refusal):
    log = log_of(client, dag_id, run_id, refusal["task"])
    state = api.task_states(client, dag_id, run_id)[refusal["task"]]
    problems = [] if state == "failed" else [f"task {refusal['task']} is {state}, not failed"]
    if refusal["text"] not in log:
        problems.append(f"the log of {refusal['task']} does not say '{refusal['text']}':\n{log[-2000:]}")
    report.check(f"{dag_id} is refused by name when it runs", problems)


def examine(report, client, only):
    expected, refused = read("expected.json")["dags"], read("refused.json")
    read_files = {dag["file"] for dag in expected.values()} | set(refused["import"])

    def all_read():
        return read_files <= {*api.dags_of(client).values(), *api.import_errors_of(client)}

    wait_until(all_read, SECONDS_TO_READ, "all files to be read")
    errors, dags = api.import_errors_of(client), api.dags_of(client)
    if not only:
        check_refusals(report, errors, refused["import"])
    wanted = [dag_id for dag_id in sorted(expected) if dag_id in dags and (not only or dag_id in only)]
    for dag_id in sorted({*expected} - {*dags}):
        if expected[dag_id]["file"] not in errors and (not only or dag_id in only):
            report.check(dag_id, [f"it is missing, and {expected[dag_id]['file']} has no import error"])
    for dag_id in wanted:
        api.unpause(client, dag_id)
    runs = {}
    for dag_id in wanted:
        runs[dag_id] = api.trigger(client, dag_id, shipped.LOGICAL_DATE, shipped.CONF.get(dag_id), "shipped")
    ended = api.wait_for_runs(client, runs, SECONDS_TO_RUN)
    for dag_id, run_id in runs.items():
        if dag_id in refused["run"]:
            check_refused_run(report, client, dag_id, run_id, refused["run"][dag_id])
        else:
            check_run(report, client, dag_id, run_id, expected[dag_id], ended)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--only", action="append")
    parser.add_argument("--keep", action="store_true", help="leave the home behind, to look into")
    options = parser.parse_args()
    report = Report()
    with running_engine(report, options.binary, "shipped", keep=options.keep) as (engine, folder):
        shipped.copy_to(folder)
        examine(report, admin_of(engine), options.only)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
