"""Tests of tidy.py on tiny trees: each rule finds its mistake and lets the right thing pass."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tidy  # noqa: E402

CMAKE = "file(GLOB files CONFIGURE_DEPENDS engine/base/*.c engine/graph/*.c engine/store/*.c)\n"
HEADER = "/* A noun. */\nint noun(void);\n"


def function_of(lines, name="long_one"):
    return f"int {name}(int a)\n{{\n" + "    a++;\n" * (lines - 4) + "    return a;\n}\n"


class TidyTest(unittest.TestCase):
    def findings(self, files, cmake=CMAKE):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {"CMakeLists.txt": cmake, **files}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return [f"{name}:{line}: {sentence}" for name, line, sentence in sorted(set(tidy.check(root)))]

    def assert_finds(self, files, *parts, cmake=CMAKE):
        found = self.findings(files, cmake)
        self.assertEqual(len(found), len(parts), found)
        for line, part in zip(found, parts):
            self.assertIn(part, line)

    def test_a_good_tree_is_silent(self):
        self.assert_finds({
            "engine/base/noun.h": HEADER,
            "engine/base/noun.c": '#include "engine/base/noun.h"\n\n#include <uv.h>\n\n' + function_of(70),
            "engine/store/db.c": '#include <sqlite3.h>\n\n#include "engine/base/noun.h"\n',
        })

    def test_top_level_is_closed(self):
        self.assert_finds({"src/a.txt": ""}, "src:1: the top level is closed")

    def test_folders_look_only_downwards(self):
        self.assert_finds(
            {
                "engine/base/noun.h": HEADER,
                "engine/store/run.h": HEADER,
                "engine/graph/graph.c": '#include "engine/store/run.h"\n#include "engine/base/noun.h"\n',
            },
            "engine/graph/graph.c:1: engine/graph may not include engine/store",
        )

    def test_shared_names_stay_in_their_folder(self):
        self.assert_finds(
            {
                "engine/base/a.c": "void hk__one(void);\nvoid hk__two(void);\n",
                "engine/base/b.c": "/* hk__store is elsewhere */\nvoid hk__one(void);\n",
                "engine/store/c.c": "void hk__store(void);\n\nint i = sizeof hk__two;\n",
            },
            "engine/store/c.c:3: hk__two is a name of engine/base",
        )

    def test_private_headers_stay_in_their_folder(self):
        self.assert_finds(
            {
                "engine/base/noun_internal.h": HEADER,
                "engine/graph/graph.c": '#include "engine/base/noun_internal.h"\n',
            },
            "graph.c:1: 'noun_internal.h' is private to engine/base",
        )

    def test_workers_see_only_the_port_of_the_scheduler(self):
        self.assert_finds(
            {
                "scheduler/executor.h": HEADER,
                "scheduler/tick.h": HEADER,
                "workers/local.c": '#include "scheduler/executor.h"\n#include "scheduler/tick.h"\n',
            },
            "workers/local.c:2: workers may not include scheduler",
            cmake="add_library(workers workers/local.c)\n",
        )

    def test_a_dialect_does_not_know_another(self):
        self.assert_finds(
            {
                "api/http/router.h": HEADER,
                "api/mlflow/run.h": HEADER,
                "api/airflow/dags.c": '#include "api/http/router.h"\n#include "api/mlflow/run.h"\n',
            },
            "api/airflow/dags.c:2: api may not include api/mlflow",
            cmake="add_library(api api/airflow/dags.c)\n",
        )

    def test_libraries_have_their_place(self):
        self.assert_finds(
            {"engine/graph/a.c": "#include <sqlite3.h>\n#include <jansson.h>\n#include <uv.h>\n#include <math.h>\n"},
            "<sqlite3.h> belongs to engine/store/",
            "<jansson.h> belongs to",
            "<uv.h> belongs to",
        )

    def test_includes_are_full_paths_that_exist(self):
        self.assert_finds({"engine/base/a.c": '#include "noun.h"\n'}, '"noun.h" is not in the tree')

    def test_own_header_comes_first(self):
        self.assert_finds(
            {
                "engine/base/noun.h": HEADER,
                "engine/base/noun.c": '#include <stdio.h>\n#include "engine/base/noun.h"\n',
            },
            'noun.c:1: a file includes its own header first: "engine/base/noun.h"',
        )

    def test_an_include_in_a_comment_is_none(self):
        self.assert_finds({"engine/base/a.c": '/*\n#include "gone.h"\n*/\n'})

    def test_long_functions(self):
        self.assert_finds({"engine/base/a.c": function_of(71)}, "a.c:1: long_one has 71 lines")

    def test_listed_functions_may_only_shrink(self):
        listed = {"tests/tidy/long_functions.txt": "engine/base/a.c long_one 80 # a table\n"}
        self.assert_finds({**listed, "engine/base/a.c": function_of(80)})
        self.assert_finds({**listed, "engine/base/a.c": function_of(81)}, "long_one grew from 80 to 81")
        self.assert_finds({**listed, "engine/base/a.c": function_of(75)}, "has 75 lines now")
        self.assert_finds({**listed, "engine/base/a.c": function_of(70)}, "is long no more")

    def test_tables_are_no_functions(self):
        table = "static const int table[] = {\n" + "    1,\n" * 100 + "};\n\n"
        table += "struct s {\n" + "    int a;\n" * 90 + "};\n"
        self.assert_finds({"engine/base/a.c": table})

    def test_long_files_and_lines(self):
        self.assert_finds({"engine/base/a.c": "int a;\n" * 1001}, "the file has 1001 lines")
        self.assert_finds({"engine/base/a.c": "int a; /* " + "x" * 120 + " */\n"}, "a.c:1: the line has 133 columns")

    def test_clock_and_environment_are_arguments(self):
        code = "void f(void)\n{\n    uv_now(l);\n    getenv(n);\n    s->time(1);\n}\n/* time(0) */\n"
        self.assert_finds(
            {"engine/graph/a.c": code, "engine/base/b.c": code}, "a.c:3: uv_now() is not", "a.c:4: getenv() is not",
        )

    def test_open_work_has_a_number(self):
        self.assert_finds({"engine/base/a.c": "/* TODO(#12): x */\n/* TODO: y */\n"}, "a.c:2: TODO needs the number")

    def test_machine_words(self):
        self.assert_finds({"engine/base/a.c": '/* see /root/notes */\n'}, "names a machine")

    def test_secrets_are_not_logged(self):
        self.assert_finds({"engine/base/a.c": 'int a = HK_KEY("admin_password", p);\n'}, "log key 'admin_password'")

    def test_headers_tell_their_story(self):
        self.assert_finds(
            {"engine/base/a.h": "int a;\n", "engine/base/a.c": '#include "engine/base/a.h"\n'}, "a header opens",
        )

    def test_dead_files(self):
        self.assert_finds({"engine/base/a.h": HEADER}, "nobody includes this header")
        self.assert_finds({"workers/a.c": "int a;\n"}, "no CMakeLists.txt builds this file")

    def test_functions_of_cmake_are_followed(self):
        cmake = "function(my_tests folder)\n    file(GLOB f unit/${folder}/test_*.c)\nendfunction()\n"
        cmake += "my_tests(engine/base)\n"
        files = {"tests/CMakeLists.txt": cmake, "tests/unit/engine/base/test_a.c": "int a;\n"}
        self.assert_finds(files)
        self.assert_finds({**files, "tests/unit/other/test_b.c": "int b;\n"}, "other/test_b.c:1: no CMakeLists.txt")


if __name__ == "__main__":
    unittest.main()
