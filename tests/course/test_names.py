"""Names of suites and cases, and no sleeping; and each check finds what it is there for."""
import unittest

import names
from tree import CourseTest

FILE = "tests/05-block-on/05.2-park.cpp"
PROGRAM = "tests/05-block-on/program.py"


class TheCourse(CourseTest):
    def test_suites_and_cases_are_well_named(self):
        self.assert_clean(names.suites_and_cases())

    def test_no_test_sleeps(self):
        self.assert_clean(names.no_sleeps())

    def test_every_folder_is_a_lesson(self):
        self.assert_clean(names.folders_are_lessons())

    def test_there_are_twenty_lessons(self):
        self.assertEqual([name[:2] for name in names.registered_lessons()], [f"{n:02d}" for n in range(1, 21)])


class EachCheckCatches(CourseTest):
    def suite(self, text: str, name: str = FILE) -> list:
        return names.suites_and_cases(self.tree(**{name: text}))

    def test_a_good_file_passes(self):
        self.assert_clean(self.suite('TEST_SUITE("05.2 park") {\nTEST_CASE("wakes") {}\nTEST_CASE("long "\n  "name") {}\n}'))

    def test_a_comma(self):
        self.assert_caught(self.suite('TEST_SUITE("05.2 park") {\nTEST_CASE("one, two") {}\n}'), "holds a comma")

    def test_a_suite_of_another_step(self):
        self.assert_caught(self.suite('TEST_SUITE("05.1 spin") {\nTEST_CASE("one") {}\n}'), "must begin with '05.2 '")

    def test_suites_that_are_no_steps(self):
        for name, suite in (("05.0-given", "05.0 given: a list"), ("05.9-all", "05.9 all together: a crowd"),
                            ("exercise-map", "05 exercise a map")):
            file, good = f"tests/05-block-on/{name}.cpp", f'TEST_SUITE("{suite}") {{\nTEST_CASE("one") {{}}\n}}'
            self.assert_clean(self.suite(good, file))
            self.assert_caught(self.suite(good.replace(suite, suite[:5] + "thing"), file), "must begin with '05")

    def test_a_case_twice(self):
        self.assert_caught(self.suite('TEST_SUITE("05.2 park") {\nTEST_CASE("One") {}\nTEST_CASE("one") {}\n}'), "another case")

    def test_a_case_in_no_suite(self):
        self.assert_caught(self.suite('TEST_CASE("one") {}'), "in no suite")

    def test_a_file_of_another_lesson(self):
        self.assert_caught(self.suite("", "tests/05-block-on/06.1-park.cpp"), "is called 05.s")

    def test_no_case(self):
        self.assert_caught(self.suite('TEST_SUITE("05.2 park") {}'), "has no test case")

    def test_a_sleep(self):
        self.assert_caught(names.no_sleeps(self.tree(**{FILE: "std::this_thread::sleep_for(1ms);\n"})), "park.cpp:1: sleeps")
        self.assert_caught(names.no_sleeps(self.tree(**{PROGRAM: "time.sleep(1)\n"})), "program.py:1: sleeps")

    def test_not_a_sleep(self):
        self.assert_clean(names.no_sleeps(self.tree(**{FILE: "// sleep_for(1)\nrt::sleep(1s); rt::sleep_until(t);\n"})))
        self.assert_clean(names.no_sleeps(self.tree(**{PROGRAM: "time.sleep(1)  # house-rule: allow a stalling client stalls\n"})))

    def test_an_unknown_folder(self):
        root = self.tree(**{"CMakeLists.txt": "add_lesson(01-poll)\n", "solutions/01-poll/a": "", "tests/02-waker/a": ""})
        self.assert_caught(names.folders_are_lessons(root), "tests/02-waker")


if __name__ == "__main__":
    unittest.main()
