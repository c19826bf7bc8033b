"""The program of lesson 11: three loopers on three threads."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Loopers(program.TakesNoArguments):
    def test_all_three_are_in_the_same_round(self):
        for _ in range(5):
            result = program.run()
            lines = result.stdout.splitlines()
            for looper in ("red", "green", "blue"):
                own = [line for line in lines if line.startswith(looper)]
                self.assertEqual(own, [f"{looper} 1", f"{looper} 2", f"{looper} 3"])
            for i in (1, 2, 3):
                # The order within a round is the threads' own affair.
                self.assertEqual(sorted(lines[3 * i - 3:3 * i]), [f"blue {i}", f"green {i}", f"red {i}"])
            self.assertEqual(lines[9:], ["9 rounds"])
            self.assertEqual((result.stderr, result.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
