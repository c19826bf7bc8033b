"""The paths through the lessons: what book/paths.txt may say, what comes next, what is filled on the way."""
import unittest
from unittest import mock

import sources  # where tools/learn is found
from tree import CourseTest

import lessons
import mine
import panels
import paths
from console import Stop
from progress import Progress

PATHS = ("path    its lessons    at its end\n"
         "whole   01 02 03  all\n"
         "short   01 03 -03.2  some\n")


class TheCourse(CourseTest):
    def test_paths_name_lessons_and_steps_that_there_are(self):
        known = {name[:2]: name for name in lessons.all_lessons()}
        for path, words in paths.read().items():
            on_it = [word for word in words if not word.startswith("-")]
            self.assertEqual(on_it, sorted(on_it), path)
            self.assertLessEqual(set(on_it), set(known), path)
            for step in (word[1:] for word in words if word.startswith("-")):
                self.assertIn(step, [one.id for one in lessons.steps_of(known[step[:2]])], path)
        self.assertEqual(paths.read()["whole"], list(known))
        self.assertIn("server", paths.read())


class OnAPath(CourseTest):
    def setUp(self):
        names = ("01-poll", "02-waker", "03-future")
        self.root = self.tree(**{"book/paths.txt": PATHS, **{f"lessons/{name}/main.cpp": "{\n// TODO(03.2) x\n}\n" for name in names},
                                 **{f"solutions/{name}/main.cpp": "{\nsolved();\n}\n" for name in names},
                                 "tests/03-future/03.2-a.cpp": 'TEST_SUITE("03.2 a")'})
        for module, name, value in ((lessons, "ROOT", self.root), (mine, "ROOT", self.root), (mine, "MINE", self.root / "mine"),
                                    (mine, "KEPT", self.root / "mine/.kept")):
            patch = mock.patch.object(module, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        everything = paths.read(self.root / "book/paths.txt")
        patch = mock.patch.object(paths, "read", lambda: everything)
        patch.start()
        self.addCleanup(patch.stop)
        self.progress = Progress(self.root / "mine/progress.txt")

    def test_what_comes_next(self):
        self.assertEqual([paths.after("whole", name) for name in lessons.all_lessons()], ["02-waker", "03-future", ""])
        self.assertEqual([paths.after("short", name) for name in lessons.all_lessons()], ["03-future", "03-future", ""])
        self.assertEqual(paths.lessons_on("no such path"), lessons.all_lessons())
        with self.assertRaisesRegex(Stop, "There is no path 'long'. Name one of these: whole, short."):
            paths.chosen("long")

    def test_a_new_copy_has_what_its_path_leaves_out(self):
        self.progress.route = "short"
        copy = paths.open_on_path(self.progress, "03-future")
        self.assertEqual((copy / "main.cpp").read_text(), "{\nsolved();\n}\n")
        self.assertIn("path short\n", self.progress.text())
        self.assertIn("skip 03.2\n", self.progress.text())
        (copy / "main.cpp").write_text("{\nmine();\n}\n")
        paths.open_on_path(self.progress, "03-future")
        self.assertEqual((copy / "main.cpp").read_text(), "{\nmine();\n}\n")
        lines = "\n".join(panels.list_lines(self.progress))
        self.assertRegex(lines, "02-waker +0 of 0, not on your path")
        self.assertRegex(lines, "03-future +0 of 1, 03.2 skipped$|03-future +0 of 1, 03.2 skipped\n")


if __name__ == "__main__":
    unittest.main()
