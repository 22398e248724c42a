"""What the warm process keeps of the Task SDK's answers (dags/python/hanok_known.py) is what the SDK would answer, asked
of the real SDK before and after. Prints one line a check and exits with 1 when one failed.

    .venv/bin/python tests/conformance/python_host/known.py
"""

import atexit
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "dags", "python"))
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="hanok-known-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"])
os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:////nonexistent/no.db"
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps([{
    "name": "mine", "kwargs": {"path": os.environ["AIRFLOW_HOME"]},
    "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}])

from hanok_forks import spare_locks  # noqa: E402

alone = spare_locks()
import airflow.sdk.api.client  # noqa: E402, F401
import airflow.sdk.execution_time.task_runner as task_runner  # noqa: E402
import contextlib  # noqa: E402
import logging  # noqa: E402
import random  # noqa: E402
import signal  # noqa: E402
import threading  # noqa: E402

import hanok_known  # noqa: E402
import pydantic  # noqa: E402
import structlog  # noqa: E402
from airflow.dag_processing.bundles.local import LocalDagBundle  # noqa: E402
from airflow.dag_processing.bundles.manager import DagBundlesManager  # noqa: E402
from airflow.listeners import hookimpl  # noqa: E402
from airflow.sdk import DAG, Param, configuration, task  # noqa: E402
from airflow.sdk.exceptions import ParamValidationError  # noqa: E402
from airflow.sdk.listener import get_listener_manager  # noqa: E402
from opentelemetry import trace  # noqa: E402
from airflow.sdk._shared.secrets_masker import SecretsMasker  # noqa: E402

results = []


def check(name, is_right, more=""):
    results.append(bool(is_right))
    print(("ok      " if is_right else "FAILED  ") + name + ("" if is_right else f"  {more}"), flush=True)


def check_sensitive_names():
    masker = SecretsMasker()
    names = ["password", " API Key ", "apikey", "event", "level", "my-secret", "passport", "", 7, None]

    def ask():
        answers = []
        for fields in (["password", "api_key"], ["secret"], []):
            masker.sensitive_variables_fields = fields
            for masker.hide_sensitive_var_conn_fields in (True, False):
                answers.append([masker.should_hide_value_for_key(name) for name in names])
        return answers

    wanted = ask()
    hanok_known.keep_sensitive_names()
    check("a name is as sensitive as it was", ask() == wanted and ask() == wanted and any(map(any, wanted)))
    masker.sensitive_variables_fields.append("event")
    masker.hide_sensitive_var_conn_fields = True
    check("and another when the list grows", masker.should_hide_value_for_key("event"))


def check_config():
    name = "AIRFLOW__CORE__MAX_TEMPLATED_FIELD_LENGTH"

    def ask():
        return task_runner.conf.getint("core", "max_templated_field_length")

    hanok_known.watch_config()
    os.environ[name] = "100"
    before = ask()
    os.environ[name] = "200"
    check("until it is settled the configuration is asked each time", (before, ask()) == (100, 200))
    os.environ[name] = "300"
    hanok_known.keep_what_is_known([])
    os.environ[name] = "400"
    check("then what was asked before has the answer of that moment", ask() == 300, ask())
    conf = task_runner.conf
    others = [conf.get("core", "x", fallback="f"), conf.has_option("core", "x"), conf.getlist("core", "x", fallback=[])]
    check("and all else is asked still", others == ["f", False, []], others)


class Model(pydantic.BaseModel):
    a: int


def make_dags():
    with DAG("plain") as plain:
        @task
        def one():
            return [1]
        one()
    with DAG("mapped", user_defined_macros={"m": lambda: "macro"}) as mapped:
        @task
        def source():
            return [1]

        @task
        def each(a):
            return a
        each.expand(a=source())
    with DAG("declares") as declares:
        one()
    declares.task_dict["one"].output_type = Model
    declares.task_dict["one"].deserialization_allowed_class_fields = ("output_type",)
    return plain, mapped, declares


def check_dags():
    plain, mapped, declares = dags = make_dags()
    seen = []
    task_runner._register_deserialization_allowed_classes = lambda dag, log: seen.append(dag.dag_id)

    def dependants():
        return [[node.node_id for node in dag.tasks[0].iter_mapped_dependants()] for dag in dags]

    wanted = dependants()
    hanok_known.keep_what_is_known(dags)
    check("mapped dependants are found as before", dependants() == wanted == [[], ["each"], []], wanted)
    for dag in dags:
        task_runner._register_deserialization_allowed_classes(dag, None)
    check("a DAG that declares a model, or maps, is looked through", seen == ["mapped", "declares"], seen)
    with DAG("later") as later:
        pass
    template = "{{ m() if m is defined else '' }}"
    texts = [dag.get_template_env().from_string(template).render() for dag in (mapped, mapped, plain, later)]
    check("each template environment is the DAG's", texts == ["macro", "macro", "", ""], texts)
    first, second = plain.get_template_env(), plain.get_template_env()
    check("and nobody gets another's", first is not second)


def check_bundles():
    real = DagBundlesManager()
    task_runner.DagBundlesManager = DagBundlesManager
    hanok_known.keep_bundles()
    with structlog.testing.capture_logs() as logged:
        kept = task_runner.DagBundlesManager()
    found, wanted = (manager.get_bundle(name="mine", version=None) for manager in (kept, real))
    seen = [(type(bundle), bundle.name, bundle.path, bundle.version) for bundle in (found, wanted)]
    check("the bundle is the one that is configured",
          seen == [(LocalDagBundle, "mine", Path(os.environ["AIRFLOW_HOME"]), None)] * 2, seen)
    check("and is there once", kept.get_bundle("mine") is found is task_runner.DagBundlesManager().get_bundle("mine"))
    check("another version is another bundle", kept.get_bundle("mine", "v2").version == "v2")
    said = [(line["log_level"], line["event"]) for line in logged]
    check("each task logs what was loaded", said == [("info", "DAG bundles loaded: mine")], logged)
    try:
        kept.get_bundle("nobody's")
        check("a bundle that is not configured is refused", False)
    except ValueError as error:
        check("a bundle that is not configured is refused", "'nobody's' is not configured" in str(error), error)


def check_params():
    def ask(conf):
        with DAG("params", params={"a": 1, "b": Param(2, type="integer")}) as dag:  # anew: what is merged stays in it
            @task(params={"c": 3})
            def one():
                return 1
            one()
        return dict(task_runner.process_params(dag, dag.task_dict["one"], conf, suppress_exception=False))

    real = configuration.conf
    before = [ask(None), ask({"a": 9})]
    hanok_known.keep_params()
    after = [ask(None), ask({"a": 9})]
    check("a task's parameters are merged as before", after == before and before[1]["a"] == 9, (before, after))
    try:
        ask({"b": "no number"})
        check("one that is not valid is refused", False)
    except ParamValidationError:
        check("one that is not valid is refused", True)
    check("the configuration is the SDK's again", configuration.conf is real)


def check_spans():
    make = task_runner._make_task_span
    hanok_known.keep_out_spans()
    with task_runner._make_task_span(msg=None) as span:
        check("where no tracer is set up a task's span is the one that is none", span is trace.INVALID_SPAN)
    with task_runner.detail_span("part") as span:
        check("and so is that of a part", span is trace.INVALID_SPAN)
    task_runner._make_task_span = make
    trace.set_tracer_provider(trace.NoOpTracerProvider())
    hanok_known.keep_out_spans()
    check("where one is, the SDK makes the spans", task_runner._make_task_span is make)


def check_listeners():
    heard = []

    class Listener:
        @hookimpl
        def on_starting(self, component):
            heard.append(component)

    task_runner.get_listener_manager = get_listener_manager
    listener = Listener()
    get_listener_manager().add_listener(listener)
    hanok_known.keep_listeners()
    task_runner.get_listener_manager().hook.on_starting(component="a")
    get_listener_manager().clear()
    hanok_known.keep_listeners()
    task_runner.get_listener_manager().hook.on_starting(component="b")
    check("a plugin's listener is called", heard == ["a"], heard)
    check("and with none there is none to call", task_runner.get_listener_manager().hook.before_stopping(component="c") == [])


def fork(life):
    """Whether a child ends well that does this and nothing more; one that hangs does not."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        try:
            life()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def check_forks():
    lock = logging.getLogger().handlers[0].lock if logging.getLogger().handlers else logging.lastResort.lock
    held, over = threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    renewed = fork(lambda: lock.acquire())
    with alone:
        kept = fork(lambda: lock.acquire(timeout=0.1) and os._exit(1))
    over.set()
    thread.join()
    check("a lock that another thread holds is made anew in a child", renewed)
    check("but not where the process is said to have one thread", kept)
    numbers = []
    for way in (alone, contextlib.nullcontext()):
        read, write = os.pipe()
        with way:
            fork(lambda: os.write(write, str(random.random()).encode()))
        numbers.append(os.read(read, 100))
    check("each child has random numbers of its own", len({*numbers, str(random.random()).encode()}) == 3, numbers)


check_sensitive_names()
check_config()
check_dags()
check_bundles()
check_params()
check_spans()
check_listeners()
check_forks()
failed = results.count(False)
print(f"{len(results) - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
