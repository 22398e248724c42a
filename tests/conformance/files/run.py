"""What happens to DAG files on disk while the engine runs: added, changed, broken, mended, removed, hostile.

Each bad file gets an import error with a sentence that names the trouble, and the engine goes on: after all of them a
good DAG still runs. usage: run.py HANOK [--keep]
"""

import argparse
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import airflow_api as api  # noqa: E402
import airflow_client.client as airflow  # noqa: E402
from engine_test import Report, admin_of, running_engine  # noqa: E402
from airflow_client.client.exceptions import ApiException  # noqa: E402
from standalone import wait_until  # noqa: E402

SECONDS = 60
PARSE_SECONDS = 30  # the Task SDK's own dagbag_import_timeout; hanok ends the process after 50 s if that did not help

YAML = """{dag_id}:
  start_date: 2024-01-01
  schedule: {schedule}
  tasks:
    - task_id: first
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: "{command}"
    - task_id: last
      operator: airflow.providers.standard.operators.{operator}
      dependencies: [first]
"""

PYTHON = """from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator
{top}
with DAG("{dag_id}", schedule={schedule}) as dag:
    BashOperator(task_id="first", bash_command="{command}")
"""

CYCLE = """from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("circle", schedule=None) as dag:
    first, last = (BashOperator(task_id=name, bash_command="true") for name in ("first", "last"))
    first >> last >> first
"""


def yaml(dag_id, command="echo one", schedule="null", operator="empty.EmptyOperator"):
    return YAML.format(dag_id=dag_id, command=command, schedule=schedule, operator=operator)


def python(dag_id, top="", command="echo one", schedule="None"):
    return PYTHON.format(dag_id=dag_id, top=top, command=command, schedule=schedule)


class Folder:
    """Writes as an editor or a deployment does: aside, then renamed into place."""

    def __init__(self, path):
        self.path = path

    def write(self, name, text):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        with open(path + ".part", "wb") as file:
            file.write(data)
        os.rename(path + ".part", path)

    def remove(self, name):
        os.remove(os.path.join(self.path, name))


# file -> (content, a piece of the sentence)
BAD = {
    "half_written.yaml": (yaml("half", command="echo half")[: yaml("half").index("half") + 210], "half_written.yaml:"),
    "cycle.yaml": (yaml("wheel").replace("command: \"echo one\"", "command: x\n      dependencies: [last]"), "ycle"),
    "unknown_operator.yaml": (yaml("nobody", operator="nobody.NobodyOperator"), "operators.nobody"),
    "cron.yaml": (yaml("clock", schedule="'61 * * * *'"), "61"),
    "cron_text.yaml": (yaml("clock_text", schedule="'every day'"), "every day"),
    "latin1.yaml": (yaml("latin", command="caf\u00e9").encode("latin-1"), "UTF-8"),
    "large.yaml": (yaml("large") + "#" * (65 << 20), "larger than"),
    "deep.yaml": ("deep:\n  start_date: 2024-01-01\n  tasks: " + "[" * 5000 + "]" * 5000 + "\n", "nested"),
    "unknown_dependency.yaml": (yaml("alone").replace("[first]", "[ghost]"), "ghost"),
    "syntax.py": ("from airflow.sdk import DAG\ndag = DAG(\n", "SyntaxError"),
    "raises.py": (python("raises", "raise RuntimeError('the beam is rotten')"), "the beam is rotten"),
    "missing.py": (python("missing", "import a_module_that_does_not_exist"), "a_module_that_does_not_exist"),
    "cycle.py": (CYCLE, "ycle"),
    "cron.py": (python("py_cron", schedule="'61 * * * *'"), "61"),
    "long.py": (python("long_words", "raise ValueError('beam ' * 1_000_000)"), "ValueError: beam beam"),
    "leaves.py": (python("leaves", "import os; os._exit(3)"), "3"),
    "dies.py": (python("dies", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), "signal 9"),
    "latin1.py": (python("latin_py", "# caf\u00e9").encode("latin-1"), "UTF-8"),
    "large.py": (python("large_py") + "#" * (65 << 20), "larger than"),
}


def check_bad_files(report, client, folder):
    for name, (text, _) in BAD.items():
        folder.write(name, text)
    try:
        wait_until(lambda: set(BAD) <= set(api.import_errors_of(client)), SECONDS, "the import errors")
    except TimeoutError:
        pass  # told below, by name
    errors = api.import_errors_of(client)
    for name, (_, piece) in BAD.items():
        said = errors.get(name, "there is no import error")
        last = said.strip().splitlines()[-1][:160]
        report.check(f"{name}: {last}", [] if piece in said else [f"'{piece}' is not in: {said}"])
    report.equal("nothing else has an import error", sorted(set(errors) - set(BAD) - {"never.py"}), [])
    report.equal("no DAG came out of a bad file", sorted(api.dags_of(client)), ["steady"])


def runs_well(client, dag_id):
    run_id = api.trigger(client, dag_id)
    return api.wait_for_runs(client, {dag_id: run_id}, SECONDS).get(dag_id) == "success"


def has_error(client, name, piece=""):
    return piece in api.import_errors_of(client).get(name, "") and name in api.import_errors_of(client)


def source_of(client, dag_id):
    return airflow.DagSourceApi(client).get_dag_source(dag_id).content


def versions_of(client, dag_id):
    return [v.version_number for v in airflow.DagVersionApi(client).get_dag_versions(dag_id).dag_versions]


def check_life(report, client, folder, name, make_file):
    """One file from its birth to its removal."""
    dag_id = name.replace(".", "_")

    def make(command):
        return make_file(dag_id, command=command)

    folder.write(name, make("echo one"))
    wait_until(lambda: dag_id in api.dags_of(client), SECONDS, "the new file")
    api.unpause(client, dag_id)
    report.check(f"{name}: added, and runs", [] if runs_well(client, dag_id) else ["the run did not succeed"])
    folder.write(name, make("echo two"))
    wait_until(lambda: "echo two" in source_of(client, dag_id), SECONDS, "the changed file")
    report.equal(f"{name}: changed, a second version", sorted(versions_of(client, dag_id)), [1, 2])
    folder.write(name, make("echo two"))
    folder.write(name, make("echo two")[:40])
    wait_until(lambda: has_error(client, name), SECONDS, "the broken file's import error")
    try:
        api.trigger(client, dag_id)
        report.check(f"{name}: broken, and its DAG is not triggered", ["it was triggered"])
    except ApiException as error:
        wanted = "has import errors and cannot be triggered"
        report.contains(f"{name}: broken, and its DAG is not triggered", error.body, wanted)
    report.equal(f"{name}: broken, the DAG says so", airflow.DAGApi(client).get_dag(dag_id).has_import_errors, True)
    folder.write(name, make("echo two"))
    wait_until(lambda: not has_error(client, name), SECONDS, "the mended file")
    report.equal(f"{name}: mended, no version more", sorted(versions_of(client, dag_id)), [1, 2])
    report.equal(f"{name}: mended, the DAG says so", airflow.DAGApi(client).get_dag(dag_id).has_import_errors, False)
    folder.remove(name)
    wait_until(lambda: dag_id not in api.dags_of(client), SECONDS, "the removed file's DAG to be stale")
    report.equal(f"{name}: removed, stale, its runs are still there", len(
        airflow.DagRunApi(client).get_dag_runs(dag_id).dag_runs), 1)


def check_renamed(report, client, folder):
    folder.write("inner/deeper/old.yaml", yaml("moved"))
    wait_until(lambda: "moved" in api.dags_of(client), SECONDS, "a file in a new folder")
    os.rename(os.path.join(folder.path, "inner"), os.path.join(folder.path, "outer"))
    wait_until(lambda: api.dags_of(client).get("moved") == "outer/deeper/old.yaml", SECONDS, "the renamed folder")
    folder.write("outer/deeper/second.yaml", yaml("second"))
    wait_until(lambda: "second" in api.dags_of(client), SECONDS, "a file in the renamed folder")
    report.check("a folder is added, renamed, and watched on")
    folder.write("inner/deeper/third.yaml", yaml("third"))
    wait_until(lambda: "third" in api.dags_of(client), SECONDS, "a file in a folder with the old name")
    folder.write("inner/deeper/fourth.yaml", yaml("fourth"))
    wait_until(lambda: "fourth" in api.dags_of(client), SECONDS, "a second file in it")
    for _ in range(2):
        shutil.rmtree(os.path.join(folder.path, "inner"))
        folder.write("inner/deeper/fourth.yaml", yaml("fourth"))
        time.sleep(0.3)
        folder.write("inner/deeper/fifth.yaml", yaml("fifth"))
        wait_until(lambda: {"fourth", "fifth"} <= set(api.dags_of(client)), SECONDS, "a file in a folder made anew")
    report.check("a folder is removed and made anew, and watched on")


def check_names(report, client, folder):
    """A name that is no text cannot be shown to anybody; the file is refused, and found no more when it is gone."""
    names = [b"caf\xe9.yaml", b"caf\xe9.py"]
    for name, text in zip(names, (yaml("named"), python("named_py"))):
        with open(os.path.join(os.fsencode(folder.path), name), "wb") as file:
            file.write(text.encode())

    def said():
        return sorted(text for name, text in api.import_errors_of(client).items() if name.startswith("caf"))

    wait_until(lambda: len(said()) == 2, SECONDS, "the import errors of names that are not UTF-8")
    report.check(f"a name that is not UTF-8: {said()[0]}", [s for s in said() if "name is not UTF-8" not in s])
    for name in names:
        os.remove(os.path.join(os.fsencode(folder.path), name))
    wait_until(lambda: not said(), SECONDS, "those import errors to go")


def check_links(report, client, folder):
    """Links to a folder above them: walking on through two of them doubles the work with each step."""
    for name in ("a_loop", "b_loop"):
        os.symlink(".", os.path.join(folder.path, name))
    folder.write("beside_loops.yaml", yaml("beside_loops"))
    wait_until(lambda: "beside_loops" in api.dags_of(client), SECONDS, "a file beside links in a circle")
    report.equal("links in a circle: each file is found once", api.dags_of(client)["beside_loops"], "beside_loops.yaml")
    report.check("links in a circle: no import error", [n for n in api.import_errors_of(client) if "loop" in n])


def check_same_id(report, client, folder):
    """The file that was there first keeps the DAG; the other says where the first is."""
    folder.write("twin_a.yaml", yaml("twin", "echo a"))
    wait_until(lambda: "twin" in api.dags_of(client), SECONDS, "the first twin")
    folder.write("twin_b.yaml", yaml("twin", "echo b"))
    wait_until(lambda: has_error(client, "twin_b.yaml"), SECONDS, "the second twin's import error")
    said = api.import_errors_of(client)["twin_b.yaml"]
    report.check(f"two files, one DAG id: {said.strip()}", [] if "twin" in said and "twin_a.yaml" in said else [said])
    report.contains("the first file's DAG is untouched", source_of(client, "twin"), "echo a")
    folder.remove("twin_a.yaml")
    wait_until(lambda: api.dags_of(client).get("twin") == "twin_b.yaml", SECONDS, "the second twin")
    report.contains("the first is removed: the second's source is shown", source_of(client, "twin"), "echo b")
    report.equal("the first is removed: the second has it", "twin_b.yaml" in api.import_errors_of(client), False)


def check_read_by_others(report, client, folder):
    """A change of a file that a DAG file reads is a change of its DAGs: a Python module, and defaults.yml."""
    folder.write("reads/reader.py", python("reader", "from reads.helper import WORD", command="echo {WORD}"))
    wait_until(lambda: has_error(client, "reads/reader.py"), SECONDS, "an import of what is not there yet")
    folder.write("reads/helper.py", "WORD = 1\n")
    wait_until(lambda: "reader" in api.dags_of(client), SECONDS, "the DAG, once its module is there")
    folder.write("reads/helper.py", "raise RuntimeError('the helper is ill')\n")
    wait_until(lambda: has_error(client, "reads/reader.py"), SECONDS, "the ill module's import error")
    folder.write("reads/helper.py", "WORD = 22\n")
    wait_until(lambda: not has_error(client, "reads/reader.py"), SECONDS, "the mended module")
    folder.remove("reads/helper.py")
    wait_until(lambda: has_error(client, "reads/reader.py"), SECONDS, "the removed module's import error")
    folder.remove("reads/reader.py")
    wait_until(lambda: not has_error(client, "reads/reader.py"), SECONDS, "the reader to go")
    report.check("a module that a DAG file imports comes, changes and goes")

    def description():
        return airflow.DAGApi(client).get_dag("with_defaults").description

    folder.write("reads/with_defaults.yaml", yaml("with_defaults"))
    wait_until(lambda: "with_defaults" in api.dags_of(client), SECONDS, "the DAG without defaults")
    for text in ("one", "two"):
        folder.write("reads/defaults.yml", f"description: {text}\n")
        wait_until(lambda: description() == text, SECONDS, "the defaults")
    folder.remove("reads/defaults.yml")
    wait_until(lambda: description() is None, SECONDS, "the defaults to go")
    report.check("a defaults.yml comes, changes and goes")


def examine(report, client, folder):
    folder.write("steady.yaml", yaml("steady"))
    folder.write("never.py", python("never", "import time; time.sleep(1000000)"))
    wait_until(lambda: "steady" in api.dags_of(client), SECONDS, "the good file")
    api.unpause(client, "steady")
    with report.guarded("bad files"):
        check_bad_files(report, client, folder)
    report.check("a good DAG runs beside them", [] if runs_well(client, "steady") else ["it does not"])
    for name in BAD:
        folder.remove(name)
    with report.guarded("bad files removed"):
        wait_until(lambda: set(api.import_errors_of(client)) <= {"never.py"}, SECONDS, "the import errors to go")
    left = sorted(set(api.import_errors_of(client)) - {"never.py"})
    report.equal("bad files removed: no import error is left", left, [])
    with report.guarded("life of a YAML file"):
        check_life(report, client, folder, "life.yaml", yaml)
    with report.guarded("life of a Python file"):
        check_life(report, client, folder, "life.py", python)
    with report.guarded("a folder renamed"):
        check_renamed(report, client, folder)
    with report.guarded("files read by others"):
        check_read_by_others(report, client, folder)
    with report.guarded("names that are not UTF-8"):
        check_names(report, client, folder)
    with report.guarded("links in a circle"):
        check_links(report, client, folder)
    with report.guarded("two files, one DAG id"):
        check_same_id(report, client, folder)
    with report.guarded("a file that never returns"):
        wait_until(lambda: has_error(client, "never.py"), PARSE_SECONDS + SECONDS, "the parse timeout")
        said = api.import_errors_of(client)["never.py"]
        report.contains("a file that never returns: the SDK's timeout", said, f"after {PARSE_SECONDS}")
        folder.remove("never.py")
    report.check("a good DAG runs after all", [] if runs_well(client, "steady") else ["it does not"])


def check_environment(report, engine, folder):
    """The file is the same at the next start, and its environment variable says something else."""

    def description():
        return airflow.DAGApi(admin_of(engine)).get_dag("environment").description

    folder.write("environment.yaml", yaml("environment").replace("  schedule:", "  description: $FILES_WORD\n  schedule:"))
    engine.wait_for_dag("environment")
    report.equal("an environment variable in YAML", description(), "one")
    report.equal("hanok ends before it changes", engine.stop(), 0)
    os.environ["FILES_WORD"] = "two"
    engine.start()
    wait_until(lambda: description() == "two", SECONDS, "the DAG with the variable's new value")
    report.check("at the next start it says something else, and so does the DAG")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--keep", action="store_true", help="leave the home behind, to look into")
    options = parser.parse_args()
    report = Report()
    with running_engine(report, options.binary, "files", keep=options.keep) as (engine, folder):
        examine(report, admin_of(engine), Folder(folder))
    os.environ["FILES_WORD"] = "one"
    with running_engine(report, options.binary, "files-environment", keep=options.keep) as (engine, folder):
        check_environment(report, engine, Folder(folder))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
