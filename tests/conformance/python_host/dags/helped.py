"""Its task returns what a module beside it says."""

from helper_of_helped import WORD

from airflow.sdk import DAG, task

with DAG("helped", schedule=None):

    @task
    def say():
        return WORD

    say()
