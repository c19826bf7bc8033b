"""The build-speed section: which headers come along, what is timed.

    python3 bench/tests/test_build_speed.py
"""
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCH))
sys.path.append(str(BENCH.parent / "tools" / "learn"))

from run import build_speed, header_weight      # noqa: E402
from run.section import Stat                    # noqa: E402


class FakeBench:
    """Stands in for the frame: commands are noted, and answered."""

    def __init__(self, quick: bool = True, answer=lambda command: ""):
        self.quick, self.answer, self.commands, self.rows, self.notes = quick, answer, [], {}, []

    def output_of(self, command: list, seconds: float = 120, **options) -> str:
        self.commands.append([str(word) for word in command])
        return self.answer(self.commands[-1])

    def rounds(self, cells: dict, count: int, what: str) -> dict:
        return {name: {"": Stat(*[float(len(name))] * 3)} for name, cell in cells.items()}

    def row(self, name: str, title: str, unit: str, values: dict) -> None:
        self.rows[name] = (title, unit, values)

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


class Headers(unittest.TestCase):
    def test_the_standard_headers_that_come_along(self):
        with tempfile.TemporaryDirectory() as folder:
            poll, waker = Path(folder, "poll.hpp"), Path(folder, "waker.hpp")
            poll.write_text("#include <optional>\n#if X\n  #include <asio/post.hpp>\n#endif\n")
            waker.write_text('#include <rt/poll.hpp>\n#include <memory>\n#include <optional>\n// #include <map>\n')
            paths = {"rt/poll.hpp": poll, "rt/waker.hpp": waker}
            self.assertEqual(build_speed.standard_headers("rt/waker.hpp", paths), ["optional", "memory"])

    def test_of_the_real_ones_none_is_ours(self):
        paths = header_weight.headers()
        for header in build_speed.QUICK_HEADERS:
            found = build_speed.standard_headers(header, paths)
            self.assertTrue(found and not any(name.startswith("rt/") for name in found), found)

    def test_a_program_of_standard_headers_compiles(self):
        text = build_speed.only_there(["string", "no/such.h"])
        compiler = build_speed.compilers()[0]
        run = subprocess.run([compiler, "-x", "c++", "-std=c++20", "-fsyntax-only", "-"], input=text, text=True)
        self.assertEqual(run.returncode, 0)

    def test_a_row_says_what_it_adds(self):
        bench = FakeBench()
        weights = {header: (100, 2.5) for header in header_weight.headers()}
        with unittest.mock.patch.object(header_weight, "weigh_all", lambda: weights):
            build_speed.measure_headers(bench, "g++")
        title, unit, values = bench.rows["header rt/poll.hpp"]
        self.assertEqual((title, unit), ("<rt/poll.hpp>, 100 lines, 2.5 × <string>", "ms CPU"))
        self.assertEqual(list(values), ["g++: it adds", "g++: with std's"])
        self.assertEqual(values["g++: it adds"], 2)                               # len("whole") - len("std")


class Builds(unittest.TestCase):
    def test_a_clean_build_begins_with_nothing(self):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(build_speed, "FOLDER", Path(folder)):
            place = Path(folder, "learn-g++")

            def answer(command: list) -> str:
                if "--build" in command:
                    return "[1/31] x\n[2/31] y\n"
                self.assertFalse((place / "old").exists())
                (place / "bin").mkdir(parents=True)
                (place / "bin" / "solution-01").touch()
                return ""
            place.mkdir()
            (place / "old").touch()
            bench = FakeBench(answer=answer)
            build_speed.clean_build(bench, "learn", "g++")
        title, unit, values = bench.rows["clean learn"]
        self.assertEqual((title, unit), ("clean build, learn: 31 build steps, 1 programs", "s"))
        self.assertEqual(list(values), ["g++: wall", "g++: CPU"])
        self.assertIn("-DPBP_LEARNER=OFF", bench.commands[0])

    def test_cpu_time_is_that_of_the_children(self):
        with build_speed.Timed() as timed:
            subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"])
        self.assertGreater(timed.cpu, 0.01)
        self.assertGreater(timed.wall, 0.01)


if __name__ == "__main__":
    unittest.main()
