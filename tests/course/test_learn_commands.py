"""./learn's commands as they build and run: what CMake is told, whose program runs, what is said of what failed. CMake is a fake."""
import fcntl
import os
import signal
import unittest
from pathlib import Path

from test_learn import CMAKE, LearnTest

# Configures a build that has the targets of lesson 01, and builds it.
BUILDS = CMAKE + """[ "$1" = --preset ] && {
    [ "$2" = release ] && echo "build solution-01: phony" > build/release/build.ninja
    [ "$2" = learn ] && printf 'build lesson-01: phony\\nbuild lesson-01-tests: phony\\n' > build/learn/build.ninja
}
exit 0
"""
FAILS = BUILDS.replace("exit 0\n", "[ \"$1\" = --build ] || exit 0\necho chatter\necho 'x.cpp:1: error: no kettle'\nexit 1\n")


class Commands(LearnTest):
    def clone(self, cmake: str = BUILDS, **programs: str) -> Path:
        """Of a machine where cmake is this; `programs` are those that it has built."""
        root = self.machine(cmake=cmake)
        for name, text in programs.items():
            program = root / "clone/build" / name
            program.parent.mkdir(parents=True)
            program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            program.chmod(0o755)
        return root

    def test_every_build_of_theirs_stands_on_what_they_chose(self):
        for words in (["test", "01"], ["run", "01"], ["trace", "01"]):
            root = self.clone(**{"learn/bin/lesson-01": "exit 0"})
            (root / "clone/mine").mkdir()
            (root / "clone/mine/progress.txt").write_text("base mine\n")
            self.learn(root, *words)
            self.assertIn("-DPBP_BASE=mine", (root / "clone/build/learn/learn-configure.log").read_text().splitlines()[0])

    def test_cxx_counts_in_a_build_that_was_made_with_another_compiler(self):
        for cxx, remade in (("g++", True), ("cc", False)):
            root = self.clone(cc="exit 0")
            (root / "bin/cc").symlink_to("git")
            build = root / "clone/build/learn"
            build.mkdir()
            (build / "build.ninja").touch()
            (build / "CMakeCache.txt").write_text(f"CMAKE_CXX_COMPILER:STRING={root}/bin/cc\n")
            (build / "mark").touch()
            status, out, err = self.learn(root, "test", "01", CXX=cxx)
            self.assertEqual((build / "mark").exists(), not remade)
            self.assertEqual("It is made again." in out, remade, out)
        self.assertEqual(self.learn(root, "test", "01", CXX="icc")[2], "learn: CXX is icc, which is not installed. Install it, or unset CXX.\n")

    def test_an_optimized_program_is_the_solutions_and_says_so(self):
        root = self.clone(**{"release/bin/solution-01": "echo \"it runs $*\""})
        for folder in ("lessons/01-poll", "mine/01-poll"):
            (root / "clone" / folder).mkdir(parents=True)
        (root / "clone/lessons/01-poll/main.cpp").touch()      # the learner's is lost, and not asked for
        status, out, err = self.learn(root, "run", "--release", "01", "-x", "y")
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.startswith("This is the solution's program, optimized: solutions/01-poll\n"), out)
        self.assertTrue(out.endswith("it runs -x y\n"), out)

    def test_raw_is_all_that_was_said(self):
        for words, chatter in (([], False), (["--raw"], True)):
            status, out, err = self.learn(self.clone(FAILS), "test", "01", *words)
            self.assertEqual((status, "x.cpp:1: error: no kettle" in out, "chatter" in out), (1, True, chatter), out)

    def test_a_program_that_could_not_write_its_trace(self):
        status, out, err = self.learn(self.clone(**{"learn/bin/lesson-01": "exit 0"}), "trace", "01")
        self.assertEqual(status, 1)
        self.assertRegex(err, r"^learn: .*/build/learn/trace-01\.json can't be read: No such .*\. Look at the disk, then try again\.\n$")

    def test_progress_that_cannot_be_read(self):
        root = self.clone()
        (root / "clone/mine/progress.txt").mkdir(parents=True)
        status, out, err = self.learn(root, "list")
        self.assertEqual((status, out), (2, ""))
        self.assertRegex(err, r"^learn: .*/mine/progress\.txt: Is a directory\. Look at the disk, then try again\.\n$")

    def test_whoever_waits_for_another_build_says_so_and_can_be_interrupted(self):
        root = self.clone()
        folder = root / "clone/build/learn"
        folder.mkdir(parents=True)
        lock = os.open(folder, os.O_RDONLY)
        self.addCleanup(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)
        child = self.start(root, "test", "01")
        self.assertEqual(child.stdout.readline(), "another ./learn is building, so this one waits …\n")
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=50)
        self.assertEqual((child.returncode, out, err), (130, "", "\nlearn: interrupted\n"))
        fcntl.flock(lock, fcntl.LOCK_UN)
        self.assertNotIn("another", self.learn(root, "test", "01")[1])


if __name__ == "__main__":
    unittest.main()
