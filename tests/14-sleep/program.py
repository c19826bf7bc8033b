"""The program of lesson 14: three sleeps of a second, side by side."""
import os
import subprocess
import unittest


def run(*args):
    return subprocess.run([os.environ["PBP_PROGRAM"], *args], capture_output=True, text=True, timeout=30)


class Sleeps(unittest.TestCase):
    def test_three_sleeps_take_one_second(self):
        result = run()
        self.assertEqual(result.stdout,
                         "red falls asleep\ngreen falls asleep\nblue falls asleep\n"
                         "red wakes up\ngreen wakes up\nblue wakes up\n"
                         "three sleeps took 1 s\n")
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.returncode, 0)

    def test_an_argument_is_refused_in_one_sentence(self):
        result = run("--fast")
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr, "'--fast' means nothing here: this program takes no arguments.\n")
        self.assertEqual(result.returncode, 2)


if __name__ == "__main__":
    unittest.main()
