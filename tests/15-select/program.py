"""The program of lesson 15: a slow answer and a deadline."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Questions(program.TakesNoArguments):
    def test_the_slow_ones_are_not_waited_for(self):
        result = program.run()
        lines = result.stdout.splitlines()
        self.assertEqual(lines[:6], [
            "the quick one thinks",
            "the quick one has answered",
            "forty-two, says the quick one",
            "the slow one thinks",
            "the slow one was not waited for",
            "no answer within 100 ms",
        ])
        # Which branch a select polls first is not promised.
        self.assertEqual(sorted(lines[6:8]), ["the hare thinks", "the tortoise thinks"])
        self.assertEqual(lines[8:11], [
            "the hare has answered",
            "the tortoise was not waited for",
            "branch 1: forty-two, says the hare",
        ])
        self.assertRegex("\n".join(lines[11:]), r"\Aall questions took \d+ ms\Z")
        self.assertEqual((result.stderr, result.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
