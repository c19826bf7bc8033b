"""No header makes a program twice as long as its budget says: bench/build_budget.json."""
import json
import re
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

from sources import ROOT
from tree import CourseTest

sys.path.insert(0, str(ROOT / "bench"))

from run import header_weight, source_weight    # noqa: E402
from run.header_weight import Weight, complaints, weight_of_text    # noqa: E402

POLL = "solutions/01-poll/rt/poll.hpp"
WAKER = "solutions/02-waker/rt/waker.hpp"


class TheCourse(CourseTest):
    def test_headers_keep_their_budget(self):
        self.assert_clean(complaints(header_weight.weigh_all(), header_weight.budget()))

    def test_the_budget_names_headers_that_exist(self):
        gone = set(header_weight.budget()) - set(header_weight.headers())
        self.assertEqual(gone, set(), "python3 -B bench/run/header_weight.py write")


    def test_tests_and_the_clean_build_keep_theirs(self):
        self.assert_clean(source_weight.complaints(source_weight.weigh_all(), source_weight.budget()))


class Sources(CourseTest):
    def test_are_found_by_their_step(self):
        root = self.tree(**{"tests/01-poll/01.1-a.cpp": "int a;\n", "tests/01-poll/01.1-b.cpp": "int b;\n",
                            "solutions/01-poll/main.cpp": "#include <string>\n", "tests/support/main.cpp": "int c;\n"})
        self.assertEqual({name: len(paths) for name, paths in source_weight.sources(root).items()},
                         {"01.1": 2, "programs": 1, "harness": 1})
        found = source_weight.weigh_all(root=root)
        self.assertEqual((found["programs"], found["clean build"]), (1, 1))

    def test_twice_is_allowed_and_more_is_not(self):
        self.assert_clean(source_weight.complaints({"01.1": 4.0}, {"01.1": 2.0}))
        self.assert_caught(source_weight.complaints({"01.1": 4.1}, {"01.1": 2.0}), "01.1 gives the compiler 4.1 times as much")
        self.assert_caught(source_weight.complaints({"01.2": 1.0}, {"01.1": 2.0}), "01.2 has no budget yet")


class Weighing(CourseTest):
    def test_lines_are_counted_by_whose_they_are(self):
        text = '# 1 "/c/poll.hpp"\nint a;\n\n# 1 "/usr/x" 1 3\nint b;\nint c;\n#pragma x\n# 3 "/c/poll.hpp" 2\nint d;\n'
        self.assertEqual(weight_of_text(text, "/c"), Weight(ours=2, whole=4))

    def test_a_header_and_what_it_includes(self):
        root = self.tree(**{POLL: "#pragma once\n// a word\nint a;\n\nint b;\n",
                            WAKER: "#pragma once\n#include <cstddef>\n#include <rt/poll.hpp>\nint c;\n"})
        (root / "solutions/00-provided/rt").mkdir(parents=True)
        found = header_weight.weigh_all(root=root)
        self.assertEqual({name: ours for name, (ours, _) in found.items()}, {"rt/poll.hpp": 2, "rt/waker.hpp": 3})
        self.assertLess(found["rt/poll.hpp"][1], found["rt/waker.hpp"][1])

    def test_asio_is_not_weighed(self):
        root = self.tree(**{POLL: "#include <asio/post.hpp>\n", WAKER: "#if PBP_HAS_ASIO\n#include <asio/post.hpp>\n#endif\n"})
        self.assertEqual(list(header_weight.headers(root)), ["rt/waker.hpp"])

    def test_what_cannot_be_preprocessed(self):
        root = self.tree(**{POLL: "#include <rt/gone.hpp>\n"})
        with self.assertRaisesRegex(RuntimeError, "could not be preprocessed"):
            header_weight.weigh_all(root=root)


class Complaints(CourseTest):
    def test_twice_is_allowed_and_more_is_not(self):
        self.assert_clean(complaints({"rt/poll.hpp": (400, 4.0)}, {"rt/poll.hpp": (200, 2.0)}))
        self.assert_caught(complaints({"rt/poll.hpp": (401, 4.0)}, {"rt/poll.hpp": (200, 2.0)}),
                           "<rt/poll.hpp> brings 401 lines of the course's headers into a program, more than twice the 200")
        self.assert_caught(complaints({"rt/poll.hpp": (400, 4.1)}, {"rt/poll.hpp": (200, 2.0)}),
                           "<rt/poll.hpp> makes a program 4.1 times as long as <string> does")

    def test_it_says_what_to_do(self):
        said = complaints({"rt/poll.hpp": (401, 1.0)}, {"rt/poll.hpp": (200, 1.0)})[0]
        command = re.search(r"run python3 -B (\S+) write", said).group(1)
        self.assertTrue((ROOT / command).exists())

    def test_a_light_header_may_grow(self):
        self.assert_clean(complaints({"rt/poll.hpp": (90, 0.45)}, {"rt/poll.hpp": (20, 0.1)}))
        self.assert_caught(complaints({"rt/poll.hpp": (101, 0.5)}, {"rt/poll.hpp": (20, 0.1)}), "<rt/poll.hpp> brings 101 lines")
        self.assert_caught(complaints({"rt/poll.hpp": (100, 0.51)}, {"rt/poll.hpp": (20, 0.1)}), "0.51 times as long")

    def test_the_page_names_what_is_light(self):
        page = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
        self.assertIn(f"{header_weight.LIGHT[0]} lines and {header_weight.LIGHT[1]:g} × `<string>`", " ".join(page.split()))

    def test_a_new_header_needs_a_budget(self):
        self.assert_caught(complaints({"rt/new.hpp": (5, 0.1)}, {"rt/poll.hpp": (200, 2.0)}), "<rt/new.hpp> has no budget yet")

    def test_write_takes_it_anew(self):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "budget.json")
            with unittest.mock.patch.object(header_weight, "BUDGET", place), \
                    unittest.mock.patch.object(header_weight, "weigh_all", lambda: {"rt/poll.hpp": (114, 1.92)}):
                header_weight.main(["write"])
                self.assertEqual(header_weight.budget(), {"rt/poll.hpp": (114, 1.92)})
            self.assertEqual(json.loads(place.read_text()), {"rt/poll.hpp": [114, 1.92]})

    def test_the_command_refuses_what_it_does_not_know(self):
        run = subprocess.run([sys.executable, "-B", ROOT / "bench/run/header_weight.py", "kettle"], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr), (2, "header_weight.py: say nothing, or write\n"))


if __name__ == "__main__":
    unittest.main()
