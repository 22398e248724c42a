"""No statement of engine/store reads all of a table that grows with every run. usage: query_plans.py C_COMPILER

Takes the constants out of the preprocessed C files, the tables out of the migrations, and asks SQLite how it would go
about each statement. Lists whose filters are put together at run time are not seen here but for the constant part that is
counted (*_COUNT*), which is a scan until it has its filters."""

import glob
import os
import re
import sqlite3
import subprocess
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", ".."))
GROWING = ("dag_run", "task_instance", "task_try", "rendered_fields", "xcom", "audit", "event", "asset_event",
           "asset_queue", "asset_event_run", "experiment", "experiment_tag", "ml_run", "ml_run_tag", "ml_param",
           "ml_metric", "ml_latest_metric", "dataset", "input", "input_tag", "ml_run_model",
           "registered_model", "registered_model_tag", "model_version", "model_version_tag", "model_alias",
           "logged_model", "logged_model_tag", "logged_model_param", "logged_model_metric",
           "trace", "trace_tag", "trace_metadata", "trace_span", "trace_run", "assessment",
           "promotion_request", "approval", "promotion_wait", "promotion_audit", "promotion_audit_rule", "promotion_rule",
           "maker")
SMALL_INDEXES = ("USING INDEX dag_run_active",  # has the queued and running runs only
                 "USING INDEX promotion_request_open",  # this one what waits for people
                 "USING INDEX promotion_wait_stirred")  # and this one what is judged anew at once
STATEMENT = re.compile(r'static const char (\w+)\[\] =((?:\s*"(?:[^"\\]|\\.)*")+);')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def open_database():
    database = sqlite3.connect(":memory:")
    for name in sorted(glob.glob(os.path.join(ROOT, "engine/store/schema/*.sql"))):
        with open(name, encoding="utf-8") as file:
            database.executescript(file.read())
    return database


def statements(compiler):
    for name in sorted(glob.glob(os.path.join(ROOT, "engine/store/*.c"))):
        text = subprocess.run([compiler, "-E", "-P", "-D_GNU_SOURCE", "-I", ROOT, name], check=True, capture_output=True,
                              text=True).stdout
        for constant, literals in STATEMENT.findall(text):
            sql = "".join(part.encode().decode("unicode_escape") for part in LITERAL.findall(literals))
            if re.match(r"(SELECT|UPDATE|DELETE|INSERT|WITH)\b", sql):
                yield f"{os.path.relpath(name, ROOT)}: {constant}", sql


def plan(database, sql):
    count = max([int(number) for number in re.findall(r"\?(\d+)", sql)], default=sql.count("?"))
    return [row[3] for row in database.execute("EXPLAIN QUERY PLAN " + sql, [None] * count)]


def growing_names(sql):
    """The growing tables and the other names that the statement gives them."""
    found = set(GROWING)
    for table, other in re.findall(rf"\b({'|'.join(GROWING)})\s+(?:AS\s+)?(\w+)", sql):
        found.add(other)
    return found


def mistakes(database, name, sql):
    names = growing_names(sql)
    for step in plan(database, sql):
        words = step.split()
        if words[0] == "SCAN" and words[1] in names and not any(i in step for i in SMALL_INDEXES) and "_COUNT" not in name:
            yield f"{name} reads all of a table that grows: {step}"
        if words[0] == "SEARCH" and step.endswith("USING PRIMARY KEY (run_key=?)") and re.search(r"\bt?\.?task_id = ", sql) \
                and "task_instance" in sql and words[1] in ("t", "task_instance"):
            yield f"{name} reads all task instances of a run to find those of one task: {step}"


def main():
    database = open_database()
    seen = list(statements(sys.argv[1]))
    assert len(seen) > 50, f"only {len(seen)} statements were found; has their form changed?"
    found = [line for name, sql in seen for line in mistakes(database, name, sql)]
    # What this is for must be seen, or it could not fail.
    assert list(mistakes(database, "x", "SELECT 1 FROM dag_run r WHERE r.note = ?1"))
    assert list(mistakes(database, "x", "SELECT 1 FROM xcom WHERE key = ?1"))
    assert list(mistakes(database, "x", "SELECT pid FROM task_instance t WHERE t.run_key = ?1 AND +t.task_id = ?2"))
    print("\n".join(found) or f"{len(seen)} statements look up what they read")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
