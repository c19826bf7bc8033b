"""The loop and its judge without a terminal, a compiler or a child that matters: what a moment does to what is known."""
import io
import unittest
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

import sources  # where tools/learn is found
from tree import CourseTest

import judge
import loop
import terminal
from children import Ended
from judge import GREEN, RED, Judge, Verdict
from lessons import steps_of
from machine import Machine
from mine import copy_of
from progress import Progress


class Turns(CourseTest):
    """A learner at 02, whose copies are in a tree."""

    def setUp(self):
        self.root = self.tree(**{"mine/01-poll/rt/poll.hpp": "one", "mine/02-waker/rt/waker.hpp": "two",
                                 "mine/progress.txt": "current 02-waker\nbase mine\n"})
        for name, value in (("open_lesson", lambda lesson: None), ("copy_of", lambda lesson: self.root / "mine" / lesson)):
            patch = mock.patch.object(loop, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.progress = Progress(self.root / "mine/progress.txt")
        at_terminal = mock.Mock(resized=False)
        at_terminal.wait.return_value = ""
        self.at = loop.Loop(self.progress, Machine(), at_terminal)

    def looks(self) -> list:
        return [self.at.watch.changed() for _ in range(3)]

    def test_what_the_loop_writes_is_no_save(self):
        self.at.act("h")
        self.assertIn("hint 02.1, 1 of 3", self.at.frame.pane[0])
        self.assertIn("hint 02.1 1", self.progress.path.read_text())
        self.assertEqual(self.looks(), [False, False, False])
        (self.root / "mine/01-poll/rt/poll.hpp").write_text("another one")
        self.assertEqual(self.looks(), [False, True, False], "an earlier lesson of their own is what this one stands on")

    def test_another_base_is_taken_over(self):
        other = Progress(self.progress.path)
        other.base = "solutions"
        other.save()
        with self.assertRaises(loop.Turn) as turn:
            self.at.wait([], 0)
        self.at.turn(str(turn.exception))
        self.assertEqual((self.at.lesson.name, self.at.judge.base), ("02-waker", "solutions"))
        (self.root / "mine/01-poll/rt/poll.hpp").write_text("another one")
        self.assertEqual(self.looks(), [False, False, False])

    def test_r_twice_starts_one_program(self):
        def built(name: str) -> tuple:
            self.at.act("r")      # again, while it is built
            return Verdict(GREEN), Path("/bin/true")

        with mock.patch.object(self.at.judge, "build_program", built):
            self.at.start_program()
        self.assertFalse(self.at.wants_program)
        self.assertIsNotNone(self.at.program)
        self.at.end_program()

    def test_a_turn_that_is_refused_judges_again_what_it_interrupted(self):
        judged = mock.Mock()
        waits = mock.Mock(side_effect=[loop.Turn("03-future"), loop.Leave])
        with mock.patch.object(self.at, "judge_all", judged), mock.patch.object(self.at, "wait", waits), \
                mock.patch.object(loop, "can_be_opened", lambda lesson: False):
            self.at.run()
        self.assertEqual(judged.call_count, 2)
        self.assertIn("no starter yet", self.at.frame.pane[0])

    def test_another_lesson_has_nothing_of_the_last_ones_program(self):
        self.at.program = mock.Mock()
        self.at.turn("03-future")
        self.assertEqual((self.at.lesson.name, self.at.frame.pane, self.at.program), ("03-future", [], None))

    def ran(self, status, output: bytes = b"") -> list:
        """What the pane says of a program that printed this and then ended, or did not (None)."""
        def is_over() -> bool:
            self.at.program.bytes += output
            return status is not None

        self.at.program = mock.Mock(bytes=bytearray(), command=["program"], is_over=is_over, text=lambda: "")
        self.at.program.process.returncode = status
        self.at.read_program()
        return self.at.frame.pane[2:]

    def test_how_a_program_ended_is_said_once_and_in_words(self):
        self.assertEqual(self.ran(0), ["(it ended)"])
        self.assertEqual(self.ran(3), ["(it ended with status 3)"])
        self.assertEqual(self.ran(-11), ["(it crashed: a pointer that points nowhere)"])
        self.assertEqual(self.ran(None, bytes(2 << 20)), ["(it printed more than a megabyte, and was ended)"])

    def test_a_judge_that_waits_says_so(self):
        self.at.frame.doing = "checking 02.1 …"
        self.at.judge.tell("another one builds")
        self.assertEqual(self.at.frame.doing, "checking 02.1 … (another one builds)")


class Judged(CourseTest):
    STEP = steps_of("01-poll")[0]

    def build(self, output: str, why: str) -> Verdict:
        with mock.patch.object(judge, "run_all", lambda *_, **__: [Ended(-9, output, why)]), \
                mock.patch.object(judge, "missing_files", lambda lesson: []):
            return Judge(self.tree(), Machine()).build("01-poll", "test-01.1")

    def test_an_error_among_very_many_is_explained(self):
        where = copy_of("01-poll") / "rt/poll.hpp"
        verdict = self.build(f"{where}:9001:5: error: expected ';' before '}}' token\n", "loud")
        self.assertEqual((verdict.title, verdict.place), ("it does not compile", (where, 9001)))
        self.assertIn("a semicolon is missing", "\n".join(verdict.lines))
        self.assertEqual(self.build("", "slow").lines, ["The compiler did not come to an end within 10 minutes."])

    def judged(self, script: str) -> Verdict:
        """Of a test that is this script."""
        root = self.tree(**{"tests/test-01.1": f"#!/bin/sh\n{script}\n"})
        (root / "tests/test-01.1").chmod(0o755)
        judge_of_it = Judge(root, Machine())
        with mock.patch.object(judge_of_it, "build", lambda *_: Verdict(GREEN)):
            return judge_of_it.judge(self.STEP)

    def test_a_test_that_dies_at_its_start(self):
        verdict = self.judged("kill -SEGV $$")
        self.assertEqual((verdict.state, verdict.title, verdict.at), (RED, "its test does not start", 0))
        self.assertEqual(verdict.lines, ["it crashed: a pointer that points nowhere"])
        self.assertTrue(verdict.place)
        self.assertEqual(self.judged('echo "<?xml?><doctest>"; exit 5').state, RED)

    def test_a_test_that_prints_before_and_after_its_list(self):
        listed = '<?xml version="1.0"?>\n<doctest><TestCase name="a" testsuite="s"/>\n</doctest>\n'
        self.assertEqual(self.judged(f"case $1 in --list*) printf 'early\\n%s' '{listed}late'; exit 23 ;; esac").state, GREEN)


class Screen(CourseTest):
    def test_of_a_frame_that_is_too_long_the_end_is_seen(self):
        said = io.StringIO()
        with mock.patch.object(terminal, "size", lambda: (80, 10)), redirect_stdout(said):
            terminal.Terminal().draw([f"line {number}" for number in range(30)])
        self.assertEqual([line[:7] for line in said.getvalue().replace("\x1b[H", "").splitlines()[:9]],
                         [f"line {number}" for number in range(21, 30)])

    def test_a_link_bears_any_path(self):
        with mock.patch.object(terminal, "links_wanted", lambda: True), \
                mock.patch.object(terminal.sys, "stdout", mock.Mock(isatty=lambda: True)):
            self.assertIn("/my%20caf%C3%A9/poll.hpp\x1b\\poll.hpp", terminal.link(Path("/my café/poll.hpp"), "poll.hpp"))


if __name__ == "__main__":
    unittest.main()
