"""Compares hanok's calendar and rules with the real Airflow's, case by case.

Usage: compare.py DRIVER [--seed N] [--scale N]

Run with the Python of the virtual environment that has Airflow installed. DRIVER is the program built from driver.c.
Cases come from a fixed seed, which is printed; every difference is printed with both answers, and the exit status is 1
if there is any.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import os
import random
import subprocess
import sys
import tempfile
import types
import warnings

HOME = tempfile.TemporaryDirectory(prefix="hanok-timetable-")
os.environ["AIRFLOW_HOME"] = HOME.name  # Airflow writes a configuration when it is imported
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
warnings.simplefilter("ignore")

import pendulum  # noqa: E402
from airflow.exceptions import AirflowTimetableInvalid  # noqa: E402
from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.models.taskinstance import TaskInstance  # noqa: E402
from airflow.providers.standard.operators.empty import EmptyOperator  # noqa: E402
from airflow.sdk import DAG  # noqa: E402
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402
from airflow.task.trigger_rule import TriggerRule  # noqa: E402
from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep  # noqa: E402
from airflow.timetables import interval, simple, trigger  # noqa: E402
from airflow.timetables.base import DataInterval, TimeRestriction  # noqa: E402
from airflow.utils.dates import cron_presets  # noqa: E402
from croniter import CroniterError, croniter  # noqa: E402

UTC = pendulum.UTC
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
ZONES = [
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "Asia/Seoul",
    "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Santiago", "Asia/Tehran",
    "Pacific/Auckland", "Pacific/Chatham", "Antarctica/Troll", "+09:00", "-03:30",
]
FIXED = {"+09:00": 9 * 3600, "-03:30": -(3 * 3600 + 1800)}
COMMON = [
    "0 0 * * *", "30 2 * * *", "15 1,2,3 * * *", "0 * * * *", "*/5 * * * *", "30 * * * *", "0 */2 * * *",
    "0 9-17 * * 1-5", "0 0 * * MON", "0 0 1 * *", "0 0 L * *", "0 12 15,L * *", "0 0 13 * 5", "0 0 29 2 *",
    "0 6 * * FRI#2", "0 6 * * L5", "0 6 * * l0", "0 0 ? * SAT,SUN", "5 4 ? * ?", "@hourly", "@daily", "@weekly",
    "@monthly", "@quarterly", "@yearly", "@annually", "@midnight", "@DAILY", "0 0 15W * *", "0 0 W1 * *",
    "0 0 31 * *", "0 0 30 2 *", "0 0 31 4,6 *", "* * * * * */15", "0 30 2 * * *", "0 0 * * * 30", "0 0 1 1 * 0 2030",
    "0 0 1 1 * 0 2020-2024/2", "0 0 1 1-12/3 *", "0 0 * JAN-MAR,dec 2-7", "0 0 * * FRI-MON", "0 0 * NOV-FEB/2 *",
    "0 22-3 * * *", "59/15 * * * *", "5/10 * * * *", "0 0 * * 7", "0 0 * * 0-7", "0 0 * * 5-5", "0 0 1-31 * 1",
    "0 0 * * 0-6", "0 0 1-31 * *", "0 0 1-30,L * *", "0 *,5 * * *", "0-59 0-23 * * *", "0 0 1 * 1#1", "0 0 1 * 1#5",
    "0 0 * * mon#1,wed#3", "0 0 * * mon-wed#2", "0 0 L 2 1", "0 0 15W * 6", "0 0 10-L * *", "0 1-5/2,10,20-23 * * *",
]
USUAL = [one for one in COMMON if len(one.split()) <= 5]
WRONG = [
    "", "*", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * 0 *", "* * * * 8",
    "a * * * *", "*/0 * * * *", "1-70 * * * *", "-1 * * * *", "1- * * * *", "* * * foo *", "* * * * monday",
    "? * * * *", "* * ?,1 * *", "* * * * 1#6", "* * * * 1#0", "* * * * 1-3#2", "* * * * *#2", "* * * * 1,2#3",
    "* * L-3 * *", "* * LW * *", "* * 15W,3 * *", "* * 32W * *", "* * * * * * * *", "1,,2 * * * *", "1, * * * *",
    "*/x * * * *", "*-5 * * * *", "5/10/2 * * * *", "@reboot", "@Quarterly", "H * * * *", "R * * * *", "h/5 * * * *",
    "* * l/2 * *", "* * * L *", "* * * * L", "0 0 1 1 * 0 1969", "0 0 1 1 * 0 2100", "0 0 * * 0-6#1",
    "99999999999999999999 * * * *", "0 0 1 ١ *",
]


def us(value):
    if value is None:
        return "-"
    value = value.astimezone(dt.timezone.utc)  # pendulum's differences are no plain timedelta
    fields = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return str((dt.datetime(*fields, tzinfo=dt.timezone.utc) - EPOCH) // dt.timedelta(microseconds=1))


def instant(text):
    return pendulum.instance(EPOCH + dt.timedelta(microseconds=int(text)), tz=UTC)


def timezone(name):
    return pendulum.tz.fixed_timezone(FIXED[name]) if name in FIXED else pendulum.timezone(name)


class Cases:
    def __init__(self, rng):
        self.rng = rng
        self.questions = []
        self.answers = []

    def add(self, fields, answer):
        self.questions.append("\t".join(str(field) for field in fields))
        self.answers.append(answer)


def random_moment(rng):
    """Often around a change of the clocks, with and without seconds and microseconds."""
    kind = rng.random()
    if kind < 0.4:
        year = rng.randrange(2015, 2040)
        month, day = rng.choice([(3, 28), (10, 27), (3, 10), (11, 3), (4, 4), (9, 26), (12, 30), (2, 28)])
        base = dt.datetime(year, month, day, tzinfo=dt.timezone.utc) + dt.timedelta(minutes=rng.randrange(-4320, 4320))
    else:
        base = EPOCH + dt.timedelta(minutes=rng.randrange(365 * 24 * 60 * 30, 365 * 24 * 60 * 80))
    if rng.random() < 0.5:
        base = base.replace(minute=0)
    if rng.random() < 0.5:
        base += dt.timedelta(seconds=rng.randrange(60), microseconds=rng.randrange(1000000))
    return pendulum.instance(base, tz=UTC)


def random_field(rng, low, high, names=None):
    def value():
        number = rng.randint(low, high)
        return rng.choice([names[number - low], str(number)]) if names and rng.random() < 0.4 else str(number)

    def item():
        kind = rng.random()
        if kind < 0.35:
            return "*"
        if kind < 0.65:
            return value()
        if kind < 0.8:
            return f"{value()}-{value()}" + rng.choice(["", "", f"/{rng.randint(1, 7)}"])
        if kind < 0.92:
            return f"*/{rng.randint(1, 20)}"
        return f"{value()}/{rng.randint(1, 20)}"

    return ",".join(item() for _ in range(rng.choice([1, 1, 1, 1, 2, 3, 4])))


def random_expression(rng):
    months = "jan FEB mar APR may JUN jul AUG sep OCT nov DEC".split()
    days = "sun MON tue WED thu FRI sat".split()
    day = random_field(rng, 1, 31) if rng.random() < 0.9 else rng.choice(["L", "15W", "w31", "10,L", "?"])
    weekday = random_field(rng, 0, 6, days)
    if rng.random() < 0.15:
        weekday = rng.choice(["MON#1", "5#5", "L3", "l0,L6", "?", "sat#2,SUN#4", "7", "5-7", "1,L2"])
    month = random_field(rng, 1, 12, months)
    fields = [random_field(rng, 0, 59), random_field(rng, 0, 23), day, month, weekday]
    for index, chance in ((1, 0.3), (2, 0.5), (3, 0.6), (4, 0.5)):
        if rng.random() < chance:
            fields[index] = "*"
    if rng.random() < 0.12:
        fields.append(random_field(rng, 0, 59))
        if rng.random() < 0.3:
            fields.append(rng.choice(["*", "2020-2050", "2024,2028", "2030/4"]))
    return " ".join(fields)


def is_impossible(expression):
    """hanok refuses what can never happen; Airflow accepts it and fails later. R (random) is refused, too."""
    expression = cron_presets.get(expression, expression)
    if any(field.lower().startswith("r") for field in expression.split()):
        return True
    for start in (dt.datetime(1969, 12, 31, 23, 59, 59), dt.datetime(2020, 1, 1), dt.datetime(2060, 1, 1)):
        try:
            croniter(expression, start_time=start).get_next(dt.datetime)
            return False
        except CroniterError:
            pass
    return True


def cron_answer(expression, at, back):
    try:
        if is_impossible(expression):
            return "error"
        iterator = croniter(cron_presets.get(expression, expression), start_time=at.replace(tzinfo=None))
    except (CroniterError, ValueError):
        return "error"
    try:
        found = iterator.get_prev(dt.datetime) if back else iterator.get_next(dt.datetime)
    except CroniterError:
        return "-"
    return us(found.replace(tzinfo=dt.timezone.utc))


def add_cron(cases, expressions, each):
    for expression in expressions:
        for _ in range(each):
            at = random_moment(cases.rng)
            cases.add(["cron_next", expression, us(at)], cron_answer(expression, at, False))
            cases.add(["cron_previous", expression, us(at)], cron_answer(expression, at, True))


def add_descriptions(cases, expressions):
    for expression in expressions:
        try:
            answer = ""
            if not is_impossible(expression):
                answer = trigger.CronTriggerTimetable(expression, timezone=UTC).description
        except (CroniterError, ValueError):
            answer = ""
        cases.add(["describe", expression], answer)


def add_zones(cases, count):
    names = [name for name in ZONES if name not in FIXED]
    names += cases.rng.sample(sorted(pendulum.timezones()), min(count // 4, 200))
    for _ in range(count):
        name = cases.rng.choice(names)
        if name in ("localtime", "Factory", "build/etc/localtime"):
            continue
        at = random_moment(cases.rng)
        if cases.rng.random() < 0.3:
            at = at.add(years=cases.rng.randrange(-120, 300))
        zone = timezone(name)
        naive = dt.datetime(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond)
        wall = at.astimezone(zone).replace(tzinfo=dt.timezone.utc)
        folds = [zone.convert(naive.replace(fold=fold)).astimezone(dt.timezone.utc) for fold in (0, 1)]
        cases.add(["zone", name, us(at)], "\t".join(us(value) for value in (wall, *folds)))


def set_now(now):
    trigger.utcnow = lambda: now
    interval.utcnow = lambda: now
    simple.timezone.utcnow = lambda: now
    trigger.time = types.SimpleNamespace(time=now.timestamp)


def make_timetable(kind, expression, zone, delta, has_interval, length):
    if kind == "none":
        return simple.NullTimetable()
    if kind == "once":
        return simple.OnceTimetable()
    if kind == "continuous":
        return simple.ContinuousTimetable()
    if kind == "crons":
        return trigger.MultipleCronTriggerTimetable(*expression.split(";"), timezone=timezone(zone), interval=length)
    if kind == "delta" and has_interval:
        return interval.DeltaDataIntervalTimetable(delta)
    if kind == "delta":
        return trigger.DeltaTriggerTimetable(delta, interval=length)
    if has_interval:
        return interval.CronDataIntervalTimetable(expression, timezone(zone))
    return trigger.CronTriggerTimetable(expression, timezone=timezone(zone), interval=length)


def next_answer(spec, start, end, catchup, last, now):
    try:
        if spec[0] in ("cron", "crons") and any(map(is_impossible, spec[1].split(";"))):
            return "error"
        timetable = make_timetable(*spec)
        timetable.validate()
    except (CroniterError, AirflowTimetableInvalid, ValueError):
        return "error"
    set_now(now)
    try:
        info = timetable.next_dagrun_info(
            last_automated_data_interval=last, restriction=TimeRestriction(start, end, catchup)
        )
    except (CroniterError, ValueError, AssertionError, OverflowError):
        info = None  # the scheduler logs it and makes no run
    if info is None:
        return "none"
    found = info.data_interval
    return "\t".join(us(v) for v in (info.logical_date, found.start, found.end, info.run_after))


def manual_answer(spec, run_after):
    try:
        if spec[0] in ("cron", "crons") and any(map(is_impossible, spec[1].split(";"))):
            return "error"
        timetable = make_timetable(*spec)
        timetable.validate()
    except (CroniterError, AirflowTimetableInvalid, ValueError):
        return "error"
    try:
        found = timetable.infer_manual_data_interval(run_after=run_after)
    except (CroniterError, OverflowError):
        return "none"
    return "\t".join(us(v) for v in (run_after, found.start, found.end, run_after))


def random_delta(rng):
    return rng.choice(
        [
            dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=5), dt.timedelta(seconds=45),
            dt.timedelta(days=7), dt.timedelta(hours=36), dt.timedelta(seconds=0.1),
            dt.timedelta(days=400, microseconds=7),
            dt.timedelta(seconds=rng.randrange(1, 10**6), microseconds=rng.randrange(10**6)), dt.timedelta(0),
            dt.timedelta(hours=-1), dt.timedelta(days=300000),
        ]
    )


def add_timetables(cases, count):
    rng = cases.rng
    micro = dt.timedelta(microseconds=1)
    for _ in range(count):
        kind = rng.choice(["cron"] * 12 + ["delta"] * 4 + ["crons"] * 4 + ["once", "continuous", "none"])
        expression = rng.choice(COMMON) if rng.random() < 0.7 else random_expression(rng)
        has_interval = rng.random() < 0.4
        length = rng.choice([dt.timedelta(0), dt.timedelta(0), dt.timedelta(days=1), dt.timedelta(minutes=90)])
        spec = (kind, expression, rng.choice(ZONES), random_delta(rng), has_interval, length)
        now = random_moment(rng)

        def near():
            reach = rng.choice([3600, 86400, 86400 * 40, 86400 * 800])
            return now.add(seconds=rng.randrange(-reach, reach), microseconds=rng.choice([0, 0, rng.randrange(10**6)]))

        if kind == "crons":  # none of which may run out of times, where Airflow gives up all of them
            spec = (kind, ";".join(rng.choices(USUAL, k=rng.randrange(1, 5))), *spec[2:])
        start = near() if rng.random() < 0.6 else None
        end = near() if rng.random() < 0.3 else None
        last = None
        if rng.random() < 0.6:  # either one of its own runs, or any interval, as after a change of the schedule
            stop = near()
            last = DataInterval(stop - rng.choice([dt.timedelta(0), dt.timedelta(hours=1), dt.timedelta(days=3)]), stop)
            if rng.random() < 0.6:
                previous = next_answer(spec, start, None, True, last, now)
                if previous not in ("error", "none"):
                    words = previous.split("\t")
                    last = DataInterval(instant(words[1]), instant(words[2]))
        catchup = rng.random() < 0.5
        fields = [kind, spec[1], spec[2], spec[3] // micro, int(has_interval), length // micro]
        ends = [us(last.start), us(last.end)] if last else ["-", "-"]
        question = [us(start), us(end), int(catchup), *ends, us(now)]
        cases.add(["next", *fields, *question], next_answer(spec, start, end, catchup, last, now))
        cases.add(["manual", *fields, us(now)], manual_answer(spec, now))


def rule_answer(rule, map_index, states, setups):
    tasks = [
        types.SimpleNamespace(task_id=f"u{i}", is_setup=i in setups, get_needs_expansion=lambda: False)
        for i in range(len(states))
    ]
    finished = [
        types.SimpleNamespace(task_id=t.task_id, state=s, task=t, map_index=-1)
        for t, s in zip(tasks, states, strict=True)
        if s is not None
    ]
    task = types.SimpleNamespace(
        upstream_task_ids=None, upstream_list=tasks, trigger_rule=rule, is_teardown=False, dag=None,
        get_upstreams_only_setups=lambda: [], get_closest_mapped_task_group=lambda: None,
    )
    changed = []
    ti = types.SimpleNamespace(
        task=task, map_index=map_index, get_dagrun=lambda session: None,
        set_state=lambda state, session: changed.append(state) or True,
    )
    context = types.SimpleNamespace(
        flag_upstream_failed=True, wait_for_past_depends_before_skipping=False, have_changed_ti_states=False,
        ensure_finished_tis=lambda run, session: finished,
    )

    class Everyone(list):
        def __contains__(self, item):
            return True

        def __repr__(self):
            return "{" + ", ".join(f"'{t.task_id}'" for t in tasks) + "}"

    task.upstream_task_ids = Everyone(["x"] if tasks else [])
    statuses = list(TriggerRuleDep()._get_dep_statuses(ti, context, session=None))
    reasons = [status.reason for status in statuses if not status.passed]
    verdict = str(getattr(changed[0], "value", changed[0])) if changed else ("wait" if reasons else "run")
    return verdict + "\t" + (reasons[0] if reasons else "")


def add_rules(cases, count):
    rng = cases.rng
    for _ in range(count):
        rule = rng.choice(list(TriggerRule))
        pool = rng.choice(
            [
                ["success", "skipped", "failed", "upstream_failed", "removed", None],
                ["success", "skipped"], ["success", None], ["skipped"], ["failed", "upstream_failed"],
                ["success", "removed"],
            ]
        )
        states = [rng.choice(pool) for _ in range(rng.randrange(0, 6))]
        setups = {i for i in range(len(states)) if rng.random() < 0.3}
        map_index = rng.choice([-1, -1, -1, 0, 1, 2, 3])

        def tally(name, only=None):
            return sum(1 for i, s in enumerate(states) if s == name and (only is None or i in only))

        counters = [
            len(states), len(setups), tally("success"), tally("skipped"), tally("failed"), tally("upstream_failed"),
            tally("removed"),
            sum(s is not None for s in states), tally("success", setups), tally("skipped", setups),
        ]
        cases.add(["rule", rule.value, map_index, *counters], rule_answer(rule, map_index, states, setups))


Instance = collections.namedtuple("Instance", ["task_id", "state"])
LETTERS = {"skipped": "S", "upstream_failed": "F", "removed": "M"}
KINDS = {"-": {}, "s": {"is_setup": True}, "t": {"is_teardown": True},
         "f": {"is_teardown": True, "on_failure_fail_dagrun": True}}


def graph_verdict(task, states):
    """What the scheduler makes of a task of a run whose finished tasks are in `states`."""
    if task.task_id in states:
        return "."
    changed = []
    ti = types.SimpleNamespace(
        task=task, map_index=-1, get_dagrun=lambda session: None,
        set_state=lambda state, session: changed.append(state) or True,
    )
    finished = [
        types.SimpleNamespace(task_id=name, map_index=-1, state=state, task=task.dag.task_dict[name])
        for name, state in states.items()
    ]
    context = types.SimpleNamespace(
        flag_upstream_failed=True, wait_for_past_depends_before_skipping=False, have_changed_ti_states=False,
        ensure_finished_tis=lambda run, session: finished, upstream_task_id_counts={},
    )
    statuses = list(TriggerRuleDep()._get_dep_statuses(ti, context, session=None))
    if changed:
        return LETTERS[str(getattr(changed[0], "value", changed[0]))]
    return "R" if all(status.passed for status in statuses) else "W"


def random_dag(rng, count):
    dag = DAG("d", schedule=None)
    kinds = []
    for i in range(count):
        kind = rng.choices("-stf", [6, 2, 1, 1])[0]
        kinds.append(kind)
        rule = "all_done_setup_success" if kind in "tf" else "all_success"
        if kind == "-" and rng.random() < 0.3:
            rule = rng.choice([r.value for r in TriggerRule if r.value != "always" or rng.random() < 0.3])
        task = EmptyOperator(task_id=f"t{i}", dag=dag, trigger_rule=rule)
        for name, value in KINDS[kind].items():
            setattr(task, name, value)
    density = rng.choice([0.15, 0.3, 0.5])
    edges = [(a, b) for b in range(count) for a in range(b) if rng.random() < density or (a + 1 == b and density < 0.3)]
    for a, b in edges:
        dag.task_dict[f"t{a}"].set_downstream(dag.task_dict[f"t{b}"])
    return DagSerialization.from_dict(DagSerialization.to_dict(dag)), kinds, edges


def add_graphs(cases, count):
    """Whole DAGs with setups and teardowns: what each task waits for, how the run ends, what a clear takes along."""
    rng = cases.rng
    for _ in range(count):
        dag, kinds, edges = random_dag(rng, rng.randrange(2, 13))
        pool = rng.choice([["success"], ["success", "success", "success", "failed", "skipped"],
                           ["success", "skipped", "failed", "upstream_failed"]])
        missing = rng.choice([0, 0.3, 0.6])
        states = {task.task_id: rng.choice(pool) for task in dag.tasks if rng.random() >= missing}
        tasks = [dag.task_dict[f"t{i}"] for i in range(len(kinds))]
        tis = [Instance(t.task_id, states.get(t.task_id)) for t in tasks]
        deciding = DagRun._tis_for_dagrun_state(None, dag=dag, tis=tis)
        named = rng.sample(range(len(tasks)), rng.randrange(1, min(3, len(tasks)) + 1))
        up, down = rng.random() < 0.5, rng.random() < 0.5
        subset = dag.partial_subset({f"t{i}" for i in named}, include_upstream=up, include_downstream=down)
        answer = [
            "".join(graph_verdict(task, states) for task in tasks),
            "failed" if any(ti.state in ("failed", "upstream_failed") for ti in deciding) else "success",
            "".join("x" if task.task_id in subset.task_dict else "." for task in tasks),
        ]
        described = "".join(f"{t.trigger_rule.value if hasattr(t.trigger_rule, 'value') else t.trigger_rule}:{kind}:"
                            f"{states.get(t.task_id, 'none')}," for t, kind in zip(tasks, kinds))
        fields = ["graph", described, "".join(f"{a}-{b}," for a, b in edges), "," + "".join(f"{i}," for i in named),
                  "-" + "u" * up + "d" * down]
        cases.add(fields, "\t".join(answer))


def add_retries(cases, count):
    """The hash differs on purpose, so the answer is the pair of bounds; (low, high) is checked instead of equality."""
    rng = cases.rng
    end = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
    compute = TaskInstance.next_retry_datetime
    for _ in range(count):
        delay = dt.timedelta(seconds=rng.choice([0, 0.3, 1, 5, 60, 300, 3600, 90000]))
        multiplier = rng.choice([0, 1.0, 2.0, 1.5, 3, 0.5, -1, 1e300])
        longest = rng.choice([None, None, dt.timedelta(seconds=90), dt.timedelta(hours=30)])
        tries = rng.choice([1, 2, 3, 5, 10, 60, 2000])
        found = set()
        for dag in range(40):
            task = types.SimpleNamespace(
                retry_delay=delay, retry_exponential_backoff=multiplier, max_retry_delay=longest
            )
            ti = types.SimpleNamespace(
                retry_delay_override=None, task=task, try_number=tries, dag_id=f"d{dag}", task_id="t", logical_date=end,
                end_date=end, log=types.SimpleNamespace(warning=lambda *_: None),
            )
            found.add(int(us(compute(ti))))
        micro = dt.timedelta(microseconds=1)
        fields = ["retry", delay // micro, multiplier, (longest or dt.timedelta(0)) // micro, tries]
        spread = max(found) - min(found)
        cases.add(fields, (min(found) - spread, max(found) + spread))


def agree(expected, got):
    if isinstance(expected, tuple):
        return got.lstrip("-").isdigit() and expected[0] <= int(got) <= expected[1]
    return got == expected or (expected == "error" and got.startswith("error\t"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--scale", type=int, default=1, help="how many times as many cases")
    args = parser.parse_args()
    cases = Cases(random.Random(args.seed))
    random_ones = [random_expression(cases.rng) for _ in range(300 * args.scale)]
    add_cron(cases, COMMON + WRONG, 4)
    add_cron(cases, random_ones, 2)
    add_descriptions(cases, [e for e in COMMON + WRONG if e] + random_ones)
    add_zones(cases, 1500 * args.scale)
    add_timetables(cases, 1500 * args.scale)
    add_rules(cases, 1500 * args.scale)
    add_retries(cases, 100 * args.scale)
    add_graphs(cases, 400 * args.scale)
    done = subprocess.run([args.driver], input="\n".join(cases.questions) + "\n", capture_output=True, text=True)
    got = done.stdout.split("\n")[:-1]
    if done.returncode != 0 or len(got) != len(cases.questions):
        print(f"the driver ended with {done.returncode} after {len(got)} of {len(cases.questions)} answers")
        print(done.stderr)
        return 1
    wrong = [i for i, expected in enumerate(cases.answers) if not agree(expected, got[i])]
    for i in wrong[:40]:
        print(f"DIFFERENT {cases.questions[i]!r}\n  airflow {cases.answers[i]!r}\n  hanok   {got[i]!r}")
    print(f"timetable: {len(got)} cases compared with Airflow, {len(wrong)} different (seed {args.seed})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
