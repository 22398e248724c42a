"""What run.py runs: standard operators, sensors and decorators, unmodified."""

import datetime as dt
import os
import sys

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.python import (
    ExternalPythonOperator, PythonOperator, PythonVirtualenvOperator, ShortCircuitOperator,
)
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, Asset, Param, PokeReturnValue, dag, task, task_group

HERE = os.path.dirname(os.path.abspath(__file__))
FLAG = os.path.join(HERE, "..", "flag")
EVERY_DAY = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

with DAG("child", schedule=None):
    BashOperator(task_id="only", bash_command=f"echo run >> {HERE}/../child_runs")

with DAG("parent", schedule=None):
    child = {"trigger_dag_id": "child", "trigger_run_id": "fixed", "poke_interval": 1}
    first = TriggerDagRunOperator(task_id="first", wait_for_completion=True, deferrable=False, **child)
    again = TriggerDagRunOperator(task_id="again", wait_for_completion=True, reset_dag_run=True, **child)
    skips = TriggerDagRunOperator(task_id="skips", skip_when_already_exists=True, **child)
    fails = TriggerDagRunOperator(task_id="fails", trigger_rule="all_done", **child)
    first >> again >> skips >> fails

with DAG("sensing", schedule=None, start_date=dt.datetime(2026, 1, 1)):
    BashOperator(task_id="makes", bash_command=f"sleep 2; touch {FLAG}")
    waits = {"poke_interval": 1, "timeout": 60}
    PythonSensor(task_id="later", python_callable=lambda: os.path.exists(FLAG), mode="reschedule", **waits)
    PythonSensor(task_id="soft", python_callable=lambda: False, mode="reschedule", poke_interval=1, timeout=2,
                 soft_fail=True)
    PythonSensor(task_id="hard", python_callable=lambda: False, poke_interval=0.2, timeout=1, retries=2)
    for mode in ("poke", "reschedule"):
        ExternalTaskSensor(task_id=f"task_{mode}", external_dag_id="sensing", external_task_id="makes", mode=mode,
                           deferrable=False, **waits)
        ExternalTaskSensor(task_id=f"failed_{mode}", external_dag_id="sensing", external_task_id="hard", mode=mode,
                           failed_states=["failed"], deferrable=False, **waits)

    @task.sensor(mode="reschedule", **waits)
    def decorated():
        return PokeReturnValue(is_done=os.path.exists(FLAG), xcom_value="seen")

    @task
    def reads(value):
        assert value == "seen"

    reads(decorated())


@dag(schedule=None, params={"n": Param(3, type="integer", minimum=1), "s": Param(None, type=["null", "string"])})
def flows():
    @task.bash
    def command():
        return "echo hi"

    @task.run_if(lambda context: False)
    @task
    def run_if():
        return 1

    @task.skip_if(lambda context: context["params"]["n"] == 3)
    @task.bash
    def skip_if():
        return "false"

    @task
    def typed(text, params=None):
        assert (text, params["n"], params["s"]) == ("hi", 3, None)

    typed(command()), run_if(), skip_if()

    @task.branch
    def branch():
        return ["left", "group.inner"]

    @task_group
    def group():
        EmptyOperator(task_id="inner")
        EmptyOperator(task_id="other")

    left, right = EmptyOperator(task_id="left"), EmptyOperator(task_id="right")
    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    branch() >> [left, right, group()] >> join

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def soft_stop():
        return False

    soft_stop() >> EmptyOperator(task_id="soft_direct") >> EmptyOperator(task_id="soft_after", trigger_rule="all_done")
    hard_stop = ShortCircuitOperator(task_id="hard_stop", python_callable=lambda: False)
    hard_stop >> EmptyOperator(task_id="hard_direct") >> EmptyOperator(task_id="hard_after", trigger_rule="all_done")
    LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="after_latest")
    weekday = BranchDayOfWeekOperator(task_id="weekday", follow_task_ids_if_true="yes", follow_task_ids_if_false="no",
                                      week_day=EVERY_DAY)
    weekday >> [EmptyOperator(task_id="yes"), EmptyOperator(task_id="no")]
    second = dt.timedelta(seconds=1)
    BashOperator(task_id="bash_late", bash_command="sleep 30", execution_timeout=second)
    PythonOperator(task_id="python_late", python_callable=lambda: __import__("time").sleep(30),
                   execution_timeout=second)


flows()

with DAG("retrying", schedule=None, default_args={"retries": 2, "retry_delay": dt.timedelta(seconds=1)}):
    BashOperator(task_id="doubled", bash_command="false", retry_exponential_backoff=True, max_retry_delay=2)
    BashOperator(task_id="by_half", bash_command="false", retry_exponential_backoff=1.5,
                 max_retry_delay=dt.timedelta(seconds=2))
    BashOperator(task_id="third_time", bash_command='[ "$AIRFLOW_CTX_TRY_NUMBER" = 3 ]')
    BashOperator(task_id="wide", bash_command="true", pool_slots=2, weight_rule="absolute", priority_weight=3,
                 max_active_tis_per_dag=1, max_active_tis_per_dagrun=1)

with DAG("outlets", schedule=None):
    BashOperator(task_id="command", bash_command="true", outlets=[Asset("s3://bucket/a")])
    EmptyOperator(task_id="nothing", outlets=[Asset("s3://bucket/b")])

with DAG("cleaning", schedule=None):
    create = BashOperator(task_id="create", bash_command="sleep 2").as_setup()
    lost = EmptyOperator(task_id="lost")
    work = EmptyOperator(task_id="work", trigger_rule="all_done")
    drop = BashOperator(task_id="drop", bash_command="false").as_teardown(setups=create)
    [create, BashOperator(task_id="boom", bash_command="false")] >> lost >> work >> drop
with DAG("cleaning_counts", schedule=None):
    create = EmptyOperator(task_id="create").as_setup()
    drop = BashOperator(task_id="drop", bash_command="false").as_teardown(setups=create, on_failure_fail_dagrun=True)
    create >> EmptyOperator(task_id="work") >> drop

with DAG("other_pythons", schedule=None):

    def asks(value):
        """In a Python that has Airflow and speaks with hanok by itself."""
        import logging

        from airflow.sdk import Variable

        Variable.set("other_written", value)
        logging.getLogger("other").warning("logged %s", Variable.get("other_secret"))
        print("printed", Variable.get("other_secret"))
        return [value, 1]

    def plain(value):
        import sys

        return value + [sys.prefix != sys.base_prefix]

    asked = ExternalPythonOperator(task_id="external_operator", python=sys.executable, python_callable=asks,
                                   op_args=["b"])
    # No requirements: what the standard library brings along makes the environment, nothing is downloaded.
    made = PythonVirtualenvOperator(task_id="venv_operator", python_callable=plain, op_args=[asked.output],
                                    system_site_packages=True)

    @task.virtualenv(system_site_packages=False)
    def virtual(value, ds=None):
        return value + ["virtual"]

    @task.external_python(python=os.path.join(sys.base_prefix, "bin", "python3"), expect_airflow=False)
    def external(value):
        return value + ["external"]

    @task
    def compares(made, virtual, external):
        from airflow.sdk import Variable

        assert (made, virtual, external) == (["b", 1, True], ["b", 1, "virtual"], ["b", 1, "external"])
        assert Variable.get("other_written") == "b"

    compares(made.output, virtual(asked.output), external(asked.output))
