"""Lesson 08's program: the loopers as coroutines, a coroutine that awaits another, an async block, and one that dangles."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402

ALL = """\
three loopers were called
red 1
green 1
blue 1
red 2
green 2
blue 2
red 3
green 3
blue 3
9 rounds
mint in hot water
no tea: nobody boils sand
2 cups for a guest with quite a long name
1 cup left
"""


class Coroutines(unittest.TestCase):
    def test_loopers_and_nested_coroutines_and_a_block(self):
        self.assertEqual(program.run(), (ALL, "", 0))

    @unittest.skipUnless("address" in program.SANITIZERS, "only AddressSanitizer notices a capture that is gone")
    def test_a_block_that_outlives_its_captures_is_reported(self):
        done = program.run("dangle")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr,
                         r"ERROR: AddressSanitizer: (stack-use-after-(scope|return)|heap-use-after-free)")
        self.assertEqual(done.stdout, "")

    def test_unknown_argument_gets_one_sentence(self):
        done = program.run("wrangle")
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "this program doesn't know the argument 'wrangle'. Run it without arguments, or with 'dangle' "
                                      "to see an async block that outlives its captures.\n")
        self.assertEqual(done.returncode, 2)

    def test_too_many_arguments_get_one_sentence(self):
        done = program.run("dangle", "twice")
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
