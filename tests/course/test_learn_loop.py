"""The loop at a terminal: keys, the way it looks, what it leaves behind; and the commands beside it."""
import os
import re
import signal
import time
import unittest
from pathlib import Path

from session import COLUMNS, ROWS, SessionTest

KEYS = re.escape("[h]int  [b]ook  [p]rediction  [r]un  [d]iff  [n]ext  [l]ist  [q]uit")
RED = r"✗ 01\.1"
GREEN = r"✓ 01\.1"


class Keys(SessionTest):
    def setUp(self):
        super().setUp()
        self.at = self.learner()
        self.at.expect(RED, r"still to write", KEYS)

    def test_each_key_while_a_step_is_red(self):
        at = self.at
        at.press("h")
        at.expect("hint 01.1, 1 of 3")
        at.press("h")
        at.expect("hint 01.1, 2 of 3")
        at.press("h")
        at.expect("hint 01.1, 3 of 3")
        at.press("l")
        at.expect(r">  01-poll +0 of 2", "02-waker")
        at.press("d")
        at.expect("01.1, 01.2: not green yet, so the solution stays closed")
        at.press("n")
        at.expect("01.1 is not green yet. To go on anyway, press n again")
        at.press("r")
        at.expect(r"\$ build/learn/bin/lesson-01", r"TODO\(01.1 ", r"exited with status 3")
        at.press("x")                                   # means nothing
        at.press("q")
        self.assertEqual(at.end(), 1)
        self.assertIn("hint 01.1 3\n", (self.place / "mine/progress.txt").read_text())
        self.assert_frames_fit()

    def test_from_red_to_the_next_lesson(self):
        at = self.at
        self.save(self.solved)
        frame = at.expect(GREEN, r"✓ 01\.1", r"✓ 01\.2", "2 of 2 steps · 1 of 3 lessons", r"Lesson\s+01-poll is done")
        self.assertNotIn("✗", frame)
        at.press("d")
        at.expect("01.1 mine/01-poll/rt/poll.hpp:[0-9]+ the same")
        at.press("n")
        at.expect("^02-waker", r"✗ 02\.1")
        self.assertTrue((self.place / "mine/02-waker/rt/waker.hpp").exists())
        self.assertEqual(self.command("goto", "1"), (0, "mine/01-poll is open. ./learn watches it.\n"))
        at.expect("^01-poll", r"✓ 01\.2", "is done")
        at.press("q")
        self.assertEqual(at.end(), 0)

    def assert_frames_fit(self) -> None:
        """And keep their colors to themselves."""
        for frame in self.at.shown.split("\x1b[H")[1:]:
            lines = re.sub(r"\x1b\[[JK]", "", frame).replace("\r", "").splitlines()
            self.assertLessEqual(max(map(len, lines)), COLUMNS, frame)
            self.assertLess(len(lines), ROWS + 1, frame)
            self.assertNotIn("\x1b[3", frame, "NO_COLOR was asked for")
            self.assertNotIn("\x1b]8", frame)


class Ends(SessionTest):
    """However it ends, no child outlives it."""

    def setUp(self):
        super().setUp()
        self.assertEqual(self.command("goto", "01")[0], 0)
        self.save(self.with_is_ready("for (volatile unsigned i = 0;; i = i + 1) { }"))

    def running(self):
        """A loop whose test never ends by itself."""
        at = self.learner(PBP_WATCHDOG_SECONDS="1000")
        until = time.monotonic() + 100
        while not any("test-01.1" in name for name in self.names(at)) and time.monotonic() < until:
            at.read(0.1)
        children = at.children()
        self.assertTrue(children)
        return at, children

    def names(self, at) -> list:
        found = []
        for pid in at.children():
            try:
                command = Path("/proc", str(pid), "cmdline").read_text()
            except OSError:
                continue
            if "--test-case=" in command:
                found.append(command)
        return found

    def all_gone(self, children: list) -> None:
        for pid in children:
            status = Path("/proc", str(pid), "status")
            try:
                self.assertIn("State:\tZ", status.read_text(), "a child was left behind")
            except OSError:
                pass

    def test_keys_signals_and_a_closed_terminal(self):
        for key, status in (("\x03", 130), ("\x1c", 130), ("q", 1)):
            at, children = self.running()
            at.press(key)
            self.assertEqual(at.end(), status)
            self.all_gone(children)
        for number in (signal.SIGTERM, signal.SIGHUP):
            at, children = self.running()
            os.kill(at.pid, number)
            at.end()
            self.all_gone(children)

    def test_a_save_ends_what_runs(self):
        at, children = self.running()
        self.save(self.solved)
        at.expect(GREEN)
        self.all_gone(children)


class WithoutATerminal(SessionTest):
    def test_one_pass(self):
        chapter = self.place / "book/01-poll.md"
        chapter.write_text("<!-- minutes: 25 -->\n")
        self.addCleanup(chapter.unlink)
        status, said = self.command()
        self.assertEqual(status, 1)
        self.assertRegex(said, r"(?m)^ ✗ 01\.1 Ready or Pending$")
        self.assertRegex(said, r"(?m)^open  mine/01-poll/rt/poll\.hpp:\d+\nread  book/01-poll\.md \(25 min\): \./learn read 01$")
        self.save(self.solved)
        status, said = self.command()
        self.assertEqual((status, said), (0, "01-poll\n ✓ 01.1 Ready or Pending\n ✓ 01.2 map\n"
                                             " ✓ program does what it should\n"))
        self.assertIn("done 01-poll 01.1 01.2 program\n", (self.place / "mine/progress.txt").read_text())

    def test_house_rules_are_told_with_their_reason_and_counted_where_they_do_not_fit(self):
        self.command("goto", "01")
        fence = "inline void f{}() {{ std::atomic_thread_fence(std::memory_order_seq_cst); }}\n"
        self.save(self.solved + "// an end\n" + "".join(fence.format(number) for number in range(9)))
        said = self.command("--raw")[1]
        self.assertEqual(said.count("look: "), 9)
        self.assertRegex(said, r"look: mine/01-poll/rt/poll\.hpp:\d+: ThreadSanitizer does not model fences")
        self.learner().expect(r"… and 6 more. To see all: ./learn --raw")

    def test_raw_shows_what_the_compiler_said(self):
        self.command("goto", "01")
        self.save(self.solved.replace("value_.has_value(); }", "value_.has_value() }", 1))
        said = self.command("--raw")[1]
        self.assertIn("mine/01-poll/rt/poll.hpp", said)
        self.assertIn("error: expected", said)
        self.header.unlink()
        self.assertIn("mine/01-poll/rt/poll.hpp is gone", self.command("--raw")[1])

    def test_a_checkout_that_is_entered_through_a_link(self):
        link = self.place.with_name(f"{self.place.name}.link")
        link.unlink(missing_ok=True)
        link.symlink_to(self.place)
        self.addCleanup(link.unlink)
        cache = self.place / "build/learn/CMakeCache.txt"
        cache.unlink(missing_ok=True)
        self.command("run", "01", PWD=str(link))
        self.assertIn(f"CMAKE_HOME_DIRECTORY:INTERNAL={self.place.resolve()}\n", cache.read_text())


class Commands(SessionTest):
    def test_reset_loses_nothing(self):
        self.assertEqual(self.command("goto", "01")[0], 0)
        starter = self.header.read_text()
        self.save(self.solved)
        status, said = self.command("reset", "01")
        self.assertEqual((status, self.header.read_text()), (0, starter))
        self.assertRegex(said, r"Your files are now in mine/\.kept/01-poll-.*\nTo undo this: \./learn reset 01 --undo\n")
        self.assertEqual(self.command("reset", "01", "--undo")[0], 0)
        self.assertEqual(self.header.read_text(), self.solved)
        self.assertEqual(self.command("reset", "01", "--undo")[0], 0)
        self.assertEqual(self.header.read_text(), starter)
        self.assertEqual(self.command("reset", "02", "--undo"), (2, "learn: Lesson 02-waker was never reset. There is nothing to undo.\n"))

    def test_hints_climb_and_are_remembered(self):
        self.command("goto", "01")
        for rung in (1, 2, 3, 3):
            status, said = self.command("hint")
            self.assertEqual(status, 0)
            self.assertIn(f"hint 01.1, {rung} of 3", said.split("\n\n")[-1] if rung == 1 else said)
        self.assertNotIn("2 of 3", self.command("hint", "01.1", "1")[1])
        self.assertEqual(self.command("hint", "01.1", "4"), (2, "learn: Step 01.1 has 3 hints. Name one from 1 to 3.\n"))

    def test_a_lone_number_is_a_lesson_and_a_rung_needs_its_step(self):
        self.command("goto", "01")
        for lesson in ("3", "03"):
            self.assertRegex(self.command("hint", lesson)[1], r"^hint 03\.1, 1 of 3\n")
            (self.place / "mine/progress.txt").write_text("current 01-poll\n")
        self.assertEqual(self.command("hint", "3", "2"), (2, "learn: Hint 2 of which step? Name it first, as in: ./learn hint 03.1 2\n"))
        self.assertEqual(self.command("hint", "01.1", "²"), (2, "learn: Step 01.1 has 3 hints. Name one from 1 to 3.\n"))
        self.assertRegex(self.command("hint", "01.2", "2")[1], r"(?m)^hint 01\.2, 2 of 3$")

    def test_the_solution_is_closed_until_it_is_green(self):
        self.command("goto", "01")
        status, said = self.command("solution", "01")
        self.assertEqual(status, 1)
        self.assertIn("./learn solution 01 --reveal", said)
        status, said = self.command("solution", "01", "--reveal")
        self.assertEqual(status, 0)
        self.assertIn("value_.has_value()", said)

    def test_diff_shows_holes_only(self):
        self.command("goto", "01")
        progress = self.place / "mine/progress.txt"
        progress.write_text(progress.read_text() + "done 01-poll 01.1\n")
        self.save(self.with_is_ready("return value_ != std::nullopt;"))
        said = self.command("diff", "01")[1]
        self.assertIn("-     bool is_ready() const { return value_ != std::nullopt; }\n", said)
        self.assertIn("+     bool is_ready() const noexcept { return value_.has_value(); }\n", said)
        self.assertIn("01.2: not green yet", said)
        self.assertNotIn("PendingType", said)

    def test_progress_keeps_what_it_does_not_know(self):
        self.command("goto", "01")
        progress = self.place / "mine/progress.txt"
        progress.write_text("current 02-waker\nfuture words of a newer course\ndone 99-gone 99.1\n")
        self.assertEqual(self.command("hint", "01.1")[0], 0)
        self.assertIn("future words of a newer course\n", progress.read_text())
        self.assertIn("done 99-gone 99.1\n", progress.read_text())
        self.assertIn("current 02-waker\n", progress.read_text())

    def test_progress_bears_broken_lines(self):
        self.command("goto", "01")
        progress = self.place / "mine/progress.txt"
        for line in (b"hint 01.1 \xc2\xb2", b"hint 01.1 " + b"9" * 5000, b"hint 01.1 -1", b"hint 01.1", b"hint", b"base sand",
                     b"current 99-gone", b"current ../solutions", b"current \0", b"current", b"done", b"done 01-poll \xff",
                     b"\xff\xfe\0"):
            progress.write_bytes(b"done 01-poll 01.1\n" + line + b"\n")
            status, said = self.command("list")
            self.assertEqual((status, said.splitlines()[0].split()[-3:]), (0, ["1", "of", "2"]), line)
            status, said = self.command("hint", "01.1")
            self.assertEqual((status, said[:18]), (0, "hint 01.1, 1 of 3\n"), line)

    def test_another_lesson_in_progress_that_is_none(self):
        at = self.learner()
        at.expect(RED)
        progress = self.place / "mine/progress.txt"
        for line in ("current ../solutions", "current 99-gone"):
            progress.write_text(f"{line}\n")
            at.read_until("01 as the lesson", lambda: "current 01-poll\n" in progress.read_text())
            at.press("l")
            at.expect(r">  01-poll +0 of 2")
            at.press("h")
            at.expect("hint 01.1, . of 3")


if __name__ == "__main__":
    unittest.main()
