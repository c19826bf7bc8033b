"""The chapters keep their skeleton, have pictures, and type no output; and each check finds what it is there for."""
import unittest
import unittest.mock

import book
from tree import CourseTest

SECTIONS = "".join(f"## {heading}\n" for heading in book.SKELETON if heading != "STEPS")
CHAPTER = ("# 01 Poll\n<!-- minutes: 20 -->\n![a kettle that is asked again](pictures/01-poll.svg)\n" + "word " * 1000 + "\n```rust\n```\n"
           + "<details>x</details>\n" * 3 + SECTIONS.replace("## The same in Rust\n", "## 01.1 Ready\n## The same in Rust\n"))
PICTURE = '<svg viewBox="0 0 1 1"><title>t</title><desc>d</desc><style>@media (prefers-color-scheme: dark) {}</style></svg>'


class TheCourse(CourseTest):
    def test_chapters_keep_the_skeleton(self):
        self.assert_clean(book.skeleton())

    def test_each_chapter_has_its_picture(self):
        self.assert_clean(book.pictures())

    def test_no_output_is_typed(self):
        self.assert_clean(book.captured())


class EachCheckCatches(CourseTest):
    def book(self, page: str = CHAPTER, picture: str = PICTURE):
        return self.tree(**{"book/01-poll.md": page, "book/pictures/01-poll.svg": picture, "tests/01-poll/01.1-ready.cpp": "",
                            "CMakeLists.txt": "add_lesson(01-poll)\n"})

    def test_a_good_chapter_passes(self):
        root = self.book()
        self.assert_clean(book.skeleton(root) + book.pictures(root) + book.captured(root))

    def test_a_section_that_is_missing(self):
        self.assert_caught(book.skeleton(self.book(CHAPTER.replace("## Predict\n", ""))), "the skeleton is")

    def test_a_step_without_a_section(self):
        root = self.book()
        (root / "tests/01-poll/01.2-more.cpp").write_text("")
        self.assert_caught(book.skeleton(root), "tests for ['01.1', '01.2']")

    def test_a_chapter_that_is_too_long(self):
        self.assert_caught(book.skeleton(self.book(CHAPTER + "word " * 1000)), "words; 900 to 1800")

    def test_code_is_not_counted(self):
        self.assert_clean(book.skeleton(self.book(CHAPTER + "```cpp\n" + "word " * 1000 + "\n```\n")))

    def test_a_question_without_an_answer(self):
        self.assert_caught(book.skeleton(self.book(CHAPTER.replace("<details>x</details>", "", 1))), "three questions")

    def test_a_picture_for_light_pages_only(self):
        self.assert_caught(book.pictures(self.book(picture=PICTURE.replace("prefers-color-scheme: dark", ""))), "prefers-color-scheme: dark")

    def test_a_picture_without_words(self):
        self.assert_caught(book.pictures(self.book(CHAPTER.replace("a kettle that is asked again", "kettle"))), "needs a text")

    def test_output_that_was_typed(self):
        self.assert_caught(book.captured(self.book(CHAPTER + "```text\nhello\n```\n")), "without <!-- output")

    def test_output_is_compared_and_captured(self):
        shown = "<!-- output: greet twice [status 3] -->\n```text\nhello\n```\n"
        root = self.book(CHAPTER + shown)
        program = root / "build/bin/greet"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\necho hello $1\nexit 3\n")
        program.chmod(0o755)
        self.assert_caught(book.outputs(root, root / "build", []), "greet twice prints now:\nhello twice\n")
        page = root / "book/01-poll.md"
        page.write_text(book.rewritten(page.read_text(), root / "build"))
        self.assertIn("hello twice\n```\n", page.read_text())
        self.assert_clean(book.outputs(root, root / "build", ["01"]))

    def test_figures_may_vary_and_words_may_not(self):
        shown = "<!-- output: greet [figures vary] -->\n```text\n7 polls\n```\n"
        root = self.book(CHAPTER + shown)
        program = root / "build/bin/greet"
        program.parent.mkdir(parents=True)
        program.touch(0o755)
        program.write_text("#!/bin/sh\necho 12345 polls\n")
        self.assert_clean(book.outputs(root, root / "build", []))
        program.write_text("#!/bin/sh\necho 12345 wakes\n")
        self.assert_caught(book.outputs(root, root / "build", []), "12345 wakes")

    def test_what_is_captured_is_built_first(self):
        root = self.book(CHAPTER + "<!-- output: greet twice -->\n```text\n```\n")

        def make(*programs: str) -> None:
            program = root / "build/learn/bin" / programs[0]
            program.parent.mkdir(parents=True)
            program.touch(0o755)
            program.write_text("#!/bin/sh\necho hello $1\n")

        with unittest.mock.patch.object(book, "ROOT", root), unittest.mock.patch.object(book, "Build") as builds:
            builds.return_value.build = unittest.mock.Mock(side_effect=make)
            self.assertEqual(book.main(["--write", "01"]), 0)
            builds.return_value.build.assert_called_once_with("greet")
        self.assertIn("hello twice\n```\n", (root / "book/01-poll.md").read_text())

    def test_a_program_that_ends_otherwise(self):
        root = self.book(CHAPTER + "<!-- output: greet -->\n```text\nhello\n```\n")
        self.assert_caught(book.outputs(root, root / "build", []), "no program greet")


if __name__ == "__main__":
    unittest.main()
