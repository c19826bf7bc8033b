"""README and its sisters tell the truth; and each check finds what it is there for."""
import unittest

import pages
from sources import ROOT
from tree import CourseTest

PAGE = "README.md"


class TheCourse(CourseTest):
    def test_quoted_code_is_the_code(self):
        self.assert_clean(pages.quotes())

    def test_links_lead_somewhere(self):
        self.assert_clean(pages.links())

    def test_no_path_of_a_machine(self):
        self.assert_clean(pages.no_machine_paths())

    def test_readme_maps_all_lessons(self):
        self.assert_clean(pages.course_map())

    def test_readme_shows_the_finished_server(self):
        """Once there is one; until then README has the place for it."""
        server = ROOT / "solutions/20-echo-server/main.cpp"
        mark = "<!-- from: solutions/20-echo-server/main.cpp -->"
        if server.exists():
            self.assertTrue(mark in (ROOT / PAGE).read_text(encoding="utf-8"), f"README.md wants a quote below: {mark}")


class EachCheckCatches(CourseTest):
    def quote(self, block: str, source: str = "int main() {\n    return 0;\n}\n") -> list:
        return pages.quotes(self.tree(**{PAGE: f"<!-- from: a.cpp -->\n```cpp\n{block}```\n", "a.cpp": source}))

    def test_a_good_quote_passes(self):
        self.assert_clean(self.quote("    return 0;\n}\n"))

    def test_a_changed_quote(self):
        self.assert_caught(self.quote("    return 1;\n"), "look at: return 1;")

    def test_a_quote_of_nothing(self):
        root = self.tree(**{PAGE: "<!-- from: b.cpp -->\n```cpp\nint x;\n```\n"})
        self.assert_caught(pages.quotes(root), "b.cpp, which does not exist")

    def test_an_empty_quote(self):
        self.assert_caught(self.quote(""), "is empty")

    def test_a_block_without_its_source(self):
        self.assert_caught(pages.quotes(self.tree(**{PAGE: "```cpp\nint x;\n```\n"})), "without <!-- from: path -->")

    def test_a_quote_is_refreshed(self):
        page = "x\n<!-- from: a.cpp -->\n```cpp\nvoid f() {\n}\nvoid g() {\n    old();\n}\n```\ny\n"
        root = self.tree(**{PAGE: page, "a.cpp": "void f() {\n    new1();\n}\nvoid g() {\n    new2();\n}\nvoid h() {\n}\n"})
        (root / PAGE).write_text(pages.refreshed(page, root))
        self.assert_clean(pages.quotes(root))
        self.assertIn("new2();\n}\n```\ny\n", (root / PAGE).read_text())

    def test_a_dead_link(self):
        root = self.tree(**{PAGE: "[a](gone.md) [b](https://example.org/x) [c](here.md#part) \n", "here.md": "# Part\n"})
        self.assert_caught(pages.links(root), "gone.md")

    def test_a_link_to_a_heading_that_is_gone(self):
        root = self.tree(**{PAGE: "## The part's name\n[d](#the-parts-name) [e](#gone)\n"})
        self.assert_caught(pages.links(root), "#gone")

    def test_a_picture_that_is_gone(self):
        self.assert_caught(pages.links(self.tree(**{PAGE: "![a cat](cat.svg)\n"})), "cat.svg")

    def test_a_machine_path(self):
        root = self.tree(**{PAGE: "see /wo" + "rk/main\nsee build/wo" + "rk/x and http://a.b/wo" + "rk/x\n"})
        self.assert_caught(pages.no_machine_paths(root), "README.md:1")

    def test_a_map_without_a_lesson(self):
        root = self.tree(**{PAGE: "| 01-poll | x |\n", "CMakeLists.txt": "add_lesson(01-poll)\nadd_lesson(02-waker THREADED)\n"})
        self.assert_caught(pages.course_map(root), "02-waker")


if __name__ == "__main__":
    unittest.main()
