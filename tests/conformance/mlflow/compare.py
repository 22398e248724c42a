"""Asks hanok what the real MLflow server was asked (recorded/) and compares the answers, member by member.

usage: compare.py HANOK [NOUN]...
known.py names where hanok is meant to differ, each with its reason; what is named there and does not differ is a failure, too.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import known  # noqa: E402
import recording  # noqa: E402
from asker import Asker  # noqa: E402
from engine_test import Report, running_engine  # noqa: E402

MOST_SHOWN = int(os.environ.get("HANOK_MOST_SHOWN", "40"))


def differs(old, new):
    """(place, wanted, found) of what counts in two answers to one question."""
    if old["status"] >= 500 and (old["status"], old["type"]) != (new["status"], new["type"]):
        if new["status"] >= 500:  # MLflow broke: any answer but that is right, and so is the same sentence
            yield "/status", "an answer", new["status"]
    elif old["status"] >= 400 and old["type"] != "application/json":  # a page of Flask's, in HTML
        if old["status"] != new["status"]:
            yield "/status", old["status"], new["status"]
    elif old["status"] != new["status"]:
        yield "/status", (old["status"], old["answer"]), (new["status"], new["answer"])
    else:
        for name in old:  # one by one: there, an empty answer is not the same as none
            yield from recording.differences(old[name], new[name], f"/{name}")


def problems_of(noun, wanted, found):
    problems = []
    for at, (old, new) in enumerate(zip(wanted, found)):
        asks = [(entry["ask"], entry.get("body")) for entry in (old, new)]
        if asks[0] != asks[1]:
            problems.append(f"question {at} was {asks[0]} and is {asks[1]}; an earlier answer differs in what"
                            f" later questions need, or record.py {noun} has to be run again")
            break
        for place, was, now in differs(old, new):
            if not known.explains(noun, f"{old['ask']} {old.get('body', '')}", place, was, now):
                problems.append(f"{old['ask']} {old.get('body', '')}\n      {place}: {was!r}\n      hanok: {now!r}")
    if len(wanted) != len(found):
        problems.append(f"{len(wanted)} questions were recorded and {len(found)} asked")
    return problems


def main():
    binary, *nouns = sys.argv[1:]
    report = Report()
    for noun in nouns or recording.NOUNS:
        with running_engine(report, binary, f"mlflow-{noun}") as (engine, _):
            asker, problems = Asker(engine.url, engine.password()), []
            try:
                recording.ask(noun, asker)
            except Exception as error:
                problems.append(f"after {len(asker.found)} questions, the last {asker.found[-1:]}: {error!r}")
            problems += problems_of(noun, recording.load(noun), asker.kept())
            more = [f"and {len(problems) - MOST_SHOWN} more"] if len(problems) > MOST_SHOWN else []
            report.check(f"{noun}: {len(asker.found)} answers as MLflow's", problems[:MOST_SHOWN] + more)
    if not nouns:
        report.check("known.py is up to date", known.unused())
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
