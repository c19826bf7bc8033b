"""Lesson 05's program: a timer thread and a sleeping main."""
import os
import re
import subprocess
import unittest


def run(*arguments):
    return subprocess.run([os.environ["PBP_PROGRAM"], *arguments], capture_output=True, text=True, timeout=30)


class TimerAndMain(unittest.TestCase):
    def test_spinning_burns_polls_and_sleeping_takes_two(self):
        done = run()
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)
        shape = re.fullmatch(
            r"spinning: (\d+) polls for one alarm\n"
            r"sleeping: (\d+) polls for one alarm\n", done.stdout)
        self.assertIsNotNone(shape, done.stdout)
        self.assertGreater(int(shape[1]), 2)
        self.assertEqual(int(shape[2]), 2)

    def test_unknown_argument_gets_one_sentence(self):
        done = run("faster")
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "'faster' means nothing here: this program takes no arguments.\n")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
