"""The commands of this folder refuse what means nothing; and Ctrl-C ends them, and whatever they have started."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from sources import ROOT

import process

SLOW = """#!/bin/sh
case "$*" in
    *--version*) echo "a slow compiler" ;;
    *-dumpfullversion*) echo 12.2.0 ;;
    *) echo $$ >> "$PIDS"; sleep 1000 & wait ;;
esac
"""
PATIENCE = 60  # seconds


def command(name: str, *words: str) -> list:
    return [sys.executable, "-B", str(ROOT / "tests/course" / name), *words]


class Refused(unittest.TestCase):
    def refused(self, name: str, *words: str) -> str:
        run = subprocess.run(command(name, *words), capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
        self.assertNotIn("Traceback", run.stderr)
        return run.stderr

    def test_a_name_that_means_nothing(self):
        for words in (("mistakes.py", "01"), ("compile_errors.py",), ("book.py", "--check"), ("pages.py", "refresh")):
            self.assertRegex(self.refused(*words, "nonsense"), r"there is no [a-z ]+ 'nonsense'")


class CtrlC(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.pids = self.folder / "pids"
        self.compiler = f"slow-g++-{os.getpid()}"
        for name in ("g++", self.compiler):
            (self.folder / name).write_text(SLOW)
            (self.folder / name).chmod(0o755)

    def started(self) -> list:
        return [int(line) for line in self.pids.read_text().split()] if self.pids.exists() else []

    def interrupted(self, name: str, *words: str, number: int = signal.SIGINT) -> None:
        """It waits for compilers that do not end; the signal reaches it alone."""
        child = subprocess.Popen(command(name, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 start_new_session=True,
                                 env={**os.environ, "PBP_CXX": str(self.folder / self.compiler), "PIDS": str(self.pids),
                                      "PATH": f"{self.folder}:{os.environ['PATH']}"})
        until = time.monotonic() + PATIENCE
        while not self.started() and child.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        child.send_signal(number)
        printed, complained = child.communicate(timeout=PATIENCE)
        for kit in (ROOT / "build/kit").glob(f"{self.compiler}-*"):
            shutil.rmtree(kit, ignore_errors=True)
        self.assertEqual((child.returncode, printed, complained), (128 + number, "", ""))
        self.assertTrue(self.started())
        self.assertEqual([pid for one in self.started() for pid in process.members_of_session(one)], [])

    def test_mistakes(self):
        self.interrupted("mistakes.py", "01", "-j2")

    def test_asked_to_end_otherwise(self):
        self.interrupted("mistakes.py", "01", number=signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
