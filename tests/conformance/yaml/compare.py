"""The same YAML files through the real dag-factory and through hanok: the DAGs have to be the same.

    python compare.py DRIVER [CASE...]

DRIVER is the program built from driver.c beside this file. cases/ holds files that both must read alike; bad/ those
that both must refuse ("# hanok: <part of the message>" on their first line) or that hanok alone refuses ("# hanok
alone: ..."), such as what Airflow only finds out later, when it serializes the DAG. Needs apache-airflow, the standard
provider and dag-factory in the running Python; touches nothing outside a temporary folder.
"""

import atexit
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="yaml-compare-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(HERE / "cases" / "15_defaults")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
os.environ["AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY"] = "False"
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
os.environ.update(CASE_NAME="env", CASE_DATE="2024-04-04", CASE_NUMBER="7", CASE_FILE=os.path.abspath(__file__))

import logging  # noqa: E402
import warnings  # noqa: E402

warnings.simplefilter("ignore")
logging.disable(logging.ERROR)

from dagfactory import load_yaml_dags  # noqa: E402
from airflow.sdk import DAG  # noqa: E402
from airflow.task.priority_strategy import (  # noqa: E402
    _DownstreamPriorityWeightStrategy as Downstream,
    _UpstreamPriorityWeightStrategy as Upstream,
)

EPOCH = datetime.datetime(1970, 1, 1)
NATIVE = {"command": "BashOperator", "nothing": "EmptyOperator"}


def micros(value):
    """Microseconds of a duration, or of an instant since 1970. pendulum's durations divide differently, so by hand."""
    if value is None:
        return None
    if not isinstance(value, datetime.timedelta):
        utc = value.astimezone(datetime.timezone.utc)
        value = datetime.datetime(*utc.timetuple()[:6], utc.microsecond) - EPOCH
    return (value.days * 86400 + value.seconds) * 1_000_000 + value.microseconds


# ---- as dag-factory sees it ----


def zone_name(zone):
    return getattr(zone, "name", None) or getattr(zone, "key", None) or str(zone)


def asset_of(asset):
    return [asset.name, asset.uri, asset.group, asset.extra or {}]


def expression_of(condition):
    """a, ["all", a, ["any", b, c]]"""
    parts = getattr(condition, "objects", None)
    if parts is None:
        return asset_of(condition)
    return ["all" if "All" in type(condition).__name__ else "any", *(expression_of(part) for part in parts)]


def outlets_of(outlets):
    return sorted(asset_of(outlet) for outlet in outlets)


def schedule_of(dag):
    table = dag.timetable
    name = type(table).__name__
    kinds = {"NullTimetable": "none", "OnceTimetable": "once", "ContinuousTimetable": "continuous",
             "AssetTriggeredTimetable": "assets"}
    out = {"kind": kinds.get(name, "cron" if "Cron" in name else "delta" if "Delta" in name else name)}
    if out["kind"] == "cron":
        presets = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
                   "@monthly": "0 0 1 * *", "@quarterly": "0 0 1 */3 *",
                   "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}
        expression = getattr(table, "expression", None) or getattr(table, "_expression")
        out["expression"] = presets.get(expression, expression)
        zone = getattr(table, "timezone", None) or getattr(table, "_timezone")
        out["zone"] = zone if isinstance(zone, str) else zone_name(zone)
    if out["kind"] == "assets":
        out["condition"] = expression_of(table.asset_condition)
    if out["kind"] == "delta":
        out["delta"] = micros(getattr(table, "delta", None) or getattr(table, "_delta"))
    if out["kind"] in ("cron", "delta"):
        out["has_interval"] = "Interval" in name
        interval = getattr(table, "interval", None) or getattr(table, "_interval", None)
        out["interval"] = micros(interval) or 0 if "Trigger" in name else 0
    return out


def total_weight(dag, task):
    rule = type(task.weight_rule).__name__ if not isinstance(task.weight_rule, str) else task.weight_rule
    name = str(rule).lower()
    if "absolute" in name:
        return task.priority_weight
    relatives = task.get_flat_relative_ids(upstream="upstream" in name)
    total = task.priority_weight + sum(dag.task_dict[i].priority_weight for i in relatives)
    return max(-(2**31), min(2**31 - 1, total))


def oracle_task(dag, task):
    callback = task.on_failure_callback
    group = task.task_group
    out = {
        "upstream": sorted(task.upstream_task_ids),
        "group": group.group_id if group is not None else None,
        "class": type(task).__name__,
        "owner": task.owner,
        "queue": task.queue,
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "retries": task.retries or 0,
        "retry_delay": micros(task.retry_delay),
        "max_retry_delay": micros(task.max_retry_delay) or 0,
        "backoff": {True: 2.0, False: 0.0}.get(task.retry_exponential_backoff, task.retry_exponential_backoff)
        if isinstance(task.retry_exponential_backoff, bool)
        else float(task.retry_exponential_backoff),
        "execution_timeout": micros(task.execution_timeout) or 0,
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "weight_rule": weight_rule_name(task.weight_rule),
        "priority_weight": task.priority_weight,
        "total_weight": total_weight(dag, task),
        "depends_on_past": task.depends_on_past,
        "wait_for_downstream": task.wait_for_downstream,
        "ignore_first": task.ignore_first_depends_on_past,
        "start": micros(task.start_date),
        "end": micros(task.end_date),
        "per_dag": task.max_active_tis_per_dag or 0,
        "per_run": task.max_active_tis_per_dagrun or 0,
        "display_name": task.task_display_name,
        "doc_md": task.doc_md,
        "failure_callback": bool(callback),
        "outlets": outlets_of(task.outlets),
    }
    if type(task).__name__ == "BashOperator":
        command = task.bash_command
        out["bash"] = {
            "command": command[:-1] if command.endswith("\n") else command,
            "env": task.env,
            "append_env": task.append_env,
            "cwd": task.cwd,
            "skip_exit_codes": list(task.skip_on_exit_code),
        }
    return out


def weight_rule_name(rule):
    text = str(getattr(rule, "value", rule) if isinstance(rule, str) else type(rule).__name__).lower()
    return next(name for name in ("downstream", "upstream", "absolute") if name in text)


def param_json(param):
    dump = param.dump()
    return {"value": dump["value"], "schema": dump.get("schema") or {}, "description": dump.get("description")}


def oracle_dag(dag):
    doc = dag.doc_md or ""
    doc = doc[: max(doc.index("## YML DAG") - 1, 0)] if not doc.startswith("## YML DAG") else None
    groups = {}
    for group_id, group in dag.task_group.get_task_group_dict().items():
        if group_id is not None:
            parent = group.parent_group.group_id if group.parent_group is not None else None
            groups[group_id] = {"parent": parent, "label": group.label, "tooltip": group.tooltip or None}
    return {
        "display_name": dag.dag_display_name,
        "description": dag.description,
        "doc_md": doc,
        "tags": sorted(dag.tags),
        "schedule": schedule_of(dag),
        "start": micros(dag.start_date),
        "end": micros(dag.end_date),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "run_timeout": micros(dag.dagrun_timeout) or 0,
        "callbacks": [bool(dag.on_success_callback), bool(dag.on_failure_callback)],
        "paused": dag.is_paused_upon_creation,
        "renders_native": dag.render_template_as_native_obj,
        "params": {name: param_json(dag.params.get_param(name)) for name in dag.params},
        "groups": groups,
        "tasks": {task.task_id: oracle_task(dag, task) for task in dag.tasks},
    }


def load(path, root):
    found = {}
    load_yaml_dags(globals_dict=found, config_filepath=str(path), defaults_config_path=str(root))
    return found


def oracle(path, root):
    found = load(path, root)
    return {name: oracle_dag(dag) for name, dag in found.items() if isinstance(dag, DAG)}


# ---- as hanok sees it ----


def hanok_task(dag, task, lines, tasks, groups, assets):
    group = task.get("group", 0)
    out = {
        "upstream": sorted(tasks[i]["task_id"] for i in task.get("up", [])),
        "group": groups[group - 1]["group_id"] if group else None,
        "class": task.get("operator_class"),
        "owner": task.get("owner", "airflow"),
        "queue": task.get("queue", "default"),
        "pool": task.get("pool", "default_pool"),
        "pool_slots": task.get("pool_slots", 1),
        "retries": task.get("retries", 0),
        "retry_delay": task.get("retry_delay_us", 300_000_000),
        "max_retry_delay": task.get("max_retry_delay_us", 0),
        "backoff": task.get("retry_backoff", 0.0),
        "execution_timeout": task.get("execution_timeout_us", 0),
        "trigger_rule": task.get("trigger_rule", "all_success"),
        "weight_rule": task.get("weight_rule", "downstream"),
        "priority_weight": task.get("priority_weight", 1),
        "total_weight": lines["weight"],
        "depends_on_past": task.get("depends_on_past", False),
        "wait_for_downstream": task.get("wait_for_downstream", False),
        "ignore_first": task.get("ignore_first_depends_on_past", False),
        "start": task.get("start_at_us", dag["start"]),
        "end": task.get("end_at_us", dag["end"]),
        "per_dag": task.get("max_active_per_dag", 0),
        "per_run": task.get("max_active_per_run", 0),
        "display_name": task.get("display_name", task["task_id"]),
        "doc_md": task.get("doc_md"),
        "failure_callback": task.get("has_failure_callback", False),
        "outlets": sorted(assets[i] for i in task.get("outlets", [])),
    }
    runner = task.get("runner", "nothing")
    if task.get("operator_name") == "@task":
        del out["doc_md"]  # the function's docstring, which only Python knows
    assert NATIVE.get(runner, out["class"]) == out["class"], task
    if runner == "command":
        spec = json.loads(task["spec"])
        out["bash"] = {k: spec[k] for k in ("command", "env", "append_env", "cwd", "skip_exit_codes")}
    return out


def hanok_condition(nodes, assets):
    """Nodes in prefix order: op, n, op, n ..."""
    op, n = next(nodes), next(nodes)
    return assets[n] if op == "one" else [op, *(hanok_condition(nodes, assets) for _ in range(n))]


def hanok_dag(lines):
    head, lines = lines[0], lines[1:]
    groups, lines = lines[: head["groups"]], lines[head["groups"] :]
    tasks, weights = lines[: head["tasks"]], lines[head["tasks"] :]
    kind = head.get("schedule_kind", "none")
    schedule = {"kind": kind}
    if kind == "cron":
        schedule.update(expression=head["schedule_expression"], zone=head.get("schedule_zone", "UTC"))
    assets = [[a["name"], a["uri"], a.get("group", "asset"), json.loads(a.get("extra", "{}"))] for a in head.get("assets", [])]
    if kind == "assets":
        schedule["condition"] = hanok_condition(iter(head["condition"]), assets)
    if kind == "delta":
        schedule["delta"] = head["schedule_delta_us"]
    if kind in ("cron", "delta"):
        schedule["has_interval"] = head.get("schedule_has_interval", False)
        schedule["interval"] = head.get("schedule_interval_us", 0)
    out = {
        "display_name": head.get("display_name", head["dag_id"]),
        "description": head.get("description"),
        "doc_md": head.get("doc_md"),
        "tags": sorted(head.get("tags", [])),
        "schedule": schedule,
        "start": head.get("start_at_us"),
        "end": head.get("end_at_us"),
        "catchup": head.get("catchup", False),
        "max_active_runs": head.get("max_active_runs", 16),
        "max_active_tasks": head.get("max_active_tasks", 16),
        "run_timeout": head.get("run_timeout_us", 0),
        "callbacks": [head.get("has_success_callback", False), head.get("has_failure_callback", False)],
        "paused": {None: None, 0: False, 1: True}[head.get("is_paused_upon_creation")],
        "renders_native": head.get("renders_native", False),
        "params": {
            name: {k: p[k] for k in ("value", "schema", "description")}
            for name, p in json.loads(head.get("params", "{}")).items()
        },
        "groups": {
            g["group_id"]: {
                "parent": groups[g["parent"] - 1]["group_id"] if g["parent"] else None,
                "label": g.get("label", g["group_id"].rsplit(".", 1)[-1]),
                "tooltip": g.get("tooltip"),
            }
            for g in groups
        },
    }
    out["tasks"] = {t["task_id"]: hanok_task(out, t, w, tasks, groups, assets) for t, w in zip(tasks, weights)}
    return head["dag_id"], out


def defaults_above(path, root):
    """dag-factory's search: the file's folder and those above it up to the root, one file a folder, nearest first."""
    folders = [path.parent]
    while folders[-1] != root and root in folders[-1].parents:
        folders.append(folders[-1].parent)
    found = []
    for folder in folders:
        found += [f for f in (folder / "defaults.yml", folder / "defaults.yaml") if f.exists()][:1]
    return found


def hanok(driver, path, root):
    now = micros(datetime.datetime.now(datetime.timezone.utc))
    command = [driver, str(path), str(now), *map(str, defaults_above(path, root))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    blocks = [b for b in done.stdout.split("\n\n") if b.strip()]
    return dict(hanok_dag([json.loads(line) for line in block.strip().split("\n")]) for block in blocks)


# ---- differences ----


def differences(expected, actual, where=""):
    if isinstance(expected, dict) and isinstance(actual, dict):
        # A command that runs through Python is not spelled out in hanok's graph, nor is a docstring.
        keys = [k for k in {**expected, **actual} if not (k in ("bash", "doc_md") and k not in actual)]
        pairs = [(expected.get(k, "absent"), actual.get(k, "absent"), f"{where}/{k}") for k in keys]
        return [d for pair in pairs for d in differences(*pair)]
    return [] if expected == actual else [f"{where}: dag-factory {expected!r}, hanok {actual!r}"]


def check_case(driver, path):
    root = HERE / "cases" / "15_defaults" if "15_defaults" in str(path) else path.parent
    return differences(oracle(path, root), hanok(driver, path, root))


def check_bad(driver, path):
    first = path.read_text().split("\n", 1)[0]
    is_alone = first.startswith("# hanok alone: ")
    words = first.split(": ", 1)[1]
    problems = []
    try:
        hanok(driver, path, path.parent)
        problems.append("hanok reads it")
    except ValueError as error:
        if words not in str(error) or not str(error).startswith(path.name + ":"):
            problems.append(f"hanok says: {error}")
    try:
        load(path, path.parent)
        problems += [] if is_alone else ["dag-factory reads it"]
    except Exception as error:  # whatever it raises is Airflow's import error
        problems += [f"dag-factory refuses it, too: {error}"] if is_alone else []
    return problems


def main():
    driver, wanted = sys.argv[1], sys.argv[2:]
    cases = [p for p in sorted((HERE / "cases").rglob("*.yaml")) if p.stem != "defaults"]
    bad = sorted((HERE / "bad").glob("*.yaml"))
    failed = 0
    jobs = [(check_case, p) for p in cases] + [(check_bad, p) for p in bad]
    jobs = [(check, p) for check, p in jobs if not wanted or any(w in p.name for w in wanted)]
    for check, path in jobs:
        try:
            problems = check(driver, path)
        except Exception as error:
            problems = [f"{type(error).__name__}: {error}"]
        failed += bool(problems)
        for problem in problems:
            print(f"{path.relative_to(HERE)}: {problem}")
    print(f"{len(jobs) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
