"""A home whose disk is full: the engine goes on and says so once, and once there is room again everything is finished.

The disk is a small file system of this test's own (a mount namespace; without root also a user namespace). Where none
can be mounted, and with --limit, a limit on the size of files stands in: the database cannot grow either way.
usage: run.py HANOK [--limit]
"""

import argparse
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from engine_test import Report  # noqa: E402
from standalone import Standalone, processes_of, wait_until  # noqa: E402

TASKS = 128  # more than fits in a log of the size of the database
SECONDS = 120
COMPLAINT = "the database cannot be written"
RELIEF = "the database can be written again"
MLFLOW = "/api/2.0/mlflow/"
HEAD = "{dag}:\n  start_date: 2024-01-01\n  schedule: null\n  max_active_tasks: 64\n  tasks:\n"
TASK = """    - task_id: t{i}
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: "echo start t{i} $$ >> {journal}; head -c 300000 /dev/zero | tr '\\\\0' x | fold -w 200; sleep 0.1; \
echo end t{i} $$ >> {journal}"
      dependencies: [{before}]
"""


def dag_file(dag, tasks, journal):
    """Rows of four, each task after the one above it."""
    rows = (TASK.format(i=i, journal=journal, before=f"t{i - 4}" if i >= 4 else "") for i in range(tasks))
    return HEAD.format(dag=dag) + "".join(rows)


class SmallDisk:
    def __init__(self, home):
        self.home = home
        self.mount("size=6m")

    def mount(self, options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.home], check=True)

    def fill(self):
        pass  # the run's logs do

    def fill_up(self):
        pass

    def fill_again(self):
        pass

    def make_room(self):
        self.mount("remount,size=200m")

    def close(self):
        subprocess.run(["umount", "--lazy", self.home], check=True)


class SizeLimit:
    """Of the engine, of all that it starts, and of us, from whom the next engine inherits it."""

    def __init__(self, home):
        self.home = home
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(self, limits):
        for pid, _ in [(os.getpid(), ""), *processes_of(self.home)]:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)

    def fill(self):
        sizes = [os.path.getsize(os.path.join(self.home, name)) for name in ("hanok.db", "hanok.db-wal")]
        self.size = sizes[1]
        self.most = max(sizes) + 40_000
        self.limit((self.most, self.before[1]))

    def fill_up(self):
        """Not even a small write fits in what a larger one, which failed, has left."""
        self.limit((self.size, self.before[1]))

    def fill_again(self):
        self.limit((self.most, self.before[1]))

    def make_room(self):
        self.limit(self.before)

    def close(self):
        self.make_room()


def may_mount():
    """How this test is run again with file systems of its own; None when it cannot be."""
    for namespace in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        probe = [*namespace, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"]
        if subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return namespace
    return None


def log_of(engine):
    with open(engine.log_path, encoding="utf-8") as file:
        return file.read()


def is_failing(engine):
    return engine.get("/api/v2/monitor/health")[1]["metadatabase"]["status"] == "unhealthy"


def check_full(report, engine, dags, journal, run):
    """While it is full: all that needs no room works, the rest is refused with a sentence."""
    said = [line for line in log_of(engine).splitlines() if COMPLAINT in line]
    report.equal("the log says so once", len(said), 1)
    print("   ", *said)
    report.equal("the run is still shown", engine.run_state("chatty", "r1"), "running")
    for method, path, body in (
        ("POST", "/api/v2/dags/chatty/dagRuns", {"logical_date": None, "dag_run_id": "refused"}),
        ("POST", "/api/v2/variables", {"key": "a", "value": "b"}),
        ("PATCH", "/api/v2/dags/chatty", {"is_paused": True}),
    ):
        status, answer = engine.request(method, path, body)
        problems = [] if status >= 500 and list(answer) == ["detail"] else [f"{status} {answer}"]
        report.check(f"{method} {path} is refused: {answer['detail']}", problems)
    metrics = [{"key": "loss", "value": step / 7, "timestamp": 1, "step": step} for step in range(1000)]
    for path, body in (("runs/log-batch", {"run_id": run, "metrics": metrics}), ("experiments/create", {"name": "refused"})):
        status, answer = engine.request("POST", MLFLOW + path, body)
        is_told = status >= 500 and "error_code" in answer and engine.home in answer.get("message", "")
        report.check(f"POST {path} is refused: {answer.get('message')}", [] if is_told else [f"{status} {answer}"])
    report.equal("and leaves nothing", engine.get(f"{MLFLOW}runs/get?run_id={run}")[1]["run"]["data"].get("metrics"), None)
    with open(os.path.join(dags, "later.yaml"), "w", encoding="utf-8") as file:
        file.write(dag_file("later", 1, journal))
    wait_until(lambda: "later.yaml" in log_of(engine), SECONDS, "the file that cannot be saved")
    report.equal("what is refused leaves nothing", engine.get("/api/v2/dags/chatty/dagRuns/refused")[0], 404)


def check_journal(report, journal):
    starts, ends = {}, {}
    with open(journal, encoding="utf-8") as file:
        for line in file:
            kind, task, _ = line.split()
            counts = starts if kind == "start" else ends
            counts[task] = counts.get(task, 0) + 1
    wanted = {f"t{i}": 1 for i in range(TASKS)}
    report.equal("every task was started once", starts, wanted)
    report.equal("every task ended once", ends, wanted)


def examine(report, engine, disk, dags, journal):
    engine.start()
    engine.wait_for_dag("chatty")
    run = engine.request("POST", MLFLOW + "runs/create", {"experiment_id": "0"})[1]["run"]["info"]["run_id"]
    engine.trigger("chatty", dag_run_id="r1")
    wait_until(lambda: engine.run_state("chatty", "r1") == "running", SECONDS, "the run to begin")
    disk.fill()
    wait_until(lambda: is_failing(engine), SECONDS, "the disk to be full")
    disk.fill_up()
    check_full(report, engine, dags, journal, run)
    disk.fill_again()
    engine.kill()
    engine.start()
    report.check("killed, it starts again on the full disk")
    wait_until(lambda: is_failing(engine), SECONDS, "it to see that")
    report.equal("the run is still shown", engine.run_state("chatty", "r1"), "running")
    report.equal("it can be told to end, too", engine.stop(), 0)
    engine.start()
    wait_until(lambda: is_failing(engine), SECONDS, "it to see that once more")
    disk.make_room()
    report.equal("with room again the run ends well", engine.wait_for_run("chatty", "r1"), "success")
    report.equal("and so did every task", engine.task_states("chatty", "r1"), {f"t{i}": "success" for i in range(TASKS)})
    check_journal(report, journal)
    report.contains("the log says that it is over", log_of(engine), RELIEF)
    report.equal("the database is healthy again", is_failing(engine), False)
    engine.wait_for_dag("later")
    report.check("a file that was written meanwhile is read")
    logged = engine.request("POST", MLFLOW + "runs/log-batch", {"run_id": run, "params": [{"key": "a", "value": "b"}]})
    report.equal("runs are logged again", logged, (200, {}))
    report.equal("what was refused can be done", engine.request("PATCH", "/api/v2/dags/chatty", {"is_paused": True})[0], 200)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--limit", action="store_true", help="a limit on the size of files instead of a small disk")
    parser.add_argument("--disk", action="store_true", help="this process may mount a small disk")
    options = parser.parse_args()
    namespace = None if options.limit or options.disk else may_mount()
    if namespace is not None:
        os.execvp(namespace[0], [*namespace, sys.executable, __file__, options.binary, "--disk"])
    report = Report()
    folder = os.path.realpath(tempfile.mkdtemp(prefix="hanok-full-"))
    home, dags, journal = (os.path.join(folder, name) for name in ("home", "dags", "journal"))
    os.mkdir(home)
    os.mkdir(dags)
    with open(os.path.join(dags, "chatty.yaml"), "w", encoding="utf-8") as file:
        file.write(dag_file("chatty", TASKS, journal))
    disk = SmallDisk(home) if options.disk else SizeLimit(home)
    print(f"the disk is a {type(disk).__name__}")
    engine = Standalone(options.binary, home, [dags], "--all-admins", "--parallelism", "4",
                        log=os.path.join(folder, "log"))
    with report.guarded("a full disk"):
        examine(report, engine, disk, dags, journal)
    if engine.process is not None and engine.process.poll() is None:
        report.equal("hanok ends well", engine.stop(), 0)
    disk.close()
    if report.failed:
        print("see", folder)
    else:
        shutil.rmtree(folder)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
