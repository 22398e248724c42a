"""Params and templates: counts the words of a text that is given when the run is triggered.

    hanok dags trigger word_count --conf '{"text": "to be or not to be", "top": 2}'
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Param


def count_words(text: str, top: str) -> dict[str, int]:
    counts = Counter(re.findall(r"\w+", text.lower()))
    return dict(counts.most_common(int(top)))


with DAG(
    dag_id="word_count",
    schedule=None,
    start_date=datetime(2026, 11, 1),
    params={
        "text": Param("a house is made of walls and beams; a home is built with love", type="string", minLength=1),
        "top": Param(3, type="integer", minimum=1, maximum=100, description="how many words to show"),
    },
    tags=["example", "params"],
    doc_md=__doc__,
) as dag:
    count = PythonOperator(
        task_id="count",
        python_callable=count_words,
        op_kwargs={"text": "{{ params.text }}", "top": "{{ params.top }}"},
    )
    show = BashOperator(
        task_id="show",
        bash_command="echo \"run $RUN: $COUNTS\"",
        env={"RUN": "{{ run_id }}", "COUNTS": "{{ ti.xcom_pull(task_ids='count') | tojson }}"},
        append_env=True,
    )
    count >> show
