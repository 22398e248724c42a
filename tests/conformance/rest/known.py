"""Where hanok answers otherwise than Airflow, and why that is right (or not done yet)."""

import re

# (noun, question, place in the entry, why): regular expressions, found anywhere.
DIFFERENCES = [
    ("pools", r"PATCH /api/v2/pools/a", r"/answer/detail/\d/(keys|input)",
     "a second look at the body with pydantic's own URL"),
    ("connections", r"GET /api/v2/connections(/b1|\?order_by=connection_id)", r"/host$",
     "the update_mask of a bulk update is honoured"),
    ("runs", r"POST .*/dagRuns$", r"/(logical_date|data_interval_\w+)$",
     "Airflow repeats the offset until it reads the row again"),
    ("runs", r"partition_date_lte=x", r"/status|/answer", "there are no partitions, whatever their date"),
    ("runs", r"POST .*/clear", r"/(start_date|last_scheduling_decision|state)$",
     "by the time of the answer the run has begun anew"),
    ("runs", r"/tries$", r"/max_tries$", "of a try that is over, the number is not kept"),
    ("runs", r"PATCH .*/runs_q\d$", r"/last_scheduling_decision$", "a run that is saved has been decided about"),
    ("server", r"/version$", r"/git_version$", "hanok is no release of Airflow"),
    ("server", r"/plugins\?limit=0$", r"/total_entries$", "Airflow has a plugin of its own; hanok has none"),
    ("server", r"GET /api/v2/dags/$", r"/status|/answer", "a slash at the end is forgiven"),
    ("server", r"^(viewer|user) (PATCH|POST) .*(dagRuns|clearDagRuns|variables|connections|pools)$", r"/answer",
     "a bulk request is refused by the caller's role, not entity by entity"),
    ("task_instances", r"tis_slow/taskInstances\?order_by=operator", r"/rendered_fields",
     "Airflow's task tells its fields a moment after it has begun"),
    ("task_instances", r"POST .*/clearTaskInstances$", r"/answer/detail", "pydantic tells of each member of a union"),
    ("task_instances", r"PATCH .*/taskInstances$", r"/answer/detail/0/loc", "the place inside the list is not told"),
]

_used = set()


def explains(noun, question, place):
    hits = [at for at, entry in enumerate(DIFFERENCES)
            if all(re.search(pattern, text) for pattern, text in zip(entry, (noun, question, place)))]
    _used.update(hits)
    return bool(hits)


def unused():
    return [f"does not differ any more: {entry}" for at, entry in enumerate(DIFFERENCES) if at not in _used]
