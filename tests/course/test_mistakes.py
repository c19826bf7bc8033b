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
PAGE = "tests/02-waker/mistakes.md"

SOLUTION = "int one() {\n    return 1;\n}\nint also() {\n    return 1;\n}\n"
CASE = 'TEST_SUITE("02.1 clone") {\nTEST_CASE("one is "\n    "one") {}\n}\n'
TEXT = f"""# Lesson 02

## Mistakes

### two

Step 02.1. "More is
better."

```diff
--- {WAKER}
 int one() {{
-    return 1;
+    return 2;
 }}
```

> one is one

## Right answers that are not the solution's

### difference

Step 02.1. A subtraction.

```diff
diff --git a/{WAKER} b/{WAKER}
--- a/{WAKER}
+++ b/{WAKER}
@@ -1,3 +1,3 @@
 int one() {{
-    return 1;
+    return 2 - 1;
 }}
@@ -4,3 +4,3 @@ int one() {{
 int also() {{
-    return 1;
+    return 3 - 2;
```
"""


class TheCourse(CourseTest):
    def test_each_is_well_made(self):
        self.assert_clean(mistakes.complaints())

    def test_there_are_enough(self):
        lessons = registered_lessons()
        self.assert_clean(mistakes.too_few(3, lessons[:5]))
        self.assert_clean(mistakes.too_few(2, lessons[5:]))


class EachCheckCatches(CourseTest):
    def page(self, old: str = "", new: str = "", solution: str = SOLUTION):
        self.assertIn(old, TEXT)
        return self.tree(**{WAKER: solution, TEST: CASE, PAGE: TEXT.replace(old, new, 1)})

    def caught(self, old: str, new: str, words: str) -> None:
        self.assert_caught(mistakes.complaints(self.page(old, new)), words)

    def test_a_good_page_passes_and_its_diffs_apply(self):
        root = self.page()
        self.assert_clean(mistakes.complaints(root))
        two, difference = mistakes.all_answers(root)
        self.assertEqual((two.name, two.step, two.thinking, two.says, two.is_right),
                         ("02-waker/two", "02.1", '"More is better."', "one is one", False))
        self.assertTrue(difference.is_right)
        mistakes.apply(difference, root / "copy", root)
        self.assertEqual((root / "copy" / WAKER).read_text(),
                         "int one() {\n    return 2 - 1;\n}\nint also() {\n    return 3 - 2;\n}\n")

    def test_an_entry_of_another_form(self):
        self.caught("Step 02.1. A", "A", "an entry is `Step NN.s.")
        self.caught("> one is one\n", "", "an entry is `Step NN.s.")
        self.caught("### two", "### Two!", "small letters and hyphens")
        self.caught("Step 02.1. A", "Step 02.7. A", "no test of step '02.7'")
        self.caught("Step 02.1. A", "Step 03.1. A", "no test of step '03.1' in its lesson")

    def test_a_diff_that_does_not_fit(self):
        self.caught("-    return 1;", "-    return 3;", "don't occur in the file one after the other: return 3;")
        self.caught(" int one() {\n", "", "occur 2 times in the file")
        self.caught(WAKER, TEST, "its diff names no file")
        self.caught(WAKER, WAKER + "x", "there is no " + WAKER + "x")

    def test_a_sentence_that_nothing_prints(self):
        self.caught("> one is", "> two is", "can say 'two is one'")

    def test_a_sentence_of_a_header(self):
        self.assert_clean(mistakes.complaints(self.page("> one is one", "> kept no waker", SOLUTION + '// "kept no waker"\n')))

    def test_too_few(self):
        self.assert_clean(mistakes.too_few(1, ["02-waker"], self.page()))
        self.assert_caught(mistakes.too_few(2, ["02-waker"], self.page()), "1 mistakes; there must be 2")


class Judge(CourseTest):
    """What the tests did, and what is made of it."""

    def verdict(self, slug: str, *outcomes: tuple) -> str:
        (answer,) = [one for one in mistakes.all_answers(self.tree(**{PAGE: TEXT})) if one.slug == slug]
        with unittest.mock.patch.multiple(mistakes, build=lambda *_: "", cases=lambda *_: [["test", "case"]] * len(outcomes)), \
                unittest.mock.patch("kit.run", side_effect=outcomes):
            return mistakes.judge(answer).problem

    def test_a_mistake_is_caught_by_a_failing_case_that_says_so(self):
        self.assertEqual(self.verdict("two", (0, "one is one"), (1, "ERROR: one is one")), "")
        self.assertEqual(self.verdict("two", (0, "one is one")), "no test notices")
        self.assertIn("does not say so", self.verdict("two", (1, "something else")))
        self.assertIn("more than 5 s", self.verdict("two", (None, "one is one")))

    def test_a_right_answer_must_pass_every_case(self):
        self.assertEqual(self.verdict("difference", (0, ""), (0, "")), "")
        self.assertIn("refused by 'case'", self.verdict("difference", (0, ""), (1, "")))
        self.assertIn("refused by 'case'", self.verdict("difference", (None, "")))

    def test_the_first_of_each_step(self):
        answers = [mistakes.Answer(None, slug, is_right, step) for slug, is_right, step in
                   (("a", False, "02.1"), ("b", False, "02.1"), ("c", False, "02.2"), ("d", True, "02.1"), ("e", False, "02.1"))]
        self.assertEqual([one.slug for one in mistakes.first_of_each_step(answers, 2)], ["a", "b", "c", "d"])

    def test_a_survivor_is_the_status(self):
        for problem, status in (("", 0), ("no test notices", 1)):
            with unittest.mock.patch.object(mistakes, "judge", lambda answer: mistakes.Verdict(answer, problem, "", 0.1)), \
                    unittest.mock.patch("kit.harness"), contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(mistakes.main(["07", "-j2"]), status)


if __name__ == "__main__":
    unittest.main()
