"""What is shown for the commonest compile errors, in our own words; and what is shown for builds that fail otherwise."""
import re
import unittest

from sources import ROOT
from tree import CourseTest

import compile_advice
import compile_errors
import diagnose
from lessons import shown


class Shown(CourseTest):
    def test_each_gets_its_advice(self):
        self.assertGreaterEqual(len(compile_errors.entries()), 50)
        if not compile_errors.present():
            self.skipTest("neither g++ nor clang++ is here")
        self.assert_clean(compile_errors.problems())


class OtherFailures(CourseTest):
    def first(self, text: str) -> str:
        return diagnose.explain(text, [ROOT / "mine/01-poll"])[0][0]

    def test_each_is_one_sentence(self):
        self.assertIn("no space left", self.first("ninja: error: WriteFile(x): No space left on device"))
        self.assertIn("read-only", self.first("ninja: error: opening build log: Read-only file system"))
        self.assertEqual(self.first("main.cpp:(.text+0x1): undefined reference to `rt::ring()'\ncollect2: error"),
                         "rt::ring() is called but never defined. Write its body.")
        self.assertIn("defined twice", self.first("ld: a.o: multiple definition of `rt::ring()'; b.o: first defined here"))
        self.assertIn("compiler itself crashed", self.first("x.cpp: internal compiler error: Segmentation fault"))

    def test_a_lock_that_is_a_variable(self):
        """g++ says nothing of it."""
        words = "parentheses were disambiguated as redundant parentheses around declaration of variable named 'mutex_'"
        self.assertIn("Give the lock a name", compile_advice.advice_on(words, "Lock(mutex_);"))

    def test_what_is_unknown_is_shown_as_it_is(self):
        self.assertEqual(diagnose.explain("FAILED: x\n[1/2] y\nCMake Error at z:1:\n  no such thing\n", [])[0],
                         ["CMake Error at z:1:", "  no such thing"])

    def test_the_learners_error_comes_before_others(self):
        text = ("/usr/include/x.hpp:1:1: error: noise\n" + f"{ROOT}/mine/01-poll/rt/poll.hpp:3:2: error: expected ';'\n")
        lines, place = diagnose.explain(text, [ROOT / "mine/01-poll"])
        self.assertEqual((lines[0], shown(place[0]), place[1]), ("expected ';'", "mine/01-poll/rt/poll.hpp", 3))

    def test_an_error_in_a_test_says_who_asked(self):
        text = ("/c/future.hpp:9:1: error: no kettle\n/c/tests/03.cpp:7:1: note: in instantiation of function template\n")
        self.assertEqual(diagnose.explain(text, [])[0], ["no kettle", "  asked for by /c/tests/03.cpp:7"])

    def test_inner_names_are_shortened(self):
        for noise, short in (("std::remove_reference<std::optional<int>&>::type", "std::optional<int>"),
                             ("std::unique_ptr<_Tp, _Dp>", "std::unique_ptr<T>"),
                             ("std::unique_ptr<int, std::default_delete<int> >", "std::unique_ptr<int>"),
                             ("rt::Poll<std::optional<int> >", "rt::Poll<std::optional<int>>"),
                             ("rt::SteppedTask*, detail::SteppedTaskYielding<int>", "rt::Task*, detail::TaskYielding<int>"),
                             ("make_stepped_task(SteppedRunnable, SeenLock)", "make_task(Runnable, Lock)"),
                             ("(DOCTEST_ANON_SUITE_2::DOCTEST_ANON_FUNC_3()::<lambda(int)>) (int)", "<lambda(int)> (int)")):
            self.assertEqual(diagnose.tidy(noise), short)

    def test_what_a_test_puts_in_place_of_a_class_has_its_name(self):
        for file in sorted((ROOT / "tests").glob("[0-9]*/*.[ch]pp")):
            for name, other in re.findall(r"^ *#define (\w+) (\w+)$", file.read_text(encoding="utf-8"), re.M):
                self.assertEqual(diagnose.tidy(f"rt::{other}&"), f"rt::{name}&", file.name)

    def test_only_the_learners_own_warnings_count(self):
        text = "/usr/include/x.hpp:1:1: warning: noise\n" + f"{ROOT}/mine/01-poll/rt/poll.hpp:3:2: warning: unused [-Wunused]\n"
        self.assertEqual(diagnose.first_warning(text, [ROOT / "mine/01-poll"]).words, "unused")
        self.assertIsNone(diagnose.first_warning(text, [ROOT / "mine/02-waker"]))


if __name__ == "__main__":
    unittest.main()
