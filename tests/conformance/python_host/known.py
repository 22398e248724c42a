"""What the warm process keeps of the Task SDK's answers (dags/python/hanok_known.py) is what the SDK would answer, asked
of the real SDK before and after. Prints one line a check and exits with 1 when one failed.

    .venv/bin/python tests/conformance/python_host/known.py
"""

import atexit
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "dags", "python"))
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="hanok-known-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"])
os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:////nonexistent/no.db"
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

import airflow.sdk.api.client  # noqa: E402, F401
import airflow.sdk.execution_time.task_runner as task_runner  # noqa: E402
import hanok_known  # noqa: E402
import pydantic  # noqa: E402
from airflow.sdk import DAG, task  # noqa: E402
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


check_sensitive_names()
check_config()
check_dags()
failed = results.count(False)
print(f"{len(results) - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
