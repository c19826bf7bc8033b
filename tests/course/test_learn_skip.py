"""./learn skip: the holes of one step are the solution's, everything else stays the learner's, and there is a way back."""
import unittest
from unittest import mock

import sources  # where tools/learn is found
from tree import CourseTest

import mine
import panels
import skip
from console import Stop
from lessons import Step
from progress import Progress

STARTER = """int ring() {
    // TODO(02.1) Ring.
    todo("02.1 ring");
}
int rings() {
    begin();
    // TODO(02.1) Count.
    todo("02.1 count");
    trace();
    // TODO(02.2) Say it.
    todo("02.2 say it");
}
"""
SOLVED = """int ring() {
    return 1;
}
int rings() {
    begin();
    int const count = 1;
    trace();
    return count;
}
"""
HEADER = "02-waker/rt/waker.hpp"
ONE, TWO = Step("02-waker", "02.1", ""), Step("02-waker", "02.2", "")


class Skips(CourseTest):
    def setUp(self):
        self.root = self.tree(**{f"lessons/{HEADER}": STARTER, f"solutions/{HEADER}": SOLVED})
        for name, value in (("ROOT", self.root), ("MINE", self.root / "mine"), ("KEPT", self.root / "mine/.kept")):
            patch = mock.patch.object(mine, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.file = self.root / "mine" / HEADER
        self.progress = Progress(self.root / "mine/progress.txt")

    def learner(self, text: str) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(text)

    def assert_refused(self, words: str, call, step: Step) -> None:
        before = self.file.read_text() if self.file.exists() else ""
        with self.assertRaisesRegex(Stop, words):
            call(self.progress, step)
        self.assertEqual(self.file.read_text() if self.file.exists() else "", before)

    def test_all_holes_of_the_step_and_no_other(self):
        self.learner(STARTER)
        skip.skip(self.progress, ONE)
        self.assertEqual(self.file.read_text(), SOLVED.replace("    return count;\n", "".join(STARTER.splitlines(True)[9:11])))
        self.assertIn("skip 02.1\n", self.progress.text())
        skip.undo(self.progress, ONE)
        self.assertEqual(self.file.read_text(), STARTER)
        self.assertNotIn("skip", self.progress.text())

    def test_what_the_learner_wrote_stays_and_comes_back(self):
        begun = STARTER.replace('    todo("02.1 count");\n', "    int count = 0;\n    count += 2;\n").replace("begin();", "more();\n    begin();")
        text = "// mine\n" + begun + "int also_mine();\n"
        self.learner(text)
        skip.skip(self.progress, ONE)
        filled = self.file.read_text()
        for line in ("// mine\n", "    more();\n", "int also_mine();\n", "    int const count = 1;\n", 'todo("02.2 say it")'):
            self.assertIn(line, filled)
        self.assertNotIn("count += 2", filled)
        self.file.write_text(filled.replace("also_mine", "changed_later"))
        skip.undo(self.progress, ONE)
        self.assertEqual(self.file.read_text(), text.replace("also_mine", "changed_later"))

    def test_a_changed_line_beside_the_hole_belongs_to_it(self):
        self.learner(STARTER.replace("int ring() {\n", "int ring() { int lost = 0;\n").replace('    todo("02.1 ring");\n', ""))
        skip.skip(self.progress, ONE)
        self.assertTrue(self.file.read_text().startswith("int ring() {\n    return 1;\n}\nint rings() {\n"), self.file.read_text())

    def test_where_it_makes_no_sense(self):
        self.assert_refused("is not open yet. Open it with: ./learn goto 02", skip.skip, ONE)
        self.learner("int nothing_of_the_starter();\n")
        self.assert_refused("has changed too much around 02.1", skip.skip, ONE)
        self.assert_refused("02.1 was not skipped. There is nothing to undo.", skip.undo, ONE)
        self.learner(STARTER)
        self.progress.mark("02-waker", "02.1", True)
        self.assert_refused("02.1 is green already. There is nothing to skip.", skip.skip, ONE)
        skip.skip(self.progress, TWO)
        self.assert_refused("02.2 is skipped already. To fill it yourself: ./learn skip 02.2 --undo", skip.skip, TWO)
        self.learner(STARTER)
        self.assert_refused("no longer holds the lines that skip wrote. Your own lines are in ", skip.undo, TWO)

    def test_the_list_says_so(self):
        self.progress.skipped.add("02.2")
        self.assertIn("02-waker             0 of 3, 02.2 skipped", "\n".join(panels.list_lines(self.progress)))


if __name__ == "__main__":
    unittest.main()
