"""The mistakes are well made (that the tests catch them, mistakes.py sees, slowly); and each check finds what it is there for."""
import contextlib
import io
import unittest
import unittest.mock

import mistakes
from names import registered_lessons
from tree import CourseTest

WAKER = "solutions/02-waker/rt/waker.hpp"
TEST = "tests/02-waker/02.1-clone.cpp"
PATCH = "tests/02-waker/mistakes/clone.patch"

SOLUTION = "int one() {\n    return 1;\n}\n"
CASE = 'TEST_SUITE("02.1 clone") {\nTEST_CASE("one is "\n    "one") {}\n}\n'
HEAD = "mistake: two\nstep: 02.1\nsays: one is one\n\n"
DIFF = "--- a/{0}\n+++ b/{0}\n@@ -1,3 +1,3 @@\n int one() {{\n-    return 1;\n+    return 2;\n }}\n".format(WAKER)


class TheCourse(CourseTest):
    def test_each_has_its_headings(self):
        self.assert_clean(mistakes.headings())

    def test_each_is_of_a_step(self):
        self.assert_clean(mistakes.steps())

    def test_each_fits_the_solutions(self):
        self.assert_clean(mistakes.applies())

    def test_each_sentence_can_be_said(self):
        self.assert_clean(mistakes.sentences())

    def test_there_are_enough(self):
        lessons = registered_lessons()
        self.assert_clean(mistakes.at_least(3, lessons[:5]))
        self.assert_clean(mistakes.at_least(2, [lesson for lesson in lessons[5:] if lesson != "19-runtimes"]))


class EachCheckCatches(CourseTest):
    def mistake(self, head: str = HEAD, diff: str = DIFF, solution: str = SOLUTION, name: str = PATCH):
        return self.tree(**{WAKER: solution, TEST: CASE, name: head + diff})

    def test_a_good_one_passes(self):
        root = self.mistake()
        for check in (mistakes.headings, mistakes.steps, mistakes.applies, mistakes.sentences):
            self.assert_clean(check(root))

    def test_a_heading_that_is_missing(self):
        self.assert_caught(mistakes.headings(self.mistake(HEAD.replace("mistake:", "error:"))), "one line each of mistake")

    def test_no_diff(self):
        self.assert_caught(mistakes.headings(self.mistake(diff="")), "above the diff")

    def test_another_suffix(self):
        self.assert_caught(mistakes.headings(self.mistake(name=PATCH.replace(".patch", ".diff"))), "is a .patch")

    def test_a_step_that_does_not_exist(self):
        self.assert_caught(mistakes.steps(self.mistake(HEAD.replace("02.1", "02.7"))), "no test of step '02.7'")

    def test_a_step_of_another_lesson(self):
        root = self.mistake(name="tests/03-future/mistakes/clone.patch")
        self.assert_caught(mistakes.steps(root), "no test of step '02.1' in its lesson")

    def test_a_solution_that_has_changed(self):
        self.assert_caught(mistakes.applies(self.mistake(solution=SOLUTION.replace("1", "3"))), "does not fit")

    def test_a_patch_of_something_else(self):
        root = self.mistake(diff=DIFF.replace(WAKER, TEST), solution="")
        (root / TEST).write_text(SOLUTION)
        self.assert_caught(mistakes.applies(root), "which is no solution")

    def test_a_sentence_that_nobody_says(self):
        self.assert_caught(mistakes.sentences(self.mistake(HEAD.replace("one is", "two is"))), "can say 'two is one'")

    def test_a_sentence_of_a_header(self):
        root = self.mistake(HEAD.replace("one is one", "kept no waker"), solution=SOLUTION + '// "kept no waker"\n')
        self.assert_clean(mistakes.sentences(root))

    def test_too_few(self):
        self.assert_clean(mistakes.at_least(1, ["02-waker"], self.mistake()))
        self.assert_caught(mistakes.at_least(2, ["02-waker"], self.mistake()), "1 mistakes; there are to be 2")

    def test_the_case_that_knows_the_sentence(self):
        root = self.mistake(HEAD.replace("one is one", "is not one"))
        text = CASE.replace("{}\n}", "{ CHECK_MESSAGE(two(), \"it \"\n\"is not one\"); }\nTEST_CASE(\"two\") {}\n}")
        (root / TEST).write_text(text)
        (mistake,) = mistakes.all_mistakes(root)
        self.assertEqual(mistakes.cases_that_know(mistake, root), ["one is one"])

    def slow_check(self, problem: str) -> tuple:
        """Its exit status and its last line, for one mistake with that verdict."""
        found = mistakes.all_mistakes(self.mistake())
        verdict = mistakes.Verdict(found[0], problem, "", 0.1)
        said = io.StringIO()
        with unittest.mock.patch.multiple(mistakes, all_mistakes=lambda: found,
                                          judge=lambda mistake, made, unchanged: verdict), \
                unittest.mock.patch("kit.harness"), contextlib.redirect_stdout(said):
            return mistakes.main(["02", "-j2"]), said.getvalue().splitlines()[-1]

    def test_a_survivor_fails_the_slow_check(self):
        self.assertEqual(self.slow_check(""), (0, "1 mistakes: 1 caught, 0 not"))
        self.assertEqual(self.slow_check("no test notices"), (1, "1 mistakes: 0 caught, 1 not"))


if __name__ == "__main__":
    unittest.main()
