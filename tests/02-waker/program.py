"""Lesson 02's program: a doorbell rung from another thread."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Doorbell(program.TakesNoArguments):
    def test_counts_its_buttons(self):
        done = program.run()
        self.assertEqual(
            done.stdout,
            "one waker                       buttons 1, rings 0\n"
            "a copy for the visitor          buttons 2, rings 0\n"
            "the visitor rang twice and left buttons 1, rings 2\n"
            "same bell? yes\n"
            "all wakers destroyed            buttons 0, rings 2\n")
        self.assertEqual((done.stderr, done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
