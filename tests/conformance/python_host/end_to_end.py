"""Runs the program of test_end_to_end.c in a home of its own: end_to_end.py PROGRAM"""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    folder = os.path.realpath(tempfile.mkdtemp(prefix="hanok-python-"))
    host = os.path.join(HERE, "..", "..", "..", "dags", "python", "host.py")
    command = [sys.argv[1], sys.executable, os.path.realpath(host), os.path.join(HERE, "dags"), os.path.join(folder, "home")]
    status = subprocess.run(command, check=False).returncode
    if status == 0:
        shutil.rmtree(folder)
    else:
        print("see", folder)
    print(f"{int(status == 0)} passed, {int(status != 0)} failed")
    return 0 if status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
