"""The README's commands and DAG files, as they stand there. usage: run.py HANOK

What is replaced: the address and the home of script/server by those of an engine of this test, FOLDER by a folder.
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from engine_test import Report  # noqa: E402
from engine_test import running_engine  # noqa: E402

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))


def blocks_of(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Shell:
    def __init__(self, report, binary, engine, folder):
        self.report = report
        self.environment = {**os.environ, "HANOK_PYTHON": sys.executable}
        self.replaced = [("build/hanok", binary), ("FOLDER", folder), ("http://127.0.0.1:8080", engine.url),
                         ("$PWD/.cache/hanok", engine.home), (".cache/hanok", engine.home)]

    def run(self, name, script):
        for there, here in self.replaced:
            script = script.replace(there, here)
        done = subprocess.run(["bash", "-eu", "-c", script], cwd=ROOT, env=self.environment, capture_output=True,
                              text=True, timeout=120)
        wrong = [f"exit status {done.returncode}", done.stdout, done.stderr] if done.returncode != 0 else []
        self.report.check(name, wrong)
        return done.stdout


def examine(report, binary, engine, folder):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    (yaml,), (python,) = blocks_of(text, "yaml"), blocks_of(text, "python")
    first = os.path.join(engine.home, "first")
    os.mkdir(first)
    for name, content in (("greet.yaml", yaml), ("sums.py", python)):
        with open(os.path.join(first, name), "w", encoding="utf-8") as file:
            file.write(content)
    shell = Shell(report, os.path.abspath(binary), engine, first)
    _, on_its_home, verbs, curl = blocks_of(text, "sh")
    for dag_id in ("word_count", "build_a_house"):
        engine.wait_for_dag(dag_id)
    report.contains("the command line on the server's home", shell.run("its commands", on_its_home), "word_count")
    for line in verbs.splitlines():
        if " standalone " not in line:
            shell.run(line, line)
    shell.run("the Python file, the same way", "build/hanok dags test FOLDER/sums.py")
    shell.run("from CI, with curl and jq", curl)


def main():
    binary = sys.argv[1]
    report = Report()
    with running_engine(report, binary, "readme", "--dags", os.path.join(ROOT, "dags", "examples")) as (engine, folder):
        examine(report, binary, engine, folder)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
