"""Starts and stops the real Airflow of .venv (api-server, scheduler, DAG processor, triggerer) for what is recorded of it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

# The scheduler ends for good when it finds SQLite locked, so it is started again and again.
SCRIPT = """
    trap 'kill $(jobs -p); wait; exit' TERM
    airflow api-server & airflow dag-processor & airflow triggerer &
    while true; do airflow scheduler & wait $!; sleep 1; done
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment_of(home, port, passwords):
    environment = {
        **os.environ,
        "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": os.path.join(home, "dags"),
        "AIRFLOW__CORE__PARALLELISM": "6",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=300",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "36000",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__TRIGGERER__TRIGGER_LOG_SERVER_PORT": str(free_port()),
    }
    if passwords is None:
        return {**environment, "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True"}
    file = os.path.join(home, "passwords.json")
    with open(file, "w", encoding="utf-8") as out:
        json.dump(passwords, out)
    return {
        **environment,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{user}" for user in passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": file,
    }


def wait_for_answer(url, seconds=120):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url + "/api/v2/version", timeout=10):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


@contextlib.contextmanager
def real_airflow(copy_dags, passwords=None, keep=False):
    """Its URL. copy_dags(folder) fills the DAG folder; passwords: user (named as its role) -> password, None: all are
    admins."""
    home, port = tempfile.mkdtemp(prefix="hanok-airflow-"), free_port()
    os.mkdir(os.path.join(home, "dags"))
    copy_dags(os.path.join(home, "dags"))
    environment = environment_of(home, port, passwords)
    with open(os.path.join(home, "airflow.log"), "ab") as log:
        options = {"env": environment, "stdout": log, "stderr": log}
        subprocess.run(["airflow", "db", "migrate"], check=True, **options)
        process = subprocess.Popen(["bash", "-c", SCRIPT], start_new_session=True, **options)
    try:
        wait_for_answer(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        time.sleep(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if keep:
            print("see", home)
        else:
            shutil.rmtree(home, ignore_errors=True)
