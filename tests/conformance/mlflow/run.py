"""The unmodified MLflow client, its fluent API, autolog and scikit-learn, with hanok for a server.

usage: run.py HANOK [--real | --server URL] [TEST]...

Each test_<noun>.py holds functions marked with @test (checks.py). --real runs the same ones on the real server of
.venv-mlflow, where all must pass, too, except those marked @test(only_hanok=True), which ask for what MLflow has not;
--server does so on any server. A TEST is a function's name or a file's noun.
"""

import argparse
import importlib
import os
import pathlib
import re
import sys
import tempfile
import traceback
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]

# A server's mistake is to be seen at once; a run's user and source are not to be found out by asking Git.
os.environ.update(MLFLOW_HTTP_REQUEST_MAX_RETRIES="0", MLFLOW_HTTP_REQUEST_TIMEOUT="60", GIT_PYTHON_REFRESH="quiet",
                  MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false", MPLBACKEND="Agg", NO_COLOR="1",
                  MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT="true",
                  MLFLOW_LOGGING_LEVEL="ERROR")
# Webhooks to loopback; and no minute in which the real server does not look at them again.
SERVER_VARIABLES = {"MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true", "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
                    "MLFLOW_WEBHOOK_CACHE_TTL": "0"}

warnings.simplefilter("ignore")

import checks  # noqa: E402
from engine_test import Report, running_engine  # noqa: E402
from real_mlflow import real_mlflow  # noqa: E402


def last_lines(error):
    lines = traceback.format_exception(error)
    return re.sub(r"\n\s*\n", "\n", "".join(lines[-4:])).rstrip()


def run_tests(report, server, wanted):
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(path.stem)
    for entry in checks.TESTS:
        noun = entry.function.__module__.removeprefix("test_")
        if (wanted and not {noun, entry.function.__name__} & set(wanted)) or (entry.only_hanok and not server.is_hanok):
            continue
        problems = []
        try:
            entry.function(server)
        except Exception as error:
            problems = last_lines(error).split("\n")
        finally:
            while mlflow.active_run() is not None:
                mlflow.end_run("KILLED")
        report.check(f"{noun}.{entry.function.__name__}", problems)


def run_on_hanok(report, options):
    os.environ.update(SERVER_VARIABLES)
    with running_engine(report, options.binary, "mlflow", "--parallelism", "4") as (engine, folder):
        os.environ.update(MLFLOW_TRACKING_USERNAME="admin", MLFLOW_TRACKING_PASSWORD=engine.password())
        run_tests(report, checks.Server(engine.url, is_hanok=True, engine=engine, folder=folder), options.tests)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("tests", nargs="*")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--server", metavar="URL")
    options = parser.parse_intermixed_args()
    options.binary = os.path.abspath(options.binary)
    report = Report()
    os.chdir(tempfile.mkdtemp(prefix="hanok-mlflow-client-"))  # the client makes folders where it is
    if options.server:
        run_tests(report, checks.Server(options.server, is_hanok=False), options.tests)
    elif options.real:
        with real_mlflow(**SERVER_VARIABLES) as (url, _, _):
            run_tests(report, checks.Server(url, is_hanok=False), options.tests)
    else:
        run_on_hanok(report, options)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
