"""Writes expected.json: the states that the real Airflow (api-server, scheduler, triggerer) gives.

usage: record.py [--seconds N] [--only DAG_ID]... [--keep]
Takes about a quarter of an hour; run it again when script/requirements.txt names another Airflow. `airflow dags test`
is not asked: it runs retries, sensors and pools differently from the scheduler. On SQLite the real scheduler now and
then loses a task to a locked database: ask again with --only for what looks odd.
"""

import argparse
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import airflow_api as api  # noqa: E402
import shipped  # noqa: E402
from airflow_client.client.exceptions import ApiException, ServiceException  # noqa: E402
from real_airflow import real_airflow  # noqa: E402

BATCH = 10  # more at once is too much for Airflow on SQLite
HERE = pathlib.Path(__file__).resolve().parent


def wait_until_read(client, seconds=240):
    """Airflow does not say when it has read a folder: no new DAG for half a minute."""
    before, since, deadline = {}, time.monotonic(), time.monotonic() + seconds
    while time.monotonic() < deadline and (not before or time.monotonic() - since < 30):
        now = persistently(api.dags_of, client)
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(2)
    return before


def persistently(function, *arguments, **options):
    """Airflow on SQLite answers 500 when another of its processes has locked the database."""
    for _ in range(30):
        try:
            return function(*arguments, **options)
        except ServiceException:
            time.sleep(1)
    return function(*arguments, **options)


def record_batch(client, dag_ids, dags, seconds):
    runs, found = {}, {}
    for dag_id in dag_ids:
        persistently(api.unpause, client, dag_id)
        try:
            conf = shipped.CONF.get(dag_id)
            runs[dag_id] = persistently(api.trigger, client, dag_id, shipped.LOGICAL_DATE, conf, "shipped")
        except ApiException as error:
            print(f"{dag_id}: not triggered: {error.status} {error.body}")
    ended = persistently(api.wait_for_runs, client, runs, seconds)
    for dag_id in runs:
        states = dict(sorted(persistently(api.task_states, client, dag_id, runs[dag_id]).items()))
        if dag_id in ended:
            found[dag_id] = {"file": dags[dag_id], "state": ended[dag_id], "tasks": states}
        else:
            print(f"{dag_id}: no end within {seconds} s: {states}")
    print(f"{len(ended)} of {len(runs)} ended: {', '.join(dag_ids)}")
    return found


def record(client, seconds, only):
    dags = wait_until_read(client)
    wanted = [dag_id for dag_id in sorted(dags) if dag_id not in shipped.LEFT_OUT and (not only or dag_id in only)]
    found = {}
    for at in range(0, len(wanted), BATCH):
        found.update(record_batch(client, wanted[at : at + BATCH], dags, seconds))
    return found, persistently(api.import_errors_of, client)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=900)
    parser.add_argument("--only", action="append", help="ask for these, keep what is known of the others")
    parser.add_argument("--keep", action="store_true", help="leave Airflow's home behind, to look into")
    options = parser.parse_args()
    with real_airflow(shipped.copy_to, keep=options.keep) as url:
        found, errors = record(api.client_of(url, api.token_of(url)), options.seconds, options.only)
    for path, text in errors.items():
        print(f"{path}: Airflow cannot import it: {text.strip().splitlines()[-1]}")
    if options.only:
        known = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))["dags"]
        found = dict(sorted({**known, **found}.items()))
    answer = {
        "how": "record.py writes this file: the real Airflow's answer for one run of each DAG at logical_date.",
        "logical_date": shipped.LOGICAL_DATE.isoformat(),
        "dags": found,
        "left_out": shipped.LEFT_OUT,
    }
    (HERE / "expected.json").write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    print(f"{len(found)} DAGs recorded, {len(shipped.LEFT_OUT)} left out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
