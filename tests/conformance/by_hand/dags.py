"""What asked.py meddles with, in Airflow when it is recorded and in hanok when it is compared."""

import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import DAG, task

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)

with DAG("branching", schedule=None, start_date=START):

    @task.branch
    def branch(ti=None):
        """Another way each time it is cleared."""
        return "left" if ti.try_number == 1 else "right"

    chosen = branch()
    left, right = BashOperator(task_id="left", bash_command="true"), BashOperator(task_id="right", bash_command="true")
    join = BashOperator(task_id="join", bash_command="true", trigger_rule="all_done")
    chosen >> [left, right, join]
    right >> join
    stop = ShortCircuitOperator(task_id="stop", python_callable=lambda: False)
    stop >> EmptyOperator(task_id="stopped") >> EmptyOperator(task_id="beyond")

with DAG("cleaning", schedule=None, start_date=START):
    make = EmptyOperator(task_id="make").as_setup()
    drop = BashOperator(task_id="drop", bash_command="true").as_teardown(setups=make)
    make >> BashOperator(task_id="work", bash_command="sleep 600") >> EmptyOperator(task_id="later") >> drop

with DAG("plain", schedule=None, start_date=START):
    EmptyOperator(task_id="first") >> BashOperator(task_id="last", bash_command="true")
