"""Lesson 02's program: a doorbell rung from another thread."""
import os
import subprocess
import unittest


def run(*arguments):
    return subprocess.run([os.environ["PBP_PROGRAM"], *arguments], capture_output=True, text=True, timeout=30)


class Doorbell(unittest.TestCase):
    def test_counts_its_buttons(self):
        done = run()
        self.assertEqual(
            done.stdout,
            "one waker                       buttons 1, rings 0\n"
            "a copy for the visitor          buttons 2, rings 0\n"
            "the visitor rang twice and left buttons 1, rings 2\n"
            "same bell? yes\n"
            "all wakers destroyed            buttons 0, rings 2\n")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)

    def test_unknown_argument_gets_one_sentence(self):
        done = run("faster")
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "'faster' means nothing here: this program takes no arguments.\n")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
