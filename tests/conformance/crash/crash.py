"""kill -9 of the real engine at random moments while a run of 200 tasks goes on.

Afterwards: every task's side effect happened, no task that ended well ran twice, none ran twice at once, the run and all
tasks are successful, and no process is left. usage: crash.py HANOK [--kills N] [--seed N] [--both]
--both also kills the shim each time: then a task may be cut off and run again, but still never twice at once.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from standalone import Standalone, processes_of, wait_until  # noqa: E402

TASKS = 200
DAG = "crash"


def write_dag(folder, journal):
    """Chains and fans: ten rows of twenty; each task waits for two of the row before."""
    lines = [f"{DAG}:", "  start_date: 2024-01-01", "  schedule: null", "  max_active_tasks: 64", "  tasks:"]
    for i in range(TASKS):
        row, column = divmod(i, 20)
        command = (
            f"echo start t{i} $(date +%s%N) $$ >> {journal}; sleep 0.0{random.randint(1, 9)}; "
            f"echo end t{i} $(date +%s%N) $$ >> {journal}"
        )
        lines += [
            f"    - task_id: t{i}",
            "      operator: airflow.providers.standard.operators.bash.BashOperator",
            f'      bash_command: "{command}"',
        ]
        if row > 0:
            above = [(row - 1) * 20 + column, (row - 1) * 20 + (column + 1) % 20]
            lines.append(f"      dependencies: [{', '.join(f't{a}' for a in above)}]")
    with open(os.path.join(folder, "crash.yaml"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def check_journal(journal, both):
    """Problems found, as sentences."""
    starts, ends, problems = {}, {}, []
    with open(journal, encoding="utf-8") as file:
        for line in file:
            kind, task, at, pid = line.split()
            (starts if kind == "start" else ends).setdefault(task, []).append((int(at), pid))
    for i in range(TASKS):
        task = f"t{i}"
        if task not in ends:
            problems.append(f"{task} never ended")
            continue
        if len(ends[task]) > 1 and not both:
            problems.append(f"{task} ended well {len(ends[task])} times")
        if len(starts[task]) > 1 and not both:
            problems.append(f"{task} was started {len(starts[task])} times, though its process outlived the engine")
        spans = []
        for at, pid in starts[task]:
            end = [e for e, p in ends[task] if p == pid]
            spans.append((at, end[0] if end else at))
        spans.sort()
        for before, after in zip(spans, spans[1:]):
            if after[0] < before[1]:
                problems.append(f"{task} ran twice at once")
    return problems


def shim_pids(home):
    return [pid for pid, command in processes_of(home) if " shim " in command]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--both", action="store_true")
    options = parser.parse_args()
    random.seed(options.seed)
    home = os.path.realpath(tempfile.mkdtemp(prefix="hanok-crash-"))
    dags = os.path.join(home, "dags")
    journal = os.path.join(home, "journal")
    os.mkdir(dags)
    open(journal, "w", encoding="utf-8").close()
    write_dag(dags, journal)
    engine = Standalone(options.binary, home, [dags], "--all-admins", "--parallelism", "4").start()
    engine.wait_for_dag(DAG)
    run_id = engine.trigger(DAG)
    kills = runs = 0
    problems = []
    while kills < options.kills:
        time.sleep(random.uniform(0, 0.15))
        engine.kill()
        if options.both:
            for pid in shim_pids(home):
                os.kill(pid, signal.SIGKILL)
        kills += 1
        engine.start()
        if engine.run_state(DAG, run_id) in ("success", "failed"):
            # The run is over before the kills are used up: check it, and begin another.
            problems += check(engine, run_id, journal, options.both)
            runs += 1
            open(journal, "w", encoding="utf-8").close()
            run_id = engine.trigger(DAG)
    engine.wait_for_run(DAG, run_id, 300)
    problems += check(engine, run_id, journal, options.both)
    runs += 1
    engine.stop()
    try:
        wait_until(lambda: not processes_of(home), 10, "all processes to be gone")
    except TimeoutError:
        problems += [f"left behind: {pid} {command}" for pid, command in processes_of(home)]
    print(f"seed {options.seed}: {kills} kills during {runs} runs of {TASKS} tasks")
    for problem in problems:
        print("FAILED:", problem)
    if not problems:
        shutil.rmtree(home)
    else:
        print("see", home)
    print(f"{0 if problems else 1} passed, {1 if problems else 0} failed")
    return 1 if problems else 0


def check(engine, run_id, journal, both):
    problems = check_journal(journal, both)
    if engine.run_state(DAG, run_id) != "success":
        problems.append(f"the run is {engine.run_state(DAG, run_id)}")
    states = engine.task_states(DAG, run_id)
    problems += [f"{task} is {state}" for task, state in states.items() if state != "success"]
    if len(states) != TASKS:
        problems.append(f"{len(states)} task instances instead of {TASKS}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
