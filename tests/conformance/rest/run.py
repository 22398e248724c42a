"""Starts a hanok for test_*.py and runs them, each noun a file. usage: run.py HANOK [TEST]..."""

import importlib
import os
import pathlib
import shutil
import sys
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import airflow_api as api  # noqa: E402
import client_server  # noqa: E402
from engine_test import Report, admin_of, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

HERE = pathlib.Path(__file__).parent
DAGS = {"conf_rest", "conf_fails", "conf_slow", "conf_daily"}


def run_tests(report, server, wanted):
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(path.stem)
    for function in client_server.TESTS:
        if wanted and function.__name__ not in wanted:
            continue
        try:
            function(server)
            report.check(f"{function.__module__}.{function.__name__}")
        except Exception:
            report.check(f"{function.__module__}.{function.__name__}", [traceback.format_exc(limit=-4)])


def main():
    binary, *tests = sys.argv[1:]
    report = Report()
    with running_engine(report, binary, "rest", "--parallelism", "8") as (engine, folder):
        for path in (HERE / "dags").iterdir():
            shutil.copy(path, folder)
        client = admin_of(engine)
        wait_until(lambda: DAGS <= {*api.dags_of(client)} and api.import_errors_of(client), 60, "the DAG files")
        for dag_id in DAGS:
            api.unpause(client, dag_id)
        run_tests(report, client_server.Server(engine.url, "admin", engine.password()), tests)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
