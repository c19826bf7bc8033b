"""Lesson 07's program: the same three loopers, each of which yields after every round."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Loopers(program.TakesNoArguments):
    def test_take_turns(self):
        done = program.run()
        self.assertEqual(
            done.stdout,
            "red 1\ngreen 1\nblue 1\n"
            "red 2\ngreen 2\nblue 2\n"
            "red 3\ngreen 3\nblue 3\n"
            "9 rounds, polls of the join: 4\n")
        self.assertEqual((done.stderr, done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
