"""The program of lesson 09: one task, run by hand, and an executor with three bugs."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class TaskByHand(unittest.TestCase):
    def test_it_runs_when_it_is_woken_and_run(self):
        result = program.run()
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
        self.assertEqual((result.stderr, result.returncode), ("", 0))

    def test_the_small_executor_shows_its_three_bugs(self):
        result = program.run("mini")
        self.assertEqual(result.stdout, """\
1. woken twice
  task: I am polled
main: the one task is in the queue 2 times
  task: I am polled
  task: I am polled
2. woken while it runs
  task: a poll begins, threads in this future: 1
  task: a poll begins, threads in this future: 2
3. nobody can wait for the result
main: a task has computed 42, but nobody can ask for it
main: I only run the queue, and I get the exception of a task: the kettle leaks
""")
        self.assertEqual((result.stderr, result.returncode), ("", 0))

    def test_unknown_argument_gets_one_sentence(self):
        sentence = "'maxi' means nothing here. Say nothing, or 'mini' for the executor with three bugs.\n"
        self.assertEqual(program.run("maxi"), ("", sentence, 2))


if __name__ == "__main__":
    unittest.main()
