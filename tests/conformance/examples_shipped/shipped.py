"""The example DAG files inside the installed packages, and which of their DAGs Airflow and hanok are asked for."""

import datetime
import importlib.util
import pathlib
import shutil

PACKAGES = (
    "airflow/example_dags",
    "airflow/providers/standard/example_dags",
    "airflow/providers/common/sql/example_dags",
)

# All runs have one date, so that DAGs that wait for each other meet. It is a Wednesday.
LOGICAL_DATE = datetime.datetime(2025, 1, 1, 6, 0, tzinfo=datetime.timezone.utc)

# Parameters without a default.
CONF = {"example_params_ui_tutorial": {"required_field": "given by a test"}}

# What Airflow answers for these depends on something a test must not depend on.
RANDOM = "its branches are chosen at random"
NETWORK = "it fetches packages or pages from the network"
CLOCK = "its branches depend on the hour or the day on which it runs"
PERSON = "it waits for a person's answer"
LEFT_OUT = {
    "example_retry_policy": "it tries six times, minutes apart, to reach the network",
    "example_branch_operator": RANDOM,
    "example_branch_python_operator_decorator": RANDOM,
    "example_branch_datetime_operator_2": CLOCK,
    "example_weekday_branch_operator": CLOCK,
    "example_sensors": CLOCK,
    "example_dag_decorator": NETWORK,
    "example_python_decorator": NETWORK,
    "example_python_operator": NETWORK,
    "example_hitl_operator": PERSON,
    "tutorial_objectstorage": NETWORK,
    "tutorial_taskflow_api_virtualenv": NETWORK,
}


def folder_of_packages():
    return pathlib.Path(importlib.util.find_spec("airflow").origin).parents[1]


def copy_to(folder):
    """Copies the files, byte by byte, with the SQL files and modules that lie beside them."""
    for package in PACKAGES:
        shutil.copytree(folder_of_packages() / package, pathlib.Path(folder) / package,
                        ignore=shutil.ignore_patterns("__pycache__"))
