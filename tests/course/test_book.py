"""The chapters keep their skeleton, have pictures, and type no output."""
import unittest

import book
from tree import CourseTest


class TheCourse(CourseTest):
    def test_chapters_keep_the_skeleton(self):
        self.assert_clean(book.skeleton())

    def test_each_chapter_has_its_picture(self):
        self.assert_clean(book.pictures())

    def test_no_output_is_typed(self):
        self.assert_clean(book.captured())


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


if __name__ == "__main__":
    unittest.main()
