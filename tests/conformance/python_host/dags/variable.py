"""Asks hanok while it is imported: one DAG for each name in the variable."""

from airflow.sdk import DAG, Variable, task

for name in Variable.get("names").split(","):
    with DAG(f"made_{name}", schedule=None):

        @task
        def say():
            return Variable.get("names")

        say()
