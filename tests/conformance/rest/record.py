"""Writes recorded/<noun>.json: what the real Airflow answers to the questions of asked/<noun>.py.

usage: record.py [--keep] [NOUN]...
A fresh Airflow for each noun, a few minutes each; run it again when questions or DAGs change, or when
script/requirements.txt names another Airflow.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import recording  # noqa: E402
from asker import Asker  # noqa: E402
from real_airflow import real_airflow  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nouns", nargs="*", metavar="NOUN")
    parser.add_argument("--keep", action="store_true", help="leave Airflow's home behind, to look into")
    options = parser.parse_args()
    for noun in options.nouns or recording.NOUNS:
        with real_airflow(recording.copy_dags, recording.PASSWORDS, options.keep) as url:
            asker = Asker(url, recording.PASSWORDS, is_patient=True)
            recording.wait_until_read(asker)
            found = recording.ask(noun, asker)
        recording.save(noun, found)
        print(f"{noun}: {len(found)} answers", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
