"""What the loop tells of a program's tests, in words of the course: of programs that are shell scripts."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import sources  # where tools/learn is found
import program_report
from children import Ended

HEAD = """import os, subprocess, unittest
PROGRAM = os.environ["PBP_PROGRAM"]
def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=5)
class It(unittest.TestCase):
"""


class Told(unittest.TestCase):
    def tell(self, program: str, *test: str) -> tuple:
        """(title, lines) of what is told of a program that is this script, tested so."""
        with tempfile.TemporaryDirectory() as folder:
            script, tests = Path(folder, "program"), Path(folder, "program.py")
            script.write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
            script.chmod(0o755)
            tests.write_text(HEAD + "    def test_it(self):\n" + "".join(f"        {line}\n" for line in test), encoding="utf-8")
            runner = sources.ROOT / "tools/learn/program_tests.py"
            ran = subprocess.run([sys.executable, "-B", runner, tests], capture_output=True, text=True, timeout=60,
                                 env={"PATH": "/bin:/usr/bin", "PBP_PROGRAM": str(script)}, start_new_session=True)
        self.assertEqual(ran.stderr, "")
        if ran.returncode == 0:
            return "", []
        title, lines, place = program_report.tell(Ended(ran.returncode, ran.stdout), "01-poll")
        self.assertEqual(place[0].name, "main.cpp")
        return title, lines

    def test_nothing_of_one_that_is_right(self):
        self.assertEqual(self.tell("echo a", 'self.assertEqual(run("x", "a b").stdout, "a\\n")'), ("", []))

    def test_the_first_line_that_differs(self):
        self.assertEqual(self.tell("echo a; echo b; echo c", 'self.assertEqual(run("x", "a b").stdout, "a\\nB\\nC\\n")'),
                         ("does not print what it should", ["$ ./learn run 01 x 'a b'", "line 2 of its output:",
                                                            "     | expected   B", "     | yours      b"]))

    def test_blanks_and_the_last_end_of_line_are_seen(self):
        self.assertEqual(self.tell("echo 'a '", 'self.assertEqual(run().stdout, "a\\n")')[1][2:],
                         ["     | expected   'a'", "     | yours      'a '"])
        self.assertEqual(self.tell("printf a", 'self.assertEqual(run().stdout, "a\\n")')[1][1:],
                         ["line 1 of its output: only the '\\n' at its end differs."])

    def test_one_that_ends_before_and_what_it_said_then(self):
        self.assertEqual(self.tell("echo a; echo no kettle >&2; exit 3", 'self.assertEqual(run().stdout, "a\\nb\\n")')[1][1:],
                         ["line 2 of its output:", "     | expected   b", "     | yours      (nothing, because it exits earlier)",
                          "on stderr:", "     | no kettle"])

    def test_the_part_that_differs_of_several(self):
        both = ["done = run()", 'self.assertEqual((done.stdout, done.returncode), ("a\\n", 0))']
        self.assertEqual(self.tell("echo a; exit 3", *both),
                         ("exits with the wrong status", ["$ ./learn run 01", "expected   status 0", "yours      status 3"]))
        self.assertEqual(self.tell("echo b; exit 3", *both)[1][1], "line 1 of its output:")

    def test_what_is_no_comparison_is_told_by_the_tests_own_line(self):
        title, lines = self.tell("echo a", "import re", 'self.assertRegex(run().stdout, "^b$")')
        self.assertEqual(title, "does not do what it should")
        self.assertRegex(lines[1], r'^tests/01-poll/program\.py:8 says: self\.assertRegex\(run\(\)\.stdout, "\^b\$"\)$')
        self.assertIn("not found in 'a", lines[2])

    def test_any_byte_may_be_printed(self):
        self.assertEqual(self.tell("printf 'caf\\351\\n'", 'self.assertEqual(run().stdout, "tea\\n")')[1][3],
                         "     | yours      caf\ufffd")

    def test_one_that_does_not_end(self):
        title, lines = self.tell("echo a; sleep 50", 'self.assertEqual(run("x").stdout, "a\\n")')
        self.assertEqual((title, lines), ("does not exit", [
            "$ ./learn run 01 x", "The program was silent for 1 s and was killed.", "Its last output:",
            "     | a"]))

    def test_what_another_has_started_is_ended_with_it(self):
        with tempfile.NamedTemporaryFile() as file:
            self.assertEqual(self.tell(f"sleep 1000 >/dev/null 2>&1 & echo $! > {file.name}", 'self.assertEqual(run().stdout, "")'),
                             ("", []))
            status = Path("/proc", file.read().decode().strip(), "status")
        try:
            self.assertIn("State:\tZ", status.read_text(), "a child was left behind")
        except OSError:
            pass

    def test_tests_that_do_not_come_to_an_end(self):
        told = json.dumps({"run": ["serve"]})
        self.assertEqual(program_report.tell(Ended(-9, told + "\n", "slow"), "01-poll")[:2],
                         ("does not finish its tests",
                          ["$ ./learn run 01 serve", "It timed out and was killed. Is it waiting for something that never happens?"]))


if __name__ == "__main__":
    unittest.main()
