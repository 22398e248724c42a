"""recorded/<noun>.json: what the real MLflow server answered, one question a line; and how two answers differ."""

import importlib
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
NOUNS = sorted(path.stem for path in (HERE / "asked").glob("[!_]*.py"))


def ask(noun, asker):
    importlib.import_module(f"asked.{noun}").ask(asker)
    return asker.kept()


def save(noun, found):
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in found)
    (HERE / "recorded" / f"{noun}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def load(noun):
    return json.loads((HERE / "recorded" / f"{noun}.json").read_text(encoding="utf-8"))


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def without_empty(value):
    """In protobuf's JSON an empty list or object may as well be absent."""
    return {name: member for name, member in value.items() if member not in ([], {})}


def differences(wanted, found, where=""):
    """(place, wanted, found), innermost first. The order of members does not count: protobuf's JSON promises none."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        wanted, found = without_empty(wanted), without_empty(found)
        if "user_id" not in wanted and found.get("user_id") == "admin":  # the recorded server asked nobody who they are
            del found["user_id"]
    if isinstance(wanted, dict) and isinstance(found, dict):
        if set(wanted) != set(found):
            yield where + "/keys", sorted(wanted), sorted(found)
        for name in wanted:
            if name in found:
                yield from differences(wanted[name], found[name], f"{where}/{name}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for at, pair in enumerate(zip(wanted, found)):
            yield from differences(*pair, f"{where}/{at}")
    elif is_number(wanted) and is_number(found) and wanted == found:
        return
    elif isinstance(wanted, str) and wanted.endswith(" <of the database>") and isinstance(found, str):
        if not found.startswith(wanted.removesuffix(" <of the database>").rstrip()):
            yield where, wanted, found
    elif wanted != found or isinstance(wanted, bool) != isinstance(found, bool):
        yield where, wanted, found
