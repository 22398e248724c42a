"""Callbacks of whole DAGs, in Python and in YAML, with the real Task SDK and dag-factory: called once after the run with
Airflow's context, and called again by the next engine when a crash cuts them off.

usage: run.py HANOK [--keep]
"""

import argparse
import json
import os
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import airflow_api as api  # noqa: E402
from engine_test import Report, admin_of, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

SECONDS = 60

CALLS = """import json
import os
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def note(context, word="plain"):
    while os.path.exists(os.path.join(HERE, "..", "hold")):
        open(os.path.join(HERE, "..", "held"), "w").close()
        time.sleep(0.05)
    last = context.get("ti")
    line = [context["dag"].dag_id, context["run_id"], context["reason"], last.task_id if last else None, word]
    with open(os.path.join(HERE, "..", "calls"), "a") as file:
        file.write(json.dumps(line) + "\\n")


def raises(context):
    note(context)
    raise ValueError("a callback that fails")
"""

PYTHON = """import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from calls import note, raises
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("py_good", schedule=None, on_success_callback=[note, raises], on_failure_callback=note):
    BashOperator(task_id="first", bash_command="true") >> BashOperator(task_id="last", bash_command="true")
with DAG("py_bad", schedule=None, on_success_callback=note, on_failure_callback=note):
    BashOperator(task_id="boom", bash_command="false") >> BashOperator(task_id="last", bash_command="true")
"""

YAML = """
default:
  default_args: {start_date: 2024-01-01}
  on_failure_callback_name: note
  on_failure_callback_file: FOLDER/calls.py
  tasks:
    only: {operator: airflow.providers.standard.operators.bash.BashOperator, bash_command: "true"}
yaml_good:
  on_success_callback: {callback: calls.note, word: hello}
yaml_bad:
  tasks:
    only: {operator: airflow.providers.standard.operators.bash.BashOperator, bash_command: "false"}
"""

WANTED = [
    ["py_bad", "task_failure", "boom", "plain"],
    ["py_good", "success", "last", "plain"],
    ["py_good", "success", "last", "plain"],  # by the one that raises
    ["yaml_bad", "task_failure", "only", "plain"],
    ["yaml_good", "success", "only", "hello"],
]


class Calls:
    def __init__(self, home):
        self.home = home

    def path(self, name):
        return os.path.join(self.home, name)

    def read(self):
        if not os.path.exists(self.path("calls")):
            return []
        with open(self.path("calls")) as file:
            return [json.loads(line) for line in file]


def owed(home):
    database = sqlite3.connect(f"file:{home}/hanok.db?mode=ro", uri=True)
    count = database.execute("SELECT count(*) FROM dag_callback").fetchone()[0]
    database.close()
    return count


def run(report, engine, folder):
    with open(os.path.join(folder, "calls.py"), "w") as file:
        file.write(CALLS)
    with open(os.path.join(folder, "in_python.py"), "w") as file:
        file.write(PYTHON)
    with open(os.path.join(folder, "in_yaml.yaml"), "w") as file:
        file.write(YAML.replace("FOLDER", folder))
    client = admin_of(engine)
    names = {"py_good", "py_bad", "yaml_good", "yaml_bad"}
    wait_until(lambda: names <= set(api.dags_of(client)), SECONDS, "the DAGs to be read")
    calls = Calls(engine.home)
    runs = {name: api.trigger(client, name) for name in sorted(names)}
    wait_until(lambda: len(calls.read()) >= len(WANTED), SECONDS, "the callbacks")
    found = sorted([line[0], *line[2:]] for line in calls.read())
    report.equal("each end calls its callbacks with Airflow's context", found, WANTED)
    report.equal("for the run that ended", {line[0]: line[1] for line in calls.read()}, runs)

    open(calls.path("hold"), "w").close()
    run_id = api.trigger(client, "yaml_bad")
    wait_until(lambda: os.path.exists(calls.path("held")), SECONDS, "the callback to begin")
    os.kill(engine.process.pid, signal.SIGKILL)
    engine.process.wait()
    os.unlink(calls.path("hold"))
    before = len(calls.read())
    engine.start()
    mine = ["yaml_bad", run_id, "task_failure", "only", "plain"]
    wait_until(lambda: mine in calls.read()[before - 1:], SECONDS, "the callback to be called again")
    report.check("a callback that a crash cut off is called again")
    # It is owed until its process has ended and that is committed: one that a stop cuts off is called again, too.
    wait_until(lambda: owed(engine.home) == 0, SECONDS, "the callback's end to be written down")
    engine.stop()
    before = len(calls.read())
    engine.start()
    client = admin_of(engine)
    api.trigger(client, "yaml_good")
    wait_until(lambda: len(calls.read()) > before, SECONDS, "one more callback")
    report.equal("one that was called is not", [line[0] for line in calls.read()[before:]], ["yaml_good"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("hanok")
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    report = Report()
    with running_engine(report, args.hanok, "callbacks", keep=args.keep) as (engine, folder):
        run(report, engine, folder)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
