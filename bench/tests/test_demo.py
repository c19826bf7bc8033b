"""The demo section: what it makes of the programs' lines, and that the programs, where they are built, print such lines.

    cmake --build build/bench --target demo && python3 bench/tests/test_demo.py
"""
import sys
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCH))
sys.path.append(str(BENCH.parent / "tools" / "learn"))

from run import demo, verdicts                             # noqa: E402
from run.children import Failed                            # noqa: E402
from run.section import Outcome, Program, Row, Stat        # noqa: E402

SAID = "1000 clients, 28890 bytes, 40.1 ms, CPU 98 %, peak memory 3040 kB\n"


class FakeBench:
    """Stands in for the frame: one round, no process."""
    quick = True

    def __init__(self, *names: str):
        self.names, self.commands, self.rows, self.notes = names, [], {}, []

    def program(self, kind: str, name: str):
        return Program(kind, name, f"/bin/{name}") if name in self.names else None

    def output_of(self, command: list) -> str:
        self.commands.append(command)
        clients = command[command.index("--clients") + 1]
        return f"{clients} clients, {demo.bytes_of(clients)} bytes, 2.5 ms, CPU 98 %, peak memory {3000 + clients} kB\n"

    def rounds(self, cells: dict, count: int, what: str) -> dict:
        return {name: {metric: Stat(value, value, value) for metric, value in cell().items()} for name, cell in cells.items()}

    def row(self, name: str, title: str, unit: str, values: dict) -> None:
        self.rows[name] = values

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


class TheLine(unittest.TestCase):
    def test_is_understood(self):
        self.assertEqual(demo.figures_of(SAID, 1000), {"ms": 40.1, "kB": 3040.0})

    def test_the_wrong_number_of_clients_or_bytes(self):
        for line in (SAID.replace("1000", "999"), SAID.replace("28890", "28889"), "no\n"):
            with self.assertRaisesRegex(Failed, "the demo said"):
                demo.figures_of(line, 1000)


class TheSection(unittest.TestCase):
    def test_each_row_has_its_columns(self):
        bench = FakeBench("rt", "rt_shared", "tokio_demo")
        demo.measure(bench)
        ours, theirs = ["rt current_thread", "rt multi_thread:2"], ["tokio current_thread", "tokio multi_thread:2"]
        self.assertEqual({name: list(values) for name, values in bench.rows.items()},
                         {"peak": ours + theirs, "peak 1": ours + theirs, "peak shared": ours, "time": ours + theirs})
        self.assertEqual(bench.rows["peak"]["tokio current_thread"].median, 4000)
        self.assertEqual(bench.rows["peak 1"]["rt multi_thread:2"].median, 3001)
        self.assertIn(["/bin/rt", "demo", "--clients", 1000, "--runtime", "current_thread"], bench.commands)
        self.assertIn(["/bin/tokio_demo", "--clients", 1000, "--runtime", "multi_thread:2"], bench.commands)

    def test_without_tokio(self):
        bench = FakeBench("rt")
        demo.measure(bench)
        self.assertEqual(list(bench.rows["peak"]), ["rt current_thread", "rt multi_thread:2"])

    def test_the_goal_is_the_lower_of_tokios_two(self):
        values = {"rt current_thread": 3000, "rt multi_thread:2": 3200, "tokio current_thread": 3300,
                  "tokio multi_thread:2": 3200}
        row = Row("peak", "", "kB", {column: Stat(value, value, value) for column, value in values.items()})
        found = verdicts.verdicts(Outcome("demo", "", [row]))
        self.assertEqual([(one.goal.ours, one.against, one.word) for one in found],
                         [("rt current_thread", "tokio multi_thread:2", "met"), ("rt multi_thread:2", "tokio multi_thread:2", "missed")])


if __name__ == "__main__":
    unittest.main()
