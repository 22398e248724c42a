"""Whether docs/architecture.md shows the state tables that the code has.

Usage: state_tables.py NAME=PROGRAM...

Each PROGRAM (a test of engine/state) prints its table when called with --print; it stands in the page between
<!-- NAME --> and <!-- /NAME -->. Exit status 1 if one differs.
"""

import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "architecture.md"


def shown(page, name):
    _, found, rest = page.partition(f"<!-- {name} -->\n")
    table, end, _ = rest.partition(f"<!-- /{name} -->")
    return table.strip() if found and end else None


def main():
    page = PAGE.read_text(encoding="utf-8")
    failed = 0
    for argument in sys.argv[1:]:
        name, _, program = argument.partition("=")
        printed = subprocess.run([program, "--print"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        if not printed or shown(page, name) != printed:
            print(f"docs/architecture.md does not show the table '{name}' as it is; put this there:\n{printed}")
            failed += 1
    print(f"{len(sys.argv) - 1 - failed} passed, {failed} failed")
    return 1 if failed or len(sys.argv) == 1 else 0


if __name__ == "__main__":
    sys.exit(main())
