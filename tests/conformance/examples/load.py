"""Every file of dags/examples loads in the real Airflow (Python) or the real dag-factory (YAML), without a complaint.

Usage: load.py, with the Python of the environment that has Airflow installed.
"""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile
import warnings

HOME = tempfile.TemporaryDirectory(prefix="hanok-examples-")
os.environ["AIRFLOW_HOME"] = HOME.name  # Airflow writes a configuration when it is imported
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
warnings.simplefilter("ignore")

from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.sdk import DAG  # noqa: E402
from dagfactory import load_yaml_dags  # noqa: E402

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "dags" / "examples"


def load_python(path: pathlib.Path) -> tuple[list[DAG], str]:
    bag = DagBag(dag_folder=str(path))
    return list(bag.dags.values()), "; ".join(bag.import_errors.values())


def load_yaml(path: pathlib.Path) -> tuple[list[DAG], str]:
    names: dict = {}
    try:
        load_yaml_dags(globals_dict=names, config_filepath=str(path))
    except Exception as error:
        return [], f"{type(error).__name__}: {error}"
    return [value for value in names.values() if isinstance(value, DAG)], ""


def main() -> int:
    problems, seen = [], set()
    yaml = [path for path in EXAMPLES.glob("*.yaml") if not path.name.endswith(".policy.yaml")]  # these are hanok's
    files = sorted([*EXAMPLES.glob("*.py"), *yaml])
    for path in files:
        dags, complaint = (load_python if path.suffix == ".py" else load_yaml)(path)
        if complaint or not dags:
            problems.append(f"{path.name}: {complaint or 'it defines no DAG'}")
        for dag in dags:
            dag.check_cycle()
            if dag.dag_id in seen:
                problems.append(f"{path.name}: the id {dag.dag_id} is taken")
            seen.add(dag.dag_id)
            print(f"{path.name}: {dag.dag_id}, {len(dag.tasks)} tasks, schedule {dag.schedule}")
    if len(files) < 5:
        problems.append(f"{len(files)} files in dags/examples; there should be both forms")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
