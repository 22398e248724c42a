"""Runs the built hanok's command line the way people do: every verb, first with no server on the home, then with a
running `hanok standalone`. Plain Python, nothing to install:

    python3 tests/conformance/cli/test_cli.py build/hanok

Prints each failure with the command and what it said, and closes on one line `N passed, N failed`.
"""

import base64
import json
import os
import pathlib
import pty
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

DAGS = """
default:
  default_args:
    start_date: 2026-01-01
    retries: 0
chain:
  schedule: "0 0 * * *"
  catchup: false
  tasks:
    first: {operator: BASH, bash_command: "echo from the first"}
    second: {operator: BASH, bash_command: "echo the second; sleep 0.1", dependencies: [first]}
    last: {operator: EMPTY, dependencies: [second]}
breaks:
  schedule: null
  tasks:
    fine: {operator: BASH, bash_command: "echo fine"}
    broken: {operator: BASH, bash_command: "echo a word before the end; exit 3", dependencies: [fine]}
"""
ONE = """
default:
  default_args: {start_date: 2026-01-01}
lonely:
  schedule: null
  tasks:
    only: {operator: BASH, bash_command: "echo alone"}
"""


OPERATORS = {"BASH": "airflow.providers.standard.operators.bash.BashOperator",
             "EMPTY": "airflow.providers.standard.operators.empty.EmptyOperator"}


def dag_file(text):
    for short, long in OPERATORS.items():
        text = text.replace(f"operator: {short}", f"operator: {long}")
    return text


class Run:
    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        self.passed = 0
        self.failed = 0
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("HANOK_", "AIRFLOW_"))}
        self.environment["HANOK_HOME"] = str(folder / "home")
        self.environment["HOME"] = str(folder)
        self.environment["TMPDIR"] = str(folder / "tmp")

    def check(self, name, ok, said=""):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}\n{said}")

    def hanok(self, *words, status=0, out="", err="", stdin=None):
        """Runs one verb and checks its exit status and that it says what it should; returns its standard output."""
        result = subprocess.run([self.binary, *map(str, words)], env=self.environment, capture_output=True, text=True,
                                timeout=120, input=stdin)
        ok = result.returncode == status and out in result.stdout and err in result.stderr
        self.check(" ".join(["hanok", *map(str, words)]), ok,
                   f"  exit status {result.returncode}, wanted {status}; wanted {out!r} and {err!r}\n"
                   f"  stdout: {result.stdout[-2000:]}\n  stderr: {result.stderr[-2000:]}")
        return result.stdout

    def rows(self, *words, status=0):
        text = self.hanok(*words, "-o", "json", status=status)
        try:
            return json.loads(text)
        except ValueError:
            self.check(f"{words} prints JSON", False, text)
            return []


def help_and_mistakes(run):
    run.hanok("--help", out="groups of verbs")
    run.hanok("dags", "--help", out="next-execution")
    run.hanok("dags", "trigger", "--help", out="--logical-date")
    run.hanok("version", out="0.1.0")
    run.hanok("dag", "list", status=2, err="did you mean 'dags'?")
    run.hanok("dags", "lsit", status=2, err="did you mean 'list'?")
    run.hanok("dags", "list", "--ouput", "json", status=2, err="did you mean '--output'?")
    run.hanok("dags", "list", "-o", "xml", status=2, err="table|json|yaml|plain")
    run.hanok("dags", "trigger", status=2, err="dag_id is missing")
    run.hanok("dags", status=2)
    run.hanok("scheduler", status=2, err="'scheduler' is a part of 'hanok standalone'")
    run.hanok("dags", "backfill", "chain", status=2, err="no backfills yet")
    run.hanok("connections", "test", "x", status=1, err="disabled")


def variables(run):
    run.hanok("variables", "set", "plain", "text", out="Variable plain created")
    run.hanok("variables", "set", "my_password", "s3cret", "--description", "hidden in REST")
    run.hanok("variables", "set", "document", '{"a": 1}')
    run.hanok("variables", "set", "odd/한글 key", "x")
    run.hanok("variables", "get", "odd/한글 key", out="x\n")
    run.hanok("variables", "get", "plain", out="text\n")
    run.hanok("variables", "get", "my_password", out="s3cret\n")
    run.hanok("variables", "get", "document", "--json", out='{"a": 1}')
    run.hanok("variables", "get", "plain", "-j", status=1, err="not JSON")
    run.hanok("variables", "get", "none", status=1, err="Variable none does not exist")
    run.hanok("variables", "get", "none", "--default", "else", out="else\n")
    run.hanok("variables", "set", "plain", "again")
    run.check("list", {"key": "plain"} in run.rows("variables", "list"))
    run.check("list values", {"key": "plain", "val": "again"} in run.rows("variables", "list", "--show-values"))
    run.check("list hides", {"key": "plain", "val": "***"} in run.rows("variables", "list", "--show-values",
                                                                       "--hide-sensitive"))
    run.hanok("variables", "list", "--hide-sensitive", status=1, err="--show-values")
    path = run.folder / "variables.json"
    run.hanok("variables", "export", path, out="4 Variables successfully exported")
    exported = json.loads(path.read_text())
    run.check("export", exported.get("document") == {"a": 1} and exported["my_password"]["value"] == "s3cret", exported)
    run.check("export is private", path.stat().st_mode & 0o077 == 0)
    for key in exported:
        run.hanok("variables", "delete", key, out=f"Variable {key} deleted")
    run.hanok("variables", "delete", "plain", status=1, err="was not found")
    run.hanok("variables", "import", path, out="4 of 4 variables successfully updated.")
    run.hanok("variables", "get", "my_password", out="s3cret\n")
    run.hanok("variables", "import", path, "-a", "fail", status=1, err="already exists")
    run.hanok("variables", "import", path, "-a", "skip", out="0 of 4")
    run.hanok("variables", "import", run.folder / "none.json", status=1, err="cannot be read")
    run.hanok("variables", "export", "-", out='"plain": "again"', err="4 Variables")
    for key in exported:
        run.hanok("variables", "delete", key)
    run.hanok("variables", "list", out="No data found")


def connections(run):
    uri = "postgres://me:s%40crt@db.example:5432/shop?sslmode=require"
    run.hanok("connections", "add", "db", "--conn-uri", uri, out="Successfully added `conn_id`=db")
    run.hanok("connections", "add", "db", "--conn-uri", uri, status=1, err="already exists")
    run.hanok("connections", "add", "web", "--conn-type", "http", "--conn-host", "web.example", "--conn-port", "8080",
              "--conn-extra", '{"a": {"b": 1}}')
    run.hanok("connections", "add", "js", "--conn-json", '{"conn_type": "aws", "login": "k", "extra": {"region": "x"}}')
    run.hanok("connections", "add", "bad", status=1, err="--conn-type")
    large = run.folder / "large.json"
    large.touch()
    os.truncate(large, 65 << 20)
    run.hanok("connections", "import", large, status=1, err="has more than")
    large.unlink()
    run.hanok("connections", "add", "bad", "--conn-uri", "nonsense", status=1, err="invalid")
    run.hanok("connections", "add", "bad", "--conn-uri", uri, "--conn-host", "x", status=1, err="--conn-host")
    row = run.rows("connections", "get", "db")
    run.check("get", row and [row[0][k] for k in ("password", "get_uri", "port")] == ["s@crt", uri, "5432"], row)
    run.hanok("connections", "get", "none", status=1, err="not found")
    run.check("list", {"conn_id": "web", "conn_type": "http"} in run.rows("connections", "list"))
    run.check("mask", "s@crt" not in run.hanok("connections", "list", "--show-values", "--hide-sensitive"))
    for name in ("connections.json", "connections.yaml", "connections.env"):
        run.hanok("connections", "export", run.folder / name, out="3 Connections successfully exported")
    run.check("env", uri in (run.folder / "connections.env").read_text())
    run.check("yaml", "s@crt" in (run.folder / "connections.yaml").read_text())
    run.hanok("connections", "export", run.folder / "connections.txt", status=1, err="--file-format")
    run.hanok("connections", "delete", "db", out="Successfully deleted")
    run.hanok("connections", "delete", "db", status=1, err="was not found")
    path = run.folder / "connections.json"
    run.hanok("connections", "import", path, status=1, out="Imported connection db")
    run.hanok("connections", "import", path, "--overwrite", out="Imported connection web")
    row = run.rows("connections", "get", "db")
    run.check("import", row and row[0]["get_uri"] == uri, row)
    for name in ("db", "web", "js"):
        run.hanok("connections", "delete", name)


def pools(run):
    run.hanok("pools", "set", "narrow", "2", "for a few", out="Pool narrow created")
    run.hanok("pools", "set", "narrow", "3", "for a few more", "--include-deferred")
    run.hanok("pools", "set", "narrow", "many", status=1, err="whole number")
    row = run.rows("pools", "get", "narrow")
    run.check("get", row == [{"pool": "narrow", "slots": "3", "description": "for a few more",
                              "include_deferred": "True", "team_name": None}], row)
    run.check("list", {"default_pool", "narrow"} <= {r["pool"] for r in run.rows("pools", "list")})
    path = run.folder / "pools.json"
    run.hanok("pools", "export", path, out="Exported 2 pools")
    run.hanok("pools", "delete", "narrow", out="Pool narrow deleted")
    run.hanok("pools", "delete", "narrow", status=1, err="was not found")
    run.hanok("pools", "get", "narrow", status=1, err="was not found")
    run.hanok("pools", "import", path, out="Uploaded 2 pool(s)")
    run.hanok("pools", "get", "narrow", out="for a few more")
    run.hanok("pools", "delete", "narrow")
    (run.folder / "odd.json").write_text('{"x": {}}')
    run.hanok("pools", "import", run.folder / "odd.json", status=1, err="slots")


def users(run):
    run.hanok("users", "create", "-u", "kim", "-r", "viewer", "-p", "one two", out='"kim" created')
    run.hanok("users", "create", "-u", "kim", "-r", "viewer", "-p", "x", status=1, err="kim")
    run.hanok("users", "create", "-u", "lee", "-r", "king", "-p", "x", status=1, err="there is no role 'king'")
    run.hanok("users", "create", "-u", "lee", "-p", "x", status=1, err="--role")
    run.check("list", {"username": "kim", "roles": "Viewer"} in run.rows("users", "list"))
    run.hanok("users", "reset-password", "-u", "kim", "--use-random-password", out="Password: ")
    run.hanok("users", "reset-password", "-u", "kim", stdin="typed\n", out="reset")
    run.hanok("users", "delete", "-u", "kim", out="deleted")
    run.hanok("users", "delete", "-u", "kim", status=1, err="kim")


def dags_without_server(run):
    run.hanok("dags", "list", out="No data found")
    run.hanok("dags", "trigger", "chain", status=1, err="knows no DAGs: name the server's with --home")
    run.hanok("dags", "test", "chain", status=1, err="knows no DAG 'chain'")
    run.hanok("dags", "reserialize", "--dags", run.folder / "dags")
    run.check("list", [r["dag_id"] for r in run.rows("dags", "list")] == ["breaks", "chain"])
    run.hanok("dags", "list", "--columns", "dag_id,nope", out="chain", err="nope")
    run.hanok("dags", "details", "chain", out="timetable_summary")
    run.hanok("dags", "details", "none", status=1, err="was not found")
    run.hanok("dags", "details", "cahin", status=1, err="did you mean 'chain'?")
    run.hanok("dags", "test", "chain", out="last success")
    run.hanok("tasks", "test", "chain", "second", "2026-03-03", out="the second")
    run.hanok("dags", "show", "chain", out='"first" -> "second"')
    run.hanok("dags", "show", "chain", "--save", "x.png", status=1, err=".dot")
    run.hanok("tasks", "list", "chain", out="first\nlast\nsecond\n")
    run.hanok("dags", "next-execution", "chain", out="T00:00:00+00:00")
    run.check("next", len(run.hanok("dags", "next-execution", "chain", "-n", "4").split()) == 4)
    run.hanok("dags", "next-execution", "breaks", out="None", err="No following schedule")
    run.hanok("dags", "pause", "chain", "-y", out="chain")
    run.hanok("dags", "pause", "chain", out="No unpaused DAGs were found")
    run.hanok("dags", "list-import-errors", out="No data found")
    run.hanok("dags", "trigger", "chain", "-r", "early", "-c", '{"a": 1}', out="queued")
    run.hanok("dags", "trigger", "chain", "-r", "early", status=1, err="nique")
    run.hanok("dags", "trigger", "chain", "-c", "[", status=1, err="--conf")
    run.hanok("dags", "trigger", "none", status=1, err="not found")
    run.hanok("dags", "state", "chain", "early", out='queued, {"a": 1}')


def dags_with_server(run):
    run.hanok("dags", "unpause", "chain", out="chain")
    wait_for(run, "chain", "early", "success")
    run.hanok("dags", "reserialize")
    row = run.rows("dags", "trigger", "chain", "-r", "dated", "--exec-date", "2026-02-02")
    run.check("trigger", row and row[0]["logical_date"] == "2026-02-02 00:00:00+00:00", row)
    wait_for(run, "chain", "dated", "success")
    run.hanok("dags", "state", "chain", "2026-02-02", out="success")
    run.hanok("dags", "state", "chain", "2020-02-02", out="None")
    ids = [r["run_id"] for r in run.rows("dags", "list-runs", "chain", "--state", "success")]
    run.check("list-runs", {"early", "dated"} <= set(ids), ids)
    run.hanok("dags", "list-runs", "none", status=1, err="not found")
    states = {r["task_id"]: r["state"] for r in run.rows("tasks", "states-for-dag-run", "chain", "early")}
    run.check("states", states == {"first": "success", "second": "success", "last": "success"}, states)
    run.hanok("tasks", "state", "chain", "first", "early", out="success")
    run.hanok("tasks", "failed-deps", "chain", "first", "early", out="dependencies")
    run.hanok("tasks", "failed-deps", "chain", "frist", "early", status=1, err="was not found; did you mean 'first'?")
    run.hanok("tasks", "clear", "chain", "--run-id", "early", "-t", "second", stdin="n\n", status=1, err="cancelled")
    run.hanok("tasks", "clear", "chain", "--run-id", "early", "-t", "second", "-d", "-y", out="Cleared 2")
    wait_for(run, "chain", "early", "success")
    run.hanok("dags", "unpause", "breaks")
    run.hanok("dags", "trigger", "breaks", "-r", "bad")
    wait_for(run, "breaks", "bad", "failed")
    run.hanok("info", out="http://127.0.0.1")


def wait_for(run, dag, run_id, state):
    text = ""
    for _ in range(100):
        text = subprocess.run([run.binary, "dags", "state", dag, run_id], env=run.environment, capture_output=True,
                              text=True, timeout=60).stdout
        if text.startswith(state):
            break
        time.sleep(0.1)
    run.check(f"{dag} {run_id} becomes {state}", text.startswith(state), text)


def tests_of_dags(run):
    dags = run.folder / "dags"
    one = run.folder / "one.yaml"
    one.write_text(dag_file(ONE))
    text = run.hanok("dags", "test", one, out="only success")
    run.check("plain lines", "\033" not in text and text.rstrip().endswith("success"), text)
    run.hanok("dags", "test", "chain", "2026-03-03", "--dags", dags, out="second success")
    run.hanok("dags", "test", "breaks", "--dags", dags, status=1, out="a word before the end", err="logs are in")
    run.hanok("dags", "test", dags / "dags.yaml", status=1, err="several DAGs")
    run.hanok("dags", "test", "chain", "-f", dags / "dags.yaml", out="last success")
    run.hanok("dags", "test", "none", "--dags", dags, status=1, err="could not be found")
    run.hanok("dags", "test", run.folder / "none.yaml", status=1, err="cannot be read")
    run.hanok("dags", "test", one, "--conf", "[1]", status=1, err="JSON object")
    broken = run.folder / "broken.yaml"
    broken.write_text("x: [")
    run.hanok("dags", "test", broken, status=1, err="broken.yaml")
    text = run.hanok("tasks", "test", "chain", "second", "--dags", dags, out="the second")
    run.check("only that task", "from the first" not in text, text)
    run.hanok("tasks", "test", "breaks", "broken", "-f", dags / "dags.yaml", status=1, out="exit 3")
    run.hanok("tasks", "test", "chain", "none", "--dags", dags, status=1, err="no task 'none'")
    left = [p for p in (run.folder / "tmp").iterdir()]
    run.check("temporary homes are kept only of failed runs", len(left) == 2, left)
    on_terminal(run, one)


def on_terminal(run, file):
    """With a terminal as standard output the list is drawn again and again, in colour."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([run.binary, "dags", "test", str(file)], env=run.environment, stdout=follower)
    os.close(follower)
    text = b""
    try:
        while chunk := os.read(leader, 4096):
            text += chunk
    except OSError:  # the other end is closed
        pass
    os.close(leader)
    run.check("list on a terminal", process.wait() == 0 and b"\033[32msuccess" in text, text)


def nouns(run):
    variables(run)
    connections(run)
    pools(run)
    users(run)
    run.hanok("db", "check", out="Connection successful.")
    run.hanok("db", "migrate", out="newest schema")
    run.hanok("info", out=str(run.folder / "home"))


def models(run, url):
    """A registered model, two versions, a policy and a request, made as a client would; then every verb."""
    password = (run.folder / "home" / "admin-password").read_text().strip()
    pair = base64.b64encode(f"admin:{password}".encode()).decode()

    def make(path, **body):
        request = urllib.request.Request(f"{url}/api/2.0/mlflow/{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json", "Authorization": f"Basic {pair}"})
        urllib.request.urlopen(request).close()

    run.hanok("models", "list", out="No data found")
    make("registered-models/create", name="fraud")
    run.check("no versions yet", run.rows("models", "versions", "fraud") == [])
    run.check("no history yet", run.rows("models", "history", "fraud") == [])
    for source in ("s3://b/1", "s3://b/2"):
        make("model-versions/create", name="fraud", source=source)
    policy = run.folder / "p.yaml"
    policy.write_text("name: p\nmodel: fraud\ntarget: {alias: champion}\nrules: [{approvals: {count: 1, role: Op}}]\n")
    run.hanok("models", "promote", "fraud", 1, "--alias", "champion", out="Version 1 of fraud promoted")
    run.hanok("models", "promote", "fraud", 1, "--stage", "Staging", out="Version 1 of fraud promoted")
    run.hanok("models", "promote", "fraud", 2, "--alias", "champion", "--comment", "better")
    run.hanok("models", "rollback", "fraud", "--alias", "champion", out="Version 1 of fraud is back")
    run.hanok("models", "set-policy", policy, out="Policy p is at version 1")
    run.hanok("models", "gates", "fraud", 2, "--alias", "champion", out="1 approval by Op: 0 given.")
    run.hanok("models", "promote", "fraud", 2, "--alias", "champion", status=1, err="and completes by itself. 1 approval")
    (open_one,) = run.rows("models", "requests", "fraud", 2)
    run.check("the request says what it waits for", open_one["waits_for"] == "1 approval by Op: 0 given.", open_one)
    run.hanok("models", "approve", "fraud", 2, "--alias", "champion", status=1, err="may not approve it")
    run.hanok("models", "cancel", "fraud", 2, "--alias", "champion", out="is cancelled")
    run.hanok("models", "request", "fraud", 2, "--alias", "champion", out="is open: 1 approval by Op: 0 given.")
    run.hanok("models", "reject", "fraud", 2, "--alias", "champion", "--comment", "no", out="is rejected: no")
    for version in run.rows("models", "versions", "fraud"):
        run.check("versions tell their aliases", version["aliases"] == (["champion"] if version["version"] == "1" else []))
    run.hanok("models", "versions", "fraud", "-o", "yaml", out="stage: Staging")
    history = run.rows("models", "history", "fraud")
    run.check("the history", [d["action"] for d in history][::-1] == ["promote"] * 3 + [
        "rollback", "policy", "request", "cancel", "request", "reject"], history)
    run.hanok("models", "policies", out="@champion")
    run.hanok("models", "delete-policy", "q", status=1, err="not found; did you mean 'p'?")
    run.hanok("models", "delete-policy", "p", out="Policy p deleted")
    kept = run.rows("models", "policies", "p")
    run.check("its versions stay", [p["is_deleted"] for p in kept] == ["True", "False"], kept)
    for words in (["versions"], ["history"], ["requests", 1], ["gates", 1, "--alias", "a"], ["promote", 1, "--stage", "None"],
                  ["rollback", "--alias", "champion"]):
        run.hanok("models", words[0], "fruad", *words[1:], status=1, err="did you mean 'fraud'?")
    run.hanok("models", "gates", "fraud", 1, status=1, err="name one target: --alias NAME or --stage NAME")
    run.hanok("models", "promote", "fraud", status=2, err="the argument version is missing")


def forgets_a_dead_engine(run):
    """A verb sends an admin's token to the URL in the home: one that a killed engine left must not be believed while
    another engine starts, or fails to, as here, where a stranger has the port."""
    url = run.folder / "home" / "run" / "url"
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        address = f"127.0.0.1:{stranger.getsockname()[1]}"
        url.write_text(f"http://{address}\n")
        run.hanok("standalone", "--listen", address, status=1, err="is already in use")
        run.check("the URL of a dead engine is forgotten", not url.exists())
        url.write_text(f"http://{address}\n")
        run.hanok("variables", "list")
        stranger.setblocking(False)
        try:
            stranger.accept()
            run.check("no token for a stranger", False)
        except BlockingIOError:
            run.check("no token for a stranger", True)


def main():
    binary = os.path.abspath(sys.argv[1])
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hanok-cli-"))
    run = Run(binary, folder)
    server = None
    try:
        for name in ("dags", "tmp"):
            (folder / name).mkdir()
        (folder / "dags" / "dags.yaml").write_text(dag_file(DAGS))
        help_and_mistakes(run)
        tests_of_dags(run)
        nouns(run)
        dags_without_server(run)
        forgets_a_dead_engine(run)
        server = subprocess.Popen([binary, "standalone", "--dags", str(folder / "dags"), "--listen", "127.0.0.1:0",
                                   "--starts-paused"], env=run.environment, stdout=subprocess.PIPE,
                                  stderr=(folder / "log").open("w"), text=True)
        for line in server.stdout:
            if line.startswith("listening on"):
                url = line.split()[2]
                break
        nouns(run)
        models(run, url)
        dags_with_server(run)
        tests_of_second = run.hanok("dags", "test", folder / "one.yaml", out="success")
        run.check("a test beside a server", "only success" in tests_of_second)
    finally:
        if server is not None:
            server.terminate()
            server.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
