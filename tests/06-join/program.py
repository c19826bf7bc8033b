"""Lesson 06's program: three loopers in one join, none of which ever yields."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Loopers(program.TakesNoArguments):
    def test_run_one_after_the_other_in_one_poll(self):
        done = program.run()
        self.assertEqual(
            done.stdout,
            "red 1\nred 2\nred 3\n"
            "green 1\ngreen 2\ngreen 3\n"
            "blue 1\nblue 2\nblue 3\n"
            "9 rounds, polls of the join: 1\n")
        self.assertEqual((done.stderr, done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
