"""README shows the terminal as it is."""
import unittest

import screens
from session import SessionTest  # noqa: F401  (so that CMake runs this beside no other session)
from tree import CourseTest


class Screens(CourseTest):
    def test_the_pictures_have_the_words_that_are_shown_now(self):
        self.assert_clean(screens.complaints())

    def test_a_line_is_cut_where_its_color_changes(self):
        self.assertEqual(screens.runs("\x1b[1m05\x1b[0m a \x1b[2m\x1b[31mb\x1b[0m"),
                         [(0, "05", ["bold"]), (2, " a ", []), (5, "b", ["dim", "red"])])

    def test_a_picture_gives_its_words_back(self):
        picture = self.tree(**{"screen.svg": screens.drawn("trace", ["a <\x1b[32m&\x1b[0m b", "", "c"])}) / "screen.svg"
        self.assertEqual(screens.words_of(picture), "a <& b\n\nc")


if __name__ == "__main__":
    unittest.main()
