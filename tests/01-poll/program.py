"""Lesson 01's program: a kettle, asked again and again."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Kettle(program.TakesNoArguments):
    def test_is_asked_until_it_boils(self):
        done = program.run()
        self.assertEqual(
            done.stdout,
            "poll 1: Pending\n"
            "poll 2: Pending\n"
            "poll 3: Pending\n"
            "poll 4: Ready(100)\n"
            "100 degrees: 3 of 4 polls were for nothing\n"
            "mapped: Ready(tea of 80 degrees)\n")
        self.assertEqual((done.stderr, done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
