"""Tasks without a heap: a button, and the light that it switches."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class Light(program.TakesNoArguments):
    def test_each_press_changes_the_light(self):
        presses = "".join(f"press {press}\nthe light is {light}\n" for press, light in ((1, "on"), (2, "off"), (3, "on")))
        self.assertEqual(program.run(), (presses, "", 0))


if __name__ == "__main__":
    unittest.main()
