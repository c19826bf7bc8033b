"""The program of lesson 10: tasks that run although nobody awaits them, and a JoinSet that says which one has ended."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Kitchen(program.TakesNoArguments):
    def test_tasks_run_and_futures_wait(self):
        result = program.run()
        self.assertEqual(result.stdout, """\
kitchen: everything is set up
herb tea: minute 1
mint tea: minute 1
herb tea: minute 2
mint tea: minute 2
herb tea: ready
mint tea: minute 3
mint tea: ready
kitchen: the mint tea took 3 minutes, and nobody has heard of the coffee
kitchen: green tea is done, 2 to come
kitchen: white tea is done, 1 to come
kitchen: black tea is done, 0 to come
""")
        self.assertEqual((result.stderr, result.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
