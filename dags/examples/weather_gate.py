"""Branching and short-circuiting: what to do depends on what was found, and what is not needed is skipped.

Trigger it with {"outside_c": -3} to see another way through it.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, task

with DAG(
    dag_id="weather_gate",
    schedule=None,
    start_date=datetime(2026, 11, 1),
    params={"outside_c": Param(4, type="number", minimum=-40, maximum=50, description="temperature in the yard")},
    tags=["example", "branch"],
    doc_md=__doc__,
) as dag:

    @task
    def measure(params: dict) -> float:
        return params["outside_c"]

    @task.branch
    def decide(outside_c: float) -> str:
        if outside_c < 0:
            return "light_the_ondol"
        return "open_the_doors" if outside_c > 24 else "leave_it"

    @task.short_circuit
    def is_a_warning_needed(outside_c: float) -> bool:
        return outside_c < -10

    outside = measure()
    light_the_ondol = BashOperator(task_id="light_the_ondol", bash_command="echo the floor gets warm")
    open_the_doors = BashOperator(task_id="open_the_doors", bash_command="echo a breeze comes through")
    leave_it = EmptyOperator(task_id="leave_it")
    settled = EmptyOperator(task_id="settled", trigger_rule="none_failed_min_one_success")
    warn = BashOperator(task_id="warn", bash_command="echo the pipes may freeze tonight")

    decide(outside) >> [light_the_ondol, open_the_doors, leave_it] >> settled
    is_a_warning_needed(outside) >> warn
