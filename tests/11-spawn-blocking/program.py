"""The program of lesson 11: three loopers on three threads."""
import os
import subprocess
import unittest


def run(*args):
    return subprocess.run([os.environ["PBP_PROGRAM"], *args], capture_output=True, text=True, timeout=30)


class Loopers(unittest.TestCase):
    def test_all_three_are_in_the_same_round(self):
        for _ in range(5):
            result = run()
            lines = result.stdout.splitlines()
            for looper in ("red", "green", "blue"):
                own = [line for line in lines if line.startswith(looper)]
                self.assertEqual(own, [f"{looper} 1", f"{looper} 2", f"{looper} 3"])
            for i in (1, 2, 3):
                # The order within a round is the threads' own affair.
                self.assertEqual(sorted(lines[3 * i - 3:3 * i]), [f"blue {i}", f"green {i}", f"red {i}"])
            self.assertEqual(lines[9:], ["9 rounds"])
            self.assertEqual(result.stderr, "")
            self.assertEqual(result.returncode, 0)

    def test_an_argument_is_refused_in_one_sentence(self):
        result = run("--fast")
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr, "'--fast' means nothing here: this program takes no arguments.\n")
        self.assertEqual(result.returncode, 2)


if __name__ == "__main__":
    unittest.main()
