"""Starters and hints are well made (starter_builds.py builds them); and each check finds what it is there for."""
import unittest

import hints_fit
import starters
from tree import CourseTest

from hints import hints_in

HEADER = "01-poll/rt/poll.hpp"
SOLUTION = "#pragma once\nint one() {\n    return 1;\n}\nint two() { return 2; }\nint three();\n"
STARTER = ("#pragma once\n#include <rt/todo.hpp>\n\nint one() {\n    // TODO(01.1) Return one.\n    todo(\"01.1 one\");\n}\n"
           "int two() {\n    // TODO(01.2) Return two.\n    todo(\"01.2 two\");\n}\nint three();\n")
RUNG = " Why, do you think, " + "is the kettle asked again " * 6 + "and again?\n"
SECTION = "## 01.{0} what\n\n1." + RUNG + "\n2." + RUNG + "\n3." + RUNG + "\n"
HINTS = SECTION.format(1) + SECTION.format(2)


class TheCourse(CourseTest):
    def test_starters_differ_in_holes_only(self):
        self.assert_clean(starters.differ_in_holes_only())

    def test_ids_agree(self):
        self.assert_clean(starters.ids_agree())

    def test_holes_hold_no_bookkeeping(self):
        self.assert_clean(starters.holes_hold_no_bookkeeping())

    def test_hints_have_their_rungs(self):
        self.assert_clean(starters.hints_have_their_rungs())

    def test_chapters_leave_the_writing(self):
        self.assert_clean(starters.chapters_leave_the_writing())

    def test_a_slot_is_not_blamed_for_a_park(self):
        """05.3 sleeps where no hole of 05.1 is: a hang there is the slot's."""
        for path in (starters.ROOT / "tests/05-block-on").glob("05.3-*.cpp"):
            self.assertNotIn("rt/park.hpp", path.read_text(encoding="utf-8"), path)


class EachCheckCatches(CourseTest):
    def course(self, starter: str = STARTER, solution: str = SOLUTION, hints: str = HINTS, **more):
        suites = {f"tests/01-poll/01.{n}-what.cpp": f'TEST_SUITE("01.{n} what") {{\nTEST_CASE("a") {{}}\n}}\n' for n in (1, 2)}
        return self.tree(**{f"lessons/{HEADER}": starter, f"solutions/{HEADER}": solution, "book/hints/01-poll.md": hints,
                            **suites, **more})

    def differs(self, before: str, after: str) -> list:
        self.assertIn(before, STARTER)
        return starters.differ_in_holes_only(self.course(STARTER.replace(before, after)))

    def test_a_good_one_passes(self):
        root = self.course()
        for check in (starters.differ_in_holes_only, starters.ids_agree, starters.hints_have_their_rungs):
            self.assert_clean(check(root))

    def test_a_hole_can_be_filled(self):
        pieces = starters.runs(STARTER, SOLUTION)
        half = starters.filled(pieces, ["01.1"])
        self.assertIn("int one() {\n    return 1;\n}\nint two() {\n    // TODO(01.2)", half)
        self.assertEqual(starters.filled(pieces, ["01.1", "01.2"]).replace("#include <rt/todo.hpp>\n\n", ""), SOLUTION)

    def test_a_difference_outside_of_a_hole(self):
        self.assert_caught(self.differs("int three();", "int three(int);"), "poll.hpp:8: starter and solution differ here")
        self.assert_caught(self.differs("int three();\n", "int three();\nint four();\n"), "it is no hole")
        self.assert_caught(self.differs("#pragma once\n", ""), "it is no hole")

    def test_a_hole_without_its_call(self):
        self.assert_caught(self.differs('    todo("01.1 one");\n', "    std::abort();\n"), "it is no hole")

    def test_a_hole_without_its_marker(self):
        self.assert_caught(self.differs("// TODO(01.1) Return one.", "// Return one."), "it is no hole")

    def test_a_hole_of_two_steps(self):
        self.assert_caught(self.differs('todo("01.1 one")', 'todo("01.2 one")'), "of one step")

    def test_a_marker_that_the_solution_has_too(self):
        root = self.course(STARTER + "// TODO(01.1) more\n", SOLUTION + "// TODO(01.1) more\n")
        self.assert_caught(starters.differ_in_holes_only(root), "a marker where there is no hole")

    def test_a_file_too_many(self):
        root = self.course(**{"lessons/01-poll/main.cpp": ""})
        self.assert_caught(starters.differ_in_holes_only(root), "['main.cpp'], which its solution has not")

    def test_a_step_without_a_hole(self):
        root = self.course(STARTER.replace('    // TODO(01.2) Return two.\n    todo("01.2 two");', "    return 2;"))
        self.assert_caught(starters.ids_agree(root), "the holes: the steps are ['01.1']")

    def test_a_step_without_a_hint(self):
        self.assert_caught(starters.ids_agree(self.course(hints=SECTION.format(1))), "hints/01-poll.md: the steps are ['01.1']")

    def test_a_chapter_without_a_step(self):
        root = self.course(**{"book/01-poll.md": "## 01.1 what\n\n## The rest\n"})
        self.assert_caught(starters.ids_agree(root), "book/01-poll.md: the steps are ['01.1']")

    def test_a_lesson_without_a_step(self):
        root = self.course(SOLUTION, hints="")
        for number in (1, 2):
            (root / f"tests/01-poll/01.{number}-what.cpp").unlink()
        self.assert_caught(starters.ids_agree(root), "0 steps; there are to be one to four")

    def test_what_is_given_and_what_comes_last_are_no_steps(self):
        more = {f"tests/01-poll/{name}.cpp": f'TEST_SUITE("{suite}") {{\n' for name, suite in (
            ("01.0-given", "01.0 given: all"), ("01.9-all", "01.9 all together: all"), ("exercise-map", "01 exercise a map"))}
        self.assert_clean(starters.ids_agree(self.course(**more)))

    def test_the_first_test_of_a_program(self):
        root = self.tree(**{"program.py": "class A:\n    def run(self):\nclass B(A):\n    def test_it(self):\n    def test_that(self):\n"})
        self.assertEqual(starters.first_test(root / "program.py"), "B.test_it")

    def test_a_hole_with_a_trace_line(self):
        for line in ("trace::emit(trace::Kind::park, this);", 'violation("no");', 'contract_.begin("one");'):
            root = self.course(solution=SOLUTION.replace("    return 1;", f"    {line}\n    return 1;"))
            self.assert_caught(starters.holes_hold_no_bookkeeping(root), "poll.hpp:5: the hole of 01.1 holds")

    def test_a_guarded_hole(self):
        """The starter's `if` lets earlier steps pass by a later step's hole."""
        starter = STARTER.replace('    // TODO(01.1) Return one.\n    todo("01.1 one");\n',
                                  '    if (is_late) {\n        // TODO(01.2) Look.\n        todo("01.2 look");\n    }\n'
                                  '    // Then:\n    // TODO(01.1) Return one.\n    todo("01.1 one");\n')
        solution = SOLUTION.replace("    return 1;\n", "    if (is_late && looks()) {\n        return 2;\n    }\n    // Then:\n    return 1;\n")
        self.assert_clean(starters.differ_in_holes_only(self.course(starter, solution)))
        half = starters.filled(starters.runs(starter, solution), ["01.1"])
        self.assertIn("    if (is_late) {\n        // TODO(01.2) Look.", half)
        self.assertIn("    // Then:\n    return 1;\n", half)

    def test_a_chapter_that_gives_a_hole_away(self):
        solution = SOLUTION.replace("    return 1;", "    int it = 1;\n    return it;")
        for code, found in (("    int it = 1;\n    return it;\n", 1), ("int one() {\n    int it = 1;\n", 0)):
            page = f"<!-- from: solutions/{HEADER} -->\n```cpp\n{code}```\n"
            root = self.course(solution=solution, **{"book/01-poll.md": page})
            self.assertEqual(len(starters.chapters_leave_the_writing(root)), found)

    def test_two_rungs(self):
        hints = SECTION.format(1) + SECTION.format(2).split("3.")[0]
        self.assert_caught(starters.hints_have_their_rungs(self.course(hints=hints)), "01.2 has 2 rungs")

    def test_a_rung_of_few_words(self):
        hints = SECTION.format(1) + SECTION.format(2).replace("3." + RUNG, "3. Return 2.\n")
        self.assert_caught(starters.hints_have_their_rungs(self.course(hints=hints)), "01.2, rung 3 has 2 words")

    def test_the_code_of_a_rung(self):
        rung = "3. What is open?\n\n       if (…) {\n           return;\n       }\n       …\n\n   And here:\n\n       f();\n"
        (_, _, text) = hints_in(SECTION.format(1).split("3.")[0] + rung)["01.1"]
        first, second = hints_fit.blocks(text)
        self.assertEqual(hints_fit.closed(first).strip(), "if (open_decision) {\n    return;\n}\n(void)0;")
        self.assertEqual(second.strip(), "f();")
        hole = ["int one() {", "    // TODO(01.1) Return", "    // one.", '    todo("01.1 one",', "         cx);", "}"]
        self.assertEqual(hints_fit.filled(hole, "f();"), [["int one() {", "f();", "}"]])

    def test_no_question(self):
        hints = HINTS.replace("again?\n", "again.\n", 1)
        self.assert_caught(starters.hints_have_their_rungs(self.course(hints=hints)), "01.1, rung 1 asks no question")


if __name__ == "__main__":
    unittest.main()
