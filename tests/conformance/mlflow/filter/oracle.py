"""Asks MLflow's own parsers what they read in filters and orders. Needs the real mlflow.

usage: oracle.py --record FILE     writes the answers for cases.txt, which compare.py reads
       oracle.py DRIVER [--count N] [--seed S]     random filters, MLflow beside hanok

A text counts as refused, whatever MLflow's exception is: some of its mistakes are internal errors there.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys

from mlflow.utils.search_logged_model_utils import parse_filter_string
from mlflow.utils.search_utils import (
    SearchExperimentsUtils,
    SearchModelUtils,
    SearchModelVersionUtils,
    SearchUtils,
)

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"runs": SearchUtils, "experiments": SearchExperimentsUtils, "models": SearchModelUtils,
         "versions": SearchModelVersionUtils}
NUMBER_OPS = {"=", "!=", "<", "<=", ">", ">="}
TEXT_OPS = {"=", "!=", "LIKE", "ILIKE"}
LOGGED = {"creation_timestamp_ms": "creation_timestamp", "last_updated_timestamp_ms": "last_updated_timestamp"}
LOGGED_KEYS = {"name", "model_id", "model_type", "status", "source_run_id", *LOGGED.values()}


def read_logged(text):
    terms = []
    for comparison in parse_filter_string(text):
        entity = {"attributes": "attribute", "metrics": "metric", "params": "parameter", "tags": "tag"}[
            comparison.entity.type.value]
        key = LOGGED.get(comparison.entity.key, comparison.entity.key)
        if entity == "attribute" and key not in LOGGED_KEYS:
            raise ValueError("MLflow finds out when it looks for the column")
        value = list(comparison.value) if isinstance(comparison.value, tuple) else comparison.value
        if entity == "attribute" and isinstance(value, float) and value == int(value):
            value = int(value)
        terms.append([entity, key, comparison.op, value])
    return terms


def check(kind, term):
    """What the store says of a term that was parsed."""
    entity, key, op, value = term
    utils = KINDS[kind]
    if entity == "attribute" and key in utils.NUMERIC_ATTRIBUTES:
        allowed = NUMBER_OPS
        if kind in ("experiments", "versions"):
            if isinstance(value, float):
                raise ValueError("not whole")
            term[3] = int(value)
    elif entity == "metric":
        allowed = NUMBER_OPS
        term[3] = float(value)
    elif entity == "attribute" and kind == "experiments" and key == "experiment_id":
        allowed = {"=", "!=", "IN", "NOT IN"}
    elif entity in ("attribute", "dataset"):
        allowed = TEXT_OPS | {"IN", "NOT IN"}
    else:
        allowed = TEXT_OPS | ({"IS NULL", "IS NOT NULL"} if kind in ("runs", "experiments") else set())
    if op not in allowed or (isinstance(value, list) and op not in ("IN", "NOT IN")):
        raise ValueError("operator")


def read_filter(kind, text):
    if kind == "logged_models":
        return read_logged(text)
    terms = []
    for term in KINDS[kind].parse_search_filter(text):
        value = list(term["value"]) if isinstance(term["value"], tuple) else term["value"]
        key = SearchUtils.translate_key_alias(term["key"]) if term["type"] == "attribute" else term["key"]
        terms.append([term["type"], key, term["comparator"].upper(), value])
    for term in terms:
        check(kind, term)
    return terms


def read_order(kind, text):
    if kind == "runs":
        entity, key, ascending = SearchUtils.parse_order_by_for_search_runs(text)
        if entity == "dataset":
            raise ValueError("nothing to order by")
        key = SearchUtils.translate_key_alias(key) if entity == "attribute" else key
    elif kind == "models":
        entity = "attribute"
        key, ascending = SearchUtils.parse_order_by_for_search_registered_models(text)
        key = "last_updated_timestamp" if key == "timestamp" else key
    else:
        parse = {"experiments": SearchExperimentsUtils.parse_order_by_for_search_experiments,
                 "versions": SearchModelVersionUtils.parse_order_by_for_search_model_versions}[kind]
        entity, key, ascending = parse(text)
        if entity != "attribute":
            raise ValueError("only attributes order")
    return [entity, key, not ascending]


def ask_mlflow(line):
    kind, text = line.split("\t", 1)
    try:
        if kind.startswith("order:"):
            return read_order(kind[6:], text)
        return read_filter(kind, text)
    except Exception as error:  # noqa: BLE001: any is a refusal
        return str(getattr(error, "message", error))


def ask_hanok(driver, lines):
    done = subprocess.run([driver], input="".join(line + "\n" for line in lines), capture_output=True, text=True,
                          check=True)
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def read_cases():
    with open(os.path.join(HERE, "cases.txt"), encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip() and not line.startswith("# ")]


def record(name):
    with open(name, "w", encoding="utf-8") as file:
        for line in read_cases():
            mark = line[0] if line[0] in "!?~#" else ""
            line = line[len(mark):]
            print(json.dumps([mark, line, ask_mlflow(line)], ensure_ascii=False), file=file)


KEYS = ["a", "a.b", "acc", "`a b`", '"a b"', "`a.b-c`", "mlflow.source.name", "`mlflow.runName`", "1x", "12x", "a-b",
        "order", "in", "from", "_x", "x1", "Ünder", "日本", "a b", "a/b", "'q'", "`a``b`", "1", "a.1", "a.1b", "end"]
PREFIXES = ["metrics", "metric", "params", "param", "parameters", "parameter", "tags", "tag", "attribute", "attributes",
            "attr", "run", "dataset", "datasets", "foo", "`params`", '"tags"', "Metrics"]
NAMES = ["run_id", "run_name", "status", "start_time", "end_time", "created", "Created", "user_id", "artifact_uri", "name",
         "experiment_id", "creation_time", "last_update_time", "version_number", "source_path", "model_id", "model_type",
         "source_run_id", "creation_timestamp", "last_updated_timestamp", "`run name`", '"Run Name"', "`name`", "foo",
         "`start_time`", "digest", "context"]
VALUES = ["'x'", '"x"', "'it''s'", r"'it\'s'", "''", '""', "'a b'", "'a\"b'", '"a\'b"', "1", "-1", "1.5", ".5", "5.", "1e3",
          "1.5e-3", "-2.5E3", "0x1F", "x", "`x`", "NULL", "('a')", "('a', 'b')", '("a",)', "()", "(1)", "('a' 'b')",
          r"('it\'s')", "('a', 1)", "'unclosed", "9223372036854775808", "'%a_'", "1e+3", "1x", "'a)b'", "(')')", "- 1"]
OPS = ["=", "!=", "<", "<=", ">", ">=", "LIKE", "like", "ILIKE", "IN", "in", "NOT IN", "NOT LIKE", "==", "<>", "RLIKE",
       "IS NULL", "IS NOT NULL", "is null", "is not null", "IS", ""]
JOINTS = [" AND ", " and ", " And ", " AND ", " AND ", " OR ", "  AND  ", ","]


OWN_NAMES = {"runs": NAMES[:9] + ["`run name`"], "experiments": ["name", "experiment_id", "creation_time"],
             "models": ["name"], "versions": ["name", "version_number", "run_id", "source_path"],
             "logged_models": ["name", "model_id", "status", "creation_time", "source_run_id"]}
OWN_PREFIXES = {"runs": ["metrics", "params", "tags", "metric", "param", "tag", "datasets"], "logged_models":
                ["metrics", "params", "tags"]}


def sensible_term(rand, kind):
    """One that is likely to be taken."""
    if rand.random() < 0.4:
        name = rand.choice(OWN_NAMES[kind])
        is_number = "time" in name or "number" in name
    else:
        prefix = rand.choice(OWN_PREFIXES.get(kind, ["tags", "tag"]))
        name = prefix + "." + (rand.choice(["name", "digest", "context"]) if prefix == "datasets" else rand.choice(KEYS))
        is_number = prefix.startswith("metric")
        if not is_number and rand.random() < 0.2 and kind != "logged_models":
            return f"{name} {rand.choice(OPS[18:20])}"
    if is_number:
        return f"{name} {rand.choice(OPS[:6])} {rand.choice(VALUES[9:17])}"
    if name in ("run_id", "datasets.name") and rand.random() < 0.5:
        return f"{name} {rand.choice(['IN', 'NOT IN', 'in'])} {rand.choice(VALUES[21:27])}"
    return f"{name} {rand.choice(['=', '!=', 'LIKE', 'ILIKE', 'like'])} {rand.choice(VALUES[:9])}"


def random_term(rand, kind):
    if rand.random() < 0.7:
        return sensible_term(rand, kind)
    name = rand.choice(NAMES) if rand.random() < 0.35 else rand.choice(PREFIXES) + "." + rand.choice(KEYS + NAMES)
    op = rand.choice(OPS)
    if "NULL" in op.upper():
        return f"{name} {op}"
    gap = rand.choice([" ", " ", "", "  "]) if op and not op[0].isalpha() else " "
    value = rand.choice(VALUES[21:28] if "IN" == op.upper()[-2:] and rand.random() < 0.7 else VALUES)
    return f"{name}{gap}{op}{gap}{value}"


def random_line(rand):
    kind = rand.choice([*KINDS, "logged_models", "runs", "runs"])
    if rand.random() < 0.2 and kind != "logged_models":
        name = rand.choice(NAMES) if rand.random() < 0.5 else rand.choice(PREFIXES) + "." + rand.choice(KEYS)
        return f"order:{kind}\t{name}{rand.choice(['', ' ASC', ' desc', ' DESC', ' foo', ' ASC DESC', ' '])}"
    terms = [random_term(rand, kind) for _ in range(rand.choice([1, 1, 1, 2, 3]))]
    text = terms[0]
    for term in terms[1:]:
        text += rand.choice(JOINTS) + term
    return f"{kind}\t{text}"


# Where hanok differs on purpose; all are accidents of how MLflow uses sqlparse and shlex.
KNOWN = [
    # A bare key with a space is read as a key with an alias, where no value follows.
    r"\ba b (IS|is)",
    # A number after a dot is an alias, too, if a direction follows; and the order of quotes is lost before keys are read.
    r"^order:\w+\t.*\.\d\w* ", r'^order:\w+\t("tags"\.|.*``)', r"^order:models\t`name`$",
    # "parameter" is a keyword of SQL where a digit follows its dot.
    r"\bparameters?\.1x\b",
    # Numbers that no column can hold; values of logged models that are no texts in quotes.
    r"9223372036854775808", r"^logged_models\t.*(\(\)|\(1|NULL|(!=|LIKE|like) +\(|(=|LIKE) +x\b|\b1x|1e\+|, 1\))",
    r"^logged_models\t.*(1\.5|\.5|time.*e)",
    # Quotes in logged models' filters stay part of keys and texts there.
    r"^logged_models\t.*(\.'q'|\"|`|'it''s')",
]


def is_known(line, real, own):
    if line.startswith("experiments\t") and isinstance(own, list) and "like" in line:
        return True  # the one place where MLflow wants operators in capitals
    return any(re.search(pattern, line) for pattern in KNOWN)


def compare_random(driver, count, seed):
    rand = random.Random(seed)
    lines = [random_line(rand) for _ in range(count)]
    bad = agreed = refused = 0
    for line, own in zip(lines, ask_hanok(driver, lines), strict=True):
        real = ask_mlflow(line)
        if isinstance(real, str) and isinstance(own, str):
            refused += 1
        elif real == own:
            agreed += 1
        elif not is_known(line, real, own):
            bad += 1
            if bad <= 40:
                print(f"{line!r}\n   mlflow {real!r}\n   hanok  {own!r}")
    print(f"{count} texts: {agreed} read alike, {refused} refused by both, {bad} differ")
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver", nargs="?")
    parser.add_argument("--record")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.record:
        record(args.record)
        return 0
    return 1 if compare_random(args.driver, args.count, args.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
