"""The program of lesson 15: a slow answer and a deadline."""
import os
import subprocess
import unittest


def run(*args):
    return subprocess.run([os.environ["PBP_PROGRAM"], *args], capture_output=True, text=True, timeout=30)


class Questions(unittest.TestCase):
    def test_the_slow_ones_are_not_waited_for(self):
        result = run()
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
        self.assertEqual(lines[8:], [
            "the hare has answered",
            "the tortoise was not waited for",
            "branch 1: forty-two, says the hare",
        ])
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.returncode, 0)

    def test_an_argument_is_refused_in_one_sentence(self):
        result = run("--fast")
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr, "'--fast' means nothing here: this program takes no arguments.\n")
        self.assertEqual(result.returncode, 2)


if __name__ == "__main__":
    unittest.main()
