"""Lesson 16's program: four sleeps on one thread, then primes on one worker and on several."""
import os
import re
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Parallel(unittest.TestCase):
    def lines(self, *arguments):
        done = program.run(*arguments, timeout=60)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return done.stdout.splitlines()

    def without_times(self, lines):
        return [re.sub(r": \d+ ms$", ": # ms", line) for line in lines]

    def test_the_same_primes_on_one_worker_and_on_three(self):
        self.assertEqual(self.without_times(self.lines("3")), [
            "one thread 4 sleeps of 100 ms: # ms",
            "one worker 33860 primes: # ms",
            "3 workers  33860 primes: # ms"])

    def test_as_many_workers_as_processors(self):
        lines = self.without_times(self.lines())
        count = len(os.sched_getaffinity(0))
        self.assertEqual(lines[2].split(), [str(count), "worker" if count == 1 else "workers", "33860", "primes:", "#", "ms"])

    def test_four_sleeps_take_as_long_as_one(self):
        took = int(re.search(r"(\d+) ms$", self.lines("1")[0]).group(1))
        self.assertGreaterEqual(took, 100)
        self.assertLess(took, 400)

    def test_what_is_no_number_of_workers_gets_one_sentence(self):
        for wrong in ("many", "0", "65", "-1", "2x", ""):
            done = program.run(wrong)
            self.assertEqual(done.stdout, "")
            self.assertEqual(done.stderr, f"'{wrong}' means nothing here: say how many workers, 1 to 64, "
                                          "or nothing for one per processor.\n")
            self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
