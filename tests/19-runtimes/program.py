"""Lesson 19's program says the same on each runtime."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402

SAME = """\
a hundred tasks: 338350
a timer: not early
a blocking call: 42
a connection: Is it the same program? To whom it may concern: yes.
"""


class Runtimes(unittest.TestCase):
    def check(self, name, *arguments):
        done = program.run(*arguments, timeout=60)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        self.assertEqual(done.stdout, f"on {name}\n{SAME}")

    def test_current_thread_is_the_default(self):
        self.check("current_thread")
        self.check("current_thread", "--runtime=current_thread")

    def test_multi_thread(self):
        self.check("multi_thread", "--runtime=multi_thread")
        self.check("multi_thread:1", "--runtime=multi_thread:1")
        self.check("multi_thread:4", "--runtime=multi_thread:4")

    def test_poll_loop(self):
        self.check("poll_loop", "--runtime=poll_loop")

    def test_asio(self):
        done = program.run("--runtime=asio")
        if done.returncode == 2:
            self.assertEqual(done.stderr, "this program was built without Asio. Install libasio-dev and build again.\n")
            self.skipTest("built without Asio")
        self.check("asio", "--runtime=asio")

    def test_bad_options_get_one_sentence(self):
        for arguments in (["--runtime=tokio"], ["--runtime="], ["--runtime=multi_thread:0"], ["fast"], ["--runtime=asio", "please"]):
            done = program.run(*arguments, timeout=60)
            self.assertEqual((done.stdout, done.returncode), ("", 2), arguments)
            self.assertEqual(done.stderr, "say --runtime=NAME, where NAME is current_thread, multi_thread, multi_thread:N, "
                                          "poll_loop, or asio\n")


if __name__ == "__main__":
    unittest.main()
