"""The loop and its judge without a terminal, a compiler or a child that matters: what a moment does to what is known."""
import io
import unittest
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

import sources  # where tools/learn is found
from tree import CourseTest

import judge
import lessons
import loop
import panels
import terminal
from children import Ended
from console import Stop
from judge import GREEN, RED, Judge, Verdict
from lessons import EXERCISE, PROGRAM, Step, steps_of
from machine import Machine
from mine import copy_of
from progress import Progress


class AtTheLoop(CourseTest):
    """A learner at 02, whose copies are in a tree."""

    def setUp(self):
        self.root = self.tree(**{"mine/01-poll/rt/poll.hpp": "one", "mine/02-waker/rt/waker.hpp": "two",
                                 "mine/progress.txt": "current 02-waker\nbase mine\n"})
        for name, value in (("open_on_path", lambda progress, lesson: None), ("copy_of", lambda lesson: self.root / "mine" / lesson),
                            ("exercise_file", lambda lesson: self.root / "mine" / lesson / "exercise.hpp")):
            patch = mock.patch.object(loop, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.progress = Progress(self.root / "mine/progress.txt")
        at_terminal = mock.Mock(resized=False)
        at_terminal.wait.return_value = ""
        self.at = loop.Loop(self.progress, Machine(), at_terminal)


class Turns(AtTheLoop):
    def looks(self) -> list:
        return [self.at.watch.changed() for _ in range(3)]

    def test_what_the_loop_writes_is_no_save(self):
        self.at.act("h")
        self.assertIn("hint 02.1, 1 of 3", self.at.frame.panel[0])
        self.assertIn("hint 02.1 1", self.progress.path.read_text())
        self.assertEqual(self.looks(), [False, False, False])
        (self.root / "mine/01-poll/rt/poll.hpp").write_text("another one")
        self.assertEqual(self.looks(), [False, True, False], "an earlier lesson of their own is what this one stands on")

    def test_the_newest_hint_alone_and_at_first_the_one_seen_last(self):
        self.progress.rungs["02.1"] = 2
        for expected in (2, 3, 3):
            self.at.act("h")
            self.assertIn(f"hint 02.1, {expected} of 3", self.at.frame.panel[0])
            self.assertEqual(sum("hint 02.1, " in line for line in self.at.frame.panel), 1)

    def test_a_prediction_is_asked_for_and_shown_beside_the_output(self):
        self.assertRegex(self.at.frame.guide[0], r"^Read book/02-waker.md \(\d+ min\) first: press b. Then press p")
        for key in "ptwq\x7fo bells\n":
            self.at.press(key)
        self.assertIn("predict 02-waker two bells\n", self.progress.path.read_text())
        self.assertNotIn("press p", self.at.frame.guide[0])
        self.assertEqual(self.ran(0), ["(It exited.)", "Your prediction: two bells"])
        self.progress.mark("02-waker", "02.1", True)
        self.assertEqual(self.at.guide(), [])

    def test_the_question_is_the_chapters(self):
        self.at.press("p")
        self.assertTrue(self.at.frame.panel[0].endswith("?"), self.at.frame.panel)
        self.at.press("\n")
        self.assertEqual((self.at.frame.panel, self.progress.predictions), ([], {}))

    def test_a_file_saved_in_the_wrong_place(self):
        with mock.patch.object(loop, "starter", lambda name: self.root / "lessons" / name), mock.patch.object(lessons, "ROOT", self.root):
            wrong = self.root / "lessons/02-waker/rt/waker.hpp"
            wrong.parent.mkdir(parents=True)
            wrong.write_text("starter")
            self.at.begin("02-waker")
            wrong.write_text("solved")
            for _ in range(3):
                self.at.wait([], 0)
            self.assertEqual(self.at.frame.misplaced, ["You saved lessons/02-waker/rt/waker.hpp, which ./learn does not check. "
                                                       "Edit mine/02-waker/rt/waker.hpp instead."])

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
                mock.patch("mine.can_be_opened", lambda lesson: False):
            self.at.run()
        self.assertEqual(judged.call_count, 2)
        self.assertIn("no starter yet", self.at.frame.panel[0])

    def test_another_lesson_has_nothing_of_the_last_ones_program(self):
        self.at.program = mock.Mock()
        self.at.turn("03-future")
        self.assertEqual((self.at.lesson.name, self.at.frame.panel, self.at.program), ("03-future", [], None))

    def ran(self, status, output: bytes = b"") -> list:
        """What the panel says of a program that printed this and then ended, or did not (None)."""
        def is_over() -> bool:
            self.at.program.bytes += output
            return status is not None

        self.at.program = mock.Mock(bytes=bytearray(), command=["program"], is_over=is_over, text=lambda: "")
        self.at.program.process.returncode = status
        self.at.read_program()
        return self.at.frame.panel[2:]

    def test_how_a_program_ended_is_said_once_and_in_words(self):
        self.assertEqual(self.ran(0), ["(It exited.)"])
        self.assertEqual(self.ran(3), ["(It exited with status 3.)"])
        self.assertEqual(self.ran(-11), ["(It crashed because it used a pointer that points nowhere.)"])
        self.assertEqual(self.ran(None, bytes(2 << 20)), ["(It printed more than 1 MB and was killed.)"])

    def test_a_judge_that_waits_says_so(self):
        self.at.frame.doing = "checking 02.1 …"
        self.at.judge.tell("another one builds")
        self.assertEqual(self.at.frame.doing, "checking 02.1 … (another one builds)")


class AfterTheSteps(AtTheLoop):
    FOLLOWS = [Step("02-waker", id, "") for id in ("02.9", PROGRAM, EXERCISE)]

    def judge(self, **states: str) -> list:
        """Which were looked at, if all steps are green and these are not."""
        looked: list = []

        def verdict(step, seen) -> Verdict:
            looked.append(step.id)
            return Verdict(RED if step.id in states.values() else GREEN)
        self.at.frame.after, self.at.judge.judge = self.FOLLOWS, verdict
        self.at.judge_after()
        return looked

    def test_all_together_and_then_the_program(self):
        self.assertEqual(self.judge(), ["02.9", PROGRAM])
        self.assertEqual(self.judge(red="02.9"), ["02.9"])
        self.assertTrue(self.at.lesson.is_red())

    def test_an_exercise_is_judged_and_not_asked_for(self):
        (self.root / "mine/02-waker/exercise.hpp").touch()
        self.assertEqual(self.judge(red=EXERCISE), ["02.9", PROGRAM, EXERCISE])
        self.assertEqual(self.at.frame.verdicts[EXERCISE].state, RED)
        self.assertFalse(self.at.lesson.is_red())

    def test_whose_tests_are_whose(self):
        suite = 'TEST_SUITE("01{} what") {{'
        root = self.tree(**{f"tests/01-poll/{name}.cpp": suite.format(of) for name, of in (
            ("01.0-a", ".0 given:"), ("01.1-a", ".1"), ("01.9-a", ".9 all together:"), ("exercise-a", " exercise"))},
            **{"tests/01-poll/program.py": "", "solutions/01-poll/main.cpp": "// starter: demo --clients 2\n"})
        with mock.patch.object(lessons, "ROOT", root):
            self.assertEqual([step.id for step in steps_of("01-poll")], ["01.1"])
            self.assertEqual([(step.id, step.title) for step in lessons.after_steps("01-poll")],
                             [("01.9", "all together: what"), (PROGRAM, "does what it should")])
            self.assertEqual([(step.target, step.title) for step in lessons.exercise_of("01-poll")], [("test-01.exercise", "what")])
            self.assertEqual(lessons.step_named("1.9", lessons.suites_of).target, "test-01.9")
            with self.assertRaisesRegex(Stop, "has no step '1.9'. Name one from 01.1 to 01.1"):
                lessons.step_named("1.9")
            self.assertEqual(lessons.starter_says(root / "solutions/01-poll"), "demo --clients 2")
            progress = Progress(root / "mine/progress.txt")
            for step, open_part in (("01.1", "01.9 is not green yet"), ("01.9", "The program of lesson 01 is not right yet")):
                progress.mark("01-poll", step, True)
                self.assertEqual(panels.what_is_open(progress, "01-poll"), open_part)


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
        self.assertIn("A semicolon is missing", "\n".join(verdict.lines))
        self.assertEqual(self.build("", "slow").lines, ["The compiler was still running after 10 minutes and was killed. Simplify your last change."])

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
        self.assertEqual(verdict.lines, ["It crashed because it used a pointer that points nowhere."])
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
