"""Runs clang-tidy-14 over every C file of hanok that the build knows.

Usage: lint.py BUILD [--jobs N] [FILE...]

BUILD is a configured folder with compile_commands.json. A file whose text, command, headers and checks are as they were
when it last passed is not looked at again, from whatever checkout: what passed is kept in the user's cache
($XDG_CACHE_HOME or ~/.cache, hanok/lint) for a month. Exit status 1 if anything was found.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("engine", "scheduler", "dags", "workers", "api", "tests")
TOOL = "clang-tidy-14"
KEPT_SECONDS = 30 * 24 * 3600


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def read(path):
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def own_sources(commands):
    """The files that somebody wrote, not what the build made, each with its command."""
    found = {}
    for entry in commands:
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in FOLDERS:
            found[path] = entry["command"]
    return found


def check(build, path):
    run = subprocess.run(
        [TOOL, "--quiet", "-p", str(build), str(path)], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, errors="replace", check=False,
    )
    shown = run.stdout.replace(str(ROOT) + os.sep, "")
    if run.returncode != 0 and not shown.strip():
        shown = run.stderr
    return run.returncode == 0, shown


def open_cache():
    """The folder of what has passed, without what was not asked for lately."""
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache", "hanok", "lint")
    folder.mkdir(parents=True, exist_ok=True)
    oldest = time.time() - KEPT_SECONDS
    for mark in folder.iterdir():
        if mark.stat().st_mtime < oldest:
            mark.unlink(missing_ok=True)
    return folder


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("files", nargs="*", type=lambda name: pathlib.Path(name).resolve())
    options = parser.parse_args()

    sources = own_sources(json.loads(read(options.build / "compile_commands.json")))
    if options.files:
        sources = {path: command for path, command in sources.items() if path in options.files}
    if not sources:
        print("lint: the build knows no source file.", file=sys.stderr)
        return 1
    version = subprocess.run([TOOL, "--version"], text=True, stdout=subprocess.PIPE, check=True).stdout
    headers = [read(path) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.h"))]
    configs = [read(path) for path in sorted([ROOT / ".clang-tidy", *(ROOT / "tests").rglob(".clang-tidy")])]
    common = digest(version, *headers, *configs)

    passed = open_cache()
    waiting = {}
    for path, command in sorted(sources.items()):
        mark = passed / digest(common, command.replace(str(ROOT), "."), str(path.relative_to(ROOT)), read(path))
        if mark.exists():
            mark.touch()
        else:
            waiting[path] = mark
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = {pool.submit(check, options.build, path): path for path in waiting}
        for future in concurrent.futures.as_completed(results):
            path = results[future]
            is_fine, shown = future.result()
            if is_fine:
                waiting[path].touch()
            else:
                failures += 1
                print(shown.rstrip())
    print(f"   {len(sources)} files, {len(sources) - len(waiting)} of them unchanged, {failures} with findings")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
