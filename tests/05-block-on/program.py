"""Lesson 05's program: a timer thread and a sleeping main."""
import re
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class TimerAndMain(program.TakesNoArguments):
    def test_spinning_polls_without_end_and_sleeping_polls_twice(self):
        done = program.run()
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        shape = re.fullmatch(
            r"spinning: (\d+) polls for one alarm, \d+\.\d ms of CPU time\n"
            r"sleeping: (\d+) polls for one alarm, \d+\.\d ms of CPU time\n", done.stdout)
        self.assertIsNotNone(shape, done.stdout)
        self.assertGreater(int(shape[1]), 2)
        self.assertEqual(int(shape[2]), 2)


if __name__ == "__main__":
    unittest.main()
