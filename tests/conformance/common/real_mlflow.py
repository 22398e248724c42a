"""Starts and stops the real `mlflow server` of .venv-mlflow, which `script/setup mlflow` installs: standard library only."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
PROGRAM = os.path.join(ROOT, ".venv-mlflow", "bin", "mlflow")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_health(process, url, seconds=180):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url + "/health", timeout=10):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def real_mlflow(workers=1, keep=False, **variables):
    """(URL, process, home). One worker and no job runners unless said otherwise; variables: more of its environment."""
    if not os.path.exists(PROGRAM):
        raise SystemExit("the real MLflow is not installed; script/setup mlflow does it.")
    home, port = tempfile.mkdtemp(prefix="hanok-mlflow-"), free_port()
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **variables}
    command = [PROGRAM, "server", "--workers", str(workers), "--host", "127.0.0.1", "--port", str(port),
               "--backend-store-uri", f"sqlite:///{home}/mlflow.db", "--default-artifact-root", "mlflow-artifacts:/",
               "--artifacts-destination", os.path.join(home, "artifacts")]
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):  # the client's, if a test runs in one
        environment.pop(name, None)
    with open(os.path.join(home, "mlflow.log"), "ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for_health(process, url)
        yield url, process, home
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if keep:
            print("see", home)
        else:
            shutil.rmtree(home, ignore_errors=True)
