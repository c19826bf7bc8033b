"""What ./learn starts ends with it, whenever the interrupt comes; and of two that build in one folder one waits."""
import contextlib
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import sources  # where tools/learn is found
import children
import cli
import process
from children import Child, alone_in, plain_wait, run_all
from process import Interrupts

SLEEP = ["sleep", "1000"]


class InAFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.started: list = []


class Children(InAFolder):
    def script(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def keeping(self, *after):
        """Popen, which keeps what it starts, and then calls these."""
        def popen(*words, **options):
            self.started.append(real(*words, **options))
            for call in after:
                call()
            return self.started[-1]

        real = subprocess.Popen
        return mock.patch.object(children.subprocess, "Popen", popen)

    def all_gone(self) -> None:
        self.assertTrue(self.started)
        left = [pid for child in self.started for pid in process.members_of_session(child.pid)]
        for child in self.started:
            process.kill_session(child)
        self.assertEqual(left, [], "a child was left behind")
        self.assertFalse(Interrupts.held or Interrupts.came)

    def test_a_name_that_is_no_text(self):
        child = Child([self.script("é" * 8, "sleep 1000")], self.folder)      # the kernel keeps 15 bytes of it
        child.end()
        self.assertIsNotNone(child.process.returncode)

    def test_a_grandchild_that_is_just_being_started(self):
        def members(session: int) -> list:
            found.append(real(session))
            return found[-1] if len(found) > 1 else [session]

        real, found, ready = process.members_of_session, [], self.folder / "ready"
        child = Child([self.script("parent", f"sleep 1000 & echo > {ready}; wait")], self.folder)
        while not ready.exists():
            os.sched_yield()
        with mock.patch.object(process, "members_of_session", members):
            child.end()
        self.assertEqual(real(child.process.pid), [])

    def test_an_interrupt_at_the_very_start(self):
        with self.keeping(Interrupts.arrive), self.assertRaises(KeyboardInterrupt):
            run_all([SLEEP], self.folder, plain_wait)
        self.all_gone()

    def test_a_second_interrupt_while_it_ends(self):
        def interrupt(*_):
            raise KeyboardInterrupt

        def wait(child, timeout=None):
            if timeout:
                Interrupts.arrive()
                raise subprocess.TimeoutExpired(child.args, timeout)      # deaf to the polite end
            return real(child)

        real = subprocess.Popen.wait
        with mock.patch.object(subprocess.Popen, "wait", wait), self.keeping(), self.assertRaises(KeyboardInterrupt):
            run_all([["sh", "-c", "trap '' INT; sleep 1000"]], self.folder, interrupt, gently=True)
        self.all_gone()

    def test_one_that_is_too_slow_may_tidy_up(self):
        ready, tidied = self.folder / "ready", self.folder / "tidied"
        slow = self.script("slow", f"trap 'echo > {tidied}; exit 1' INT\necho > {ready}\nwhile :; do sleep 0.01; done")

        def wait(*_):
            while not ready.exists():
                os.sched_yield()

        ended = run_all([[slow]], self.folder, wait, seconds=0, gently=True)[0]
        self.assertEqual((ended.status, ended.why, tidied.exists()), (1, "slow", True))

    def test_output_without_end_is_read_as_far_as_it_is_wanted(self):
        reads = mock.Mock(side_effect=[b"y" * 65536] * 100)      # and then it fails
        child = Child(SLEEP, self.folder)
        with mock.patch.object(children.os, "read", reads):
            self.assertTrue(child.read())
        self.assertEqual(len(child.bytes), children.MOST_OUTPUT + 65536)
        child.end()

    def test_an_interrupt_as_the_demo_ends(self):
        def waitpid(*words):
            found = real(*words)
            if not found[0] or reaped:
                return found
            reaped.append(found)
            raise KeyboardInterrupt

        real, reaped = os.waitpid, []
        with mock.patch.object(os, "waitpid", waitpid), self.assertRaises(KeyboardInterrupt):
            cli.run_child(["/bin/true"])


class TwoThatBuild(InAFolder):
    def test_the_second_says_so_and_waits(self):
        said: list = []
        with contextlib.ExitStack() as first:
            first.enter_context(alone_in(self.folder, tell=said.append))
            with alone_in(self.folder, lambda *_: first.close(), said.append):
                self.assertEqual(said, ["another ./learn is building, so this one waits …"])
        with alone_in(self.folder, tell=said.append):
            self.assertEqual(len(said), 1)

    def test_an_interrupt_while_it_waits(self):
        with alone_in(self.folder), self.assertRaises(KeyboardInterrupt):
            with alone_in(self.folder, mock.Mock(side_effect=KeyboardInterrupt), lambda sentence: None):
                self.fail("the other is still there")
        with alone_in(self.folder, mock.Mock(side_effect=AssertionError)):
            pass

    def test_where_there_are_no_locks_nobody_waits(self):
        with mock.patch.object(children.fcntl, "flock", mock.Mock(side_effect=OSError(95, "no locks"))), alone_in(self.folder):
            pass


if __name__ == "__main__":
    unittest.main()
