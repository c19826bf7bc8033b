"""What the pages tell their reader to type can be typed; and a command that is gone is found."""
import unittest

import instructions
from sources import ROOT
from tree import CourseTest


class ThePages(CourseTest):
    def test_contributing_names_commands_that_are_there(self):
        text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
        self.assertGreater(len(instructions.commands(text)), 15)
        self.assert_clean(instructions.wrong_in(text))

    def test_readme_names_commands_that_are_there(self):
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        self.assertTrue(instructions.commands(text))
        self.assert_clean(instructions.wrong_in(text))


class EachIsFound(CourseTest):
    def wrong(self, command: str, words: str) -> None:
        self.assert_caught(instructions.wrong_in(f"Say\n\n    {command}\n"), words)
        self.assert_caught(instructions.wrong_in(f"Say `{command}`."), words)

    def test_what_the_front_door_does_not_know(self):
        self.wrong("./learn sing", "there is no command 'sing'")
        self.wrong("./learn test --loud", "there is no option '--loud'")
        self.wrong("./learn verify gcx", "verify knows no 'gcx'")

    def test_a_script_that_is_gone(self):
        self.wrong("python3 -B tests/course/song.py 05", "there is no tests/course/song.py")

    def test_a_word_that_a_script_does_not_take(self):
        self.wrong("python3 -B tests/course/pages.py sing README.md", "invalid choice")
        self.wrong("python3 -B tests/course/mistakes.py --loud", "it takes no --loud")

    def test_a_name_that_means_nothing(self):
        self.wrong("python3 -B tests/course/mistakes.py no-such-slug -v", "nothing is called no-such-slug")
        self.wrong("python3 -B tests/course/starter_builds.py Starter.test_77", "nothing is called Starter.test_77")

    def test_a_preset_that_is_gone(self):
        self.wrong("cmake --workflow --preset lesson-77", "no workflowPresets called lesson-77")
        self.wrong("cmake --preset klang", "no configurePresets called klang")
        self.wrong("ctest --test-dir build/clang -L lesson-77", "no such lesson")

    def test_what_stands_for_something_is_not_tried(self):
        self.assertEqual(instructions.commands("`./learn test NN`, `git diff`"), [])


if __name__ == "__main__":
    unittest.main()
