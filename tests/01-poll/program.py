"""Lesson 01's program: a kettle, asked again and again."""
import os
import subprocess
import unittest


def run(*arguments):
    return subprocess.run([os.environ["PBP_PROGRAM"], *arguments], capture_output=True, text=True, timeout=30)


class Kettle(unittest.TestCase):
    def test_is_asked_until_it_boils(self):
        done = run()
        self.assertEqual(
            done.stdout,
            "poll 1: Pending\n"
            "poll 2: Pending\n"
            "poll 3: Pending\n"
            "poll 4: Ready(100)\n"
            "100 degrees: 3 of 4 polls were for nothing\n"
            "mapped: Ready(tea of 80 degrees)\n")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)

    def test_unknown_argument_gets_one_sentence(self):
        done = run("faster")
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "'faster' means nothing here: this program takes no arguments.\n")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
