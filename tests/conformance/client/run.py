"""A CI job's day with hanok, through the unmodified apache-airflow-client.

Token, list, unpause, trigger with conf, poll, task instances, logs, XComs, clear a failed task, mark states, a DAG file
that changes while a run of it is under way, users of every role, a running engine that is killed and started again.
What single routes answer, field by field, is asked in ../rest. usage: run.py HANOK [--keep]
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import airflow_api as api  # noqa: E402
import airflow_client.client as airflow  # noqa: E402
from airflow_client.client.exceptions import ApiException  # noqa: E402
from airflow_client.client.models.clear_task_instances_body import ClearTaskInstancesBody  # noqa: E402
from airflow_client.client.models.clear_task_instances_body_task_ids_inner import (  # noqa: E402
    ClearTaskInstancesBodyTaskIdsInner,
)
from airflow_client.client.models.dag_patch_body import DAGPatchBody  # noqa: E402
from airflow_client.client.models.dag_run_patch_body import DAGRunPatchBody  # noqa: E402
from airflow_client.client.models.patch_task_instance_body import PatchTaskInstanceBody  # noqa: E402
from airflow_client.client.models.variable_body import VariableBody  # noqa: E402
from engine_test import Report, admin_of, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

SECONDS = 60

TRAIN = '''
from airflow.sdk import DAG, Variable, task
from airflow.providers.standard.operators.bash import BashOperator

with DAG("train", schedule=None, tags=["ci"], params={"rows": 3}) as dag:

    @task
    def load(params=None):
        print("rows asked for:", params["rows"])
        return list(range(params["rows"]))

    @task
    def total(numbers):
        return sum(numbers) * int(Variable.get("factor"))

    @task(multiple_outputs=True)
    def report(number):
        return {"number": number, "good": number > 10}

    last = BashOperator(task_id="say", bash_command="echo the total is {{ ti.xcom_pull(task_ids='total') }}")
    number = total(load())
    report(number) >> last
'''

FRAGILE = '''
import os

from airflow.sdk import DAG, task

with DAG("fragile", schedule=None, tags=["ci"]) as dag:

    @task
    def fragile():
        if not os.path.exists({mark!r}):
            raise ValueError("the mark is missing")

    @task
    def after():
        return "done"

    fragile() >> after()
'''

SLOW = """slow:
  start_date: 2024-01-01
  schedule: null
  tags: [ci]
  max_active_runs: 4
  tasks:
    - task_id: first
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: "while test ! -e {gate}; do sleep 0.05; done"
    - task_id: last
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: "echo of version {version}"
      dependencies: [first]
{more}"""

MORE = """    - task_id: added
      operator: airflow.providers.standard.operators.empty.EmptyOperator
      dependencies: [last]
"""


def write(path, text):
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".part", path)


def log_lines(client, dag_id, run_id, task_id, number=1):
    """Raw, because the client's model of a line drops what it does not know, such as the traceback."""
    ask = airflow.TaskInstanceApi(client).get_log_without_preload_content
    answer = ask(dag_id, run_id, task_id, number, full_content=True, accept="application/json")
    return [json.dumps(line) for line in json.loads(answer.data)["content"]]


def state_of(client, dag_id, run_id, task_id):
    return api.task_states(client, dag_id, run_id).get(task_id)


def run_to_the_end(client, dag_id, **options):
    run_id = api.trigger(client, dag_id, **options)
    return run_id, api.wait_for_runs(client, {dag_id: run_id}, SECONDS).get(dag_id)


def status_of(call, *arguments, **options):
    """The HTTP status of a call that may be refused."""
    try:
        call(*arguments, **options)
        return 200
    except ApiException as error:
        return error.status


def check_train(report, client):
    tagged = api.every(airflow.DAGApi(client).get_dags, "dags", tags=["ci"], order_by=["dag_id"])
    report.equal("DAGs listed by tag", [dag.dag_id for dag in tagged], ["fragile", "slow", "train"])
    airflow.DAGApi(client).patch_dag("train", DAGPatchBody(is_paused=True))
    queued = api.trigger(client, "train", conf={"rows": 6}, run_id="while-paused")
    time.sleep(0.5)
    report.equal("a run of a paused DAG waits", api.run_state(client, "train", queued), "queued")
    for dag in tagged:
        api.unpause(client, dag.dag_id)
    ended = api.wait_for_runs(client, {"train": queued}, SECONDS)
    report.equal("unpaused, it runs, and fails on a missing variable", ended.get("train"), "failed")
    report.equal("its task states", api.task_states(client, "train", queued), {
        "load": "success", "total": "failed", "report": "upstream_failed", "say": "upstream_failed"})
    lines = log_lines(client, "train", queued, "total")
    report.check("its log names the variable", [] if any("factor" in line for line in lines) else lines)
    airflow.VariableApi(client).post_variable(VariableBody(key="factor", value="2"))
    run_id, state = run_to_the_end(client, "train", conf={"rows": 6})
    report.equal("with the variable it succeeds", state, "success")
    xcoms = airflow.XComApi(client)

    def value(task, key="return_value"):
        return xcoms.get_xcom_entry("train", task, run_id, key).actual_instance.value

    report.equal("conf reaches the task", value("load"), [0, 1, 2, 3, 4, 5])
    report.equal("XComs go from task to task", (value("total"), value("say")), (30, "the total is 30"))
    report.equal("multiple outputs", value("report", "good"), True)
    report.contains("print() is in the log", "\n".join(log_lines(client, "train", run_id, "load")), "rows asked for: 6")
    said = "\n".join(log_lines(client, "train", run_id, "say"))
    report.contains("a rendered command's output, too", said, "the total is 30")


def check_clear(report, client, mark):
    run_id, state = run_to_the_end(client, "fragile")
    report.equal("a task fails, its run too", (state, api.task_states(client, "fragile", run_id)),
                 ("failed", {"fragile": "failed", "after": "upstream_failed"}))
    lines = "\n".join(log_lines(client, "fragile", run_id, "fragile"))
    report.contains("the log has the traceback", lines, "the mark is missing")
    write(mark, "")
    wanted = [ClearTaskInstancesBodyTaskIdsInner("fragile")]
    body = ClearTaskInstancesBody(dag_run_id=run_id, task_ids=wanted, include_downstream=True, dry_run=False)
    airflow.TaskInstanceApi(client).post_clear_task_instances("fragile", body)
    wait_until(lambda: api.run_state(client, "fragile", run_id) == "success", SECONDS, "the cleared run")
    report.equal("cleared, it runs again", api.task_states(client, "fragile", run_id), {
        "fragile": "success", "after": "success"})
    tries = airflow.TaskInstanceApi(client).get_task_instance_tries("fragile", run_id, "fragile").task_instances
    report.equal("both tries are kept", [(t.try_number, t.state.value) for t in tries], [(1, "failed"), (2, "success")])
    report.equal("the first try's log, too", "\n".join(log_lines(client, "fragile", run_id, "fragile")), lines)


def check_marks(report, client, gate):
    tasks = airflow.TaskInstanceApi(client)
    run_id = api.trigger(client, "slow")
    wait_until(lambda: state_of(client, "slow", run_id, "first") == "running", SECONDS, "the first task")
    tasks.patch_task_instance("slow", run_id, "first", PatchTaskInstanceBody(new_state="success"))
    wait_until(lambda: api.run_state(client, "slow", run_id) == "success", SECONDS, "the run that was helped on")
    report.check("a running task is marked a success: the run goes on")
    run_id = api.trigger(client, "slow")
    wait_until(lambda: state_of(client, "slow", run_id, "first") == "running", SECONDS, "the first task")
    airflow.DagRunApi(client).patch_dag_run("slow", run_id, DAGRunPatchBody(state="failed"))
    wait_until(lambda: state_of(client, "slow", run_id, "first") == "failed", SECONDS, "the task to be ended")
    report.equal("a running run is marked failed: its task is ended", api.run_state(client, "slow", run_id), "failed")
    wait_until(lambda: not running_with(gate), SECONDS, "the processes of both to end")
    report.check("and no process of theirs is left")


def running_with(word):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if word.encode() in file.read():
                    found.append(pid)
        except OSError:
            pass
    return found


def check_versions(report, client, path, gate):
    """A run keeps the version it began with, whatever happens to the file meanwhile."""
    run_id = api.trigger(client, "slow")
    wait_until(lambda: state_of(client, "slow", run_id, "first") == "running", SECONDS, "the first task")
    write(path, SLOW.format(gate=gate, version="two", more=MORE))
    numbers = airflow.DagVersionApi(client).get_dag_versions
    wait_until(lambda: numbers("slow").total_entries == 2, SECONDS, "the second version")
    second = api.trigger(client, "slow")
    write(gate, "")
    for run in (run_id, second):
        wait_until(lambda: api.run_state(client, "slow", run) == "success", SECONDS, "both runs")
    report.equal("the old run has the old tasks", sorted(api.task_states(client, "slow", run_id)), ["first", "last"])
    report.contains("and the old command", "\n".join(log_lines(client, "slow", run_id, "last")), "of version one")
    tasks = sorted(api.task_states(client, "slow", second))
    report.equal("the new run the new tasks", tasks, ["added", "first", "last"])
    report.contains("and the new command", "\n".join(log_lines(client, "slow", second, "last")), "of version two")
    runs = airflow.DagRunApi(client)
    report.equal("each says which version", [[v.version_number for v in runs.get_dag_run("slow", run).dag_versions]
                                             for run in (run_id, second)], [[1], [2]])
    for number, word in ((1, "one"), (2, "two")):
        source = airflow.DagSourceApi(client).get_dag_source("slow", number).content
        report.contains(f"the source of version {number} is kept", source, f"version {word}")


def check_roles(report, engine, binary):
    """Airflow's simple auth manager: what a role may do."""
    wanted = {
        "Viewer": (200, 403, 403, 403),
        "User": (200, 200, 403, 403),
        "Op": (200, 200, 200, 200),
        "Admin": (200, 200, 200, 200),
    }
    for role, statuses in wanted.items():
        name = f"an_{role.lower()}"
        made = subprocess.run([binary, "users", "create", "--home", engine.home, "--username", name, "--role", role,
                               "--password", "a long password", "--email", f"{name}@example.org", "--firstname", "A",
                               "--lastname", role], capture_output=True, text=True, timeout=60)
        report.equal(f"users create --role {role}", (made.returncode, made.stderr), (0, ""))
        client = api.client_of(engine.url, api.token_of(engine.url, name, "a long password"))
        found = (
            status_of(airflow.DAGApi(client).get_dags),
            status_of(api.unpause, client, "train"),
            status_of(airflow.VariableApi(client).post_variable, VariableBody(key=name, value="x")),
            status_of(airflow.ConnectionApi(client).get_connections),
        )
        report.equal(f"what a {role} may: list, unpause, write a variable, list connections", found, statuses)
    report.equal("a forged token", status_of(airflow.DAGApi(api.client_of(engine.url, "a.b.c")).get_dags), 403)


def check_restart(report, engine):
    """Killed in the middle of a Python task: the client sees the same run go on."""
    client = admin_of(engine)
    run_id = api.trigger(client, "train", conf={"rows": 5})
    time.sleep(0.2)
    engine.process.send_signal(signal.SIGKILL)
    engine.process.wait()
    engine.process.stdout.close()
    engine.start()
    client = admin_of(engine)
    ended = api.wait_for_runs(client, {"train": run_id}, SECONDS)
    report.equal("killed and started again: the run ends", ended.get("train"), "success")
    report.equal("with every task", set(api.task_states(client, "train", run_id).values()), {"success"})


def examine(report, engine, folder, binary):
    mark, gate, slow = (os.path.join(engine.home, name) for name in ("mark", "gate", "dags/slow.yaml"))
    write(os.path.join(folder, "train.py"), TRAIN)
    write(os.path.join(folder, "fragile.py"), FRAGILE.format(mark=mark))
    write(slow, SLOW.format(gate=gate, version="one", more=""))
    client = admin_of(engine)
    wait_until(lambda: len(api.dags_of(client)) == 3, SECONDS, "three DAGs")
    steps = {
        "train": lambda: check_train(report, client),
        "clear": lambda: check_clear(report, client, mark),
        "marks": lambda: check_marks(report, client, gate),
        "versions": lambda: check_versions(report, client, slow, gate),
        "roles": lambda: check_roles(report, engine, binary),
        "restart": lambda: check_restart(report, engine),
    }
    for name, step in steps.items():
        with report.guarded(name):
            step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--keep", action="store_true", help="leave the home behind, to look into")
    options = parser.parse_args()
    report = Report()
    with running_engine(report, options.binary, "client", keep=options.keep) as (engine, folder):
        examine(report, engine, folder, options.binary)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
