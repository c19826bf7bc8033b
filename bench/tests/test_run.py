"""A run of the bench: its words, what it keeps of what was measured, and what it says at its end. No peer is needed."""
import contextlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from glob import glob
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools" / "learn")]

from process import Interrupts                          # noqa: E402
from run import frame, machine       # noqa: E402
from run.children import Failed                         # noqa: E402
from run.section import Section                         # noqa: E402
from console import Stop                                 # noqa: E402


class CommandLine(unittest.TestCase):
    def refused(self, *words: str) -> str:
        with self.assertRaises(Stop) as caught:
            frame.main(list(words), lambda: self.fail("nothing is set up for bad words"))
        self.assertEqual(caught.exception.status, 2)
        return str(caught.exception)

    def test_bad_words(self):
        self.assertIn("no section 'kettle'", self.refused("kettle"))
        self.assertIn("micro", self.refused("--quick", "kettle"))
        self.assertIn("no option '--fast'", self.refused("--fast"))

    def test_quick_figures_are_not_kept(self):
        self.assertIn("take --quick or --keep", self.refused("--quick", "--keep", "micro"))

    def test_the_tests_take_no_other_words(self):
        for words in (["--quick"], ["--keep"], ["micro"], ["--list"]):
            self.assertIn("takes neither sections nor", self.refused("--test", *words))

    def test_the_list(self):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(frame.main(["--list"]), 0)
        self.assertRegex(out.getvalue(), r"(?m)^micro +one operation")

    def test_what_runs_without_being_named(self):
        whole = [section.name for section in frame.parse([], frame.all_sections())[1]]
        quick = [section.name for section in frame.parse(["--quick"], frame.all_sections())[1]]
        self.assertEqual((whole, quick), (["micro", "counted", "echo", "memory", "loop"], whole[:-1]))
        self.assertEqual([section.name for section in frame.parse(["grow"], frame.all_sections())[1]], ["grow"])

    def test_each_section_is_named_once(self):
        names = [section.name for section in frame.all_sections()]
        self.assertEqual(len(names), len(set(names)))


class Running(unittest.TestCase):
    """frame.run, with sections of our own and nothing to build."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "bench").mkdir()
        self.page = self.root / "bench" / "README.md"
        self.page.write_text("<!-- measured: first -->\n<!-- end -->\n")

    def run_sections(self, *functions, options: tuple = ()) -> tuple:
        """(status, what was said, {section: its data in build/bench/results})"""
        chosen = [Section(function.__name__, "t", function, order) for order, function in enumerate(functions)]
        with unittest.mock.patch.multiple(frame, ROOT=self.root, configure=lambda *_: None, build=lambda *_: []), \
                contextlib.redirect_stdout(io.StringIO()) as out:
            status = frame.run(set(options), chosen, lambda: None)
        files = sorted((self.root / "build" / "bench" / "results").glob("*.json"))
        return status, out.getvalue(), {file.stem: json.loads(file.read_text()) for file in files}

    def test_a_section_that_fails_keeps_its_rows_and_stops_nobody(self):
        status, said, built = self.run_sections(failing("first"), whole("second"))
        self.assertEqual((status, list(built)), (0, ["first", "second"]))
        self.assertIn("the peer fell over", built["first"]["unfinished"])
        self.assertIn("This section was not measured to its end: the peer fell over.", said)

    def test_an_interrupt_ends_the_children_and_keeps_what_was_measured(self):
        started: list = []

        def first(bench):
            started.append(bench.start(["sleep", "1000"]))
            bench.row("r", "r", "ns", {"a": 1})
            raise KeyboardInterrupt

        def second(bench):
            self.fail("nothing is measured after an interrupt")

        status, said, built = self.run_sections(first, second)
        self.assertEqual(status, 130)
        self.assertEqual(list(built), ["first"])
        self.assertIsNotNone(started[0].poll())
        self.assertIn("The table: ", said)
        self.assertIn("Interrupted. Measured to the end: nothing.", said)

    def test_an_interrupt_before_the_first_figure_names_no_table(self):
        status, said, built = self.run_sections(interrupted("first", rows=0))
        self.assertEqual((status, built), (130, {}))
        self.assertNotIn("table.md", said)
        self.assertNotIn("Goals", said)

    def test_an_interrupt_that_comes_while_children_end_is_not_lost(self):
        def first(bench):
            bench.row("r", "r", "ns", {"a": 1})
            bench.children.end_all = lambda: Interrupts.arrive()

        status, said, built = self.run_sections(first, whole("second"))
        self.assertEqual((status, list(built), built["first"]["unfinished"]), (130, ["first"], ""))
        self.assertIn("Interrupted. Measured to the end: first.", said)

    def test_what_is_left_out_is_said(self):
        def first(bench):
            bench.skip("instruction counts: needs valgrind")
            bench.row("r", "r", "ns", {"a": 1})
        _, said, built = self.run_sections(first)
        self.assertIn("left out: instruction counts: needs valgrind", said)
        self.assertEqual(built["first"]["skipped"], ["instruction counts: needs valgrind"])

    # --keep
    def test_without_it_the_page_stays(self):
        before = self.page.read_text()
        self.run_sections(whole("first"))
        self.assertEqual(self.page.read_text(), before)

    def test_only_a_section_that_came_to_its_end_changes_the_page(self):
        self.run_sections(whole("first"), options=("--keep",))
        page = self.page.read_text()
        self.assertIn("| r1 | ns | 2.00 |", page)
        for short in (interrupted("first"), failing("first")):
            _, said, built = self.run_sections(short, options=("--keep",))
            self.assertEqual(self.page.read_text(), page)
            self.assertEqual([row["name"] for row in built["first"]["rows"]], ["r0"])
            self.assertIn("first was not measured to its end, and bench/README.md keeps what it had.", said)

    def test_pictures_of_a_fragment_are_not_kept(self):
        def first(bench):
            bench.row("r", "r", "ns", {"a": 1})
            bench.outcome.pictures["grow-a.svg"] = "<svg/>"
            raise KeyboardInterrupt
        self.run_sections(first, options=("--keep",))
        self.assertEqual([path.relative_to(self.root).parts[0] for path in self.root.rglob("*.svg")], ["build"])

    def test_pictures_of_a_whole_section_are_kept(self):
        def first(bench):
            bench.row("r", "r", "ns", {"a": 1})
            bench.outcome.pictures["grow-a.svg"] = "<svg/>"
        self.run_sections(first, options=("--keep",))
        self.assertEqual((self.root / "bench" / "results" / "grow-a.svg").read_text(), "<svg/>")

    # What it was measured on
    def test_each_section_says_the_day_and_the_versions(self):
        _, _, built = self.run_sections(whole("first"))
        self.assertRegex(built["first"]["machine"]["day"], r"^\d{4}-\d\d-\d\d$")
        self.assertTrue(built["first"]["machine"]["versions"])

    # The time
    def test_a_quick_run_that_is_slow_says_so(self):
        with unittest.mock.patch("run.record.QUICK_SECONDS", -1):
            self.assertRegex(self.run_sections(whole("first"), options=("--quick",))[1],
                             r"A quick run is to take less than .*\. This one took 0 s, most of it: first 0 s.")
        self.assertNotIn("A quick run is to", self.run_sections(whole("first"), options=("--quick",))[1])
        self.assertIn("Measured in 0 s.", self.run_sections(whole("first"))[1])


def named(name: str, function):
    function.__name__ = name
    return function


def whole(name: str):
    def measure(bench):
        bench.row("r0", "r0", "ns", {"a": 1})
        bench.row("r1", "r1", "ns", {"a": 2})
    return named(name, measure)


def failing(name: str):
    def measure(bench):
        bench.row("r0", "r0", "ns", {"a": 7})
        raise Failed("the peer fell over")
    return named(name, measure)


def interrupted(name: str, rows: int = 1):
    def measure(bench):
        for number in range(rows):
            bench.row(f"r{number}", f"r{number}", "ns", {"a": 7})
        raise KeyboardInterrupt
    return named(name, measure)


class TheCommit(unittest.TestCase):
    """Which it was, and whether what was measured differs from it."""

    def git(self, folder: str, *words: str) -> None:
        subprocess.run(["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)

    def test_a_change_is_seen_and_what_the_bench_writes_is_none(self):
        if not shutil.which("git"):
            self.skipTest("needs git")
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(machine.commit(Path(folder)), {})
            Path(folder, "bench", "results").mkdir(parents=True)
            Path(folder, "a.hpp").write_text("1")
            self.git(folder, "init", "-q")
            self.git(folder, "add", ".")
            self.git(folder, "commit", "-q", "-m", "a")
            Path(folder, "bench", "results", "grow-a.svg").write_text("1")
            found = machine.commit(Path(folder))
            self.assertRegex(found["commit"], "^[0-9a-f]{10}$")
            self.assertFalse(found["changed"])
            Path(folder, "a.hpp").write_text("2")
            self.assertTrue(machine.commit(Path(folder))["changed"])

    def test_the_versions_of_all_that_is_compiled(self):
        found = machine.versions(("g++", "/usr/bin/clang++-19"))
        for name, there in (("tokio", "/usr/share/cargo/registry/tokio-[0-9]*"), ("smol", "/usr/share/cargo/registry/smol-[0-9]*"),
                            ("clang++-19", "/usr/bin/clang++-19")):
            if glob(there):
                self.assertRegex(found[name], r"^\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
