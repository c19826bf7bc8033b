"""The program of lesson 10: tasks that run though nobody awaits them, then a thousand."""
import os
import subprocess
import unittest


def run(*args):
    return subprocess.run([os.environ["PBP_PROGRAM"], *args], capture_output=True, text=True, timeout=30)


class Kitchen(unittest.TestCase):
    def test_tasks_run_and_futures_wait(self):
        result = run()
        self.assertEqual(result.stdout, """\
kitchen: all is set up
herb tea: minute 1
mint tea: minute 1
herb tea: minute 2
mint tea: minute 2
herb tea: ready
mint tea: minute 3
mint tea: ready
kitchen: the mint tea took 3 minutes, and nobody has heard of the coffee
kitchen: a thousand tasks, their sum is 500500
""")
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.returncode, 0)

    def test_an_argument_is_refused_in_one_sentence(self):
        result = run("--fast")
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr, "'--fast' means nothing here: this program takes no arguments.\n")
        self.assertEqual(result.returncode, 2)


if __name__ == "__main__":
    unittest.main()
