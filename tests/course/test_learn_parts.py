"""tools/learn, piece by piece: set-up, the doctor, compilers, reports, and what the pages say of the commands."""
import contextlib
import fnmatch
import io
import re
import unittest
import unittest.mock

from sources import ROOT     # first: it shows the way to tools/learn
from tree import CourseTest

import building
import cli
import console
import doctor
import machine
import needs
import process
import setup
import verify
from judge import RED, Verdict

ESCAPE = "\x1b"


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


class Parts(CourseTest):
    """tools/learn, imported."""

    def other(self, **answers):
        other = Other(answers.get("installs", machine.ASK))
        other.answers = answers
        return other

    def test_an_exercise_is_told_like_a_step(self):
        judged = unittest.mock.Mock(judge=lambda step: Verdict(RED, step.target))
        with unittest.mock.patch.object(cli, "Judge", lambda *_: judged), \
                unittest.mock.patch.object(cli, "copy_of", lambda lesson: ROOT / "solutions" / lesson):
            for name, target in (("11 exercise map/it is a future", "test-11.exercise"), ("11.1 the pool/it runs", "test-11.1")):
                self.assertIn(target, cli.told(name, "raw", unittest.mock.Mock()))
            self.assertEqual(cli.told("course/x", "raw", unittest.mock.Mock()), "raw")

    def test_an_exercise_is_named_with_its_lesson(self):
        with unittest.mock.patch.object(cli, "exercise_file", lambda lesson: ROOT / "mine/.none/exercise.hpp"):
            for words in (["11.exercise"], ["11", "exercise"]):
                with self.assertRaisesRegex(console.Stop, r"^mine/\.none/exercise\.hpp does not exist\. Write it as the first comment "
                                                          r"of tests/11-spawn-blocking/exercise-map\.cpp says\.$"):
                    cli.test(words, self.other())
        with unittest.mock.patch("lessons.exercise_of", lambda lesson: []), \
                self.assertRaisesRegex(console.Stop, "^Lesson 19-runtimes has no exercise"):
            cli.test(["19.exercise"], self.other())

    def test_what_follows_the_lesson_is_the_programs(self):
        self.assertEqual(cli.parse(["run", "20", "serve", "--help", "--yes"]),
                         ("run", ["20", "serve", "--help", "--yes"], machine.ASK))
        self.assertEqual(cli.parse(["--yes", "run", "--release", "20", "-x"]), ("run", ["--release", "20", "-x"], machine.ALWAYS))
        self.assertEqual(cli.parse(["run", "13", "--no-install", "echo", "--yes"]), ("run", ["13", "echo", "--yes"], machine.NEVER))
        self.assertEqual(cli.parse(["bench", "--yes", "--list"]), ("bench", ["--list"], machine.ALWAYS))
        self.assertEqual(cli.parse(["test", "--no-install"]), ("test", [], machine.NEVER))
        self.assertEqual(cli.parse([]), ("", [], machine.ASK))
        self.assertEqual(cli.parse(["--raw"]), ("", ["--raw"], machine.ASK))

    def test_other_systems_are_refused(self):
        for answers, words in (({"system": "Darwin"}, "runs on Linux only"), ({"wsl1": True}, "wsl --set-version")):
            with self.assertRaises(console.Stop) as caught:
                setup.refuse_bad_system(self.other(**answers))
            self.assertIn(words, str(caught.exception))
            self.assertEqual(caught.exception.status, 2)

    def set_up(self, **answers) -> str:
        """What set-up says, whether it goes on or not."""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                setup.set_up(self.other(**answers))
            except console.Stop as stop:
                self.assertEqual(stop.status, 2)
                return str(stop)
        return out.getvalue()

    def test_nothing_is_said_where_nothing_is_missing(self):
        self.assertEqual(self.set_up(), "")

    def test_libraries_are_fetched_where_they_cannot_be_installed(self):
        self.assertIn("CMake will fetch them", self.set_up(libraries=False, without=("apt-get",)))
        self.assertIn("CMake will fetch them", self.set_up(libraries=False, without=("sudo",)))
        self.assertEqual(self.set_up(libraries=False, without=("apt-get", "git")),
                         "Missing: git. Install what is missing with this system's package manager. "
                         "(CMake fetches doctest and fmt itself, with git.)")
        self.assertIn("Missing: Ninja, the library fmt, the library doctest. Install what is missing with: "
                      "sudo apt-get update && sudo apt-get install -y ninja-build libfmt-dev doctest-dev",
                      self.set_up(libraries=False, without=("ninja", "ninja-build", "git")))

    def installed(self, **answers) -> list:
        """What is installed where Ninja is missing and nobody is at a terminal."""
        packages: list = []
        with unittest.mock.patch.object(setup, "install", lambda machine, names: packages.extend(names)):
            self.assertIn("issing: Ninja", self.set_up(without=("ninja", "ninja-build"), **answers))
        return packages

    def test_who_may_install_without_being_asked(self):
        self.assertEqual(self.installed(root=True), ["ninja-build"], "root in a container or a script")
        self.assertEqual(self.installed(), [])
        self.assertEqual(self.installed(installs=machine.ALWAYS), ["ninja-build"])
        self.assertEqual(self.installed(installs=machine.NEVER, root=True), [])

    def test_what_was_fetched_is_not_announced_again(self):
        self.assertEqual(self.set_up(libraries=False, files=True, without=("sudo",)), "")

    def test_without_sudo_it_is_typed_as_root(self):
        self.assertEqual(self.set_up(without=("sudo", "ninja", "ninja-build")),
                         "Missing: Ninja. Install what is missing with: su -c 'apt-get update && apt-get install -y ninja-build'")
        self.assert_caught(doctor.problems(self.other(**{"vm/mmap_rnd_bits": 32, "without": ("sudo",)})),
                           "su -c 'sysctl vm.mmap_rnd_bits=28'")

    def doctors(self, **answers) -> tuple:
        """The doctor's exit status, and what it says of a machine whose sanitizers are all right."""
        with contextlib.redirect_stdout(io.StringIO()) as out, unittest.mock.patch.object(doctor, "sanitizer_problem", lambda _: ""):
            status = doctor.doctor(self.other(**answers))
        return status, out.getvalue()

    def test_doctor_is_content_with_what_can_be_fetched(self):
        self.assertEqual(self.doctors(libraries=False)[0], 0)
        self.assertEqual(self.doctors(libraries=False, without=("git",))[0], 2)
        self.assertEqual(self.doctors(without=("ninja", "ninja-build"))[0], 2)

    def test_doctor_says_nothing_of_sanitizers_without_a_compiler(self):
        self.assertIn("sanitizers start", self.doctors()[1])
        self.assertNotIn("sanitizers", self.doctors(compilers=False)[1].splitlines()[-1])

    def test_doctor_knows_the_fix(self):
        self.assertEqual(doctor.problems(self.other()), [])
        self.assertEqual(doctor.problems(self.other(**{"vm/mmap_rnd_bits": 28})), [])
        for answers, fix in (({"vm/mmap_rnd_bits": 32}, "sudo sysctl vm.mmap_rnd_bits=28"), ({"descriptors": 1024}, "ulimit"),
                             ({"wsl1": True}, "wsl --set-version"), ({"architecture": "riscv64"}, "not tested on riscv64")):
            self.assert_caught(doctor.problems(self.other(**answers)), fix)

    def test_the_learners_compiler_is_the_quicker_one_where_it_is_whole(self):
        def quickest(preset: str, **answers) -> str:
            return building.Build(preset, self.other(**answers)).quickest()

        self.assertEqual(quickest("learn", files=True), "clang++")
        self.assertEqual(quickest("learn"), "g++", "a clang without its sanitizers cannot link")
        self.assertEqual(quickest("learn", files=True, without=("llvm-symbolizer-99",)), "g++", "reports would name no line")
        self.assertEqual(quickest("release", files=True), "g++")

    def test_clangs_runtime_is_that_of_the_clang_that_is_taken(self):
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
        outcome = building.read_report(report)
        self.assertEqual((outcome.passed, outcome.skipped, [name for name, _ in outcome.failed]), (1, 1, ["b", "d"]))
        self.assertEqual(outcome.failed[0][1], "why")
        self.assertEqual((outcome.names, outcome.outputs), (["a"], ["", "why", "", ""]))

    def test_starters_and_mistakes_are_counted_by_themselves(self):
        self.assertEqual(verify.tally(["caught\n2 of 3 mistakes are caught by their sentence\n1 of 1 right answers are right\n",
                                       "[doctest] 1 of 2 mistakes", "1 of 1 mistakes are caught by their sentence\n"]),
                         ["3 of 4 mistakes are caught by their sentence", "1 of 1 right answers are right"])

    def test_a_failed_file_speaks_for_itself(self):
        log = self.tree(log="[1/3] a\nFAILED: b.o\n/usr/bin/g++ -I… b.cpp\nb.cpp:1: error: no\n  here\n[2/3] c\n"
                            "FAILED: d.o\n/usr/bin/g++ d.cpp\nd.cpp:1: error\nninja: build stopped\n") / "log"
        self.assertEqual(process.last_relevant(log), "b.cpp:1: error: no\n  here\n(1 more failed, see the log)")

    def test_a_learners_own_error_is_explained(self):
        where = ROOT / "mine/01-poll/main.cpp"
        log = self.tree(log=f"FAILED: a.o\ng++ a.cpp\n{where}:9001:5: error: expected ';' before '}}' token\n") / "log"
        shown = building.own_error(log)
        self.assertIn("A semicolon is missing", shown)
        self.assertTrue(shown.endswith("\nopen  mine/01-poll/main.cpp:9001"), shown)
        log.write_text("solutions/01-poll/main.cpp:1:5: error: expected ';'\n", encoding="utf-8")
        self.assertEqual(building.own_error(log), "")

    def test_plain_without_a_terminal(self):
        self.assertNotIn(ESCAPE, console.red("x") + console.bold("y"))

    def test_readme_names_commands_that_exist(self):
        readme = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
        commands = re.findall(r"\./learn((?: [a-z0-9-]+)*)", readme)
        self.assertGreater(len(commands), 4)
        for command in commands:
            cli.parse(command.replace(" NN", "").split())

    def test_ci_runs_the_readmes_command(self):
        self.assertIn("./learn verify --yes", (ROOT / ".ci/run").read_text())
        self.assertIn(".ci/run", (ROOT / ".github/workflows/ci.yml").read_text())


if __name__ == "__main__":
    unittest.main()
