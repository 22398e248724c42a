"""Starts a hanok for test_client.py. usage: run.py HANOK [TEST]..."""

import os
import pathlib
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import airflow_api as api  # noqa: E402
import test_client  # noqa: E402
from engine_test import Report, admin_of, running_engine  # noqa: E402
from standalone import wait_until  # noqa: E402

DAGS = {"conf_rest", "conf_fails", "conf_slow", "conf_daily"}


def main():
    binary, *tests = sys.argv[1:]
    report = Report()
    with running_engine(report, binary, "rest", "--parallelism", "8") as (engine, folder):
        for path in (pathlib.Path(__file__).parent / "dags").iterdir():
            shutil.copy(path, folder)
        client = admin_of(engine)
        wait_until(lambda: DAGS <= {*api.dags_of(client)} and api.import_errors_of(client), 60, "the DAG files")
        for dag_id in DAGS:
            api.unpause(client, dag_id)
        sys.argv[1:] = [engine.url, "admin", engine.password(), *tests]
        report.check("test_client.py", ["see above"] if test_client.main() else [])
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
