"""The grow section: its curves, what it does when a peer fails, its pictures; its counting of threads.

    python3 bench/tests/test_grow.py
"""
import sys
import unittest
import unittest.mock
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCH))
sys.path.append(str(BENCH.parent / "tools" / "learn"))

from run import contended, grow, locked, plot                        # noqa: E402
from run.children import Failed                                      # noqa: E402
from run.section import Outcome, Program, Stat                       # noqa: E402


class FakeBench:
    """Stands in for the frame: each program answers at once, each round is one."""
    quick = False

    def __init__(self):
        self.rows, self.skipped, self.notes, self.outcome = {}, [], [], Outcome("grow", "")
        self.broken = ()

    def program(self, kind: str, name: str):
        return Program(kind, name, f"/bin/{kind}/{name}")

    def output_of(self, command: list) -> str:
        if any(word in str(command[0]) for word in self.broken):
            raise Failed(f"{command[0]} broke")
        if str(command[0]).endswith("contended"):
            _, _, count, workers = command
            return f"locked {100 + 3 * count} moved {workers * count // 10} waited 0\n"
        _, measure, count, *_ = command
        return f"{measure} {count} {int(count) * 70} {int(count) * 50}\n"

    def rounds(self, cells: dict, count: int, what: str) -> dict:
        return {name: {metric: Stat(value, value, value) for metric, value in cell().items()} for name, cell in cells.items()}

    def row(self, name: str, title: str, unit: str, values: dict) -> None:
        self.rows.setdefault(name, {}).update(values)

    def skip(self, line: str) -> None:
        self.skipped.append(line)

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


def curve(name: str) -> grow.Curve:
    return next(one for one in grow.CURVES if one.name == name)


class Curves(unittest.TestCase):
    def test_they_go_as_far_as_they_should(self):
        for name, last in (("tasks", 1_000_000), ("timers", 1_000_000), ("depth", 1_000), ("connections", 10_000)):
            points = curve(name).points
            self.assertEqual((points[0], points[-1]), (1, last))
            self.assertEqual(list(points), sorted(points))
        for one in grow.CURVES:
            self.assertIn("{n}", one.each)
            self.assertLessEqual(set(one.quick), set(range(1, 1_000_001)))

    def test_cpu_time_of_one_of_n(self):
        bench = FakeBench()
        lines = grow.measure_curve(bench, curve("tasks"))
        self.assertEqual(list(lines), ["rt current_thread", "rt multi_thread:2", "tokio current_thread", "tokio multi_thread:2",
                                       "asio"])
        self.assertEqual(lines["asio"], [(n, 50) for n in grow.TO_A_MILLION])
        self.assertEqual(bench.rows["tasks 1000"]["rt current_thread"].median, 50)

    def test_a_wake_is_one_of_a_thousand(self):
        self.assertEqual(grow.measure_curve(FakeBench(), curve("depth"))["rt current_thread"][:2], [(1, 0.05), (2, 0.1)])

    def test_threads_are_the_runtimes_own(self):
        bench = FakeBench()
        lines = grow.measure_curve(bench, curve("threads"))
        self.assertEqual(lines, {"rt multi_thread": [(1, 70), (2, 70), (4, 70)], "tokio multi_thread": [(1, 70), (2, 70), (4, 70)]})

    def test_a_peer_that_fails_is_left_out_and_said(self):
        bench = FakeBench()
        bench.broken = ("tokio",)
        with unittest.mock.patch.object(bench, "rounds", lambda cells, count, what: {
                name: {metric: Stat(v, v, v) for metric, v in cell().items()} for name, cell in cells.items()}):
            lines = grow.measure_curve(bench, curve("timers"))
        self.assertEqual(list(lines), ["rt current_thread", "rt multi_thread:2", "asio"])
        self.assertEqual(len(bench.skipped), 2)         # one for each flavor, not one for each N

    def test_pictures_say_the_machine_the_day_and_the_commit(self):
        bench = FakeBench()
        bench.outcome.machine = {"processor": "EPYC <x>", "cores": 2, "memory_gb": 24, "kernel": "6", "versions": {"g++": "12"},
                                 "day": "2026-11-21", "commit": "0123456789"}
        with unittest.mock.patch.object(grow, "CURVES", (curve("tasks"),)), \
                unittest.mock.patch.object(locked, "why_not", lambda: "no valgrind here"):
            grow.measure(bench)
        self.assertEqual(bench.skipped, ["no valgrind here"])
        pictures = bench.outcome.pictures
        self.assertEqual(set(pictures), {"grow-tasks.svg", "grow-threads-locked.svg", "grow-threads-moved.svg"})
        self.assertIn("EPYC &lt;x&gt;, 2 cores", pictures["grow-tasks.svg"])
        self.assertIn("2026-11-21, commit 0123456789", pictures["grow-tasks.svg"])


class Threads(unittest.TestCase):
    def test_what_is_counted_once_cancels(self):
        found = contended.per_operation(FakeBench(), "/bin/contended", "spawn_await", 4)
        self.assertEqual(found, {"locked": 3.0, "moved": 0.4, "waited": 0.0})

    def test_a_column_for_each_number_of_threads(self):
        bench, drawn = FakeBench(), {}
        contended.measure_ours(bench, lambda _, name, picture: drawn.update({name: picture}))
        self.assertEqual(list(bench.rows["locked spawn_await"]), [f"rt multi_thread:{n}" for n in contended.WORKERS])
        self.assertEqual(drawn["threads-moved"].lines["spawn + await"], [(1, 0.1), (2, 0.2), (4, 0.4), (8, 0.8), (16, 1.6)])

    def test_nonsense_is_refused(self):
        bench = FakeBench()
        with unittest.mock.patch.object(bench, "output_of", lambda command: "no"), self.assertRaises(Failed):
            contended.counts(bench, "x", "spawn_await", 1, 1)

    def test_names_fit_beside_the_picture(self):
        for name in contended.COUNTED.values():
            self.assertLessEqual(len(name) * 6.8, plot.RIGHT - 50)


PROFILE = """events: Ir
ob=/bin/a
fl=a.c
fn=main
0x10 3 5
calls=1 0x200 0
0x14 3 900
0x18 4 2
ob=/lib/b
fn=f
0x10 0 7
ob=/bin/a
fn=main
0x10 3 1
"""
DISASSEMBLY = """
0000000000000010 <main>:
      10:\tlock xadd %eax,(%rdi)
      14:\txchg   %rax,0x8(%rbx)
      18:\txchg   %ax,%ax
      1c:\tlock cmpxchg %edx,0x0(%rip)        # 30 <x>
  401020:\tmov    %eax,(%rdi)
"""


class Locked(unittest.TestCase):
    def test_what_ran_how_often(self):
        self.assertEqual(locked.costs(PROFILE), {"/bin/a": {0x10: 6, 0x18: 2}, "/lib/b": {0x10: 7}})

    def test_which_instructions_lock(self):
        self.assertEqual(locked.locked_addresses(DISASSEMBLY), {0x10, 0x14, 0x1c})

    def test_a_row_for_each_measure(self):
        bench = FakeBench()
        with unittest.mock.patch.object(locked, "why_not", lambda: ""), \
                unittest.mock.patch.object(locked.Counter, "count", lambda self, command: 50 + 20 * command[2]):
            contended.measure_peers(bench)
        self.assertEqual(list(bench.rows), [f"lock {name}" for name in contended.COUNTED])
        self.assertEqual(bench.rows["lock spawn_await"]["tokio multi_thread:4"], 20)
        self.assertEqual(list(bench.rows["lock yield_1000"])[-1], "asio")

    def test_elsewhere_it_is_left_out(self):
        with unittest.mock.patch.object(locked.platform, "machine", lambda: "aarch64"):
            self.assertIn("x86-64 only", locked.why_not())
        with unittest.mock.patch.object(locked.platform, "machine", lambda: "x86_64"), \
                unittest.mock.patch.object(locked.shutil, "which", lambda name: None):
            self.assertEqual(locked.why_not(), "locked instructions: needs valgrind objdump")


if __name__ == "__main__":
    unittest.main()
