"""A small stand-in for hanok's C side, for trying the real host with the real SDK: no Airflow is imported here."""

import datetime
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid

import msgspec

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = os.path.join(HERE, "..", "..", "..", "dags", "python", "host.py")
WHEN = "2026-01-02T00:00:00Z"
FINAL = {"SucceedTask", "TaskState", "RetryTask", "DeferTask", "RescheduleTask"}


def plain(value):
    return value.isoformat() if isinstance(value, datetime.datetime) else str(value)


class Job:
    def __init__(self, name):
        self.name = name
        self.pid = self.status = self.cpu = None
        self.final = None
        self.messages = []
        self.out = [b"", b"", b"", b""]
        self.begun = time.monotonic()

    @property
    def types(self):
        return [m["type"] for m in self.messages]

    @property
    def exit_code(self):
        return None if self.status is None else os.waitstatus_to_exitcode(self.status)

    @property
    def log(self):
        return b"".join(self.out[1:]).decode(errors="replace")


class Engine:
    def __init__(self, home, dags, python=sys.executable, host=HOST):
        ours, theirs = socket.socketpair()
        environment = dict(os.environ, HANOK_HOME=home)

        def to_three():
            os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen([python, host], stdin=subprocess.DEVNULL, env=environment, preexec_fn=to_three,
                                        close_fds=False)
        theirs.close()
        self.host, self.inbox, self.dags = ours, b"", dags
        self.env = {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([{
            "name": "dags", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": dags}}])}
        self.jobs, self.streams, self.frames = {}, {}, {}
        self.xcoms, self.variables = {}, {"names": "one,two"}
        self.lines = []

    def wait_hello(self, seconds=60):
        end = time.monotonic() + seconds
        while not self.lines and time.monotonic() < end:
            self.turn(0.5)
        return self.lines and self.lines[0].get("op") == "hello"

    def begin(self, op, file, first):
        name = str(uuid.uuid4())
        job = self.jobs[name] = Job(name)
        pairs = [socket.socketpair() for _ in range(4)]
        record = {"op": op, "id": name, "file": file, "env": self.env}
        socket.send_fds(self.host, [json.dumps(record).encode() + b"\n"], [p[1].fileno() for p in pairs])
        for index, (mine, yours) in enumerate(pairs):
            yours.close()
            self.streams[mine] = (job, index)
        job.socks = [p[0] for p in pairs]
        self.frames[job.socks[0]] = b""
        self.send(job, [0, first])
        return job

    def task(self, file, dag_id, task_id, should_retry=False, **context):
        return self.begin("task", os.path.join(self.dags, file), {
            "type": "StartupDetails",
            "ti": {"id": str(uuid.uuid4()), "task_id": task_id, "dag_id": dag_id, "run_id": "r1", "try_number": 1,
                   "dag_version_id": str(uuid.UUID(int=1)), "map_index": -1},
            "dag_rel_path": file, "bundle_info": {"name": "dags", "version": None}, "start_date": WHEN,
            "sentry_integration": "",
            "ti_context": {"dag_run": {
                "dag_id": dag_id, "run_id": "r1", "logical_date": WHEN, "data_interval_start": WHEN,
                "data_interval_end": WHEN,
                "run_after": WHEN, "start_date": WHEN, "end_date": None, "clear_number": 0, "run_type": "manual",
                "state": "running", "conf": {}, "triggering_user_name": None, "consumed_asset_events": [],
                "partition_key": None}, "max_tries": 0, "should_retry": should_retry, **context}})

    def parse(self, file):
        path = os.path.join(self.dags, file)
        return self.begin("parse", path, {"type": "DagFileParseRequest", "file": path, "bundle_path": self.dags,
                                          "bundle_name": "dags", "callback_requests": []})

    def send(self, job, frame):
        data = msgspec.msgpack.encode(frame)
        try:
            job.socks[0].sendall(struct.pack(">I", len(data)) + data)
        except OSError:
            pass

    def answer(self, m):
        kind = m["type"]
        if kind == "GetXCom":
            return {"type": "XComResult", "key": m["key"], "value": self.xcoms.get((m["task_id"], m["key"]))}
        if kind == "GetXComSequenceSlice":
            found = [v for k, v in self.xcoms.items() if k == (m["task_id"], m["key"])]
            return {"type": "XComSequenceSliceResult", "root": found}
        if kind == "SetXCom":
            self.xcoms[(m["task_id"], m["key"])] = m["value"]
        if kind == "GetVariable":
            if m["key"] in self.variables:
                return {"type": "VariableResult", "key": m["key"], "value": self.variables[m["key"]]}
            return {"type": "ErrorResponse", "error": "VARIABLE_NOT_FOUND", "detail": {"key": m["key"]}}
        if kind == "GetTaskRescheduleStartDate":
            return {"type": "TaskRescheduleStartDate", "start_date": None}
        if kind == "ValidateInletsAndOutlets":
            return {"type": "InactiveAssetsResult", "inactive_assets": []}
        return None

    def turn(self, timeout):
        poll = select.poll()
        by_fd = {s.fileno(): s for s in [self.host, *self.streams]}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(int(timeout * 1000)):
            sock = by_fd[fd]
            try:
                data = sock.recv(1 << 16)
            except OSError:
                data = b""
            if sock is self.host:
                self.inbox += data
                *lines, self.inbox = self.inbox.split(b"\n")
                for line in map(json.loads, lines):
                    self.hear(line)
                continue
            job, index = self.streams[sock]
            if not data:
                del self.streams[sock]
                sock.close()
            elif index:
                job.out[index] += data
            else:
                self.take(job, sock, data)

    def hear(self, line):
        self.lines.append(line)
        job = self.jobs.get(line.get("id"))
        if line["op"] == "started":
            job.pid = line["pid"]
        elif line["op"] == "exited":
            job.status, job.cpu = line["status"], line["utime"] + line["stime"]
            job.wall = time.monotonic() - job.begun

    def take(self, job, sock, data):
        buffer = self.frames[sock] + data
        while len(buffer) >= 4 and len(buffer) >= 4 + struct.unpack(">I", buffer[:4])[0]:
            size = struct.unpack(">I", buffer[:4])[0]
            number, body, *_ = msgspec.msgpack.decode(buffer[4:4 + size])
            buffer = buffer[4 + size:]
            job.messages.append(body)
            if body["type"] in FINAL:
                job.final = body.get("state") or body["type"]
            self.send(job, [number, self.answer(body), None])
        self.frames[sock] = buffer

    def wait(self, *jobs, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if all(j.status is not None and not any(s for s, (o, _) in self.streams.items() if o is j) for j in jobs):
                return True
            self.turn(0.2)
        return False

    def kill(self, job):
        os.kill(job.pid, signal.SIGKILL)

    def close(self):
        self.host.close()
        return self.process.wait(10)
