"""The right answers are well made (that the tests accept them, answers.py sees, slowly); and each check finds what it is there for."""
import contextlib
import io
import unittest
import unittest.mock

import answers
from tree import CourseTest

WAKER = "solutions/02-waker/rt/waker.hpp"
TEST = "tests/02-waker/02.1-clone.cpp"
PATCH = "tests/02-waker/answers/two.patch"

SOLUTION = "int one() {\n    return 1;\n}\n"
HEAD = "answer: one by another way\nstep: 02.1\n\n"
DIFF = "--- a/{0}\n+++ b/{0}\n@@ -1,3 +1,3 @@\n int one() {{\n-    return 1;\n+    return 2 - 1;\n }}\n".format(WAKER)


class TheCourse(CourseTest):
    def test_each_is_well_made(self):
        self.assertTrue(answers.all_answers())
        for check in (answers.headings, answers.steps, answers.applies):
            self.assert_clean(check())


class EachCheckCatches(CourseTest):
    def answer(self, head: str = HEAD, diff: str = DIFF, solution: str = SOLUTION, name: str = PATCH):
        return self.tree(**{WAKER: solution, TEST: "", name: head + diff})

    def test_a_good_one_passes(self):
        for check in (answers.headings, answers.steps, answers.applies):
            self.assert_clean(check(self.answer()))

    def test_a_heading_that_is_missing(self):
        self.assert_caught(answers.headings(self.answer(HEAD.replace("answer:", "mistake:"))), "one line each of answer, step")

    def test_another_suffix(self):
        self.assert_caught(answers.headings(self.answer(name=PATCH.replace(".patch", ".diff"))), "is a .patch")

    def test_a_step_that_does_not_exist(self):
        self.assert_caught(answers.steps(self.answer(HEAD.replace("02.1", "02.7"))), "no test of step '02.7'")

    def test_a_solution_that_has_changed(self):
        self.assert_caught(answers.applies(self.answer(solution=SOLUTION.replace("1", "3"))), "does not fit")


class Refused(unittest.TestCase):
    def verdict(self, statuses: list, complaint: str = "") -> str:
        (one, *_) = answers.all_answers()
        commands = [["test", f"case {number}"] for number in range(len(statuses))]
        outcomes = [(status, "what it said") for status in statuses]
        with unittest.mock.patch.multiple(answers.mistakes, make_variant=lambda *_: complaint, cases=lambda *_: commands,
                                          run_case=unittest.mock.Mock(side_effect=outcomes)):
            return answers.refused(one, None)

    def test_all_cases_must_pass(self):
        self.assertEqual(self.verdict([0, 0]), "")
        self.assertIn("refused by 'case 1'\nwhat it said", self.verdict([0, 1]))
        self.assertIn("refused by 'case 0'", self.verdict([None]))        # it took too long

    def test_what_does_not_compile_is_refused(self):
        self.assertEqual(self.verdict([0], "does not compile: x"), "does not compile: x")

    def test_one_that_is_refused_is_the_status(self):
        for problem, status, word in (("", 0, "accepted"), ("refused by 'x'", 1, "REFUSED")):
            said = io.StringIO()
            with unittest.mock.patch.object(answers, "refused", lambda *_: problem), \
                    unittest.mock.patch.object(answers.kit, "harness", lambda *_: None), contextlib.redirect_stdout(said):
                self.assertEqual(answers.main(["01"]), status)
            self.assertIn(word, said.getvalue())


if __name__ == "__main__":
    unittest.main()
