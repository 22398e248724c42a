"""Leaves a thread behind when imported; must not be kept imported."""

import threading
import time

from airflow.sdk import DAG, task

threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
with DAG("threads", schedule=None):

    @task
    def say():
        return threading.active_count()

    say()
