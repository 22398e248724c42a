"""Writes recorded/<noun>.json: what the real MLflow server (script/setup mlflow) answers to asked/<noun>.py.

usage: record.py [--keep] [--server URL] [NOUN]...
A fresh server for each noun, some ten seconds each; run it again when questions change, or when
script/requirements-mlflow.txt names another MLflow. --server: one that runs already, and has nothing in it.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import recording  # noqa: E402
from asker import Asker  # noqa: E402
from real_mlflow import real_mlflow  # noqa: E402


def record(noun, url):
    found = recording.ask(noun, Asker(url))
    recording.save(noun, found)
    print(f"{noun}: {len(found)} answers, {sum(entry['status'] >= 500 for entry in found)} of them 5xx", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nouns", nargs="*", metavar="NOUN")
    parser.add_argument("--keep", action="store_true", help="leave the server's home behind, to look into")
    parser.add_argument("--server", metavar="URL")
    options = parser.parse_args()
    for noun in options.nouns or recording.NOUNS:
        if options.server:
            record(noun, options.server)
        else:
            with real_mlflow(keep=options.keep, PYTHONHASHSEED="0") as (url, _, _):  # sets in the same order each time
                record(noun, url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
