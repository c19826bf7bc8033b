"""The program of lesson 14: three sleeps of a second, side by side."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Sleeps(program.TakesNoArguments):
    def test_three_sleeps_take_one_second(self):
        result = program.run()
        self.assertEqual(result.stdout,
                         "red falls asleep\ngreen falls asleep\nblue falls asleep\n"
                         "red wakes up\ngreen wakes up\nblue wakes up\n"
                         "three sleeps took 1 s\n")
        self.assertEqual((result.stderr, result.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
