"""Ratios, each measured in one run beside its peer or physical limit. Numbers are for reading, not for passing.

usage: bench.py HANOK SPAWN_LOOP [--python PYTHON] [name ...]      names: start wide chain empty rest
history python lateness mlflow (the last two only when they are named: they take minutes)
"""

import argparse
import array
import fcntl
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "conformance", "common"))
import mlflow_side  # noqa: E402
from standalone import Standalone, processes_of, wait_until  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 4
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_TOPDIR_FL = 0x80086601, 0x40086602, 0x00020000


def stat_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return [int(field) for field in file.read().rsplit(")", 1)[1].split()[1:]]


def parent_of(pid):
    return stat_of(pid)[0]


def cpu_of_both(pid):
    """User and system seconds of a process, and of the children it has waited for."""
    fields = stat_of(pid)
    return (fields[10] + fields[11]) / TICK, (fields[12] + fields[13]) / TICK


def cpu_of(pid):
    return sum(cpu_of_both(pid))


def cpu_of_home(engine):
    return sum(cpu_of(pid) for pid in {engine.process.pid, *(p for p, _ in processes_of(engine.home))})


def pss_of(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024


def spread_folders(folder):
    """Asks ext4 to put the folders in this one far from each other. Without a journal it makes a file slowly, up to a
    millisecond, where others were removed within the last minutes; tests and benches do nothing else."""
    descriptor = os.open(folder, os.O_RDONLY)
    flags = array.array("l", [0])
    try:
        fcntl.ioctl(descriptor, FS_IOC_GETFLAGS, flags)
        flags[0] |= FS_TOPDIR_FL
        fcntl.ioctl(descriptor, FS_IOC_SETFLAGS, flags)
    except OSError:
        pass  # another file system, which has no need of it
    os.close(descriptor)


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder  # of all homes; nothing in it is removed before the end

    def engine(self, files, *extra, all_admins=True):
        home = tempfile.mkdtemp(prefix="home-", dir=self.folder)
        dags = os.path.join(home, "dags")
        os.mkdir(dags)
        for name, text in files.items():
            with open(os.path.join(dags, name), "w", encoding="utf-8") as file:
                file.write(text)
        if self.options.python:
            extra += ("--python", self.options.python)
        if all_admins:
            extra += ("--all-admins",)
        return Standalone(self.options.binary, home, [dags], *extra)

    def bare(self, count, at_once):
        out = subprocess.run([self.options.spawn_loop, str(count), str(at_once), "bash", "-c", "true"], check=True,
                             capture_output=True, text=True).stdout.split()
        return float(out[0]), float(out[1])

    def run_dag(self, engine, dag_id):
        engine.wait_for_dag(dag_id)
        before = cpu_of_home(engine)
        run_id = engine.trigger(dag_id)
        state = engine.wait_for_run(dag_id, run_id, 600)
        assert state == "success", state
        cpu = cpu_of_home(engine) - before
        database = sqlite3.connect(f"file:{engine.home}/hanok.db?mode=ro", uri=True)
        rows = database.execute("SELECT t.start_us, t.end_us FROM task_instance t JOIN dag_run r USING (run_key) "
                                "WHERE r.run_id = ? ORDER BY t.start_us", (run_id,)).fetchall()
        database.close()
        return rows, cpu

    def wide(self):
        count, at_once, rounds = 1000, 2, 5
        engine = self.engine({"wide.yaml": yaml_dag("wide", [task(f"t{i}", "true") for i in range(count)], 0)},
                             "--parallelism", str(at_once)).start()
        self.run_dag(engine, "wide")  # the first start of the shim is not what is measured
        rates, costs = [], []
        for _ in range(rounds):  # by turns, so that whatever else the machine does falls on both
            wall, cpu = self.bare(count, at_once)
            rows, ours = self.run_dag(engine, "wide")
            span = (max(r[1] for r in rows) - min(r[0] for r in rows)) / 1e6
            rates.append((wall / span, count / wall, count / span))
            costs.append((ours / cpu, cpu / count * 1e3, ours / count * 1e3))
        engine.stop()
        rate, cost = sorted(rates)[rounds // 2], sorted(costs)[rounds // 2]
        print(f"wide: {count} x `bash -c true`, {at_once} at once, median of {rounds} rounds: bare loop {rate[1]:.0f}/s, hanok"
              f" {rate[2]:.0f}/s = {rate[0]:.0%} of it ({min(rates)[0]:.0%} to {max(rates)[0]:.0%}); CPU each {cost[1]:.2f}"
              f" and {cost[2]:.2f} ms = {cost[0]:.2f}x ({min(costs)[0]:.2f} to {max(costs)[0]:.2f})")

    def chain(self):
        count = 100
        tasks = [task(f"t{i}", "true", [f"t{i - 1}"] if i else []) for i in range(count)]
        engine = self.engine({"chain.yaml": yaml_dag("chain", tasks)}).start()
        self.run_dag(engine, "chain")
        wall, _ = self.bare(count, 1)
        rows, _ = self.run_dag(engine, "chain")
        engine.stop()
        gaps = sorted((b[0] - a[1]) / 1e3 for a, b in zip(rows, rows[1:]))
        print(f"chain: {count} links: gap between end and next start p50 {statistics.median(gaps):.2f} ms, p90"
              f" {gaps[int(len(gaps) * 0.9)]:.2f} ms; one commit (fsync) here p50 {self.commit_ms():.2f} ms, one bare spawn"
              f" {wall / count * 1e3:.2f} ms")

    def commit_ms(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        database = sqlite3.connect(os.path.join(folder, "x.db"), isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        times = []
        for i in range(200):
            begin = time.perf_counter()
            database.execute("INSERT INTO t (b) VALUES (?)", ("x" * 200,))
            times.append(time.perf_counter() - begin)
        database.close()
        return statistics.median(times) * 1e3

    def empty(self):
        count = 100_000
        tasks = [empty_task(f"t{i}") for i in range(count)]
        engine = self.engine({"empty.yaml": yaml_dag("empty", tasks)}).start()
        engine.wait_for_dag("empty", 300)
        begin = time.perf_counter()
        run_id = engine.trigger("empty")
        engine.wait_for_run("empty", run_id, 600)
        wall = time.perf_counter() - begin
        database = sqlite3.connect(f"{engine.home}/hanok.db")
        create = database.execute("SELECT sql FROM sqlite_schema WHERE name = 'task_instance'").fetchone()[0]
        rows = database.execute("SELECT * FROM task_instance").fetchall()
        database.close()
        engine.stop()
        folder = tempfile.mkdtemp(dir=self.folder)
        other = sqlite3.connect(os.path.join(folder, "x.db"), isolation_level=None)
        other.execute("PRAGMA journal_mode = WAL")
        other.execute(create)
        begin = time.perf_counter()
        other.execute("BEGIN")
        other.executemany(f"INSERT INTO task_instance VALUES ({','.join('?' * len(rows[0]))})", rows)
        other.execute("COMMIT")
        bulk = time.perf_counter() - begin
        other.close()
        print(f"empty: {count} tasks without a process, trigger to end seen: {count / wall:.0f}/s; SQLite's bulk insert of the"
              f" same rows {count / bulk:.0f}/s ({bulk / wall:.0%} of that)")

    def rest(self):
        """GETs beside constants of the bare library: the same question again, which hanok answers as before while nothing
        has changed in the database, and a new question each time, for which it reads and writes."""
        files = {f"d{i}.yaml": yaml_dag(f"d{i}", [task("t", "true")]) for i in range(100)}
        files["wide.yaml"] = yaml_dag("wide", [empty_task(f"t{i}") for i in range(100)])
        engine = self.engine(files, all_admins=False).start()
        for dag_id in ("d99", "wide"):
            engine.wait_for_dag(dag_id)
        runs = [engine.trigger("d0") for _ in range(50)]
        run_id = engine.trigger("wide")
        for dag_id, run in (("d0", runs[-1]), ("wide", run_id)):
            assert engine.wait_for_run(dag_id, run) == "success"
        wide = f"/api/v2/dags/wide/dagRuns/{urllib.parse.quote(run_id, safe='')}"
        token = engine.request("POST", "/auth/token", {"username": "admin", "password": engine.password()})[1]
        header = f"Authorization: Bearer {token['access_token']}"
        paths = ("/health", "/api/v2/version", "/api/v2/dags/d0", wide, "/api/v2/dags/d0/details", "/api/v2/dags?limit=50",
                 "/api/v2/dags/d0/dagRuns?limit=50", wide + "/taskInstances?limit=100")
        port = engine.url.rsplit(":", 1)[1]
        sizes = [self.load(port, path, 0.1, header)[1] for path in paths]
        constant = subprocess.Popen([self.beside("http_constant"), *map(str, {15, *sizes})], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
        other_port = constant.stdout.readline().strip()
        for path, size in zip(paths, sizes):
            for how, asked in (("again", path), ("anew", path + ("&n=" if "?" in path else "?n="))):
                rounds = []
                before, n = cpu_of(engine.process.pid), 0
                for _ in range(5):
                    rounds.append((self.load(other_port, "/15", 0.3)[0], self.load(other_port, f"/{size}", 0.3)[0],
                                   self.load(port, asked, 0.3, header)[0]))
                    n += rounds[-1][2] * 0.3
                cpu = (cpu_of(engine.process.pid) - before) / n
                small, same, ours = (statistics.median(values) for values in zip(*rounds))
                shown = path.replace(wide, "/api/v2/dags/wide/dagRuns/RUN")
                print(f"rest: {shown} ({size} bytes) {how}, {CONNECTIONS} connections: {ours:.0f}/s, {cpu * 1e6:.0f} us CPU"
                      f" each = {ours / small:.0%} of a bare constant of 15 bytes ({small:.0f}/s), {ours / same:.0%} of one as"
                      f" long ({same:.0f}/s)", flush=True)
        constant.stdin.close()
        constant.wait()
        engine.stop()

    def beside(self, name):
        return os.path.join(os.path.dirname(os.path.abspath(self.options.spawn_loop)), name)

    def load(self, port, path, seconds, *headers):
        """Answers a second and bytes of one, from the client in C."""
        out = subprocess.run([self.beside("http_load"), port, path, str(CONNECTIONS), str(seconds), *headers], check=True,
                             capture_output=True, text=True).stdout.split()
        return float(out[0]), int(out[1])

    def mlflow(self):
        mlflow_side.run(self)

    def start(self):
        times = []
        for _ in range(10):
            engine = self.engine({"d.yaml": yaml_dag("d", [task("t", "true")])})
            begin = time.perf_counter()
            engine.start()
            assert engine.get("/api/v2/version")[0] == 200
            times.append((time.perf_counter() - begin) * 1e3)
            memory = pss_of(engine.process.pid)
            engine.stop()
        size = os.path.getsize(self.options.binary) / 1e6
        stripped = tempfile.mktemp()
        subprocess.run(["strip", "-o", stripped, self.options.binary], check=True)
        small = os.path.getsize(stripped) / 1e6
        os.unlink(stripped)
        print(f"start: first answered request after p50 {statistics.median(times):.0f} ms; idle memory (PSS)"
              f" {memory:.1f} MiB; binary {size:.1f} MB, stripped {small:.2f} MB")

    def history(self):
        """What 100,000 finished runs in the database cost: a home with them and one without, by turns."""
        files = {"small.yaml": yaml_dag("small", [task("a", "true"), task("b", "true", ["a"]), task("c", "true", ["b"])]),
                 "chain.yaml": yaml_dag("chain", [task(f"t{i}", "true", [f"t{i - 1}"] if i else []) for i in range(50)])}
        engines = {"empty": self.engine(files), "full": self.engine(files)}
        for engine in engines.values():
            engine.start()
            for dag_id in ("small", "chain"):
                self.run_dag(engine, dag_id)
            engine.stop()
        fill(os.path.join(engines["full"].home, "hanok.db"), 100_000)
        found = {}
        for _ in range(5):
            for name, engine in engines.items():
                for what, value in self.restart(engine):
                    found.setdefault(what, {}).setdefault(name, []).append(value)
        for _ in range(5):
            for name, engine in engines.items():
                for what, values in self.ask(engine):
                    found.setdefault(what, {}).setdefault(name, []).extend(values)
        for what, columns in found.items():
            print(f"history: {what}, p50: " + ", ".join(f"{name} home {statistics.median(values):.2f}"
                                                       for name, values in columns.items()))
        for engine in engines.values():
            engine.stop()

    def restart(self, engine):
        if engine.process.poll() is None:
            engine.stop()
        begin = time.perf_counter()
        engine.start()
        assert engine.get("/api/v2/version")[0] == 200
        yield "ms from start to the first answer", (time.perf_counter() - begin) * 1e3
        yield "MiB in memory (PSS) then", pss_of(engine.process.pid)

    def ask(self, engine):
        begin = time.perf_counter()
        assert engine.wait_for_run("small", engine.trigger("small")) == "success"
        yield "ms from a trigger to success seen over REST, 3 tasks", [(time.perf_counter() - begin) * 1e3]
        rows, _ = self.run_dag(engine, "chain")
        yield ("ms between a task's end and its successor's start",
               [(after[0] - before[1]) / 1e3 for before, after in zip(rows, rows[1:])])
        paths = {"runs": "/api/v2/dags/small/dagRuns?limit=50",
                 "newest runs": "/api/v2/dags/small/dagRuns?limit=50&order_by=-run_after",
                 "newest failed runs": "/api/v2/dags/small/dagRuns?limit=50&state=failed&order_by=-run_after",
                 "newest runs of all DAGs": "/api/v2/dags/~/dagRuns?limit=50&order_by=-run_after",
                 "DAGs by their last run's state": "/api/v2/dags?limit=50&order_by=last_run_state",
                 "failed task instances of all runs": "/api/v2/dags/small/dagRuns/~/taskInstances?limit=50&state=failed",
                 "event log": "/api/v2/eventLogs?limit=50"}
        for what, path in paths.items():
            times = []
            for _ in range(3):
                begin = time.perf_counter()
                status, answer = engine.get(f"{path}&n={begin}")  # a new question: no answer is given again
                times.append((time.perf_counter() - begin) * 1e3)
                assert status == 200, answer
            yield f"ms to list {what}", times

    def lateness(self):
        """Takes two to three minutes, since the schedules are real."""
        count, minutes = 10_000, 2
        dag = ("{name}:\n  start_date: 2024-01-01\n  catchup: false\n  schedule: '{minute} * * * *'\n  tasks:\n"
               "    - task_id: t\n      operator: airflow.providers.standard.operators.empty.EmptyOperator\n")
        files = {f"f{n}.yaml": "".join(dag.format(name=f"d{i}", minute=i % 60) for i in range(n, count, 100))
                 for n in range(100)}
        engine = self.engine(files).start()
        database = None
        ended = "SELECT count(*) FROM dag_run WHERE state = 'success'"  # each DAG begins with the run it has missed

        def caught_up():
            nonlocal database
            if database is None and os.path.exists(f"{engine.home}/hanok.db"):
                database = sqlite3.connect(f"file:{engine.home}/hanok.db?mode=ro", uri=True)
            return database is not None and database.execute(ended).fetchone()[0] >= count

        wait_until(caught_up, 300, "the first runs")
        begin, before = time.time(), cpu_of_home(engine)
        time.sleep(minutes * 60 - begin % 60 + 3)
        cpu = cpu_of_home(engine) - before
        late = sorted(row[0] / 1e3 for row in database.execute(
            "SELECT start_us - run_after_us FROM dag_run WHERE run_after_us > ?", (begin * 1e6,)))
        database.close()
        engine.stop()
        print(f"lateness: {count} DAGs, {len(late)} runs of them due at {minutes} full minutes: start after p50"
              f" {statistics.median(late):.0f} ms, p99 {late[int(len(late) * 0.99)]:.0f} ms, at most {late[-1]:.0f} ms;"
              f" {cpu / len(late) * 1e3:.2f} ms CPU a run")

    def python(self):
        """The steady state: the host is up and has the file imported."""
        count = 100
        text = ("from airflow.sdk import dag, task\n\n@dag(schedule=None)\ndef py():\n    @task\n    def one(i):\n"
                "        return i\n\n" + "".join(f"    one.override(task_id='t{i}')({i})\n" for i in range(count))
                + "\npy()\n")
        engine = self.engine({"py.py": text}, "--parallelism", "2").start()
        self.run_dag(engine, "py")
        before, faults = self.python_split(engine)
        rows, cpu = self.run_dag(engine, "py")
        after, faults_after = self.python_split(engine)
        split = {name: (after[name] - before[name]) / count * 1e3 for name in after}
        pages = (faults_after - faults) // count
        span = (max(r[1] for r in rows) - min(r[0] for r in rows)) / 1e6
        engine.stop()
        out = subprocess.run([self.options.python, os.path.join(HERE, "bare_fork.py"), "100", str(pages)], check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        bare, writing = map(float, out.split()[-2:])
        own = split["task processes"] + split["warm process"]
        print(f"python: {count} x @task, 2 at once: {count / span:.0f}/s, {cpu / count * 1e3:.1f} ms CPU each, all included:"
              f" {', '.join(f'{name} {ms:.1f}' for name, ms in split.items())}")
        print(f"python: bare fork of the host {bare:.1f} ms; one that writes to {pages} pages, as a task does, {writing:.1f}"
              f" ms; the task and its fork {own:.1f} ms = {own / bare:.1f}x, {own / writing:.1f}x")

    @staticmethod
    def python_split(engine):
        """CPU seconds so far, by who has spent them, and the page faults of the tasks."""
        faults = 0
        split = {"task processes": 0.0, "warm process": 0.0, "host": 0.0, "shim": 0.0, "engine": 0.0}
        shim, *_ = (pid for pid, command in processes_of(engine.home) if "hanok shim" in command)
        host, *_ = (pid for pid, _ in processes_of(engine.home) if parent_of(pid) == shim)
        for pid, _ in processes_of(engine.home):
            name = {engine.process.pid: "engine", shim: "shim", host: "host"}.get(pid, "warm process")
            if name != "warm process" or parent_of(pid) == host:
                own, children = cpu_of_both(pid)
                split[name] += own
                split["task processes"] += children
                faults += stat_of(pid)[7]
        return split, faults


def fill(path, count):
    """Copies the newest run of `small` so many times, with its task instances and its line in the event log, as finished
    runs of every minute before; one in a hundred has failed."""
    database = sqlite3.connect(path)
    model, last = (row[0] for row in database.execute(
        "SELECT max(run_key) FROM dag_run WHERE dag_id = 'small' UNION ALL SELECT max(run_key) FROM dag_run"))
    other = {"run_key": ":last + n", "run_id": "'filled__' || n", "logical_us": "run_after_us - n * 60000000",
             "state": "iif(n % 100, 'success', 'failed')", "audit_key": "NULL"}

    def copy(table, condition):
        names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        values = [other.get(name, f"{name} - n * 60000000" if name.endswith("_us") else name) for name in names]
        database.execute("WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :count) "
                         f"INSERT INTO {table} SELECT {', '.join(values)} FROM number, {table} WHERE {condition}",
                         {"last": last, "count": count, "model": model})

    with database:
        copy("dag_run", "run_key = :model")
        copy("task_instance", "run_key = :model")
        copy("audit", "audit_key = (SELECT max(audit_key) FROM audit WHERE event = 'trigger_dag_run')")
    database.close()


def task(name, command, after=()):
    text = (f"    - task_id: {name}\n      operator: airflow.providers.standard.operators.bash.BashOperator\n"
            f'      bash_command: "{command}"')
    return text + (f"\n      dependencies: [{', '.join(after)}]" if after else "")


def empty_task(name):
    return f"    - task_id: {name}\n      operator: airflow.providers.standard.operators.empty.EmptyOperator"


def yaml_dag(name, tasks, max_active_tasks=16):
    return (f"{name}:\n  start_date: 2024-01-01\n  schedule: null\n  max_active_tasks: {max_active_tasks or 10000}\n  tasks:\n"
            + "\n".join(tasks) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("spawn_loop")
    parser.add_argument("--python", help="interpreter that has the Task SDK; needed by: python")
    parser.add_argument("names", nargs="*")
    options = parser.parse_intermixed_args()
    options.binary = os.path.abspath(options.binary)
    options.python = options.python and os.path.abspath(options.python)
    names = options.names or ["start", "wide", "chain", "empty", "rest", "history"] + (["python"] if options.python else [])
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory(prefix="hanok-bench-") as folder:
        spread_folders(folder)
        bench = Bench(options, os.path.realpath(folder))
        for name in names:
            getattr(bench, name)()
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
