"""Lesson 07's program: the same three loopers, each of which yields after every round."""
import os
import subprocess
import unittest


def run(*arguments):
    return subprocess.run([os.environ["PBP_PROGRAM"], *arguments], capture_output=True, text=True, timeout=30)


class Loopers(unittest.TestCase):
    def test_take_turns(self):
        done = run()
        self.assertEqual(
            done.stdout,
            "red 1\ngreen 1\nblue 1\n"
            "red 2\ngreen 2\nblue 2\n"
            "red 3\ngreen 3\nblue 3\n"
            "9 rounds, polls of the join: 4\n")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)

    def test_unknown_argument_gets_one_sentence(self):
        done = run("faster")
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "'faster' means nothing here: this program takes no arguments.\n")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
