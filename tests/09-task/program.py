"""The program of lesson 09: one task, run by hand."""
import os
import subprocess
import unittest


def run(*args):
    return subprocess.run([os.environ["PBP_PROGRAM"], *args], capture_output=True, text=True, timeout=30)


class TaskByHand(unittest.TestCase):
    def test_it_runs_when_it_is_woken_and_run(self):
        result = run()
        self.assertEqual(result.stdout, """\
main: the task is made, and nothing has happened
  -> into the queue
main: run the task
  task: I wait for two guests
main: 0 in the queue
main: ring the doorbell
  -> into the queue
main: run the task
  task: guest 1, come in
main: 0 in the queue
main: ring the doorbell
  -> into the queue
main: run the task
  task: guest 2, come in
main: 0 in the queue
main: finished: true, guests: 2
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
