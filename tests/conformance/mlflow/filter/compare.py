"""What hanok reads in MLflow's filters and orders, beside what MLflow read in them. usage: compare.py DRIVER

recorded.jsonl has the cases of cases.txt with MLflow's answers (oracle.py --record, which needs the real mlflow); where
they differ on purpose cases.txt says so: a line that begins with "!" is refused by hanok, one with "?" read by it alone,
one with "~" refused with other words, one with "#" read otherwise.
"""

import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PLACE = re.compile(r" \(at character \d+\)$")


def read_recorded():
    with open(os.path.join(HERE, "recorded.jsonl"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def ask(driver, lines):
    done = subprocess.run([driver], input="".join(line + "\n" for line in lines), capture_output=True, text=True,
                          check=True)
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def mistake(mark, real, own):
    is_read = isinstance(own, list), isinstance(real, list)
    if mark:
        wanted = {"!": (False, True), "?": (True, False), "~": (False, False), "#": (True, True)}[mark]
        return None if is_read == wanted and real != own else "is no longer a difference"
    if is_read == (True, True):
        return None if real == own else "is read differently"
    if is_read != (False, False):
        return "is read, and MLflow refuses it" if is_read[0] else "is refused, and MLflow reads it"
    # A set is printed in any order there, and hanok adds the place.
    start = re.split(r"[{(\[]", real)[0].strip()
    return None if own.startswith(start) or start.startswith("Invalid clause") else "is refused with other words"


def main():
    recorded = read_recorded()
    lines = [line for _, line, _ in recorded]
    bad = 0
    for (mark, line, real), own in zip(recorded, ask(sys.argv[1], lines), strict=True):
        found = mistake(mark, real, own)
        if found:
            bad += 1
            print(f"{line!r} {found}:\n   mlflow {real!r}\n   hanok  {own!r}")
        elif isinstance(own, str) and not PLACE.search(own) and line.split("\t", 1)[1].strip():
            bad += 1
            print(f"{line!r}: the message does not tell the place: {own!r}")
    print(f"{len(lines)} texts, {bad} differ")
    return 1 if bad or len(lines) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
