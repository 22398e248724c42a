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
    return re.sub(r"\n\s*\n", "\n", "".join(lines[-4:])).rstrip().split("\n")


def entries_of(wanted, server):
    """(noun, entry) of the tests that are named, or of all; a name that no test has is an error."""
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(path.stem)
    everything = [(entry.function.__module__.removeprefix("test_"), entry) for entry in checks.TESTS]
    unknown = set(wanted) - {name for noun, entry in everything for name in (noun, entry.function.__name__)}
    if unknown:
        raise SystemExit(f"there is no test {', '.join(sorted(unknown))}; a TEST is a function's name or a file's noun.")
    return [(noun, entry) for noun, entry in everything
            if (not wanted or {noun, entry.function.__name__} & set(wanted)) and (server.is_hanok or not entry.only_hanok)]


def problems_of(entry, server):
    """What went wrong, as lines; a run that the test left open is no hindrance to the next one."""
    import mlflow

    try:
        entry.function(server)
    except Exception as error:
        return last_lines(error)
    finally:
        while mlflow.active_run() is not None:
            mlflow.end_run("KILLED")
    return []


def run_tests(report, server, wanted):
    import mlflow  # not before the environment says how

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    for noun, entry in entries_of(wanted, server):
        report.check(f"{noun}.{entry.function.__name__}", problems_of(entry, server))


def run_on_hanok(report, options):
    os.environ.update(SERVER_VARIABLES)
    with running_engine(report, options.binary, "mlflow", "--parallelism", "4") as (engine, folder):
        os.environ.update(MLFLOW_TRACKING_USERNAME="admin", MLFLOW_TRACKING_PASSWORD=engine.password())
        run_tests(report, checks.Server(engine.url, is_hanok=True, engine=engine, folder=folder), options.tests)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", metavar="HANOK")
    parser.add_argument("tests", metavar="TEST", nargs="*")
    parser.add_argument("--real", action="store_true", help="on the real server of .venv-mlflow, which this starts")
    parser.add_argument("--server", metavar="URL", help="on a server that runs already")
    options = parser.parse_intermixed_args()
    options.binary = os.path.abspath(options.binary)
    return options


def run(report, options):
    if options.server:
        run_tests(report, checks.Server(options.server, is_hanok=False), options.tests)
    elif options.real:
        with real_mlflow(**SERVER_VARIABLES) as (url, _, _):
            run_tests(report, checks.Server(url, is_hanok=False), options.tests)
    else:
        run_on_hanok(report, options)


def main():
    options, report = read_options(), Report()
    with tempfile.TemporaryDirectory(prefix="hanok-mlflow-client-", ignore_cleanup_errors=True) as folder:
        os.chdir(folder)  # the client makes folders where it is
        run(report, options)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
