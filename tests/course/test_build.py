"""The build itself, on a course of two tiny lessons: what add_lesson makes, whose headers win, what is refused."""
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from sources import ROOT
from tree import CourseTest

ONE, TWO = "01-poll", "02-waker"

COURSE = {
    "solutions/00-provided/rt/trace.hpp": "#pragma once\nnamespace rt { inline int zero() { return 0; } }\n",
    f"solutions/{ONE}/rt/poll.hpp": "#pragma once\n#include <rt/trace.hpp>\n#define POLL_OF \"solution\"\n"
                                    "namespace rt { template <class T> struct Poll {\n"
                                    "    static_assert(sizeof(T) > 1, \"Poll wants a larger thing\");\n};\n}\n",
    f"solutions/{ONE}/main.cpp": "#include <rt/poll.hpp>\n#include <cstdio>\nint main() { std::puts(\"one \" POLL_OF); }\n",
    f"solutions/{TWO}/rt/waker.hpp": "#pragma once\n#include <rt/poll.hpp>\n",
    f"solutions/{TWO}/main.cpp": "#include <rt/waker.hpp>\n#include <cstdio>\nint main() { std::puts(\"two \" POLL_OF); }\n",
    "tests/support/main.cpp": "#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN\n#include <doctest/doctest.h>\n",
    f"tests/{ONE}/01.1-first.cpp": "#include <doctest/doctest.h>\n#include <rt/poll.hpp>\n#include <string>\n"
                                   "TEST_SUITE(\"01.1 first\") {\n"
                                   "TEST_CASE(\"odd; <name> [of] \\\"it\\\" & more\") { CHECK(std::string(POLL_OF) == \"solution\"); }\n"
                                   "TEST_CASE(\"plain\") { CHECK(rt::zero() == 0); }\n}\n",
    f"tests/{ONE}/program.py": "import os, subprocess, unittest\nclass Program(unittest.TestCase):\n"
                               "    def test_output(self):\n"
                               "        out = subprocess.check_output([os.environ['PBP_PROGRAM']])\n"
                               "        self.assertEqual(out, b'one solution\\n')\n"
                               "if __name__ == '__main__':\n    unittest.main()\n",
    f"tests/{ONE}/advice/small.cpp": "// expect: Poll wants a larger thing\n#include <rt/poll.hpp>\n"
                                   "#include <cstdlib>\n#include <fmt/format.h>\nrt::Poll<char> poll;\n",
}


def git(*words: str) -> str:
    author = ["-c", "user.name=Poll by Poll", "-c", "user.email=course@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *author, *map(str, words)], check=True, capture_output=True, text=True).stdout.strip()


@unittest.skipUnless(shutil.which("cmake") and shutil.which("ninja"), "needs cmake and ninja")
class TheBuild(CourseTest):
    def course(self, **more: str) -> Path:
        """A small course with the real build."""
        root = self.tree(**{**COURSE, **more})
        for name in ("CMakeLists.txt", "CMakePresets.json"):
            shutil.copy(ROOT / name, root)
        shutil.copytree(ROOT / "cmake", root / "cmake")
        (root / "tests/course").mkdir()
        shutil.copy(ROOT / "tests/course/advice.py", root / "tests/course")
        return root

    def sh(self, root: Path, *words, fails: bool = False) -> str:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CMAKE_")}
        run = subprocess.run([str(word) for word in words], cwd=root, capture_output=True, text=True, env=environment)
        output = run.stdout + run.stderr
        self.assertEqual(run.returncode != 0, fails, f"{words}\n{output}")
        return output

    def configure(self, root: Path, *words: str) -> Path:
        cxx = os.environ.get("PBP_CXX")
        self.sh(root, "cmake", "--preset", "learn", "-DPBP_SANITIZE=none", "-DPBP_COURSE_CHECKS=OFF",
                *([f"-DCMAKE_CXX_COMPILER={cxx}"] if cxx else []), *words)
        return root / "build/learn"

    def output(self, root: Path, build: Path, target: str) -> str:
        self.sh(root, "cmake", "--build", build, "--target", target)
        return self.sh(root, build / "bin" / target).strip()

    def test_what_add_lesson_makes(self):
        root = self.course()
        build = self.configure(root)
        self.sh(root, "cmake", "--build", build, "--target", "lesson-01-tests")
        cases = self.sh(root, "ctest", "--test-dir", build, "-N", "-L", "lesson-01")
        for name in ('01.1 first/odd; <name> [of] "it" & more', "01.1 first/plain", "01 program/Program",
                     "01 advice/small"):
            self.assertIn(name + "\n", cases)
        self.assertIn("100% tests passed, 0 tests failed out of 4",
                      self.sh(root, "ctest", "--test-dir", build, "-L", "lesson-01"))
        self.assertTrue((root / "compile_commands.json").exists())
        self.assertFalse((build / "bin/solution-02").exists())
        # What is wrong must be seen to be wrong.
        (root / f"tests/{ONE}/advice/small.cpp").write_text("// expect: other words\n#include <rt/poll.hpp>\nrt::Poll<char> p;\n")
        (root / f"tests/{ONE}/advice/fine.cpp").write_text("// expect: x\n#include <rt/poll.hpp>\n")
        (root / f"solutions/{ONE}/rt/poll.hpp").write_text(
            COURSE[f"solutions/{ONE}/rt/poll.hpp"].replace('"solution"', '"mistake"'))
        self.sh(root, "cmake", "--build", build, "--target", "lesson-01-tests")
        self.assertIn("4 tests failed out of 5", self.sh(root, "ctest", "--test-dir", build, "-L", "lesson-01", fails=True))

    def test_a_step_that_is_not_built_fails(self):
        root = self.course()
        build = self.configure(root)
        self.assertIn("01.1 is not built", self.sh(root, "ctest", "--test-dir", build, "-L", "lesson-01", fails=True))

    def test_whose_headers_win(self):
        root = self.course()
        build = self.configure(root)
        self.assertEqual(self.output(root, build, "solution-02"), "two solution")
        poll = COURSE[f"solutions/{ONE}/rt/poll.hpp"]
        for base, word in ((f"lessons/{ONE}", "starter"), (f"mine/{ONE}", "mine")):
            (root / base / "rt").mkdir(parents=True)
            (root / base / "rt/poll.hpp").write_text(poll.replace('"solution"', f'"{word}"'))
            shutil.copy(root / f"solutions/{ONE}/main.cpp", root / base)
            # The starter, then the learner's copy, is lesson-01; solutions stay what they are.
            build = self.configure(root)
            self.assertEqual(self.output(root, build, "lesson-01"), f"one {word}")
            self.assertEqual(self.output(root, build, "solution-01"), "one solution")
        # The next lesson stands on the solution of this one, unless the learner wants their own.
        shutil.copytree(root / f"solutions/{TWO}", root / f"mine/{TWO}")
        build = self.configure(root)
        self.assertEqual(self.output(root, build, "lesson-02"), "two solution")
        build = self.configure(root, "-DPBP_BASE=mine")
        self.assertEqual(self.output(root, build, "lesson-02"), "two mine")
        # Checks never see what a learner wrote.
        build = self.configure(root, "-DPBP_LEARNER=OFF")
        self.assertNotIn("lesson-01:", self.sh(root, "cmake", "--build", build, "--target", "help"))

    def test_a_copy_that_is_not_whole_says_what_is_missing(self):
        root = self.course()
        for base in (f"lessons/{TWO}", f"mine/{TWO}"):
            shutil.copytree(root / f"solutions/{TWO}", root / base)
        (root / f"mine/{TWO}/rt/waker.hpp").unlink()
        build = self.configure(root)
        for target in ("lesson-02", "lesson-02-tests"):
            said = self.sh(root, "cmake", "--build", build, "--target", target, fails=True)
            self.assertIn("mine/02-waker/rt/waker.hpp is missing. Take it anew: cp lessons/02-waker/rt/waker.hpp mine/", said)
            self.assertNotIn("error:", said)
        shutil.copy(root / f"lessons/{TWO}/rt/waker.hpp", root / f"mine/{TWO}/rt")
        self.assertEqual(self.output(root, build, "lesson-02"), "two solution")

    def test_the_finished_runtime_is_a_target(self):
        root = self.course(**{
            "app/CMakeLists.txt": "cmake_minimum_required(VERSION 3.25)\nproject(app CXX)\n"
                                  "add_subdirectory(.. course)\nadd_executable(app app.cpp)\n"
                                  "target_link_libraries(app PRIVATE rt::rt)\n",
            "app/app.cpp": "#include <rt/waker.hpp>\n#include <fmt/format.h>\nint main() { fmt::print(\"app {}\\n\", rt::zero()); }\n"})
        self.sh(root, "cmake", "-S", "app", "-B", "out", "-G", "Ninja")
        self.sh(root, "cmake", "--build", "out")
        self.assertEqual(self.sh(root, root / "out/app"), "app 0\n")
        self.assertFalse((root / "out/course/bin").exists(), "another project's build has no use for the lessons' programs")

    def test_only_threaded_lessons_under_thread_sanitizer(self):
        root = self.course()
        build = self.configure(root, "-DPBP_SANITIZE=thread")
        targets = self.sh(root, "cmake", "--build", build, "--target", "help")
        self.assertIn("solution-02:", targets)
        self.assertNotIn("solution-01:", targets)

    def test_a_build_in_the_source_is_refused(self):
        said = " ".join(self.sh(self.course(), "cmake", ".", fails=True).split())
        self.assertIn("cmake --workflow --preset learn", said)

    def test_bad_switches_are_refused(self):
        root = self.course()
        said = self.sh(root, "cmake", "--preset", "learn", "-DPBP_BASE=yours", fails=True)
        self.assertIn("say -DPBP_BASE=solutions", said)
        said = self.sh(root, "cmake", "--preset", "learn", "-DPBP_BASE=mine", "-DPBP_SANITIZE=heap", fails=True)
        self.assertIn("PBP_SANITIZE is 'heap'", said)

    def repository(self, root: Path, name: str, cmake: str) -> tuple:
        """A bare repository with one commit: (its place, the commit)."""
        work, bare = root / f"{name}-work", root / f"{name}.git"
        work.mkdir()
        (work / "CMakeLists.txt").write_text(cmake)
        git("init", "-q", work)
        git("-C", work, "add", ".")
        git("-C", work, "commit", "-q", "-m", "the library")
        git("clone", "-q", "--bare", work, bare)
        return bare, git("-C", bare, "rev-parse", "HEAD")

    @unittest.skipUnless(shutil.which("git"), "needs git")
    def test_doctest_and_fmt_are_fetched_where_the_system_has_none(self):
        root = self.course()
        fmt, fmt_commit = self.repository(root, "fmt", "cmake_minimum_required(VERSION 3.25)\nproject(fmt CXX)\n"
                                          "add_library(fmt INTERFACE)\nadd_library(fmt::fmt ALIAS fmt)\n"
                                          "target_compile_definitions(fmt INTERFACE FMT_HEADER_ONLY FETCHED)\n")
        doctest, doctest_commit = self.repository(root, "doctest", "cmake_minimum_required(VERSION 3.25)\nproject(doctest CXX)\n"
                                                  "add_library(doctest INTERFACE)\nadd_library(doctest::doctest ALIAS doctest)\n")
        build = self.configure(root, f"-DPBP_FMT_URL={fmt}", f"-DPBP_FMT_COMMIT={fmt_commit}",
                               f"-DPBP_DOCTEST_URL={doctest}", f"-DPBP_DOCTEST_COMMIT={doctest_commit}",
                               "-DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_doctest=ON")
        self.assertIn("-DFETCHED", (root / "compile_commands.json").read_text())
        self.sh(root, "cmake", "--build", build, "--target", "lesson-01-tests")
        self.assertIn("100% tests passed", self.sh(root, "ctest", "--test-dir", build, "-L", "lesson-01"))

    def test_the_libraries_are_pinned_to_commits(self):
        text = (ROOT / "cmake/dependencies.cmake").read_text()
        for name in ("FMT", "DOCTEST"):
            self.assertRegex(text, rf"set\(PBP_{name}_COMMIT [0-9a-f]{{40}} ")


if __name__ == "__main__":
    unittest.main()
