"""The smallest executor: three guests, and a cook on another thread who rings for them."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Dinner(program.TakesNoArguments):
    def test_tasks_go_on_in_the_order_of_their_wakes(self):
        waits = "Ann waits\nBob waits\nCat waits\n"
        self.assertEqual(program.run(), (f"{waits}Cat eats\nAnn eats\nBob eats\nthe thief was caught\n", "", 0))


if __name__ == "__main__":
    unittest.main()
