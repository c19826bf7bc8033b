"""The program of lesson 09: one task, run by hand."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class TaskByHand(program.TakesNoArguments):
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


if __name__ == "__main__":
    unittest.main()
