"""Cleared tasks and states set by hand: hanok does as the real Airflow did (recorded.json). usage: run.py HANOK"""

import json
import sys

import asked
from engine_test import Report, admin_of, running_engine


def main():
    report = Report()
    wanted = json.loads((asked.HERE / "recorded.json").read_text(encoding="utf-8"))
    with running_engine(report, sys.argv[1], "by-hand", "--parallelism", "8") as (engine, folder):
        asked.copy_dags(folder)
        found = asked.ask(admin_of(engine))
        for dag_id, steps in wanted.items():
            for step, was in steps.items():
                report.equal(f"{dag_id}: {step}", found[dag_id].get(step), was)
        report.equal("all that was asked was recorded", [list(steps) for steps in found.values()],
                     [list(steps) for steps in wanted.values()])
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
