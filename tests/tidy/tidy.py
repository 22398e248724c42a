"""Checks what no compiler checks: who may include whom, sizes, banned words, dead files.

Usage: tidy.py [ROOT]

Prints one line `file:line: sentence` per finding; exit status 1 if there is any. The rules are in the tables below, and
docs/architecture.md says why. Needs only the standard library.
"""

import fnmatch
import pathlib
import re
import sys

TOP_LEVEL = {
    "CMakeLists.txt", "README.md", "LICENSE", "script", "docs",
    "engine", "scheduler", "workers", "dags", "api", "tests",
    ".ci", ".github", ".clang-format", ".clang-tidy", ".gitignore",
}  # fmt: skip
NOT_OURS = {".git", ".venv", ".venv-mlflow", ".venv-s3", ".cache", "__pycache__"}  # and build*: never looked at
C_FOLDERS = ("engine", "scheduler", "workers", "dags", "api", "tests")

MAX_FILE_LINES = 1000
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 120
MAX_PYTHON_COLUMNS = 130  # sentences in f-strings, which clang-format does not break for us
LONG_FUNCTIONS = "tests/tidy/long_functions.txt"

# Folder (longest prefix wins) -> what of hanok its files may include, as path prefixes; its own folder always.
MAY_INCLUDE = {
    "engine/base": [],
    "engine/state": ["engine/base/"],
    "engine/graph": ["engine/base/"],
    "engine/events": ["engine/base/"],
    "engine/registry": ["engine/base/", "engine/state/", "engine/graph/", "engine/tracking/"],
    "engine/tracking": ["engine/base/"],
    "engine": ["engine/base/", "engine/state/", "engine/graph/", "engine/store/"],
    "engine/store": ["engine/base/", "engine/state/", "engine/graph/", "engine/events/", "engine/registry/",
                     "engine/tracking/"],
    "dags": ["engine/"],
    "scheduler": ["engine/"],
    "workers": ["engine/", "scheduler/executor.h"],
    "api/http": ["engine/"],
    "api": ["engine/", "dags/", "scheduler/", "workers/", "api/http/"],
    "api/cli": ["engine/", "dags/", "scheduler/", "workers/", "api/"],
    "tests": ["engine/", "dags/", "scheduler/", "workers/", "api/", "tests/"],
}

# Library header (prefix) -> the files that may include it, as path prefixes; tests may always.
LIBRARIES = {
    "sqlite3.h": ["engine/store/"],
    "microhttpd.h": ["api/http/"],
    "jansson.h": ["engine/base/json.", "api/", "dags/", "workers/"],
    "uv.h": ["engine/base/", "engine/store/", "engine/artifacts/", "dags/", "workers/", "api/"],
    "openssl/": ["api/http/", "engine/artifacts/", "engine/store/secret.c", "api/mlflow/webhook_sender.c"],
    "yaml.h": ["dags/", "api/cli/output_yaml.c"],
    "msgpack.h": ["workers/"],
    "curl/": ["workers/", "engine/artifacts/", "api/cli/", "api/mlflow/webhook_sender.c"],
    "cmocka.h": [],
}
# Reads JSON trees, so it carries jansson with it; the scheduler's decisions and the states know none.
NO_JSON = ("engine/state/", "scheduler/tick", "scheduler/model", "scheduler/timetable", "scheduler/trigger_rule")

# Call -> (why not, where it is allowed all the same). engine/base and tests may call all of them.
BANNED_CALLS = {
    "time": ("take a struct hk_clock", ()),
    "clock_gettime": ("take a struct hk_clock", ()),
    "gettimeofday": ("take a struct hk_clock", ()),
    "uv_now": ("take a struct hk_clock", ()),
    "uv_hrtime": ("take a struct hk_clock", ()),
    "getenv": ("api/cli reads the environment and passes it in", ("api/cli/",)),
    "secure_getenv": ("api/cli reads the environment and passes it in", ("api/cli/",)),
    "srand": ("take a struct hk_rand", ()),
    "random": ("take a struct hk_rand", ()),
}

# What names a machine or a registry has no place in the tree: environments differ, and say so themselves.
MACHINE_WORDS = re.compile(
    r"(?<![\w.$}/>-])/(?:work|root|Users|home)/\w"
    r"|files\.pythonhosted\.org|pypi\.org/simple|registry\.npmjs|proxy\.golang\.org|--(?:extra-)?index-url|--registry\b"
)
OPEN_WORK = re.compile(r"\b(TODO|FIXME)\b(?!\(#\d+\))")
SECRET_KEY = re.compile(r'HK_KEY(?:_INT)?\(\s*"([^"]*(?:password|token|secret)[^"]*)"')
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
SHARED_NAME = re.compile(r"\bhk__\w+")
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def starts_with_any(text, prefixes):
    return any(text.startswith(prefix) for prefix in prefixes)


def blank(match):
    """Spaces of the same length, lines kept: positions stay true."""
    return re.sub(r"[^\n]", " ", match.group())


class File:
    def __init__(self, root, name):
        self.name = name
        self.folder, _, self.base = name.rpartition("/")
        self.text = (root / name).read_text(encoding="utf-8", errors="replace")
        self.lines = self.text.split("\n")
        self.is_c = name.endswith((".c", ".h"))
        self.is_test = name.startswith("tests/")
        self._code = None

    @property
    def code(self):
        """The text with comments and literals blanked out."""
        if self._code is None:
            self._code = NOT_CODE.sub(blank, self.text)
        return self._code

    def line_at(self, position):
        return self.text.count("\n", 0, position) + 1

    def includes(self):
        code_lines = NOT_CODE.sub(lambda m: m.group() if m.group()[0] == '"' else blank(m), self.text).split("\n")
        for number, line in enumerate(code_lines, 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(1) == "<", found.group(2)


def list_files(root):
    names = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if any(part in NOT_OURS for part in parts) or parts[0].startswith("build") or not path.is_file():
            continue
        names.append("/".join(parts))
    return names


def rule_of(folder, table):
    while folder:
        if folder in table:
            return folder
        folder = folder.rpartition("/")[0]
    return None


def check_top_level(root):
    for path in sorted(root.iterdir()):
        if path.name not in TOP_LEVEL and path.name not in NOT_OURS and not path.name.startswith("build"):
            yield path.name, 1, f"the top level is closed, and '{path.name}' is not on its list."


def check_library(file, number, header):
    if file.is_test:
        return
    for library, allowed in LIBRARIES.items():
        if header == library or (library.endswith("/") and header.startswith(library)):
            if not starts_with_any(file.name, allowed):
                where = " and ".join(allowed) or "tests"
                yield file.name, number, f"<{header}> belongs to {where} alone."


def check_own_header(file, number, header, names):
    rule = rule_of(file.folder, MAY_INCLUDE)
    folder, _, base = header.rpartition("/")
    if header not in names:
        yield file.name, number, f'"{header}" is not in the tree; own headers are included by their full path.'
    elif not header.endswith(".h"):
        yield file.name, number, f'"{header}" is not a header.'
    elif folder == file.folder:
        return
    elif rule is None or not starts_with_any(header, MAY_INCLUDE[rule]):
        yield file.name, number, f"{rule or file.folder} may not include {folder}."
    elif re.search(r"_(internal|private)\.h$", base) and not file.is_test:
        yield file.name, number, f"'{base}' is private to {folder}."
    elif header.startswith("api/cli/") and not file.is_test:
        yield file.name, number, "nobody includes api/cli."


def check_includes(file, names):
    own = file.name[:-2] + ".h"
    is_first = True
    for number, is_system, header in file.includes():
        if is_system:
            yield from check_library(file, number, header)
            if header.startswith(tuple(folder + "/" for folder in C_FOLDERS)):
                yield file.name, number, f'hanok\'s own headers are included with quotes: "{header}".'
        else:
            yield from check_own_header(file, number, header, names)
            if header == "engine/base/json.h" and starts_with_any(file.name, NO_JSON):
                yield file.name, number, "JSON does not reach states and decisions; pass structs."
        is_private = header.startswith(file.folder + "/") and header.endswith(("_internal.h", "_private.h"))
        if is_first and file.name.endswith(".c") and own in names and header != own and not is_private:
            yield file.name, number, f'a file includes its own header first: "{own}".'
        is_first = False


def functions(file):
    """(name, first line, last line) of each function body."""
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", blank, file.code, flags=re.MULTILINE)
    depth, begin, opened, is_body = 0, 0, 0, False
    for found in re.finditer(r"[{};]", code):
        position, character = found.start(), found.group()
        if character == "{":
            if depth == 0:
                head = code[begin:position]
                is_body = "=" not in head and re.search(r"\)\s*$", head) is not None
                opened = begin + len(head) - len(head.lstrip())
            depth += 1
        elif character == "}":
            depth = max(depth - 1, 0)
            if depth == 0 and is_body:
                name = re.search(r"(\w+)\s*\(", code[opened:])
                yield name.group(1) if name else "?", file.line_at(opened), file.line_at(position)
        if depth == 0:
            begin = position + 1


def read_long_functions(root):
    """path function lines  # reason"""
    listed = {}
    path = root / LONG_FUNCTIONS
    if path.exists():
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            words = line.partition("#")[0].split()
            if words:
                listed[(words[0], words[1])] = (int(words[2]), number)
    return listed


def check_functions(files, listed):
    seen = {}
    for file in files:
        for name, first, last in functions(file):
            length, key = last - first + 1, (file.name, name)
            seen[key] = max(length, seen.get(key, 0))
            if key not in listed and length > MAX_FUNCTION_LINES:
                yield file.name, first, f"{name} has {length} lines; {MAX_FUNCTION_LINES} are the limit."
            elif key in listed and length > listed[key][0]:
                yield file.name, first, f"{name} grew from {listed[key][0]} to {length} lines; it may only shrink."
    for key, (length, number) in listed.items():
        now = seen.get(key, 0)
        if now <= MAX_FUNCTION_LINES:
            yield LONG_FUNCTIONS, number, f"{key[1]} of {key[0]} is long no more: take it off the list."
        elif now < length:
            yield LONG_FUNCTIONS, number, f"{key[1]} of {key[0]} has {now} lines now: write that, so that it stays so."


def check_sizes(file):
    if len(file.lines) - 1 > MAX_FILE_LINES:
        yield file.name, MAX_FILE_LINES, f"the file has {len(file.lines) - 1} lines; {MAX_FILE_LINES} are the limit."
    limit = MAX_PYTHON_COLUMNS if file.name.endswith(".py") else MAX_COLUMNS
    for number, line in enumerate(file.lines, 1):
        if len(line) > limit:
            yield file.name, number, f"the line has {len(line)} columns; {limit} are the limit."


def check_calls(file):
    if file.is_test or file.name.startswith("engine/base/"):
        return
    for found in re.finditer(r"(?<![\w.>])(\w+)\s*\(", file.code):
        banned = BANNED_CALLS.get(found.group(1))
        if banned and not starts_with_any(file.name, banned[1]):
            yield file.name, file.line_at(found.start()), f"{found.group(1)}() is not called here: {banned[0]}."


def check_words(file):
    if file.name.startswith("tests/tidy/"):
        return # the rules themselves
    for found in OPEN_WORK.finditer(file.text):
        yield file.name, file.line_at(found.start()), f"{found.group(1)} needs the number of an issue: TODO(#12)."
    for found in MACHINE_WORDS.finditer(file.text):
        if file.is_test and found.group().startswith("/home/"):
            continue # made-up homes of made-up users
        yield file.name, file.line_at(found.start()), f"'{found.group()}' names a machine or a registry."
    if file.is_c and not file.is_test:
        for found in SECRET_KEY.finditer(file.text):
            yield file.name, file.line_at(found.start()), f"log key '{found.group(1)}' looks like a secret."


def check_header(file):
    if file.name.endswith(".h") and not file.text.startswith("/*"):
        yield file.name, 1, "a header opens with a comment: what this is, who owns it, which thread may call it."


def check_shared_names(files):
    """hk__ is for one folder: two that use the same name would clash in the linker, or worse, not clash."""
    first = {}
    for file in files:
        if file.is_test:
            continue
        for found in SHARED_NAME.finditer(file.code):
            name = found.group()
            folder = first.setdefault(name, file.folder)
            if folder != file.folder:
                line = file.line_at(found.start())
                yield file.name, line, f"{name} is a name of {folder}; what two folders share is called hk_."


def built_patterns(root, names):
    """Regular expressions of the source files that the CMakeLists.txt files name or glob."""
    patterns = []
    for name in names:
        if name.rpartition("/")[2] != "CMakeLists.txt" and not name.endswith(".cmake"):
            continue
        folder = name.rpartition("/")[0]
        text = re.sub(r"#[^\n]*", "", (root / name).read_text(encoding="utf-8"))
        calls = {}
        for call, first in re.findall(r"^\s*(\w+)\(\s*([\w./-]+)", text, re.MULTILINE):
            calls.setdefault(call, []).append(first)
        for start, body in re.findall(r"^function\((\w+)[^)]*\)(.*?)^endfunction", text, re.MULTILINE | re.DOTALL):
            values = calls.get(start, [])
            body_words = [word for word in re.findall(r"[\w./${}*?-]+\.c\b", body) if "/" in word]
            for value in values:
                patterns += [(folder, re.sub(r"\$\{\w+\}", value, word)) for word in body_words]
            text = text.replace(body, "")
        patterns += [(folder, word) for word in re.findall(r"[\w./${}*?-]+\.c\b", text)]
    expressions = []
    for folder, pattern in patterns:
        pattern = re.sub(r"^\$\{CMAKE_(?:CURRENT_)?SOURCE_DIR\}/", "", pattern)
        if "${" not in pattern:
            full = (folder + "/" if folder else "") + pattern
            expressions.append(re.compile(fnmatch.translate(full).replace(".*", "[^/]*")))
    return expressions


def check_dead(root, files, names):
    included = {header for file in files for _, _, header in file.includes()}
    for name in names: # force-included ones
        if name.endswith("CMakeLists.txt"):
            text = (root / name).read_text(encoding="utf-8").replace("SOURCE_DIR}/", " ")
            included.update(re.findall(r"[\w./-]+\.h\b", text))
    built = built_patterns(root, names)
    for file in files:
        if file.name.endswith(".h") and file.name not in included:
            yield file.name, 1, "nobody includes this header."
        elif file.name.endswith(".c") and not any(expression.match(file.name) for expression in built):
            yield file.name, 1, "no CMakeLists.txt builds this file."


def check(root):
    names = list_files(root)
    known = set(names)
    texts = [
        File(root, name) for name in names
        if name.endswith((".c", ".h", ".py", ".sql", ".cmake", ".yaml", ".yml", ".md", ".sh", ".txt"))
        or name.startswith(("script/", ".ci/"))
    ]  # fmt: skip
    c_files = [file for file in texts if file.is_c and file.name.startswith(C_FOLDERS)]
    yield from check_top_level(root)
    for file in c_files:
        yield from check_includes(file, known)
        yield from check_calls(file)
        yield from check_header(file)
    yield from check_functions([file for file in c_files], read_long_functions(root))
    yield from check_shared_names(c_files)
    for file in texts:
        yield from check_words(file)
        if not file.name.endswith((".md", ".txt", ".yaml", ".yml")):
            yield from check_sizes(file)
    yield from check_dead(root, c_files, names)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    findings = sorted(set(check(root)))
    for name, line, sentence in findings:
        print(f"{name}:{line}: {sentence}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
