"""./learn: what it refuses, installs, prints and ends; on machines made of a folder of fake programs."""
import contextlib
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

from sources import ROOT
from tree import CourseTest

PYTHON = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
GCC = "#!/bin/sh\necho 'g++ (Debian 12.2.0-14) 12.2.0'\n"
CMAKE = "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'cmake version 3.25.1'; exit 0; }\n"
GOOD = {"python3": PYTHON, "g++": GCC, "cmake": CMAKE + "exit 0\n", "ninja": "#!/bin/sh\n", "git": "#!/bin/sh\n"}
REAL = ("sh", "dirname", "id", "env", "sleep", "cat", "ln", "chmod", "readlink")
ESCAPE = "\x1b"


class LearnTest(CourseTest):
    def machine(self, **programs: str) -> Path:
        """A clone and a PATH in a temporary folder. A program of '' is missing."""
        root = self.tree(**{f"bin/{name}": text for name, text in {**GOOD, **programs}.items() if text})
        for program in (root / "bin").iterdir():
            program.chmod(0o755)
        for name in REAL:
            (root / "bin" / name).symlink_to(shutil.which(name))
        clone = root / "clone"
        (clone / "solutions/01-poll").mkdir(parents=True)
        shutil.copytree(ROOT / "tools/learn", clone / "tools/learn", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "learn", clone)
        for name in ("fmt", "doctest"):
            (root / "prefix/lib/cmake" / name).mkdir(parents=True)
            (root / "prefix/lib/cmake" / name / f"{name}-config.cmake").touch()
        return root

    def start(self, root: Path, *words: str, **variables: str) -> subprocess.Popen:
        environment = {"PATH": str(root / "bin"), "CMAKE_PREFIX_PATH": str(root / "prefix"), "HOME": str(root), **variables}
        return subprocess.Popen([str(root / "clone/learn"), *words], cwd=root, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def learn(self, root: Path, *words: str, **variables: str) -> tuple:
        child = self.start(root, *words, **variables)
        out, err = child.communicate(timeout=50)
        return child.returncode, out, err


class BadInput(LearnTest):
    def refuses(self, words: list, sentence: str) -> None:
        status, out, err = self.learn(self.machine(), *words)
        self.assertEqual((status, out, err), (2, "", f"learn: {sentence}\n"))

    def test_each_gets_one_sentence(self):
        more = "Look at the list: ./learn --help"
        self.refuses(["fly"], f"There is no command 'fly'. {more}")
        self.refuses(["--fly"], f"There is no option '--fly'. {more}")
        self.refuses(["run"], "No lesson was named. Name one, as in: ./learn run 01")
        self.refuses(["run", "21"], "There is no lesson '21'. Name one from 01 to 01.")
        self.refuses(["run", "../x"], "There is no lesson '../x'. Name one from 01 to 01.")
        self.refuses(["goto", "01.2"], "'01.2' is a step, not a lesson. Name its lesson instead: 01")
        self.refuses(["run", "21.2"], "There is no lesson '21.2'. Name one from 01 to 01.")
        self.refuses(["test", "nine"], "There is no lesson 'nine'. Name one from 01 to 01.")
        self.refuses(["test", "01", "02"], f"./learn test doesn't take '02'. {more}")
        self.refuses(["test", "01", "--reveal"], f"There is no option '--reveal'. {more}")
        self.refuses(["hint", "1.x"], "'1.x' is not a step. Name one, as in: 05.2")
        self.refuses(["hint", "01.9"], "Lesson 01-poll has no steps yet. Choose another one: ./learn list")
        self.refuses(["goto"], "No lesson was named. Name one, as in: ./learn goto 02")
        self.refuses(["goto", "01"], "Lesson 01-poll has no starter yet. Read its finished code in solutions/01-poll.")
        self.refuses(["lint"], "No file was named. Name the files to check, as in: ./learn lint src/*.cpp")
        self.refuses(["lint", "x.cpp"], "x.cpp is not a file. Name the files to check, as in: ./learn lint src/*.cpp")
        self.refuses(["reset"], "No lesson was named. Name one, as in: ./learn reset 01")
        self.refuses(["diff", "01"], "Lesson 01-poll has no starter yet. Read its finished code in solutions/01-poll.")
        self.refuses(["reset", "01"], "Lesson 01-poll has no starter yet. Read its finished code in solutions/01-poll.")
        self.refuses(["base", "sand"], "'sand' is not a base. Name one of these: mine, solutions.")
        self.refuses(["skip"], "No step was named. Name one, as in: ./learn skip 05.2")
        self.refuses(["skip", "1"], "'1' is not a step. Name one, as in: 05.2")
        self.refuses(["path", "long"], "There is no path 'long'. Name one of these: whole.")
        self.refuses(["list", "all"], f"./learn list doesn't take 'all'. {more}")
        self.refuses(["verify", "msvc"],
                     "There is no preset 'msvc'. Name some of these, or none for what CI runs: gcc, gcc-release, clang, tsan, answers.")

    def test_help_needs_nothing(self):
        status, out, err = self.learn(self.machine(cmake="", ninja=""), "--help")
        self.assertEqual((status, err), (0, ""))
        for word in ("run NN", "test [NN[.s]]", "verify", "doctor", "--yes", "--no-install"):
            self.assertIn(word, out)
        self.assertLessEqual(len(out.splitlines()), 23, "it must fit a screen")
        self.assertLessEqual(max(map(len, out.splitlines())), 80)


class SetUp(LearnTest):
    # As root without sudo, as anyone with it. Whether root is asked: see test_learn_parts.py.
    APT = "#!/bin/sh\necho \"$@\" >> \"$HOME/apt.log\"\n"

    def test_no_install_says_the_one_command(self):
        root = self.machine(ninja="", **{"apt-get": self.APT})
        status, _, err = self.learn(root, "test", "--no-install")
        self.assertEqual(status, 2)
        self.assertRegex(err, r"^learn: Missing: Ninja. Install what is missing with: "
                              r"(sudo )?apt-get update && (sudo )?apt-get install -y ninja-build\n$")
        self.assertFalse((root / "apt.log").exists())

    def installing(self, **variables: str) -> tuple:
        apt = self.APT + "case \"$*\" in *install*) ln -s \"$(dirname $0)/git\" \"$(dirname $0)/ninja\";; esac\n"
        sudo = "#!/bin/sh\n[ \"$1\" = -n ] && shift\nexec \"$@\"\n"
        return self.machine(ninja="", sudo=sudo, **{"apt-get": apt, "apt-cache": "#!/bin/sh\nexit 1\n"})

    def test_yes_and_ci_go_ahead(self):
        for words, variables in ((["--yes"], {}), ([], {"CI": "true"})):
            root = self.installing()
            status, out, err = self.learn(root, "test", *words, **variables)
            # With ninja there, only the test's own fake cmake is in the way.
            self.assertIn("Installing ninja-build ...", out)
            log = (root / "apt.log").read_text().splitlines()
            self.assertTrue(log[0].endswith("update"), log)
            self.assertTrue(log[1].endswith("install -y --no-install-recommends ninja-build"), log)
            self.assertNotIn("issing", err)

    def at_a_terminal(self, root: Path, answer: str) -> tuple:
        """./learn test, with a person who types `answer`: (status, what the terminal showed)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(root)
            os.execve(root / "clone/learn", ["learn", "test"],
                      {"PATH": str(root / "bin"), "CMAKE_PREFIX_PATH": str(root / "prefix"), "HOME": str(root), "NO_COLOR": "1"})
        os.write(terminal, answer.encode() + b"\n")
        shown = b""
        with contextlib.suppress(OSError):     # the terminal is gone when its last process is
            while data := os.read(terminal, 4096):
                shown += data
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    def test_a_person_is_asked(self):
        root = self.installing()
        status, shown = self.at_a_terminal(root, "n")
        self.assertEqual(status, 2)
        self.assertRegex(shown, r"Install ninja-build now( with sudo)?\? \[Y/n\]")
        self.assertIn("Install what is missing with: ", shown)
        self.assertFalse((root / "apt.log").exists())
        status, shown = self.at_a_terminal(root, "")
        self.assertIn("install -y --no-install-recommends ninja-build", (root / "apt.log").read_text())
        self.assertNotIn(ESCAPE + "[3", shown, "NO_COLOR was asked for")

    def test_an_installation_that_fails_says_what_to_type(self):
        root = self.machine(ninja="", sudo="#!/bin/sh\nexit 1\n", **{"apt-get": "#!/bin/sh\nexit 100\n"})
        status, _, err = self.learn(root, "test", "--yes")
        self.assertEqual(status, 2)
        self.assertIn("apt-get install -y ninja-build", err.splitlines()[-1])

    def test_it_starts_through_a_symbolic_link(self):
        root = self.machine(cmake="", ninja="")
        (root / "link").symlink_to("other")
        (root / "other").symlink_to(root / "clone/learn")
        run = subprocess.run([root / "link", "--help"], cwd="/", env={"PATH": str(root / "bin")}, capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr, "Poll by Poll" in run.stdout), (0, "", True))

    def test_an_old_cmake_is_named(self):
        old = "#!/bin/sh\necho 'cmake version 3.22.1'\n"
        root = self.machine(cmake=old, sudo="#!/bin/sh\nexit 0\n", **{"apt-get": self.APT})
        status, _, err = self.learn(root, "test", "--yes")
        self.assertEqual(status, 2)
        self.assertIn("3.25 or newer is needed, and this machine has 3.22.1", err)

    def test_without_apt_tools_must_be_there(self):
        status, _, err = self.learn(self.machine(ninja=""), "test")
        self.assertEqual(status, 2)
        self.assertIn("Missing: Ninja. Install what is missing with this system's package manager.", err)


class WithoutPython(LearnTest):
    def test_says_the_one_command(self):
        root = self.machine(python3="", **{"apt-get": "#!/bin/sh\nexit 1\n"})
        status, out, err = self.learn(root, "--no-install")
        self.assertEqual(status, 2)
        self.assertRegex(err, r"^learn: Python 3.9 or newer is missing. Install it with: "
                              r"(su -c ')?apt-get install -y python3'?\n$")

    def test_an_old_python_is_none(self):
        status, out, err = self.learn(self.machine(python3="#!/bin/sh\nexit 1\n"))
        self.assertEqual(status, 2)
        self.assertIn("Python 3.9 or newer is missing. Install it with this system's package manager", err)

    def yes_installs_and_goes_on(self, yes: str) -> None:
        apt = f"#!/bin/sh\necho \"$@\" >> \"$HOME/apt.log\"\ncat > \"$(dirname $0)/python3\" <<'E'\n{PYTHON}E\n" \
              "chmod 755 \"$(dirname $0)/python3\"\n"
        root = self.machine(python3="", sudo="#!/bin/sh\n[ \"$1\" = -n ] && shift\nexec \"$@\"\n", **{"apt-get": apt})
        status, out, err = self.learn(root, yes, "--help")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("Poll by Poll", out)
        self.assertEqual((root / "apt.log").read_text(), "install -y python3\n")

    def test_yes_installs_and_goes_on(self):
        self.yes_installs_and_goes_on("--yes")
        self.yes_installs_and_goes_on("-y")


class Children(LearnTest):
    def test_a_failure_shows_the_error_and_the_log(self):
        status, out, err = self.learn(self.machine(cmake=CMAKE + "echo chatter; echo 'x.cpp:1: error: no kettle'; exit 1\n"), "test")
        self.assertEqual(status, 1)
        self.assertIn("x.cpp:1: error: no kettle", out)
        self.assertNotIn("chatter", out)
        self.assertEqual(err, "learn: Configuring learn failed. The whole log is in build/learn/learn-configure.log\n")

    def interrupted_by(self, number: int) -> None:
        # A build with a grandchild, and both deaf to a polite end.
        root = self.machine(cmake=CMAKE + "trap '' INT TERM\nsleep 1000 &\necho $! > \"$HOME/pid\"\nsleep 1000; sleep 1000\n")
        signal.signal(signal.SIGHUP, signal.SIG_DFL)      # whoever runs the tests may ignore it, as nohup does
        child = self.start(root, "test")
        until = time.monotonic() + 20
        while not ((root / "pid").exists() and (root / "pid").read_text().strip()) and time.monotonic() < until:
            os.sched_yield()
        child.send_signal(number)
        child.communicate(timeout=20)
        self.assertEqual(child.returncode, 130)
        grandchild = int((root / "pid").read_text())
        status = Path("/proc", str(grandchild), "status")
        self.assertTrue(not status.exists() or "State:\tZ" in status.read_text(), "a child was left behind")

    def test_interrupt_ends_everything(self):
        self.interrupted_by(signal.SIGINT)

    def test_termination_ends_everything(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            self.interrupted_by(number)

    def test_nohup_is_heeded(self):
        root = self.machine(cmake=CMAKE + "kill -HUP $PPID\nexit 1\n")
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, signal.SIG_DFL)
        status, _, err = self.learn(root, "test")
        self.assertEqual((status, "Configuring learn failed" in err), (1, True), err)


if __name__ == "__main__":
    unittest.main()
