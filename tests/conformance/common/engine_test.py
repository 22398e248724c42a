"""What the tests of the running engine share: a home that disappears, counted checks, and a look at what is left."""

import contextlib
import os
import shutil
import sys
import tempfile

import airflow_api as api
from report import Report
from standalone import Standalone, processes_of, wait_until


@contextlib.contextmanager
def running_engine(report, binary, name, *options, keep=False):
    """(engine, folder of DAG files): stopped at the end, when no process and no file may be left."""
    home = os.path.realpath(tempfile.mkdtemp(prefix=f"hanok-{name}-"))
    folder = os.path.join(home, "dags")
    os.mkdir(folder)
    engine = Standalone(binary, home, [folder], "--python", sys.executable, *options).start()
    try:
        with report.guarded(name):
            yield engine, folder
    finally:
        status = engine.process.poll()
        report.equal("hanok is still alive at the end", status, None)
        if status is None:
            report.equal("hanok ends well", engine.stop(), 0)
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not processes_of(home), 20, "all processes to be gone")
        report.equal("no process is left behind", processes_of(home), [])
        if report.failed or keep:
            print("see", home)
        else:
            shutil.rmtree(home)


def admin_of(engine):
    return api.client_of(engine.url, api.token_of(engine.url, "admin", engine.password()))
