"""The chapters keep their skeleton, have pictures, and type no output."""
import unittest

import api
import book
import troubles
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

    def test_the_page_of_what_a_program_calls_is_current(self):
        """python3 -B tests/course/api.py writes it anew."""
        self.assertEqual(api.PAGE.read_text(encoding="utf-8"), api.page())

    def test_what_troubleshooting_quotes_is_printed(self):
        self.assert_clean(troubles.unknown_sentences())


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


class Api(CourseTest):
    def test_what_is_public_and_has_a_comment_is_there(self):
        header = """\
/// \\file
/// Bells.
namespace rt {

class [[nodiscard("ring it")]] Bell final : public Rings {
  public:
    /// Makes a bell
    /// of `size`.
    explicit Bell(int size) noexcept : size_(size) {}
    Bell(Bell&&) = delete;
    // Given: rings it.
    template <class F>
    void ring(F f) const {
        f();
    }

    int size = 3;  ///< in cm

  private:
    /// Its size.
    int size_;
};

namespace detail {
/// Not for a program.
void hang(Bell bell);
}  // namespace detail

/// Makes one.
inline Bell bell(int size = 3) { return Bell(size); }

}  // namespace rt
"""
        self.assertEqual(api.entries(header), [
            api.Entry("class Bell", "", [api.Entry("explicit Bell(int size) noexcept", "Makes a bell of `size`."),
                                         api.Entry("template <class F> void ring(F f) const", "Rings it."),
                                         api.Entry("int size = 3", "In cm.")]),
            api.Entry("Bell bell(int size = 3)", "Makes one.")])


class Quoted(CourseTest):
    def test_a_sentence_that_nothing_prints_is_caught(self):
        table = '| "it hangs" | why |\n| "it runs" | why |\n'
        root = self.tree(**{"book/troubleshooting.md": table, "tools/learn/say.py": 'say("it "\n    f"hangs")\n'})
        self.assertEqual(troubles.unknown_sentences(root), ["book/troubleshooting.md: nothing prints: it runs"])


class Output(CourseTest):
    def test_only_what_may_vary_is_left_out(self):
        self.assertEqual(book.compared("red 1\nblue 2\n", " [order varies]"), book.compared("blue 2\nred 1\n", " [order varies]"))
        self.assertNotEqual(book.compared("red 1\n", " [order varies]"), book.compared("red 2\n", " [order varies]"))
        self.assertEqual(book.compared("red 1\n", " [figures vary]"), book.compared("red 20\n", " [figures vary]"))
        self.assertNotEqual(book.compared("red 1\n", ""), book.compared("red 2\n", ""))


if __name__ == "__main__":
    unittest.main()
