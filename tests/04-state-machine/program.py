"""Lesson 04's program: making tea in two waits."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Tea(program.TakesNoArguments):
    def test_by_hand_and_with_then_are_the_same(self):
        done = program.run()
        tea = (
            "poll 1\n"
            "poll 2\n"
            "poll 3\n  the water boils\n"
            "poll 4\n  the tea is brewed\n"
            "2 cups after 4 polls\n")
        self.assertEqual(done.stdout, "by hand:\n" + tea + "with then:\n" + tea)
        self.assertEqual((done.stderr, done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
