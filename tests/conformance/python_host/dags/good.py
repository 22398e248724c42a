"""One task of each kind of ending."""

import logging
import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

with DAG("good", schedule="@daily", start_date=datetime(2026, 1, 1), params={"who": "world"}, tags=["a"]) as dag:

    @task
    def push():
        print("pushing")
        return {"n": 41}

    @task
    def pull(value):
        return value["n"] + 1

    @task(retries=2, retry_delay=timedelta(seconds=7))
    def fail():
        raise ValueError("boom")

    @task
    def fail_for_good():
        raise AirflowFailException("never again")

    @task
    def skip():
        raise AirflowSkipException("not today")

    @task.branch
    def choose():
        return "left"

    @task.sensor(mode="reschedule", poke_interval=60, timeout=3600)
    def wait():
        return False

    @task
    def die():
        os.kill(os.getpid(), 9)

    @task
    def leave():
        os._exit(3)

    @task
    def tell_a_secret():
        from airflow.sdk.log import mask_secret

        mask_secret("hunter2hunter2")
        print("printed hunter2hunter2")
        os.system("echo a program said hunter2hunter2")
        logging.getLogger("user").info("logged %s", "hunter2hunter2", extra={"token": "by its name"})
        raise ValueError("raised hunter2hunter2")

    @task(execution_timeout=timedelta(seconds=1))
    def slow():
        import time

        time.sleep(60)

    left, right = EmptyOperator(task_id="left"), EmptyOperator(task_id="right")
    hello = BashOperator(task_id="hello", bash_command="echo hello")
    templated = BashOperator(task_id="templated", bash_command="echo {{ params.who }} {{ ds }}")
    pull(push())
    choose() >> [left, right]
    hello >> templated
    fail() >> fail_for_good() >> skip() >> wait() >> die() >> leave() >> tell_a_secret() >> slow()
