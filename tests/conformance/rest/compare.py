"""Asks hanok what the real Airflow was asked (recorded/) and compares the answers, member by member.

usage: compare.py HANOK [NOUN]...
known.py names where hanok is meant to differ, each with its reason; what is named there and does not differ is a failure, too.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import known  # noqa: E402
import recording  # noqa: E402
from asker import Asker  # noqa: E402
from engine_test import Report, running_engine  # noqa: E402

MOST_SHOWN = 60


def add_users(binary, engine):
    passwords = {"admin": engine.password()}
    for user in recording.PASSWORDS:
        if user != "admin":
            passwords[user] = recording.PASSWORDS[user]
            command = [binary, "users", "create", "--home", engine.home, "--username", user, "--role", user.title()]
            subprocess.run([*command, "--password", passwords[user]], check=True, stdout=subprocess.DEVNULL)
    return passwords


def problems_of(noun, wanted, found):
    problems = []
    asks = [[entry["ask"] for entry in entries] for entries in (wanted, found)]
    if asks[0] != asks[1][: len(asks[0])] or len(asks[0]) != len(asks[1]):
        return [f"recorded/{noun}.json has other questions than asked/{noun}.py: run record.py {noun}"]
    for old, new in zip(wanted, found):
        if old.get("status") == 500:  # Airflow broke: any answer but that is right
            problems += [f"{old['ask']} {old.get('body', '')}: 500, too"] if new["status"] >= 500 else []
            continue
        for place, was, now in recording.differences(old, new):
            if not known.explains(noun, old["ask"], place):
                problems.append(f"{old['ask']} {old.get('body', '')}\n      {place}: {was!r}\n      hanok: {now!r}")
    return problems


def main():
    binary, *nouns = sys.argv[1:]
    report = Report()
    for noun in nouns or recording.NOUNS:
        # A hanok for each: what one noun's questions leave behind must not answer another's.
        with running_engine(report, binary, f"rest-{noun}", "--starts-paused") as (engine, folder):
            recording.copy_dags(folder)
            asker = Asker(engine.url, add_users(binary, engine))
            recording.wait_until_read(asker)
            with report.guarded(noun):
                recording.ask(noun, asker)
            problems = problems_of(noun, recording.load(noun), asker.found)
            more = [f"and {len(problems) - MOST_SHOWN} more"] if len(problems) > MOST_SHOWN else []
            report.check(f"{noun}: {len(asker.found)} answers as Airflow's", problems[:MOST_SHOWN] + more)
    if not nouns:
        report.check("known.py is up to date", known.unused())
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
