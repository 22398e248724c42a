"""Runs the real warm host with the real Task SDK: parses good and bad files, runs tasks of every ending, and looks at
what stays imported. Prints one line a check and exits with 1 when one failed.

    .venv/bin/python tests/conformance/python_host/run.py
"""

import datetime
import json
import mmap
import os
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "dags", "python"))
import hanok_pages  # noqa: E402
from engine import HERE, Engine  # noqa: E402

results = []


def check(name, is_right, more=""):
    results.append(is_right)
    print(("ok      " if is_right else "FAILED  ") + name + ("" if is_right else f"  {more}"), flush=True)


def parse(engine, file, seconds=60):
    job = engine.parse(file)
    engine.wait(job, seconds=seconds)
    found = [m for m in job.messages if m["type"] == "DagFileParsingResult"]
    return job, found[0] if found else None


def ids(result):
    return sorted(d["data"]["dag"]["dag_id"] for d in result["serialized_dags"])


def check_parsing(engine):
    _, result = parse(engine, "good.py")
    check("a good file gives its DAG", result is not None and ids(result) == ["good"] and not result["import_errors"])
    tasks = {t["__var"]["task_id"]: t["__var"] for t in result["serialized_dags"][0]["data"]["dag"]["tasks"]}
    plain = tasks["hello"].get("_hanok_command", {})
    is_marked = plain.get("command") == "echo hello" and plain.get("skip_exit_codes") == [99]
    check("a plain BashOperator is marked", is_marked, plain)
    check("a templated one is not", "_hanok_command" not in tasks["templated"])
    job, result = parse(engine, "variable.py")
    check("a top-level Variable is answered", ids(result) == ["made_one", "made_two"] and "GetVariable" in job.types)
    _, result = parse(engine, "broken.py")
    errors = str(result["import_errors"])
    check("a broken import is told", not result["serialized_dags"] and "a_module_that_is_not_there" in errors, errors)
    job, result = parse(engine, "leaves.py")
    check("a file that exits is told by its exit code", result is None and job.exit_code == 7, job.exit_code)
    job = engine.parse("never.py")
    engine.wait(job, seconds=3)
    alive = job.status is None and job.pid is not None
    engine.kill(job)
    engine.wait(job)
    check("a file that never returns can be ended", alive and job.exit_code == -9, job.exit_code)


def check_endings(engine):
    expected = [  # task, should_retry, exit code, final state, a message it must have sent
        ("push", False, 0, "success", "SetXCom"), ("pull", False, 0, "success", "GetXCom"),
        ("hello", False, 0, "success", "SetXCom"), ("templated", False, 0, "success", "SetRenderedFields"),
        ("fail", True, 0, "up_for_retry", "RetryTask"), ("fail", False, 0, "failed", "TaskState"),
        ("fail_for_good", True, 0, "failed", "TaskState"), ("skip", False, 0, "skipped", "TaskState"),
        ("choose", False, 0, "success", "SkipDownstreamTasks"),
        ("wait", False, 0, "up_for_reschedule", "RescheduleTask"),
        ("die", False, -9, None, None), ("leave", False, 3, None, None), ("slow", False, 0, "failed", "TaskState"),
    ]
    for task, should_retry, code, final, message in expected:
        job = engine.task("good.py", "good", task, should_retry)
        engine.wait(job)
        is_right = job.exit_code == code and job.final == final and (message is None or message in job.types)
        check(f"task {task} ends {final or code}", is_right, (job.exit_code, job.final, job.types, job.log[-400:]))
    check("an XCom is passed on", engine.xcoms.get(("pull", "return_value")) == 42, engine.xcoms)
    check("Bash gives its last line", engine.xcoms.get(("hello", "return_value")) == "hello")
    check("templates are rendered", engine.xcoms.get(("templated", "return_value")) == "world 2026-01-02")


def run_say(engine, file, dag):
    job = engine.task(file, dag, "say")
    engine.wait(job)
    return job


def check_output(engine):
    job = engine.task("good.py", "good", "push")
    engine.wait(job)
    check("print comes on standard output", b"pushing" in job.out[1], job.out[1])
    check("logs are JSON lines", b'"event":"Worker startup parse complete"' in job.out[3], job.out[3][-300:])


def log_of(job):
    """Its records, and their times."""
    records = [json.loads(line) for line in job.out[3].splitlines()]
    return records, [record["timestamp"] for record in records]


def check_birth(engine):
    """The task process is forked inside the SDK's code; nothing may show of that."""
    for which in ("first", "second"):
        begun = datetime.datetime.now(datetime.timezone.utc).isoformat()
        job = engine.task("looks.py", "looks", "look")
        engine.wait(job)
        found = engine.xcoms[("look", "return_value")]
        check(f"the {which} task has its four sockets only", found["sockets"] == [0, 1, 2, 100], found)
        is_all = set(found["others"]) <= {os.readlink(f"/proc/{engine.process.pid}/fd/2")}  # the SDK's last resort
        check("nothing else of its parents", is_all, found)
        check("signals and process group of its own", all(found["handlers"]) and found["leads_its_group"], found)
        check("its exit handler is called", b"said at the end" in job.out[1], job.out[1])
        records, times = log_of(job)
        is_new = begun <= times[0] <= times[-1] and times == sorted(times)
        check("its log begins with its own time", records[0]["event"] == "::group::Pre Execute" and is_new, times)
    warm, _ = log_of(run_say(engine, "helped.py", "helped"))
    cold, _ = log_of(run_say(engine, "threads.py", "threads"))
    texts = [[(r["event"].split(":")[0], r["level"], r.get("filename"), r.get("lineno")) for r in log
              if not r["event"].startswith("Filling up the DagBag")] for log in (warm, cold)]
    check("a log is the same from a file that stays imported", texts[0] == texts[1], texts)


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return int(file.read().rsplit(")", 1)[1].split()[1])


def warm_processes(engine):
    host = engine.process.pid
    return {int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) != host and is_child(int(p), host)}


def is_child(pid, parent):
    try:
        return parent_of(pid) == parent
    except OSError:
        return False


def check_warm_files(engine, dags):
    job = run_say(engine, "helped.py", "helped")
    before = warm_processes(engine)
    is_kept = engine.xcoms[("say", "return_value")] == "first" and len(before) >= 1
    check("a file stays imported", is_kept, job.log[-300:])
    run_say(engine, "helped.py", "helped")
    check("and is used again", warm_processes(engine) == before)
    with open(os.path.join(dags, "helper_of_helped.py"), "w", encoding="utf-8") as file:
        file.write('WORD = "second one"\n')
    run_say(engine, "helped.py", "helped")
    check("a change of a module beside it is seen", engine.xcoms[("say", "return_value")] == "second one")
    count = len(warm_processes(engine))
    job = run_say(engine, "threads.py", "threads")
    check("a file that leaves a thread still runs", engine.xcoms[("say", "return_value")] == 2, job.log[-300:])
    time.sleep(0.2)
    check("but is not kept", len(warm_processes(engine)) == count)
    engine.variables["names"] = "one"
    job = run_say(engine, "variable.py", "made_one")
    is_asked = job.final == "success" and job.types.count("GetVariable") == 2
    check("a file that asks while imported runs", is_asked, job.types)
    check("with the new value", engine.xcoms[("say", "return_value")] == "one")
    job = run_say(engine, "leaves.py", "x")
    check("a file that exits fails its task only", job.exit_code == 7, job.exit_code)


LISTENER = """
import os
import sys

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


@hookimpl
def on_task_instance_running(previous_state, task_instance):
    with open(os.path.join(os.environ["HANOK_HOME"], "heard"), "a") as file:
        file.write(task_instance.dag_id + chr(10))


class Listens(AirflowPlugin):
    name = "listens"
    listeners = [sys.modules[__name__]]
"""


def check_listener(folder, dags):
    """Of real tasks, and not of what the host does to get ready."""
    home = os.path.join(folder, "heard-of")
    os.makedirs(os.path.join(home, "airflow", "plugins"))
    with open(os.path.join(home, "airflow", "plugins", "listens.py"), "w", encoding="utf-8") as file:
        file.write(LISTENER)
    engine = Engine(home, dags)
    engine.wait_hello()
    run_say(engine, "helped.py", "helped")
    run_say(engine, "helped.py", "helped")
    with open(os.path.join(home, "heard"), encoding="utf-8") as file:
        heard = file.read().split()
    check("a plugin's listener hears of each task", heard == ["helped", "helped"], heard)
    engine.close()


def check_many(engine):
    jobs = [engine.task("good.py", "good", "push") for _ in range(20)]
    engine.wait(*jobs)
    check("20 at once", all(j.final == "success" and j.exit_code == 0 for j in jobs))


def check_no_orphans(engine):
    job = engine.task("good.py", "good", "slow")
    while job.pid is None or "SetRenderedFields" not in job.types:
        engine.turn(0.2)
    children = warm_processes(engine) | {job.pid}
    os.kill(engine.process.pid, signal.SIGKILL)
    engine.process.wait()
    end = time.monotonic() + 5
    while time.monotonic() < end and any(is_alive(pid) for pid in children):
        time.sleep(0.05)
    check("nothing outlives the host", not any(is_alive(pid) for pid in children))


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def report_cost(engine):
    for task in ("push", "hello"):
        costs = []
        for _ in range(20):
            job = engine.task("good.py", "good", task)
            engine.wait(job)
            costs.append(job.cpu * 1000)
        costs.sort()
        middle = costs[len(costs) // 2]
        print(f"CPU of task '{task}': {costs[0]:.1f} ms at best, {middle:.1f} ms in the middle", flush=True)


def can_collapse():
    memory = mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.write(bytes(len(memory)))
    try:
        memory.madvise(hanok_pages.MADV_COLLAPSE)
    except OSError:
        return False
    return hanok_pages.is_memory_plenty()


def huge_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("AnonHugePages:"))


def check_huge_pages(engine):
    """good.py has been asked for more than FORKS_BEFORE tasks by now."""
    most = max(huge_kib(pid) for pid in warm_processes(engine))
    if can_collapse():
        check("a process that has forked often has huge pages", most >= 16 << 10, most)
    else:
        check("where the system has no huge pages to give, all goes on", most == 0, most)


def main():
    with tempfile.TemporaryDirectory() as folder:
        dags = os.path.join(folder, "dags")
        shutil.copytree(os.path.join(HERE, "dags"), dags)
        engine = Engine(os.path.join(folder, "home"), dags)
        check("the host says hello", engine.wait_hello())
        check_parsing(engine)
        check_endings(engine)
        check_output(engine)
        check_warm_files(engine, dags)
        check_birth(engine)
        check_many(engine)
        report_cost(engine)
        check_huge_pages(engine)
        check_no_orphans(engine)
        check_listener(folder, dags)
        engine = Engine(os.path.join(folder, "home"), dags)
        engine.wait_hello()
        run_say(engine, "helped.py", "helped")
        check("the host goes with its shim", engine.close() == 0)
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
