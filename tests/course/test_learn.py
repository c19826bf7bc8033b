"""./learn: what it refuses, installs, prints and ends; on machines made of a folder of fake programs."""
import contextlib
import fnmatch
import io
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
import unittest.mock
from pathlib import Path

from sources import ROOT
from tree import CourseTest

PYTHON = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
GCC = "#!/bin/sh\necho 'g++ (Debian 12.2.0-14) 12.2.0'\n"
CMAKE = "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'cmake version 3.25.1'; exit 0; }\n"
GOOD = {"python3": PYTHON, "g++": GCC, "cmake": CMAKE + "exit 0\n", "ninja": "#!/bin/sh\n", "git": "#!/bin/sh\n"}
REAL = ("sh", "dirname", "id", "env", "sleep", "cat", "ln", "chmod")
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
        more = "./learn --help shows what there is."
        self.refuses(["fly"], f"there is no command 'fly'; {more}")
        self.refuses(["--fly"], f"there is no option '--fly'; {more}")
        self.refuses(["run"], "say which lesson to run, as in: ./learn run 01")
        self.refuses(["run", "21"], "there is no lesson '21': the lessons are 01 to 01.")
        self.refuses(["run", "../x"], "there is no lesson '../x': the lessons are 01 to 01.")
        self.refuses(["test", "nine"], "there is no lesson 'nine': the lessons are 01 to 01.")
        self.refuses(["test", "01", "02"], f"test takes no '02'; {more}")
        self.refuses(["test", "01", "--reveal"], f"there is no option '--reveal'; {more}")
        self.refuses(["hint", "1.x"], "'1.x' names no step: say one as in 05.2")
        self.refuses(["hint", "01.9"], "lesson 01-poll has no steps yet.")
        self.refuses(["goto"], "say which lesson to open, as in: ./learn goto 02")
        self.refuses(["goto", "01"], "lesson 01-poll has no starter yet; its finished code is in solutions/01-poll.")
        self.refuses(["lint"], "./learn lint was given no file. Name the files to check, as in: ./learn lint src/*.cpp")
        self.refuses(["lint", "x.cpp"], "x.cpp is not a file. Name the files to check, as in: ./learn lint src/*.cpp")
        self.refuses(["reset"], "say which lesson to reset, as in: ./learn reset 01")
        self.refuses(["diff", "01"], "lesson 01-poll has no starter yet; its finished code is in solutions/01-poll.")
        self.refuses(["reset", "01"], "lesson 01-poll has no starter yet; its finished code is in solutions/01-poll.")
        self.refuses(["base", "sand"], "base is 'mine' or 'solutions', not 'sand'.")
        self.refuses(["skip"], "skip needs a step. Name one, as in: ./learn skip 05.2")
        self.refuses(["skip", "1"], "'1' names no step: say one as in 05.2")
        self.refuses(["path", "long"], "there is no path 'long'. The course has these: whole.")
        self.refuses(["list", "all"], f"list takes no 'all'; {more}")
        self.refuses(["verify", "msvc"],
                     "verify knows no 'msvc': say nothing for all, or some of gcc, gcc-release, clang, clang-release, tsan.")

    def test_help_needs_nothing(self):
        status, out, err = self.learn(self.machine(cmake="", ninja=""), "--help")
        self.assertEqual((status, err), (0, ""))
        for word in ("run NN", "test [NN[.s]]", "verify", "doctor", "--yes"):
            self.assertIn(word, out)
        self.assertLessEqual(len(out.splitlines()), 23, "it must fit a screen")
        self.assertLessEqual(max(map(len, out.splitlines())), 80)


class SetUp(LearnTest):
    # Nobody is there to ask: what is missing is told in one command. (As root without sudo, as anyone with it.)
    APT = "#!/bin/sh\necho \"$@\" >> \"$HOME/apt.log\"\n"

    def test_says_the_one_command(self):
        root = self.machine(ninja="", **{"apt-get": self.APT})
        status, _, err = self.learn(root, "test")
        self.assertEqual(status, 2)
        self.assertRegex(err, r"^learn: missing: Ninja; type: (sudo )?apt-get update && (sudo )?apt-get install -y ninja-build\n$")
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
            self.assertNotIn("missing", err)

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
        self.assertIn("type: ", shown)
        self.assertFalse((root / "apt.log").exists())
        status, shown = self.at_a_terminal(root, "")
        self.assertIn("install -y --no-install-recommends ninja-build", (root / "apt.log").read_text())
        self.assertNotIn(ESCAPE + "[3", shown, "NO_COLOR was asked for")

    def test_an_installation_that_fails_says_what_to_type(self):
        root = self.machine(ninja="", sudo="#!/bin/sh\nexit 1\n", **{"apt-get": "#!/bin/sh\nexit 100\n"})
        status, _, err = self.learn(root, "test", "--yes")
        self.assertEqual(status, 2)
        self.assertIn("apt-get install -y ninja-build", err.splitlines()[-1])

    def test_an_old_cmake_is_named(self):
        old = "#!/bin/sh\necho 'cmake version 3.22.1'\n"
        root = self.machine(cmake=old, sudo="#!/bin/sh\nexit 0\n", **{"apt-get": self.APT})
        status, _, err = self.learn(root, "test", "--yes")
        self.assertEqual(status, 2)
        self.assertIn("CMake 3.25 or newer is needed and this machine has 3.22.1", err)

    def test_without_apt_tools_must_be_there(self):
        status, _, err = self.learn(self.machine(ninja=""), "test")
        self.assertEqual(status, 2)
        self.assertIn("missing: Ninja; install them with this system's package manager", err)


class WithoutPython(LearnTest):
    def test_says_the_one_command(self):
        root = self.machine(python3="", **{"apt-get": "#!/bin/sh\nexit 1\n"})
        status, out, err = self.learn(root)
        self.assertEqual(status, 2)
        self.assertRegex(err, r"^learn: Python 3.9 or newer is missing; type: (sudo )?apt-get install -y python3\n$")

    def test_an_old_python_is_none(self):
        status, out, err = self.learn(self.machine(python3="#!/bin/sh\nexit 1\n"))
        self.assertEqual(status, 2)
        self.assertIn("Python 3.9 or newer is missing; install python3 with this system's package manager", err)

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
        self.assertEqual(err, "learn: configuring learn failed; the whole log is build/learn/learn-configure.log\n")

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
        self.assertEqual((status, "configuring learn failed" in err), (1, True), err)


class Parts(CourseTest):
    """tools/learn, imported."""

    @classmethod
    def setUpClass(cls):
        sys.path.insert(0, str(ROOT / "tools/learn"))
        import building, cli, doctor, machine, process, console, setup, verify
        cls.building, cls.cli, cls.doctor, cls.process = building, cli, doctor, process
        cls.console, cls.setup, cls.verify = console, setup, verify

        class Other(machine.Machine):
            """A machine that is not this one."""
            answers: dict = {}

            def system(self): return self.answers.get("system", "Linux")
            def is_wsl1(self): return self.answers.get("wsl1", False)
            def kernel_number(self, name): return self.answers.get(name)
            def descriptor_limit(self): return self.answers.get("descriptors", 1 << 20)
            def architecture(self): return self.answers.get("architecture", "x86_64")
            def gcc(self): return "g++" if self.answers.get("compilers", True) else None
            def clang(self, oldest=0): return "clang++" if self.answers.get("compilers", True) else None
            def version(self, name): return (99, 0)
            def has_package(self, name): return self.answers.get("libraries", True)
            def has_file(self, *paths): return self.answers.get("files", False)
            def which(self, name): return None if name in self.answers.get("without", ()) else "/bin/" + name
            def is_root(self): return self.answers.get("root", False)
            def cores(self): return 2
            def is_person_there(self): return False
            def is_ci(self): return False

        cls.Other = Other

    def other(self, **answers):
        machine = self.Other()
        machine.answers = answers
        return machine

    def test_what_follows_the_lesson_is_the_programs(self):
        self.assertEqual(self.cli.parse(["run", "20", "serve", "--help", "--yes"]),
                         ("run", ["20", "serve", "--help", "--yes"], False))
        self.assertEqual(self.cli.parse(["--yes", "run", "--release", "20", "-x"]), ("run", ["--release", "20", "-x"], True))
        self.assertEqual(self.cli.parse([]), ("", [], False))
        self.assertEqual(self.cli.parse(["--raw"]), ("", ["--raw"], False))

    def test_other_systems_are_refused(self):
        for answers, words in (({"system": "Darwin"}, "runs on Linux"), ({"wsl1": True}, "wsl --set-version")):
            with self.assertRaises(self.console.Stop) as caught:
                self.setup.refuse_bad_system(self.other(**answers))
            self.assertIn(words, str(caught.exception))
            self.assertEqual(caught.exception.status, 2)

    def set_up(self, **answers) -> str:
        """What set-up says, whether it goes on or not."""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                self.setup.set_up(self.other(**answers), yes=False)
            except self.console.Stop as stop:
                self.assertEqual(stop.status, 2)
                return str(stop)
        return out.getvalue()

    def test_nothing_is_said_where_nothing_is_missing(self):
        self.assertEqual(self.set_up(), "")

    def test_libraries_are_fetched_where_they_cannot_be_installed(self):
        self.assertIn("CMake will fetch them", self.set_up(libraries=False, without=("apt-get",)))
        self.assertIn("CMake will fetch them", self.set_up(libraries=False, without=("sudo",)))
        self.assertEqual(self.set_up(libraries=False, without=("apt-get", "git")),
                         "missing: git; install them with this system's package manager "
                         "(doctest and fmt are fetched by CMake, with git).")
        self.assertEqual(self.set_up(libraries=False, without=("ninja", "ninja-build", "git"), root=True),
                         "missing: Ninja, the library fmt, the library doctest; type: "
                         "apt-get update && apt-get install -y ninja-build libfmt-dev doctest-dev")

    def test_what_was_fetched_is_not_announced_again(self):
        self.assertEqual(self.set_up(libraries=False, files=True, without=("sudo",)), "")

    def test_without_sudo_it_is_typed_as_root(self):
        self.assertEqual(self.set_up(without=("sudo", "ninja", "ninja-build")),
                         "missing: Ninja; type: su -c 'apt-get update && apt-get install -y ninja-build'")
        self.assert_caught(self.doctor.problems(self.other(**{"vm/mmap_rnd_bits": 32, "without": ("sudo",)})),
                           "su -c 'sysctl vm.mmap_rnd_bits=28'")

    def doctors(self, **answers) -> tuple:
        """The doctor's exit status, and what it says of a machine whose sanitizers are all right."""
        with contextlib.redirect_stdout(io.StringIO()) as out, unittest.mock.patch.object(self.doctor, "sanitizer_problem", lambda _: ""):
            status = self.doctor.doctor(self.other(**answers))
        return status, out.getvalue()

    def test_doctor_is_content_with_what_can_be_fetched(self):
        self.assertEqual(self.doctors(libraries=False)[0], 0)
        self.assertEqual(self.doctors(libraries=False, without=("git",))[0], 2)
        self.assertEqual(self.doctors(without=("ninja", "ninja-build"))[0], 2)

    def test_doctor_says_nothing_of_sanitizers_without_a_compiler(self):
        self.assertIn("sanitizers start", self.doctors()[1])
        self.assertNotIn("sanitizers", self.doctors(compilers=False)[1].splitlines()[-1])

    def test_doctor_knows_the_fix(self):
        self.assertEqual(self.doctor.problems(self.other()), [])
        self.assertEqual(self.doctor.problems(self.other(**{"vm/mmap_rnd_bits": 28})), [])
        for answers, fix in (({"vm/mmap_rnd_bits": 32}, "sudo sysctl vm.mmap_rnd_bits=28"), ({"descriptors": 1024}, "ulimit"),
                             ({"wsl1": True}, "wsl --set-version"), ({"architecture": "riscv64"}, "untried")):
            self.assert_caught(self.doctor.problems(self.other(**answers)), fix)

    def test_the_learners_compiler_is_the_quicker_one_where_it_is_whole(self):
        def quickest(preset: str, **answers) -> str:
            return self.building.Build(preset, self.other(**answers)).quickest()

        self.assertEqual(quickest("learn", files=True), "clang++")
        self.assertEqual(quickest("learn"), "g++", "a clang without its sanitizers cannot link")
        self.assertEqual(quickest("learn", files=True, without=("llvm-symbolizer-99",)), "g++", "reports would name no line")
        self.assertEqual(quickest("release", files=True), "g++")

    def test_clangs_runtime_is_that_of_the_clang_that_is_taken(self):
        import needs
        machine = self.other()
        for major, found in ((98, ""), (99, "found")):
            file = f"/usr/lib/llvm-{major}/lib/clang/{major}/lib/linux/libclang_rt.asan-x86_64.a"
            machine.has_file = lambda *paths, file=file: any(fnmatch.fnmatch(file, path) for path in paths)
            self.assertEqual(needs.clang_runtime(machine), found)

    def test_a_report_is_counted(self):
        report = self.tree(**{"r.xml": '<testsuite><testcase name="a" status="run"/>'
                                       '<testcase name="b" status="fail"><failure/><system-out>why</system-out></testcase>'
                                       '<testcase name="c" status="notrun"><skipped message="SKIP_RETURN_CODE=4"/></testcase>'
                                       '<testcase name="d" status="notrun"><skipped message="Unable to find executable"/>'
                                       '</testcase></testsuite>'}) / "r.xml"
        outcome = self.building.read_report(report)
        self.assertEqual((outcome.passed, outcome.skipped, [name for name, _ in outcome.failed]), (1, 1, ["b", "d"]))
        self.assertEqual(outcome.failed[0][1], "why")
        self.assertEqual(outcome.names, ["a"])

    def test_starters_and_mistakes_are_counted_by_themselves(self):
        self.assertEqual(self.verify.tally(["mistake 01-poll/a", "01.1 poll/b"], ["mistake 01-poll/c", "d"]),
                         ["1 of 2 mistakes are caught by their sentence"])

    def test_a_failed_file_speaks_for_itself(self):
        log = self.tree(log="[1/3] a\nFAILED: b.o\n/usr/bin/g++ -I… b.cpp\nb.cpp:1: error: no\n  here\n[2/3] c\n"
                            "FAILED: d.o\n/usr/bin/g++ d.cpp\nd.cpp:1: error\nninja: build stopped\n") / "log"
        self.assertEqual(self.process.last_relevant(log), "b.cpp:1: error: no\n  here\n(1 more failed, see the log)")

    def test_a_learners_own_error_is_explained(self):
        where = ROOT / "mine/01-poll/main.cpp"
        log = self.tree(log=f"FAILED: a.o\ng++ a.cpp\n{where}:9001:5: error: expected ';' before '}}' token\n") / "log"
        shown = self.building.own_error(log)
        self.assertIn("a semicolon is missing", shown)
        self.assertTrue(shown.endswith("\nopen  mine/01-poll/main.cpp:9001"), shown)
        log.write_text("solutions/01-poll/main.cpp:1:5: error: expected ';'\n", encoding="utf-8")
        self.assertEqual(self.building.own_error(log), "")

    def test_plain_without_a_terminal(self):
        self.assertNotIn(ESCAPE, self.console.red("x") + self.console.bold("y"))

    def test_readme_names_commands_that_exist(self):
        readme = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
        commands = re.findall(r"\./learn((?: [a-z0-9-]+)*)", readme)
        self.assertGreater(len(commands), 4)
        for command in commands:
            self.cli.parse(command.replace(" NN", "").split())

    def test_ci_runs_the_readmes_command(self):
        self.assertIn("./learn verify --yes", (ROOT / ".ci/run").read_text())
        self.assertIn(".ci/run", (ROOT / ".github/workflows/ci.yml").read_text())


if __name__ == "__main__":
    unittest.main()
