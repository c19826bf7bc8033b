"""Lesson 08's program: the loopers as coroutines, nested tasks, an async block; and the block that dangles."""
import os
import subprocess
import unittest
from pathlib import Path

ALL = """\
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


def run(*arguments):
    return subprocess.run([os.environ["PBP_PROGRAM"], *arguments], capture_output=True, timeout=30)


def has_address_sanitizer():
    """As the build says; without a build, as the program itself shows."""
    sanitizers = os.environ.get("PBP_SANITIZERS")
    if sanitizers is not None:
        return "address" in sanitizers
    return b"__asan_init" in Path(os.environ["PBP_PROGRAM"]).read_bytes()


class Coroutines(unittest.TestCase):
    def test_loopers_and_nested_tasks_and_a_block(self):
        done = run()
        self.assertEqual(done.stdout.decode(), ALL)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(done.returncode, 0)

    @unittest.skipUnless(has_address_sanitizer(), "only AddressSanitizer notices a capture that is gone")
    def test_a_block_that_outlives_its_captures_is_caught(self):
        done = run("dangle")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr.decode(errors="replace"),
                         r"ERROR: AddressSanitizer: (stack-use-after-(scope|return)|heap-use-after-free)")
        self.assertEqual(done.stdout, b"")

    def test_unknown_argument_gets_one_sentence(self):
        done = run("wrangle")
        self.assertEqual(done.stdout, b"")
        self.assertEqual(done.stderr.decode(),
                         "'wrangle' means nothing here: say nothing, or 'dangle' for the async block that outlives its "
                         "captures.\n")
        self.assertEqual(done.returncode, 2)

    def test_too_many_arguments_get_one_sentence(self):
        done = run("dangle", "twice")
        self.assertEqual(done.stderr.count(b"\n"), 1)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
