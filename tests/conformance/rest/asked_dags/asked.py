"""The DAGs that asks/ asks about, of Airflow when it is recorded and of hanok when it is compared."""

import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, TaskGroup, task

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)

with DAG(
    "ask_main",
    description="the DAG that most questions are about",
    doc_md="# ask_main\nsome *doc*",
    schedule=None,
    start_date=START,
    tags=["ask", "ask_a"],
    default_args={"owner": "ask_owner", "retries": 0},
    params={"n": Param(3, type="integer", minimum=1), "word": "a"},
    max_active_runs=16,
):
    first = BashOperator(task_id="first", bash_command="echo ASK-LOG-MARK; echo 42", doc_md="the first")

    @task
    def second(value):
        print("got", value)
        return {"a": 1, "b": [True, None, 2.5]}

    with TaskGroup("group"):
        inner = EmptyOperator(task_id="inner", trigger_rule="all_done")
        deeper = EmptyOperator(task_id="deeper", pool="default_pool", priority_weight=7, weight_rule="absolute")
        inner >> deeper

    second(first.output) >> inner

with DAG("ask_fails", schedule=None, start_date=START, tags=["ask"], default_args={"owner": "ask_owner"}):
    boom = BashOperator(task_id="boom", bash_command="echo oh no; exit 3", retries=1, retry_delay=datetime.timedelta(0))
    boom >> EmptyOperator(task_id="after")

with DAG("ask_slow", dag_display_name="slow one", schedule=None, start_date=START, tags=["ask"], max_active_runs=1):
    BashOperator(task_id="sleeper", bash_command="sleep 600") >> EmptyOperator(task_id="after")

with DAG("ask_daily", schedule="@daily", start_date=START, catchup=False, dagrun_timeout=datetime.timedelta(hours=1)):
    EmptyOperator(task_id="one", owner="somebody")

with DAG("ask_paused", schedule="30 6 * * 1", start_date=START, end_date=datetime.datetime(2024, 3, 1), catchup=True):
    one, two = EmptyOperator(task_id="one"), EmptyOperator(task_id="two")
    one >> two

with DAG("ask_doomed", schedule=None, start_date=START):
    EmptyOperator(task_id="one")
