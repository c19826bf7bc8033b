"""No lesson asks for more reading than it may, and what is given says so."""
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


if __name__ == "__main__":
    unittest.main()
