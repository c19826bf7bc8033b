"""A lesson's own program, in the loop: judged when the steps are green, told when it is wrong or does not end, and run by key
or command, on the solutions or on the learner's own earlier lessons."""
import time
import unittest
from pathlib import Path

from session import SessionTest

DONE = r"Lesson\s+01-poll is done"
ROW = "✗ program does what it should"


class ProgramTest(SessionTest):
    def setUp(self):
        super().setUp()
        self.main = self.place / "mine/01-poll/main.cpp"
        self.assertEqual(self.command("goto", "01")[0], 0)
        self.right = self.main.read_text(encoding="utf-8")
        self.save(self.solved)

    def program(self, *changes: tuple, begins: str = "") -> None:
        """The starter's main.cpp, changed, and with these lines at its beginning."""
        text = self.right.replace("#include <utility>\n", "#include <utility>\n#include <unistd.h>\n", 1)
        text = text.replace("    Kettle kettle;\n", f"    {begins}\n    Kettle kettle;\n", 1)
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.main.write_text(text, encoding="utf-8")

    def gone(self) -> None:
        """No program of this checkout is alive."""
        until = time.monotonic() + 10
        while (alive := self.alive()) and time.monotonic() < until:
            time.sleep(0.05)     # house-rule: allow a process that was ended needs a moment
        self.assertEqual(alive, [])

    def alive(self) -> list:
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and Path(entry, "exe").resolve() == self.place / "build/learn/bin/lesson-01":
                    found.append(entry.name)
            except OSError:
                pass
        return found


class Judged(ProgramTest):
    def test_one_that_does_not_end_is_told_in_seconds(self):
        at = self.learner()
        at.expect(DONE)
        self.program(begins='fmt::print("the kettle is on\\n"); for (;;) { pause(); }')
        at.expect("building the program …")
        at.expect("running the program …")
        began = time.monotonic()
        at.expect(ROW, "program does not exit", r"\$ ./learn run 01\n", "was silent for . s and was killed",
                  r"Its last output:\n +\| the kettle is on\n", "the main thread: outside of all polls, in a call that blocks",
                  r"open  mine/01-poll/main\.cpp:\d+", "0 of 3 lessons")
        self.assertLess(time.monotonic() - began, 20, "nobody waits for the tests' own time-out")
        self.gone()
        self.program(begins='for (volatile unsigned i = 0;; i = i + 1) { }')
        at.expect(ROW, "program does not exit", "It printed nothing", "the main thread: .*, on the processor")
        self.program(begins='for (;;) { fmt::print("again\\n"); }')
        at.expect(ROW, "program does not exit", "printed more than 4 MB", r"\| again\n")
        self.main.write_text(self.right, encoding="utf-8")
        at.expect(DONE, "1 of 3 lessons")

    def test_keys_work_while_it_is_judged(self):
        self.program(begins='fmt::print(stderr, "the kettle is on\\n"); for (;;) { pause(); }')
        for key, status in (("q", 1), ("\x03", 130)):
            at = self.learner()
            at.expect("running the program …")
            at.press("r")
            at.expect("running the program …", r"\$ build/learn/bin/lesson-01\n", "the kettle is on")
            at.press("r")
            at.expect(r"\(It was stopped\.\)")
            at.press(key)
            self.assertEqual(at.end(), status)
            self.gone()

    def test_what_is_wrong_is_shown_side_by_side(self):
        self.program(('"poll {}: {}\\n"', '"polled {}: {}\\n"'))
        at = self.learner()
        frame = at.expect(ROW, "program does not print what it should", r"\$ ./learn run 01\n", "line 1 of its output:",
                          r"\| expected   poll 1: Pending\n", r"\| yours      polled 1: Pending\n",
                          r"open  mine/01-poll/main\.cpp:\d+")
        self.assertNotIn("Assert", frame)
        self.program(("takes no arguments", "takes no argument"))
        at.expect(r"\$ ./learn run 01 faster\n", "line 1 of its stderr:", "expected   this program takes no arguments",
                  "yours      this program takes no argument, but")
        self.program(begins="return 3;")
        at.expect(r"yours      \(nothing, because it exits earlier\)", "It exited with status 3")
        self.program(begins="int* nowhere = nullptr; *nowhere = 3;")
        at.expect("program ends badly", "memory that does not exist|null pointer", r"open  mine/01-poll/main\.cpp:\d+")
        at.press("h")
        at.expect("There are no hints for what")
        at.press("n")
        at.expect("The program of lesson 01 is not right yet. To go on anyway, press n again")
        at.press("q")
        self.assertEqual(at.end(), 1)

    def test_a_lesson_is_finished_when_its_program_is_right(self):
        self.program(('"poll {}: {}\\n"', '"polled {}: {}\\n"'))
        status, said = self.command()
        self.assertEqual(status, 1)
        self.assertRegex(said, r"(?m)^ ✗ program does what it should$")
        self.assertRegex(said, r"(?m)^open  mine/01-poll/main\.cpp:\d+$")
        self.assertRegex(self.command("list")[1], r"(?m)^>  01-poll +2 of 2, its program not yet$")
        status, said = self.command("solution", "01")
        self.assertEqual(status, 1)
        self.assertIn("The program of lesson 01 is not right yet. To see the solution anyway: ", said)
        status, said = self.command("test", "01")
        self.assertEqual(status, 1)
        self.assertRegex(said, r"failed 01 program/(?s:.*)\| expected   poll 1: Pending\n +\| yours      polled 1: Pending\n")
        self.assertNotIn("Traceback", said)
        self.assertIn("Traceback", self.command("test", "01", "--raw")[1])
        self.main.write_text(self.right, encoding="utf-8")
        self.assertEqual(self.command()[0], 0)
        self.assertRegex(self.command("list")[1], r"(?m)^>✓ 01-poll +2 of 2$")
        # One that was finished when programs were not judged yet.
        progress = self.place / "mine/progress.txt"
        progress.write_text("current 01-poll\ndone 01-poll 01.1 01.2\n")
        self.assertRegex(self.command("list")[1], r"(?m)^>  01-poll +2 of 2, its program not yet$")
        self.assertEqual(self.command()[0], 0)
        self.assertIn("done 01-poll 01.1 01.2 program\n", progress.read_text())


class Run(ProgramTest):
    def test_by_key_and_ended_by_ctrl_c_or_q(self):
        # It is deaf to all that can be refused, and has a child that is.
        self.program(("#include <unistd.h>\n", "#include <unistd.h>\n#include <csignal>\n"),
                     begins="signal(SIGINT, SIG_IGN); signal(SIGHUP, SIG_IGN); signal(SIGTERM, SIG_IGN); fork();\n"
                            '    fmt::print("the kettle is on\\n"); for (;;) { pause(); }')
        for key, status in (("\x03", 130), ("q", 1)):
            at = self.learner()
            at.expect("program does not exit|does not finish")
            at.press("r")
            at.expect(r"\$ build/learn/bin/lesson-01\n", "the kettle is on\nthe kettle is on\n")
            self.assertEqual(len(self.alive()), 2)
            at.press(key)
            self.assertEqual(at.end(), status)
            self.gone()

    def test_by_command_and_not_when_its_file_is_lost(self):
        status, said = self.command("run", "01")
        self.assertEqual(status, 0)
        self.assertTrue(said.endswith("100 degrees: 3 of 4 polls were for nothing\nmapped: Ready(tea of 80 degrees)\n"), said)
        status, said = self.command("run", "current", "faster")
        self.assertEqual(status, 2)
        self.assertTrue(said.endswith("this program takes no arguments, but it got 'faster'. Run it without arguments.\n"), said)
        self.main.unlink()
        sentence = ("learn: mine/01-poll/main.cpp is gone. Bring the starter's back with: "
                    "cp lessons/01-poll/main.cpp mine/01-poll/\n")
        self.assertEqual(self.command("run", "01"), (2, sentence))
        self.assertEqual(self.command("trace", "01"), (2, sentence))

    def test_traced(self):
        self.program(("#include <utility>\n", "#include <utility>\n#include <rt/trace.hpp>\n"),
                     begins="rt::trace::emit(rt::trace::Kind::part_begin, &argc, 0, \"kettle\");\n"
                            "    rt::trace::emit(rt::trace::Kind::part_end, &argc, 1);")
        status, said = self.command("trace", "01")
        self.assertEqual(status, 0, said)
        self.assertIn("mapped: Ready(tea of 80 degrees)\n", said)
        self.assertRegex(said, r"(?m)^kettle +█*✓")
        self.assertRegex(said, r"(?m)^To see it to scale, open build/learn/trace-01\.json at ")
        self.assertTrue((self.place / "build/learn/trace-01.json").exists())

    def test_on_the_learners_own_earlier_lesson(self):
        for lesson in ("02-waker", "03-future"):
            self.assertEqual(self.command("goto", lesson)[0], 0)
            for solved in (self.place / "solutions" / lesson).rglob("*.?pp"):
                (self.place / "mine" / lesson / solved.relative_to(self.place / "solutions" / lesson)).write_bytes(solved.read_bytes())
        waker = self.place / "mine/02-waker/rt/waker.hpp"
        text = waker.read_text(encoding="utf-8").replace("#pragma once\n", "#pragma once\n#include <cstdio>\n", 1)
        waker.write_text(text + 'inline int const mine = std::puts("my own waker");\n', encoding="utf-8")
        self.assertNotIn("my own waker", self.command("run", "03")[1])
        try:
            status, said = self.command("base", "mine")
            self.assertEqual((status, "your own earlier lessons" in said), (0, True), said)
            self.assertIn("my own waker\nThree futures are made", self.command("run", "03")[1])
            waker.write_text(waker.read_text(encoding="utf-8").replace("my own waker", "my other waker"), encoding="utf-8")
            self.assertIn("my other waker\nThree futures are made", self.command("run", "03")[1])
        finally:
            self.assertEqual(self.command("base", "solutions")[0], 0)
        self.assertIn("\nThree futures are made", self.command("run", "03")[1])
        self.assertNotIn("my other waker", self.command("run", "03")[1])


if __name__ == "__main__":
    unittest.main()
