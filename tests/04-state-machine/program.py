"""Lesson 04's program: making tea in two waits."""
import os
import subprocess
import unittest


def run(*arguments):
    return subprocess.run([os.environ["PBP_PROGRAM"], *arguments], capture_output=True, text=True, timeout=30)


class Tea(unittest.TestCase):
    def test_by_hand_and_with_then_are_the_same(self):
        done = run()
        tea = (
            "poll 1\n"
            "poll 2\n"
            "poll 3\n  the water boils\n"
            "poll 4\n  the tea is brewed\n"
            "2 cups after 4 polls\n")
        self.assertEqual(done.stdout, "by hand:\n" + tea + "with then:\n" + tea)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)

    def test_unknown_argument_gets_one_sentence(self):
        done = run("faster")
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "'faster' means nothing here: this program takes no arguments.\n")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
