"""No lesson asks for more reading than it may, and what is given says so; and the checks see it."""
import unittest

import reading
from tree import CourseTest

PART = """int read();
// Given: a queue is a queue.
// It has two ends.
template <class T>
class Queue {
    void push(T value) {
        values_.push_back({value});
    }

    std::vector<T> values_;
};
int read_too();
"""


class TheCourse(CourseTest):
    def test_no_lesson_asks_for_too_much_reading(self):
        self.assert_clean(reading.too_much())

    def test_what_is_given_says_so(self):
        self.assert_clean(reading.labels())


class What(CourseTest):
    def course(self, **files: str):
        return self.tree(**{"CMakeLists.txt": "add_lesson(01-poll)\n", "book/01-poll.md": "", **files})

    def test_counts(self):
        root = self.course(**{"solutions/01-poll/rt/poll.hpp": "whole\n" * 9, "lessons/01-poll/rt/poll.hpp": "hole\n" * 5,
                              "solutions/01-poll/rt/queue.hpp": PART, "solutions/01-poll/main.cpp": "main\n" * 3,
                              "solutions/01-poll/rt/heap.hpp": "/// \\file\n/// Given: a heap.\n", "solutions/01-poll/exercise.hpp": "x\n"})
        self.assertEqual(reading.lines_of("01-poll", root), 5 + 2 + 3)
        self.assert_clean(reading.labels(root) + reading.too_much(root))
        (root / "lessons/01-poll/rt/poll.hpp").write_text("hole\n" * 396)
        self.assert_caught(reading.too_much(root), "01-poll: 401 lines to read; there are to be 400 at most")

    def test_where_a_given_part_ends(self):
        for part in ("// Given: one line.\nint a();", "// Given: a body.\nA() noexcept\n    : b_{1},\n      c_(2) {\n    f({1});\n}",
                     "// Given: documented.\n/// A sum; of two.\nint sum(int a,\n        int b) { return a + b; }  // it ends here"):
            self.assertEqual(reading.to_read(f"before();\n{part}\nafter();\n"), 2, part)

    def test_labels_have_one_form(self):
        for text in ("/// Given, not taught.\n", "int a;\n/// Given: b.\nint b;\n", "int a;\n// Given: nothing below.\n\nint b;\n"):
            root = self.course(**{"solutions/01-poll/rt/poll.hpp": "#pragma once\n" + text})
            self.assert_caught(reading.labels(root), "a given part has `// Given: …` above it")
        self.assert_caught(reading.labels(self.course(**{"solutions/00-provided/rt/sys.hpp": "#pragma once\n"})), "what is provided begins with")
        root = self.course(**{"book/01-poll.md": "| `rt/poll.hpp` | 9 | given |\n", "solutions/01-poll/rt/poll.hpp": "int a;\n"})
        self.assert_caught(reading.labels(root), "rt/poll.hpp is called given")


if __name__ == "__main__":
    unittest.main()
