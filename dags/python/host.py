"""The warm Python host: a fork server in the user's own Python environment.

Started by hanok's shim as `python host.py` with descriptor 3 connected to it. It imports the Airflow Task SDK once,
stays single-threaded with a frozen heap, and forks for every task and every file to parse. It never reimplements the
SDK: a child runs the SDK's own entry points, and hanok (in C) speaks the SDK's socket protocol with it.

    shim -> host   {"op": "task" | "parse", "id": TEXT, "file": PATH, "env": {NAME: VALUE}} and a newline,
                   with four descriptors (requests, stdout, stderr, logs) as SCM_RIGHTS on its first byte
    host -> shim   {"op": "hello", "pid": N, "sdk": VERSION}    once, when it is ready to fork
                   {"op": "started", "id": TEXT, "pid": N}
                   {"op": "exited", "id": TEXT, "status": WAIT_STATUS, "utime": SECONDS, "stime": SECONDS,
                    "maxrss": KIB}

Warm files. The stock task runner parses the DAG file again for every task. Here one process per file may keep it
imported (forked from the host, forking per task, speaking the same lines with the host), at most WARM_MAX of them. It
is used only while the file, every module and file its import has read, and the environment are unchanged, and never
for a file whose import asked hanok for something (a top-level Variable.get), failed, left threads, children,
descriptors or exit handlers behind, or looks at the parsing context (hanok_warm.py). Such files are parsed for each
task, as the stock runner does.

Children are forked as late as the SDK allows, because what costs a task is not the work but the pages that it is the
first to write to after the fork: the host stands inside the SDK's _fork_main, a warm process inside its main(), just
before it reads which task it is for (live_inside_sdk and begin_task in hanok_sdk.py).

Nothing outlives the host: every process it forks asks the kernel to be killed with its parent.
"""

import os
import sys

sys.dont_write_bytecode = True  # of the modules beside this file, which may lie where nothing should be written
from hanok_forks import spare_locks

alone = spare_locks()  # before the others are imported, of which some have locks

import _signal  # what signal is made of: without its enumerations, which cost a child 60 pages
import collections
import contextlib
import ctypes
import errno
import gc
import importlib.util
import json
import resource
import select
import signal
import socket
import stat
import time

from hanok_sdk import (
    LOG_FD, begin_task, complain, configure_logging_once, import_sdk, live_inside_sdk, rehearse, set_environment,
)
from hanok_pages import FORKS_BEFORE, use_huge_pages
from hanok_warm import WarmFile, signature

sys.dont_write_bytecode = False

# User code must not find this folder's modules, but for the one that is meant for it.
sys.path[:] = [path for path in sys.path if os.path.realpath(path) != os.path.dirname(os.path.realpath(__file__))]



class Shipped:
    """Finds hanok_sensors, unless the user has a module of that name."""

    folder = os.path.dirname(os.path.realpath(__file__))

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "hanok_sensors":
            return None
        return importlib.util.spec_from_file_location(name, os.path.join(cls.folder, name + ".py"))


sys.meta_path.append(Shipped)

CONTROL_FD = 3
FDS_PER_JOB = 4
LINE_MAX_BYTES = 1 << 20
WARM_MAX = 8  # processes that keep a DAG file imported
WARM_IDLE_SECONDS = 300.0
WARM_AGE_SECONDS = 900.0  # so that what an import computed from the clock does not grow old
WARM_IMPORT_SECONDS = 35.0  # Airflow's own dagbag_import_timeout is 30
PR_SET_PDEATHSIG = 1
KILL = int(signal.SIGKILL)

libc = ctypes.CDLL(None, use_errno=True)
prctl = libc.prctl


def die_with_parent(parent):
    prctl(PR_SET_PDEATHSIG, KILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        os._exit(125)


class Child(BaseException):
    """Raised in a child right after the fork: it leaves its parent's loops, and then calls `life`."""

    def __init__(self, life):
        super().__init__()
        self.life = life


childhood = []  # keeps what a child has from its parent: to free it would only copy pages


def serve(server):
    """True when the server has ended; False in a child of it, once its life is over."""
    try:
        server.serve()
        return True
    except Child as child:
        childhood.append(child)
    childhood[-1].life()
    return False


def run_cold(record):
    """The life of a child that starts from the beginning: the SDK's own entry points."""
    os.environ.update(record["env"])
    set_own(record, names_to_set())
    if record["op"] == "parse":
        from airflow.dag_processing.processor import _parse_file_entrypoint as target
    else:
        from airflow.sdk.execution_time.supervisor import _subprocess_main as target
    target()


# Lineage, the task's alone: not part of what a warm process is found by, and set in the task's own process only.
OWN_VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_RUN_CONTEXT")


def split_own(record):
    """Takes them out of the record's environment."""
    env = record["env"]
    record["own"] = {name: env.pop(name) for name in OWN_VARIABLES if name in env}


def names_to_set():
    """What the user has set stays; the token is not for a tracking server of the user's own."""
    names = ("MLFLOW_RUN_CONTEXT",) if "MLFLOW_TRACKING_URI" in os.environ else OWN_VARIABLES
    return [name for name in names if name not in os.environ]


def set_own(record, names):
    for name in names:
        if name in record["own"]:
            os.environ[name] = record["own"][name]


def take_places(fds):
    """In the child of a job, whose descriptors are requests, stdout, stderr, logs."""
    for fd, place in zip(fds, (0, 1, 2, LOG_FD)):
        os.dup2(fd, place, inheritable=place != LOG_FD)


def all_but(fds):
    """The ranges of descriptors above 2 that close_ranges() shall close in a child, found before the fork."""
    places = [CONTROL_FD - 1, *sorted(fds), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]
    return [(low + 1, high) for low, high in zip(places, places[1:])]


def close_ranges(ranges):
    for low, high in ranges:
        os.closerange(low, high)


class Line:
    """A stream socket that carries JSON lines with descriptors, and never blocks."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.setblocking(False)
        self.inbox = b""
        self.fds = collections.deque()
        self.outbox = collections.deque()  # (bytes, fds)
        self.is_open = True

    def fileno(self):
        return self.sock.fileno()

    def read(self):
        """The records that have come; is_open tells whether more may."""
        records = []
        while self.is_open:
            try:
                data, fds, _, _ = socket.recv_fds(self.sock, 65536, 64, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                break
            except OSError:
                data, fds = b"", []
            self.fds.extend(fds)
            if not data:
                self.is_open = False
                break
            self.inbox += data
            if len(self.inbox) > LINE_MAX_BYTES and b"\n" not in self.inbox:
                complain(f"a record is longer than {LINE_MAX_BYTES} bytes; the connection is closed.")
                self.is_open = False
        *lines, self.inbox = self.inbox.split(b"\n")
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if isinstance(record, dict):
                records.append(record)
            elif line.strip():
                complain(f"not a JSON record: {line[:80]!r}")
        return records

    def write(self, record, fds=()):
        """Takes over fds: they are closed once sent."""
        self.outbox.append((json.dumps(record).encode() + b"\n", list(fds)))
        self.flush()

    def flush(self):
        while self.outbox and self.is_open:
            data, fds = self.outbox[0]
            try:
                sent = socket.send_fds(self.sock, [data], fds) if fds else self.sock.send(data)
            except BlockingIOError:
                return
            except OSError:
                self.is_open = False
                return
            close_all(fds)
            if sent == len(data):
                self.outbox.popleft()
            else:
                self.outbox[0] = (data[sent:], [])

    def close(self):
        self.is_open = False
        close_all(self.fds)
        for _, fds in self.outbox:
            close_all(fds)
        self.outbox.clear()
        self.sock.close()


def close_all(fds):
    for fd in fds:
        try:
            os.close(fd)
        except OSError:
            pass


class Server:
    """What the host and a warm process have in common: take jobs from `line`, fork them, tell how they ended. `kept`
    are descriptors that every child needs."""

    def __init__(self, line, kept):
        self.line = line
        self.closed = all_but([LOG_FD, *kept])
        self.jobs = {}  # pid -> id
        self.forks = 0
        self.wake, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    way_to_fork = contextlib.nullcontext()

    def begin(self, record):
        """What a job's child does once it has its descriptors."""
        raise NotImplementedError

    def fork_job(self, record, fds):
        def life():
            take_places(fds)
            close_ranges(self.closed)
            self.begin(record)

        with self.way_to_fork:
            pid = self.fork(life)
        close_all(fds)
        if pid is None:
            self.tell_failed(record["id"], 127 << 8)
            return
        self.jobs[pid] = record["id"]
        self.line.write({"op": "started", "id": record["id"], "pid": pid})
        self.forks += 1
        if self.forks == FORKS_BEFORE:
            use_huge_pages(libc)

    def tell_failed(self, name, status):
        self.line.write({"op": "exited", "id": name, "status": status, "utime": 0, "stime": 0, "maxrss": 0})

    def fork(self, life):
        """The child's pid, or None when the system has no process left. In the child, raises Child."""
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            complain(f"fork failed: {error.strerror}.")
            return None
        if pid == 0:
            os.setpgid(0, 0)
            die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
            raise Child(life)
        return pid

    def reap(self):
        try:
            while os.read(self.wake, 4096):
                pass
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.ended(pid, status, usage)

    def ended(self, pid, status, usage):
        name = self.jobs.pop(pid, None)
        if name is not None:
            self.line.write({"op": "exited", "id": name, "status": status, "utime": round(usage.ru_utime, 6),
                             "stime": round(usage.ru_stime, 6), "maxrss": usage.ru_maxrss})

    def wait(self, lines, timeout):
        """The lines that are ready; reaps on the way."""
        poll = select.poll()
        by_fd = {}
        poll.register(self.wake, select.POLLIN)
        for line in lines:
            poll.register(line, select.POLLIN | (select.POLLOUT if line.outbox else 0))
            by_fd[line.fileno()] = line
        ready = []
        for fd, events in poll.poll(None if timeout is None else max(0, int(timeout * 1000) + 1)):
            line = by_fd.get(fd)
            if line is None:
                continue
            if events & select.POLLOUT:
                line.flush()
            if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                ready.append(line)
        self.reap()
        return ready


def take_fds(line, record):
    if len(line.fds) < FDS_PER_JOB:
        complain(f"job {record.get('id')} came with {len(line.fds)} descriptors instead of {FDS_PER_JOB}; "
                 "it is dropped.")
        return None
    return [line.fds.popleft() for _ in range(FDS_PER_JOB)]


class WarmServer(Server):
    """The loop of a warm process, which is not used where the import of its file has started threads."""

    way_to_fork = alone

    def __init__(self, line, kept):
        super().__init__(line, kept)
        self.names = names_to_set()  # here once: what a child does not ask costs it no page

    def serve(self):
        is_retired = False
        while self.line.is_open and (not is_retired or self.jobs):
            for ready in self.wait([self.line], None):
                for record in ready.read():
                    if record["op"] == "retire":
                        is_retired = True
                        continue
                    fds = take_fds(self.line, record)
                    if fds is not None:
                        self.fork_job(record, fds)

    def begin(self, record):
        """Goes on in the SDK's main(), where the warm process stands."""
        set_own(record, self.names)


def live_warm(line, file, env, kept):
    """The life of a warm process."""
    os.environ.update(env)
    warm = WarmFile(file)
    try:
        warm.import_file()
    except BaseException as error:  # SystemExit and KeyboardInterrupt of user code, too
        warm.why_not = f"its import raised {type(error).__name__}"

    def is_fit():
        if warm.why_not is not None:
            line.sock.setblocking(True)
            line.write({"op": "unfit", "why": warm.why_not})
        return warm.why_not is None

    def await_task():
        if warm.has_threads():
            warm.why_not = "the SDK started threads before it was given a task"
        if not is_fit():
            sys.exit(0)
        gc.collect()
        gc.freeze()
        server = WarmServer(line, kept)
        line.write({"op": "ready", "files": warm.files})
        if serve(server):
            sys.exit(0)

    if is_fit():
        begin_task(await_task)


class Warm:
    """The host's view of one warm process."""

    def __init__(self, key, pid, line, now, sig):
        self.key = key
        self.pid = pid
        self.line = line
        self.born = self.used = now
        self.files = {key[0]: sig}
        self.is_ready = False
        self.is_retired = False
        self.waiting = []  # (record, fds) until it is ready
        self.running = set()  # ids

    def is_stale(self, now):
        return now - self.born > WARM_AGE_SECONDS or any(signature(path) != sig for path, sig in self.files.items())


class Host(Server):
    def __init__(self, line, kept):
        super().__init__(line, kept)
        self.kept = kept
        self.warm = collections.OrderedDict()  # key -> Warm, least recently used first
        self.all = {}  # pid -> Warm, retired ones included
        self.unfit = collections.OrderedDict()  # key -> signature

    def serve(self):
        while self.line.is_open:
            lines = [self.line] + [warm.line for warm in self.all.values() if warm.line.is_open]
            for ready in self.wait(lines, self.next_timeout()):
                if ready is self.line:
                    for record in ready.read():
                        self.take(record)
                else:
                    self.hear(ready)
            self.sweep()

    def begin(self, record):
        run_cold(record)

    def take(self, record):
        if record.get("op") not in ("task", "parse") or not isinstance(record.get("id"), str):
            complain(f"unknown record: {str(record)[:120]}")
            return
        record["env"] = {str(k): str(v) for k, v in (record.get("env") or {}).items()}
        split_own(record)
        fds = take_fds(self.line, record)
        if fds is None:
            self.tell_failed(record["id"], 126 << 8)
            return
        warm = self.find_warm(record) if record["op"] == "task" else None
        if warm is None:
            self.fork_job(record, fds)
        elif warm.is_ready:
            self.hand_over(warm, record, fds)
        else:
            warm.waiting.append((record, fds))

    def find_warm(self, record):
        """The process that has the job's file imported, a new one, or None: run it cold."""
        file = record.get("file")
        if not isinstance(file, str) or not file.endswith(".py"):
            return None
        now = time.monotonic()
        key = (file, json.dumps(record["env"], sort_keys=True))
        warm = self.warm.get(key)
        if warm is not None and warm.is_stale(now):
            self.retire(warm)
            warm = None
        if warm is None:
            sig = signature(file)
            if sig is None or self.unfit.get(key) == sig:
                return None
            warm = self.start_warm(key, record["env"], sig, now)
        if warm is not None:
            warm.used = now
            self.warm.move_to_end(key)
        return warm

    def start_warm(self, key, env, sig, now):
        while len(self.warm) >= WARM_MAX:
            self.retire(next(iter(self.warm.values())))
        ours, theirs = socket.socketpair()

        def life():
            close_ranges(all_but([LOG_FD, theirs.fileno(), *self.kept]))
            live_warm(Line(theirs), key[0], env, self.kept)

        pid = self.fork(life)
        theirs.close()
        if pid is None:
            ours.close()
            return None
        warm = Warm(key, pid, Line(ours), now, sig)
        self.warm[key] = self.all[pid] = warm
        return warm

    def hand_over(self, warm, record, fds):
        warm.running.add(record["id"])
        warm.line.write(record, fds)

    def hear(self, line):
        warm = next((w for w in self.all.values() if w.line is line), None)
        if warm is None:
            return
        for record in line.read():
            if record["op"] == "ready":
                warm.files.update({p: s for p, s in record["files"].items() if p != warm.key[0]})
                warm.is_ready = True
                for job in warm.waiting:
                    self.hand_over(warm, *job)
                warm.waiting = []
                if warm.is_retired:
                    warm.line.write({"op": "retire"})
            elif record["op"] == "unfit":
                complain(f"'{warm.key[0]}' is parsed for each task, because {record['why']}.")
                self.give_up(warm)
            else:
                if record["op"] == "exited":
                    warm.running.discard(record["id"])
                self.line.write(record)

    def give_up(self, warm):
        """Its jobs run cold, and so do those to come until the file changes."""
        self.unfit[warm.key] = warm.files[warm.key[0]]
        self.unfit.move_to_end(warm.key)
        while len(self.unfit) > 1000:
            self.unfit.popitem(last=False)
        self.retire(warm)
        waiting, warm.waiting = warm.waiting, []
        for record, fds in waiting:
            self.fork_job(record, fds)

    def retire(self, warm):
        warm.is_retired = True
        if self.warm.get(warm.key) is warm:
            del self.warm[warm.key]
        if warm.is_ready:
            warm.line.write({"op": "retire"})

    def ended(self, pid, status, usage):
        warm = self.all.pop(pid, None)
        if warm is None:
            super().ended(pid, status, usage)
            return
        self.all[pid] = warm
        self.hear(warm.line)  # what it said before it died
        del self.all[pid]
        if warm.waiting:
            complain(f"'{warm.key[0]}' is parsed for each task, because the process that imported it ended (status "
                     f"{status}).")
            self.give_up(warm)
        self.retire(warm)
        for name in sorted(warm.running):  # the kernel has killed them with their parent
            self.tell_failed(name, int(signal.SIGKILL))
        warm.line.close()

    def next_timeout(self):
        now = time.monotonic()
        ends = [w.used + WARM_IDLE_SECONDS if w.is_ready else w.born + WARM_IMPORT_SECONDS
                for w in self.all.values() if not w.is_ready or (not w.is_retired and not w.running)]
        return max(0.0, min(ends) - now) if ends else None

    def sweep(self):
        now = time.monotonic()
        for warm in list(self.all.values()):
            if not warm.is_ready and now >= warm.born + WARM_IMPORT_SECONDS:
                complain(f"'{warm.key[0]}' is parsed for each task, because its import took over "
                         f"{WARM_IMPORT_SECONDS:.0f} s.")
                os.kill(warm.pid, signal.SIGKILL)
                warm.born = now
                self.give_up(warm)
            elif warm.is_ready and not warm.is_retired and not warm.running and now >= warm.used + WARM_IDLE_SECONDS:
                self.retire(warm)


def main():
    if not stat.S_ISSOCK(os.fstat(CONTROL_FD).st_mode):
        complain("descriptor 3 is not a socket; hanok's shim starts this program, people do not.")
        sys.exit(2)
    libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    set_environment()
    try:
        import_sdk()
    except ImportError as error:
        complain(f"the Airflow Task SDK cannot be imported by {sys.executable} ({error}); install "
                 "apache-airflow-task-sdk there or name another interpreter with --python.")
        sys.exit(3)
    configure_logging_once()
    try:
        rehearse()
    except (Exception, SystemExit) as error:
        complain(f"the rehearsal failed ({type(error).__name__}: {error}); tasks start slower.")
    from importlib.metadata import version

    # Python takes a cached .pyc for valid by whole seconds and size: two edits within a second would go unnoticed.
    sys.dont_write_bytecode = True
    os.set_inheritable(CONTROL_FD, False)
    line = Line(socket.socket(fileno=CONTROL_FD))
    hello = {"op": "hello", "pid": os.getpid(), "sdk": version("apache-airflow-task-sdk")}

    def live(kept):
        host = Host(line, kept)
        gc.collect()
        gc.freeze()
        line.write(hello)
        serve(host)

    live_inside_sdk(live)


if __name__ == "__main__":
    try:
        main()
    except OSError as failure:
        if failure.errno != errno.EBADF:
            raise
        complain("descriptor 3 is not open; hanok's shim starts this program, people do not.")
        sys.exit(2)
