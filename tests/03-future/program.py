"""Lesson 03's program: polling by hand, step by step."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class PollingByHand(program.TakesNoArguments):
    def test_each_future_is_asked_to_its_end(self):
        done = program.run()
        again = "    woken: poll again\n    Pending\n"
        self.assertEqual(
            done.stdout,
            "Three futures are made, and nothing happens.\n"
            "ready: poll 1\n    Ready(tea)\n"
            "countdown: poll 1\n" + again + "countdown: poll 2\n" + again + "countdown: poll 3\n    Ready\n"
            "poll_fn: poll 1\n" + again + "poll_fn: poll 2\n" + again + "poll_fn: poll 3\n    Ready(3)\n")
        self.assertEqual((done.stderr, done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
