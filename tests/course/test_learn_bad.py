"""Bad sessions at ./learn: each time the loop says what happened, and goes on."""
import os
import resource
import unittest

from session import SessionTest

GREEN = r"✓ 01\.1"
RED = r"✗ 01\.1"
HANGS = (r"  No step has finished for 2 s\. The test hangs in step 1\. ask a kettle of 20\s+degrees\n",
         r"  1\. ask a kettle of 20 degrees   <-- here\n", r"what each task and thread does:\n",
         r"open  in one of: mine/01-poll/rt/poll\.hpp:")


class GoesOn(SessionTest):
    def goes_on(self, at) -> None:
        self.save(self.solved)
        at.expect(GREEN, r"✓ 01\.2", "is done")
        at.press("q")
        self.assertEqual(at.end(), 0)


class BadSave(GoesOn):
    def setUp(self):
        super().setUp()
        self.at = self.learner()
        self.at.expect(RED, "still to write: tell whether there is a value", r"open  mine/01-poll/rt/poll\.hpp:\d+")

    def expect_after(self, text: str, *patterns: str) -> str:
        self.save(text)
        return self.at.expect(RED, *patterns)

    def test_what_does_not_compile(self):
        frame = self.expect_after(self.solved.replace("value_.has_value(); }", "value_.has_value() }", 1),
                                  "it does not compile", "expected ';'", r"open  mine/01-poll/rt/poll\.hpp:\d+")
        self.assertIn("A semicolon is missing", frame)
        self.header.unlink()
        self.at.expect(RED, r"mine/01-poll/rt/poll\.hpp is gone", r"cp lessons/01-poll/rt/poll\.hpp\s+mine/01-poll/rt/")
        half = self.solved[:len(self.solved) // 2]
        self.header.write_text("")              # truncated first, as some editors do
        self.header.write_text(half)
        self.at.expect(RED, "it does not compile")
        with open(self.header, "w", encoding="utf-8") as file:
            file.write(half)
            file.flush()
            file.write(self.solved[len(half):])
        self.at.expect(GREEN)

    def test_what_does_not_end_well(self):
        self.expect_after(self.with_is_ready("for (volatile unsigned i = 0;; i = i + 1) { }"), *HANGS,
                          "the main thread: outside of all polls, on the processor")
        self.expect_after(self.with_is_ready("static std::mutex m; m.lock(); m.lock(); return true;", "#include <mutex>\n"), *HANGS,
                          "the main thread: outside of all polls, in a call that blocks")
        self.expect_after(self.with_is_ready("std::abort();", "#include <cstdlib>\n"), r"It called abort\(\)", "ask a kettle")
        self.expect_after(self.with_is_ready("const volatile int* nowhere = nullptr; return *nowhere == 3;"),
                          "memory that does not exist|null pointer", r"open  mine/01-poll/rt/poll\.hpp:\d+")
        self.expect_after(self.with_is_ready("throw 42;").replace("is_pending() const noexcept", "is_pending() const"),
                          r"(?i)exception", "ask a kettle")
        self.goes_on(self.at)

    def test_a_byte_that_is_no_text(self):
        self.header.write_bytes(self.solved.encode() + b"// caf\xe9\n")
        self.at.expect(GREEN, r"✓ 01\.2", "is done")
        self.at.press("d")
        self.at.expect("01.1 mine/01-poll/rt/poll.hpp:[0-9]+ the same")
        self.header.write_bytes(self.solved.encode().replace(b"value_.has_value(); }", b"value_.has_value() } // caf\xe9", 1))
        self.at.expect(RED, "it does not compile", "expected ';'", r"open  mine/01-poll/rt/poll\.hpp:\d+")
        main = self.header.parents[1] / "main.cpp"
        main.write_bytes(main.read_bytes().replace(b"mapped: ", b"caf\xe9: "))
        self.save(self.solved)
        self.at.expect(GREEN, "✗ program", "line 6 of its output", "expected +mapped: Ready", "yours +caf.: Ready")
        for words, says in ((["diff", "01"], "the same"), (["solution", "01", "--reveal"], "has_value"), (["run", "01"], "caf"),
                            (["trace", "01"], "There is nothing to draw"), (["reset", "01"], "is the starter again")):
            status, said = self.command(*words, errors="replace")
            self.assertEqual((status, says in said), (0, True), said)
        self.goes_on(self.at)


class BadMachine(GoesOn):
    def test_no_space_left(self):
        self.assertEqual(self.command()[0], 1)          # set up, with room

        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

        def no_room():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))

        at = self.learner(prepare=no_room)
        at.expect(RED)
        self.save(self.solved)
        at.expect(RED, "no space left on this disk", "Make room")
        resource.prlimit(at.pid, resource.RLIMIT_FSIZE, (most, most))
        self.goes_on(at)

    def test_read_only_checkout(self):
        self.assertEqual(self.command()[0], 1)
        self.save(self.solved)
        folders = [self.place, *(path for path in self.place.rglob("*") if path.is_dir())]
        modes = {folder: folder.stat().st_mode for folder in folders}
        files = {path: path.stat().st_mode for path in self.place.rglob("*") if path.is_file() and not path.is_symlink()}

        def put_back():
            for path, mode in {**modes, **files}.items():
                if path.exists():
                    path.chmod(mode)

        self.addCleanup(put_back)
        if os.geteuid() == 0 and any(not folder.stat().st_mode & 0o001 for folder in self.place.parents):
            self.skipTest("as root, a checkout that nobody else can reach")
        for path, mode in {**modes, **files}.items():
            path.chmod(mode & ~0o222 | 0o444 | (0o111 if path in modes else 0))
        at = self.learner(prepare=lambda: os.setuid(65534) if os.geteuid() == 0 else None)
        at.expect("(?i)this checkout is read-only", r"cp -r\s")
        for path in {**modes, **files}:
            path.chmod(path.stat().st_mode | 0o222)
        self.goes_on(at)

    def test_read_only_from_the_start(self):
        self.assertEqual(self.command("goto", "01")[0], 0)
        mine = self.place / "mine"
        mine.rename(self.place / "mine.away")
        try:
            mine.write_text("not a folder")
            status, said = self.command()
            self.assertEqual(status, 2)
            self.assertRegex(said, r"^learn: mine/01-poll could not be made: [A-Z].*\. .*\n$")
        finally:
            mine.unlink()
            (self.place / "mine.away").rename(mine)


if __name__ == "__main__":
    unittest.main()
