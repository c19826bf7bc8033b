"""Lesson 03's program: polling by hand, step by step."""
import os
import subprocess
import unittest


def run(*arguments):
    return subprocess.run([os.environ["PBP_PROGRAM"], *arguments], capture_output=True, text=True, timeout=30)


class PollingByHand(unittest.TestCase):
    def test_each_future_is_asked_to_its_end(self):
        done = run()
        again = "    woken: ask again\n    Pending\n"
        self.assertEqual(
            done.stdout,
            "Three futures are made, and nothing happens.\n"
            "ready: poll 1\n    Ready(tea)\n"
            "countdown: poll 1\n" + again + "countdown: poll 2\n" + again + "countdown: poll 3\n    Ready\n"
            "poll_fn: poll 1\n" + again + "poll_fn: poll 2\n" + again + "poll_fn: poll 3\n    Ready(3)\n")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)

    def test_unknown_argument_gets_one_sentence(self):
        done = run("faster")
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "'faster' means nothing here: this program takes no arguments.\n")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
