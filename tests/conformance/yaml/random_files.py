"""Random DAG files through the real dag-factory and through hanok: both read the same DAGs, or both refuse.

    python random_files.py DRIVER [--seed N] [--count N] [--keep]

A file is made from a seed out of dag-factory's features: blocks of defaults, anchors and merge keys, lists and mappings
of tasks and groups, __type__ values, dates, zones, schedules, YAML 1.1's odd scalars, and now and then a value of the
wrong kind (but for null, which hanok takes for "not given" where Airflow may keep a None). One seed, one file: what a
failure prints is enough to see it again. "Reads" means for Airflow what its DAG
processor does with a file: load, validate, look for cycles, serialize.

What hanok alone refuses, and says so, is in ALONE; everything else that differs is a failure.
"""

import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile

import compare

from airflow.sdk import DAG  # after compare, which sets its environment
from airflow.serialization.serialized_objects import DagSerialization

ALONE = (
    "was already given on line",
    "not supported yet",
    "run_as_user is not supported",
    "is no date: write",  # pendulum reads more forms
    "env 'A' takes a text",  # BashOperator fails with it when it runs
    "env '7' takes a text",
)
ALONE_WHERE_ODD = (  # values of the wrong kind, some of which Airflow passes on
    " takes ", "is not a valid schedule", "is not supported here: write the value without it")

BASH = "airflow.providers.standard.operators.bash.BashOperator"
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Seoul", "Etc/GMT+5"]
RARE_ZONES = ["utc", "Nowhere/Land", "europe/berlin", "Z", "''"]
DATES = [
    "2024-01-01", "2024-03-10", "'2024-03-10'", "'2024-03-10T02:30:00'", "2024-03-10 02:30:00", "2024-03-10T02:30:00Z",
    "2024-01-01 06:00:00 +05:30", "2024-01-01t06:00:00.25-03", "'2024-01-01T00:00:00+02:00'", "'20240101'",
    "'2024-01-01T06:00'", "'2024-11-03T01:30:00'", "'2 days'", "1 day", "2024-11-03 01:30:00",
    "{__type__: datetime.datetime, year: 2024, month: 2, day: 3, hour: 4}",
    "{__type__: datetime.datetime, __args__: [2024, 10, 27, 2, 30]}",
    "{__type__: pendulum.datetime, year: 2024, month: 2, day: 3, tz: Asia/Seoul}",
    "{__type__: datetime.date, year: 2024, month: 2, day: 3}",
]
RARE_DATES = [
    "2024-3-1", "2024-02-30", "'2024'", "'2024-05'", "'2024/02/03'", "'2024-W05-2'", "'2024-060'", "'20240101T0600'",
    "'2024-1-1'", "'2024-01-01 06'", "'2024-01-01 06:00:00.123456789'", "'1 hour'", "'3 hours 2 minutes'", "2024",
    "'yesterday'", "''", "'2024-02-30'", "null", "'2024-01-01T24:00:00'", "'2024-01-01T06:00:00Z'", "'2024-1'",
    "'0 days'", "' 2 days'", "'2024-01-01 '", "'2024-01-01T06:00:60'", "'202401'", "'2024/2/3'", "'P1D'",
    "'2024-01-01T06,5'", "'2024-01-01T06:00:00,5'", "'2024-01-01T060000'", "'2024-01-01/2024-01-02'", "'2024W05'",
]
TASK_DATES = [
    "2024-03-10 02:30:00", "2024-03-10T02:30:00Z", "2024-01-01 06:00:00 +05:30", *DATES[-4:-1],
    "{__type__: datetime.datetime, year: 2024, month: 2, day: 3, tzinfo: {__type__: zoneinfo.ZoneInfo, key: Asia/Seoul}}",
]
DELTAS = [
    "{__type__: datetime.timedelta, minutes: 5}", "{__type__: datetime.timedelta, hours: 1, seconds: 30}",
    "{__type__: datetime.timedelta, __args__: [1]}", "{__type__: datetime.timedelta, days: 0.5}",
    "{__type__: datetime.timedelta, __args__: [0, 30, 500], weeks: 1}",
    "{__type__: pendulum.duration, days: 1, hours: 2}", "{__type__: datetime.timedelta, seconds: 1.0000005}",
]
RARE_DELTAS = [
    "{__type__: datetime.timedelta}", "{__type__: datetime.timedelta, minutes: -5}", "30", "1.5", "2:00",
    "{__type__: pendulum.duration, months: 1, years: 1}",
]
SCHEDULES = [
    "'@daily'", "'@hourly'", "'@weekly'", "'@monthly'", "'@yearly'", "'@quarterly'", "'@once'", "null", "none", "None",
    "'0 6 * * *'", "'*/5 * * * 1-5'", "'0 0 1 */2 *'", "'30 2 * * sun'", "'0 0 * * 7'", "'0 0 L * *'",
    "'0 0 * * 5#2'", "{__type__: datetime.timedelta, hours: 6}", "{__type__: datetime.timedelta, days: 1, hours: 1}",
    "{__type__: airflow.timetables.trigger.CronTriggerTimetable, __args__: ['0 1 * * *'], timezone: Europe/Berlin}",
    "{__type__: airflow.timetables.interval.CronDataIntervalTimetable, __args__: ['0 1 * * *', UTC]}",
    "{__type__: airflow.timetables.trigger.DeltaTriggerTimetable, __args__: [{__type__: datetime.timedelta, hours: 3}]}",
]
RARE_SCHEDULES = ["''", "'@never'", "'61 * * * *'", "5", "'1 2 3'", "'0 0 * * * *'", "'@continuous'", "'@Daily'", "[]"]
RULES = ["all_success", "all_done", "one_failed", "none_failed", "none_failed_min_one_success", "always", "one_done",
         "all_failed", "none_skipped", "one_success", "all_skipped", "all_done_setup_success"]
BOOLS = ["true", "false", "yes", "no", "on", "off", "True", "FALSE", "Yes", "OFF"]
COUNTS = ["1", "2", "3", "7", "16", "0x10", "010", "0b11", "1_000", "1:30", "+5"]
TEXTS = ["plain", "'quoted'", '"a\\tb"', "two words", "ünïcode", "'7'", "'yes'", "y", "n", "0o17", "1e5", "08", "=x",
         "12:30:45x", "!!str 2024-01-01", "'<<'", "''", "-x", "1.2.3", "!!str yes", "a#b", "|\n  block\n  text", "0_8",
         "{__join__: [a, 1, '-', 2.50]}", ".5e", "-.5", "+.5", "1__0x", "2024-01-1", "0:30", "190:20:3x"]
# One of these in the place of any value: most are wrong there.
ODD = ["5", "-3", "2.5", "1e3", ".inf", ".nan", ".Nan", "true", "text", "''", "[]", "[a, b]", "{}", "{a: 1}",
       "2024-01-01", "2024-01-01 00:00:00", "'5'", "' 3 '", "!!int '4'", "!!float 3", "!!binary aGk=", "1:30", "1:30.5",
       "99999999999999999999", "=", "<<", "0_", "'{{ ds }}'", "{__type__: datetime.timedelta, minutes: 1}",
       "{__type__: builtins.list, items: [a]}", "{__join__: [a, b]}", "!custom x", "!!python/name:os.getcwd", "-0", "0x_f"]
COMMANDS = ["echo hi", "'exit 99'", '"echo {{ ds }}"', "run.sh", "'run.sh '", "|\n  echo one\n  echo two", "''", "true x",
            "'# {# no #}'", ">-\n  folded\n  text", '"tab\\t"', "'a\n\n  b'"]


class Writer:
    """One file out of a seed."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.odd_at = self.r.choice([0, 0, 0.01, 0.04])
        self.anchors = []

    def chance(self, p):
        return self.r.random() < p

    def pick(self, values, rare=()):
        """A value; seldom one of the rare ones, and in some files now and then one that has no business here."""
        if self.chance(self.odd_at):
            return self.r.choice(ODD)
        return self.r.choice(rare if rare and self.chance(0.04) else values)

    def some(self, fields):
        """A mapping of a few of the fields; a field is a key, how often it is there, and what makes its value."""
        return {key: make() for key, p, make in fields if self.chance(p)}

    # ---- what stands in a file ----

    def task_args(self, p):
        kinds = {
            "owner": TEXTS, "retries": COUNTS, "retry_delay": [*DELTAS, "30", "1.5", "2:00"], "queue": TEXTS,
            "max_retry_delay": [*DELTAS, "600"], "execution_timeout": DELTAS, "pool": TEXTS, "trigger_rule": RULES,
            "pool_slots": ["1", "2", "3"], "priority_weight": [*COUNTS, "-4", "99999999999"], "depends_on_past": BOOLS,
            "weight_rule": ["downstream", "upstream", "absolute"], "wait_for_downstream": BOOLS,
            "retry_exponential_backoff": ["true", "no", "2", "1.5", "0"], "email": ["a@b.c", "[a@b.c]", "''", "[]"],
            "email_on_failure": BOOLS, "email_on_retry": BOOLS, "do_xcom_push": BOOLS, "doc_md": TEXTS,
            "max_active_tis_per_dag": COUNTS, "max_active_tis_per_dagrun": COUNTS, "task_display_name": TEXTS,
            "ignore_first_depends_on_past": BOOLS, "start_date": TASK_DATES, "end_date": TASK_DATES,
            "executor": ["LocalExecutor"], "on_failure_callback": ["os.getcwd"], "on_success_callback": ["os.getcwd"],
            "params": ["{a: 1}"], "sla": DELTAS[:1], "multiple_outputs": BOOLS, "doc": TEXTS,
            "allow_nested_operators": BOOLS, "wait_for_past_depends_before_skipping": ["false"],
        }
        rare = {"trigger_rule": ["ALL_DONE", "sometimes"], "weight_rule": ["sideways", "''"], "start_date": RARE_DATES,
                "execution_timeout": RARE_DELTAS, "retry_delay": RARE_DELTAS, "pool_slots": ["0"], "retries": ["0", "'2'"],
                "wait_for_past_depends_before_skipping": ["true"], "max_active_tis_per_dag": ["0"]}
        return {k: self.pick(v, rare.get(k, ())) for k, v in kinds.items() if self.chance(p)}

    def task(self, ids, groups):
        is_bash = self.chance(0.5)
        out = {"operator": BASH if is_bash else EMPTY}
        if is_bash:
            out["bash_command"] = self.pick(COMMANDS)
            out.update(self.some([
                ("env", 0.15, lambda: self.pick(["{A: b}", "{A: 'x y', B: '{{ ds }}'}", "{}", "null", "'{{ x }}'"],
                                                     ["{A: 7}", "{7: a}"])),
                ("append_env", 0.1, lambda: self.pick(BOOLS)),
                ("cwd", 0.1, lambda: self.pick(["/tmp", "'{{ ds }}'", "null", "relative"])),
                ("skip_on_exit_code", 0.1, lambda: self.pick(["99", "[1, 2]", "null", "[]", "0"])),
                ("output_encoding", 0.03, lambda: self.pick(["utf-8"])),
            ]))
        out.update(self.task_args(0.04))
        if ids and self.chance(0.6):
            deps = self.r.sample(ids, min(len(ids), self.r.randint(1, 3)))
            out["dependencies"] = f"[{', '.join(deps)}]"
        elif self.chance(0.05):
            out["dependencies"] = self.pick(["[]"], ["[nobody]", "null", "t0", "[[t0]]"])
        if groups and self.chance(0.5):
            out["task_group_name"] = self.r.choice(groups)
        if self.chance(0.06):
            out["default_args"] = self.task_args(0.1)
        if self.chance(self.odd_at):
            out[self.r.choice(["made_up", "task_id", "expand", "partial", "resources", "run_as_user"])] = self.pick(ODD)
        return out

    def named(self, things, name_key):
        """A mapping by name, or a list with the names inside."""
        if self.chance(0.4):
            return [{name_key: name, **body} for name, body in things.items()]
        return things

    def groups(self, names, tasks):
        out = {}
        for i, name in enumerate(names):
            body = self.some([
                ("tooltip", 0.3, lambda: self.pick(TEXTS[:4])),
                ("prefix_group_id", 0.15, lambda: self.pick(BOOLS)),
                ("group_display_name", 0.1, lambda: self.pick(TEXTS[:4])),
                ("ui_color", 0.05, lambda: "'#fff'"),
                ("default_args", 0.3, lambda: self.task_args(0.08)),
            ])
            if i and self.chance(0.4):
                body["parent_group_name"] = self.r.choice(names[:i])
            before = [n for n in names[:i] if n != body.get("parent_group_name")] + tasks[:1]
            if before and self.chance(0.3):
                body["dependencies"] = f"[{self.r.choice(before)}]"
            elif self.chance(0.04):
                body["dependencies"] = self.pick(["[]", "null"])
            out[name] = body
        return out

    def default_args(self):
        out = self.task_args(0.06)
        if self.chance(0.4):
            out["start_date"] = self.pick(DATES, RARE_DATES)
        if self.chance(0.1):
            out["end_date"] = self.pick(DATES, RARE_DATES)
        if self.chance(0.1):
            out["timezone"] = self.pick(ZONES, RARE_ZONES)
        if self.chance(self.odd_at):
            out["made_up"] = self.pick(ODD)
        return out

    def dag_fields(self, p):
        return self.some([
            ("start_date", 0.7 if p > 0.1 else p, lambda: self.pick(DATES, RARE_DATES)),
            ("end_date", p, lambda: self.pick(DATES, RARE_DATES)),
            ("schedule", 0.8 if p > 0.1 else p, lambda: self.pick(SCHEDULES, RARE_SCHEDULES)),
            ("timezone", p, lambda: self.pick(ZONES, RARE_ZONES)),
            ("catchup", p, lambda: self.pick(BOOLS)),
            ("description", p, lambda: self.pick(TEXTS)),
            ("doc_md", p, lambda: self.pick(TEXTS)),
            ("dag_display_name", p / 2, lambda: self.pick(TEXTS)),
            ("max_active_runs", p, lambda: self.pick(COUNTS, ["0"])),
            ("max_active_tasks", p, lambda: self.pick(COUNTS)),
            ("concurrency", p / 3, lambda: self.pick(COUNTS)),
            ("dagrun_timeout", p, lambda: self.pick(DELTAS, RARE_DELTAS)),
            ("is_paused_upon_creation", p, lambda: self.pick(BOOLS)),
            ("render_template_as_native_obj", p / 2, lambda: self.pick(BOOLS)),
            ("tags", p, lambda: self.pick(["[a, b]", "[]", "[a, a, dagfactory]", "['7', y]"])),
            ("params", p, lambda: self.pick([
                "{a: 1, b: text, c: [1, {d: null}]}", "{}", "{n: 2.5, t: yes}",
                "{p: {__type__: airflow.sdk.Param, default: 3, type: integer, minimum: 1, description: why}}",
                "{p: {__type__: airflow.models.param.Param, __args__: [x], enum: [x, y]}}"])),
            ("default_args", 0.4 if p > 0.1 else p, self.default_args),
            ("on_failure_callback", p / 3, lambda: self.pick(["os.getcwd", "{callback: os.path.join, a: 1}"])),
            ("template_searchpath", p / 4, lambda: self.pick(["/tmp", "[/tmp]"], ["relative", "/no/such/folder"])),
            ("user_defined_macros", p / 4, lambda: self.pick(["{a: 1}", "{f: os.getcwd}"])),
            ("access_control", p / 4, lambda: self.pick(["null"])),
            ("orientation", p / 4, lambda: self.pick(["LR"])),
            ("schedule_interval", p / 8, lambda: self.pick(["null"], ["'@daily'"])),
            ("timetable", p / 8, lambda: self.pick(["null"], ["text"])),
        ])

    def dag(self):
        tasks = [f"t{i}" for i in range(self.r.randint(0, 7))]
        groups = [f"g{i}" for i in range(self.r.choice([0, 0, 1, 2, 4]))]
        out = self.dag_fields(0.15)
        if groups or self.chance(0.05):
            out["task_groups"] = self.named(self.groups(groups, tasks), "group_name")
        before = groups[: self.r.randint(0, 2)] if self.chance(0.4) else []
        inside = groups if self.chance(0.1) else [g for g in groups if g not in before]
        made = {t: self.task(tasks[:i] + before, inside) for i, t in enumerate(tasks)}
        order = list(made)
        if self.chance(0.3):
            self.r.shuffle(order)
        out["tasks"] = self.named({t: made[t] for t in order}, "task_id")
        return out

    def file(self):
        out = {}
        if self.chance(0.4):
            out["default"] = self.dag_fields(0.08)
        for i in range(self.r.choice([1, 1, 2])):
            out[f"dag_{i}"] = self.dag()
        if self.chance(self.odd_at):
            out[self.pick(["x-common", "'7'", "on", "a b", "dag.dot"])] = self.pick(["{}", "{tasks: {}}"])
        return self.write(out, 0)

    # ---- as text ----

    def write(self, node, depth):
        """YAML for a mapping, a list or the text of a value, beginning where the value stands."""
        if isinstance(node, str):
            pad = "  " * (depth + 1)
            return " " + node.replace("\n", "\n" + pad)
        if not node:
            return " {}" if isinstance(node, dict) else " []"
        pad = "  " * depth
        if isinstance(node, list):
            return "".join(f"\n{pad}-{self.write_item(item, depth + 1)}" for item in node)
        before = ""
        if depth > 1 and self.chance(0.03):
            self.anchors.append(f"a{len(self.anchors)}")
            before = f" &{self.anchors[-1]}"
            name = self.anchors.pop()
            text = self.write_pairs(node, depth)
            self.anchors.append(name)
            return before + text
        return self.write_pairs(node, depth)

    def write_pairs(self, node, depth):
        pad = "  " * depth
        text = ""
        if depth > 1 and self.anchors and self.chance(0.05):
            text += f"\n{pad}<<: *{self.r.choice(self.anchors)}"
        return text + "".join(f"\n{pad}{key}:{self.write(value, depth + 1)}" for key, value in node.items())

    def write_item(self, item, depth):
        return self.write(item, depth) if isinstance(item, str) else self.write_pairs(item, depth)


def as_airflow(path, root):
    """What Airflow's DAG processor makes of the file."""
    found = {name: dag for name, dag in compare.load(path, root).items() if isinstance(dag, DAG)}
    graphs = {name: compare.oracle_dag(dag) for name, dag in found.items()}
    for dag in found.values():
        dag.validate()
        dag.check_cycle()
        DagSerialization.to_dict(dag)
    return graphs


def attempt(read, *args):
    """What it read, or None and why it did not."""
    try:
        return read(*args), ""
    except Exception as error:  # whatever is raised is an import error
        return None, f"{type(error).__name__}: {error}"


def write_files(seed, folder):
    """The file and, for every fourth, the defaults of its folder and of the one above."""
    writer = Writer(seed)
    path = folder / "team" / "random.yaml"
    for where in (folder, path.parent):
        where.mkdir(exist_ok=True)
        (where / "defaults.yml").unlink(missing_ok=True)
        if writer.chance(0.2):
            defaults = writer.dag_fields(0.08)
            (where / "defaults.yml").write_text(writer.write(defaults, 0) if defaults else "{}")
    writer.anchors.clear()
    path.write_text(writer.file())
    return path, writer.odd_at > 0


def check(driver, seed, folder):
    path, is_odd = write_files(seed, folder)
    expected, complaint = attempt(as_airflow, path, folder)
    actual, refusal = attempt(compare.hanok, driver, path, folder)
    if expected is not None and actual is not None:
        return True, compare.differences(expected, actual)
    alone = ALONE + (ALONE_WHERE_ODD if is_odd else ())
    if expected is not None and not any(words in refusal for words in alone):
        return False, [f"hanok alone refuses: {refusal}"]
    if actual is not None:
        return False, [f"only dag-factory refuses: {complaint}"]
    return False, []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--keep", action="store_true", help="print the files that failed")
    args = parser.parse_args()
    first = args.seed
    folder = pathlib.Path(tempfile.mkdtemp(prefix="yaml-random-"))
    print(f"seeds {first} to {first + args.count - 1}", flush=True)
    failed = read = 0
    try:
        for seed in range(first, first + args.count):
            is_read, problems = check(args.driver, seed, folder)
            read += is_read
            failed += bool(problems)
            for problem in problems:
                print(f"--seed {seed} --count 1: {problem}")
            if problems and args.keep:
                for file in sorted(folder.rglob("*.y*ml")):
                    print(f"--- {file.relative_to(folder)}\n{file.read_text()}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{args.count - failed} passed, {failed} failed; {read} of the files were read")
    if read < args.count // 5:
        print("too few files are read for this to say much: make the generator more careful")
    return 1 if failed or read < args.count // 5 else 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
