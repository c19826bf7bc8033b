"""The chapters keep their skeleton, have pictures, and type no output."""
import unittest
import unittest.mock
from pathlib import Path

import book
from tree import CourseTest


class TheCourse(CourseTest):
    def test_chapters_keep_the_skeleton(self):
        self.assert_clean(book.skeleton())

    def test_what_stands_before_the_steps(self):
        self.assert_clean(book.boxes() + book.file_tables())

    def test_each_chapter_has_its_picture(self):
        self.assert_clean(book.pictures())

    def test_no_output_is_typed(self):
        self.assert_clean(book.captured())


class BeforeTheSteps(CourseTest):
    def test_a_box_has_at_most_five_items(self):
        items = "".join(f"- item {number}\n" for number in range(6))
        root = self.tree(**{"book/01-poll.md": f"## C++ you need today\n\n{items}\n## 01.1 Ready\n"})
        self.assert_caught(book.boxes(root), "'C++ you need today' has 6 items; 1 to 5 are asked for")

    def test_a_table_says_how_long_a_file_is(self):
        root = self.tree(**{"book/01-poll.md": "| `rt/poll.hpp` | 30 | write |\n| `main.cpp` | 20 | read |\n| `rt/gone.hpp` | 9 | read |\n",
                            "lessons/01-poll/rt/poll.hpp": "line\n" * 41, "solutions/01-poll/main.cpp": "line\n" * 29})
        self.assertEqual(book.file_tables(root), ["book/01-poll.md: rt/poll.hpp has 41 lines, and not 30",
                                                  "book/01-poll.md: the lesson has no file rt/gone.hpp"])


class Output(CourseTest):
    def test_output_is_compared_and_captured(self):
        root = self.tree(**{"book/01-poll.md": "<!-- output: greet twice [status 3] -->\n```text\nhello\n```\n"})
        program = root / "build/bin/greet"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\necho hello $1\nexit 3\n")
        program.chmod(0o755)
        self.assert_caught(book.outputs(root, root / "build", []), "greet twice prints now:\nhello twice\n")
        page = root / "book/01-poll.md"
        page.write_text(book.rewritten(page.read_text(), root / "build"))
        self.assertIn("hello twice\n```\n", page.read_text())
        self.assert_clean(book.outputs(root, root / "build", ["01"]))


class OfMistakes(CourseTest):
    def page(self, command: str) -> list:
        root = self.tree(**{"book/01-poll.md": f"<!-- output: {command} -->\n```text\nred\n```\n"})
        return [book.outputs(root, root, [], of_mistakes) for of_mistakes in (False, True)]

    def test_they_are_compared_apart_from_programs(self):
        with unittest.mock.patch.object(book, "run_mistake", lambda kind, name: (0, f"{kind} of {name}\n")):
            plain, (wrong,) = self.page("mistake 01-poll/slug")
        self.assertEqual(plain, [])
        self.assertIn("mistake 01-poll/slug prints now:\nmistake of 01-poll/slug\n", wrong)

    def test_one_that_is_unknown(self):
        _, wrong = self.page("mistake-program 01-poll/no-such-slug")
        self.assert_caught(wrong, "there is no mistake 01-poll/no-such-slug")

    def test_a_report_is_digested(self):
        said = (" 1. make tea\n==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1 at\n"
                "    #0 0x1 in rt::Tea::poll() /copy/solutions/01-poll/rt/poll.hpp:3\n==7==ABORTING\n")
        self.assertEqual(book.digest(said, Path("/copy")),
                         " 1. make tea\nit used memory after it was freed (AddressSanitizer: heap-use-after-free)\n"
                         "  in solutions/01-poll/rt/poll.hpp:3\n")


if __name__ == "__main__":
    unittest.main()
