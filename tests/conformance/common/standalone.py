"""Starts and stops the real `hanok standalone` for tests: standard library only."""

import base64
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request


class Standalone:
    """One engine on one home; may be killed and started again."""

    def __init__(self, binary, home, dags, *options, log=None):
        self.command = [binary, "standalone", "--home", home, "--listen", "127.0.0.1:0"]
        for folder in dags:
            self.command += ["--dags", folder]
        self.command += list(options)
        self.home = home
        self.log_path = log or os.path.join(home, "standalone.log")
        self.process = None
        self.url = None

    def start(self):
        """Returns once the API answers: the line `listening on URL` was printed."""
        os.makedirs(self.home, exist_ok=True)
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        for line in self.process.stdout:
            text = line.decode().strip()
            if text.startswith("listening on "):
                self.url = text.split(" ", 2)[2]
                return self
        raise RuntimeError(f"hanok ended with {self.process.wait()}: see {self.log_path}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self, timeout=60):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout)
        self.process.stdout.close()
        return status

    def password(self):
        with open(os.path.join(self.home, "admin-password"), encoding="utf-8") as file:
            return file.read().strip()

    def request(self, method, path, body=None, headers=None):
        """(status, parsed JSON or text)."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=dict(headers or {}))
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if "Authorization" not in request.headers and "--all-admins" not in self.command:
            pair = base64.b64encode(f"admin:{self.password()}".encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                status, text = response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def get(self, path):
        return self.request("GET", path)

    def wait_for_dag(self, dag_id, seconds=60):
        return wait_until(lambda: self.get(f"/api/v2/dags/{dag_id}")[0] == 200, seconds, f"dag {dag_id}")

    def trigger(self, dag_id, **body):
        status, answer = self.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, **body})
        if status != 200:
            raise RuntimeError(f"trigger {dag_id}: {status} {answer}")
        return answer["dag_run_id"]

    def run_state(self, dag_id, run_id):
        run = urllib.parse.quote(run_id, safe="")
        return self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run}")[1]["state"]

    def wait_for_run(self, dag_id, run_id, seconds=120):
        wait_until(lambda: self.run_state(dag_id, run_id) in ("success", "failed"), seconds, f"run {run_id}")
        return self.run_state(dag_id, run_id)

    def task_states(self, dag_id, run_id):
        run = urllib.parse.quote(run_id, safe="")
        states, offset = {}, 0
        while True:
            status, page = self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run}/taskInstances?limit=100&offset={offset}")
            assert status == 200, page
            for item in page["task_instances"]:
                states[item["task_id"]] = item["state"]
            offset += 100
            if offset >= page["total_entries"]:
                return states


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds} s for {what}")


def processes_of(home):
    """Pids of processes that carry this home on their command line or in their environment."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environment = file.read()
            with open(f"/proc/{name}/cmdline", "rb") as file:
                command = file.read()
        except OSError:
            continue
        words = command.split(b"\0")
        if home.encode() in words or b"HANOK_HOME=" + home.encode() in environment.split(b"\0"):
            found.append((int(name), command.replace(b"\0", b" ").decode(errors="replace")))
    return found
