"""Lesson 06's program: three loopers that never wait, and three alarms that do nothing else."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Join(program.TakesNoArguments):
    def test_loopers_run_one_after_the_other_and_alarms_at_once(self):
        done = program.run()
        self.assertRegex(
            done.stdout,
            "^"
            "red 1\nred 2\nred 3\n"
            "green 1\ngreen 2\ngreen 3\n"
            "blue 1\nblue 2\nblue 3\n"
            "9 rounds, polls of the join: 1\n"
            r"three alarms of 30 ms in one join: \d+ ms\n$")
        self.assertGreaterEqual(int(done.stdout.split()[-2]), 30)
        self.assertEqual((done.stderr, done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
