"""Writes recorded.json: what becomes of runs that a person meddles with (asked.py) in the real Airflow. usage: record.py

A few minutes; run it again when asked.py or dags.py changes, or script/requirements.txt names another Airflow.
"""

import json
import sys

import asked
import airflow_api as api
from real_airflow import real_airflow


def main():
    with real_airflow(asked.copy_dags) as url:
        found = asked.ask(api.client_of(url, api.token_of(url)))
    (asked.HERE / "recorded.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
