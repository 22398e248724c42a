"""recorded/<noun>.json: what the real Airflow answered, one question a line; and how two answers differ."""

import importlib
import json
import pathlib
import shutil

HERE = pathlib.Path(__file__).resolve().parent
NOUNS = sorted(path.stem for path in (HERE / "asked").glob("[!_]*.py"))
PASSWORDS = {user: f"{user}-password" for user in ("admin", "op", "user", "viewer")}


def copy_dags(folder):
    for path in (HERE / "asked_dags").glob("*.py"):
        shutil.copy(path, folder)


def wait_until_read(asker):
    """All of asked_dags/ has been read, the file that cannot be, too."""
    asker.until("/api/v2/dags", lambda answer: answer["total_entries"] == 6, "DAG files")
    asker.until("/api/v2/importErrors", lambda answer: answer["total_entries"] == 1, "import error")


def ask(noun, asker):
    importlib.import_module(f"asked.{noun}").ask(asker)
    return asker.found


def save(noun, found):
    lines = ",\n".join(json.dumps(entry) for entry in found)
    (HERE / "recorded" / f"{noun}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def load(noun):
    return json.loads((HERE / "recorded" / f"{noun}.json").read_text(encoding="utf-8"))


def differences(wanted, found, where=""):
    """(place, wanted, found), innermost first; the order of members counts, as in Airflow's models."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        if list(wanted) != list(found):
            yield where + "/keys", list(wanted), list(found)
        for name in wanted:
            if name in found:
                yield from differences(wanted[name], found[name], f"{where}/{name}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for at, pair in enumerate(zip(wanted, found)):
            yield from differences(*pair, f"{where}/{at}")
    elif wanted != found or isinstance(wanted, bool) != isinstance(found, bool):
        yield where, wanted, found
