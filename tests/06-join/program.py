"""Lesson 06's program: three loopers in one join, none of which ever yields."""
import os
import subprocess
import unittest


def run(*arguments):
    return subprocess.run([os.environ["PBP_PROGRAM"], *arguments], capture_output=True, text=True, timeout=30)


class Loopers(unittest.TestCase):
    def test_run_one_after_the_other_in_one_poll(self):
        done = run()
        self.assertEqual(
            done.stdout,
            "red 1\nred 2\nred 3\n"
            "green 1\ngreen 2\ngreen 3\n"
            "blue 1\nblue 2\nblue 3\n"
            "9 rounds, polls of the join: 1\n")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)

    def test_unknown_argument_gets_one_sentence(self):
        done = run("faster")
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "'faster' means nothing here: this program takes no arguments.\n")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
