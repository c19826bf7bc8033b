"""The bench's frame: rounds, medians, goals, the table, and that nothing measured is lost. No peer is needed."""
import contextlib
import dataclasses
import io
import re
import sys
import unittest
import unittest.mock
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools" / "learn")]

from run import frame, goals, programs, record, table  # noqa: E402
from run.children import Children, Failed  # noqa: E402
from run.rounds import Moment, Watch, run_rounds, stat_of  # noqa: E402
from run.section import Outcome, Program, Row, Stat  # noqa: E402


def flat(value: float) -> Stat:
    return Stat(value, value, value)


class Quiet(Watch):
    """A watch that finds those rounds disturbed which it was told."""

    def __init__(self, *disturbed: int):
        super().__init__()
        self.disturbed, self.round = disturbed, 0

    def begin(self) -> None:
        pass

    def end(self) -> str:
        self.round += 1
        return "a neighbor" if self.round in self.disturbed else ""


class Figures(unittest.TestCase):
    def test_median_and_the_middle_half(self):
        self.assertEqual(stat_of([5, 1, 4, 2, 3]), Stat(3, 2, 4, 5))
        self.assertEqual(stat_of([7]), Stat(7, 7, 7, 1))
        self.assertEqual(stat_of([1, 2]), Stat(1.5, 1, 2, 2))

    def test_one_wild_round_moves_no_median(self):
        self.assertEqual(stat_of([10, 10, 10, 10, 9000]).median, 10)

    def test_three_digits_that_matter(self):
        self.assertEqual([table.figure(value) for value in (0.3519, 1.234, 15.44, 184.2, 640000.4, 0)],
                         ["0.352", "1.23", "15.4", "184", "640,000", "0"])


class Interleaving(unittest.TestCase):
    def order_of(self, count: int, watch: Watch, **options):
        calls: list = []
        cells = {name: lambda name=name: calls.append(name) or {"ns": len(calls)} for name in "abc"}
        return calls, run_rounds(cells, count, watch, **options)

    def test_each_round_has_all_cells_and_begins_with_another(self):
        calls, found = self.order_of(3, Quiet())
        self.assertEqual("".join(calls), "abcbcacab")
        self.assertEqual((found.kept, found.repeated, found.disturbed), (3, 0, 0))
        self.assertEqual(found.stats["a"]["ns"], stat_of([1, 6, 8]))

    def test_a_disturbed_round_is_measured_again_and_said(self):
        said: list = []
        calls, found = self.order_of(3, Quiet(2), on_round=lambda number, why: said.append((number, why)))
        self.assertEqual("".join(calls), "abcbcabcacab")
        self.assertEqual((found.kept, found.repeated, found.disturbed), (3, 1, 0))
        self.assertEqual(found.samples["b"]["ns"], [2, 7, 12])
        self.assertEqual(said, [(1, ""), (1, "a neighbor"), (2, ""), (3, "")])

    def test_where_it_is_never_quiet_the_rounds_count_all_the_same(self):
        calls, found = self.order_of(4, Quiet(*range(100)))
        self.assertEqual((len(calls), found.kept, found.repeated, found.disturbed), (18, 4, 2, 4))

    def test_a_plain_figure_will_do(self):
        self.assertEqual(run_rounds({"a": lambda: 7}, 2, Quiet()).stats["a"][""], Stat(7, 7, 7, 2))

    def test_an_interrupted_round_leaves_those_before(self):
        turns = iter([1, 2])
        with self.assertRaises(StopIteration) as caught:
            run_rounds({"a": lambda: next(turns)}, 5, Quiet())
        self.assertEqual(caught.exception.rounds.stats["a"][""].count, 2)


class Disturbances(unittest.TestCase):
    def verdict(self, work=(1, 1), **change) -> str:
        """Of a round of ten seconds, in which this happened."""
        after = {"wall": 10.0, "busy": 9.0, "stolen": 0.0, "own": 9.0, **change}
        moments = iter([Moment(0, 0, 0, 0), Moment(**after)])
        watch = Watch(work=iter(work).__next__, now=moments.__next__)
        watch.begin()
        return watch.end()

    def test_a_quiet_round(self):
        self.assertEqual(self.verdict(), "")
        self.assertEqual(self.verdict(busy=9.5), "")

    def test_stolen_time(self):
        self.assertIn("30 % of its time was stolen", self.verdict(stolen=3.0))

    def test_other_processes(self):
        self.assertIn("other processes used 60 % of a core", self.verdict(busy=15.0))

    def test_a_slow_clock(self):
        self.assertIn("1.50 times slower", self.verdict(work=(1, 1.5)))
        self.assertIn("2.00 times slower", self.verdict(work=(2, 1)))

    def test_own_children_are_not_others(self):
        before = Moment.now()
        Children().output_of([sys.executable, "-c", "print(sum(n * n for n in range(1_000_000)))"])
        self.assertGreater(Moment.now().own, before.own)


class Tables(unittest.TestCase):
    OUTCOME = Outcome("micro", "one operation", [
        Row("spawn_await", "spawn + await", "ns", {goals.OURS_ONE: Stat(84, 80.4, 91, 11), goals.TOKIO_ONE: flat(90)}),
        Row("spawn_many", "spawn many", "ns", {goals.TOKIO_ONE: flat(235), goals.OURS_ONE: flat(100)})],
        notes=["A note."], skipped=["micro/smol: needs librust-smol-dev"], rounds=11, repeated=2, seconds=1.5,
        machine={"processor": "A", "cores": 2, "memory_gb": 4, "kernel": "6", "versions": {"g++": "12.2.0"}, "load": 0.1,
                 "day": "2026-11-21", "commit": "0123456789", "changed": False})

    def test_for_the_terminal(self):
        self.assertEqual(table.for_terminal(self.OUTCOME).splitlines(), [
            "                 unit  rt current_thread  tokio current_thread",
            "  spawn + await  ns     84.0 (80.4–91.0)                  90.0",
            "  spawn many     ns                  100                   235",
            "  MISSED spawn + await: rt current_thread is 0.93 x tokio current_thread; goal <= 0.85",
            "  met    spawn many: rt current_thread is 0.43 x tokio current_thread; goal <= 0.85",
            "  A note.", "  Left out: micro/smol: needs librust-smol-dev.",
            "  11 rounds, 2 more measured again because something disturbed them."])

    def test_wide_tables_are_split_between_columns(self):
        wide = [Row("r", "a row", "ns", {f"a peer with a long name {n}": flat(n) for n in range(9)})]
        lines = table.split_to_width(wide)
        self.assertTrue(all(len(line) <= 118 for line in lines))
        self.assertEqual(sum(line.count("a peer with") for line in lines), 9)

    def test_for_a_page(self):
        page = table.for_page([self.OUTCOME])
        self.assertIn("| spawn + await | ns | 84.0 (80.4–91.0) | 90.0 |", page)
        self.assertIn("- Goals: 1 met, 1 missed, 0 too close to call.\n- **missed**: spawn + await: rt current_thread is 0.93 x", page)
        self.assertNotIn("spawn many: rt", page)            # what is met has no line of its own
        self.assertIn("- Measured on A, 2 cores, 4 GB, Linux 6; g++ 12.2.0; 2026-11-21, commit 0123456789; load before: 0.10.", page)

    def test_a_change_that_is_in_no_commit_is_said(self):
        changed = dataclasses.replace(self.OUTCOME, machine={**self.OUTCOME.machine, "changed": True})
        self.assertIn("commit 0123456789 and changes that are in no commit", table.for_page([changed]))


class ThePage(unittest.TestCase):
    BLOCK = re.compile(r"<!-- measured: (\S+) -->\n(.*?)<!-- end -->", re.S)

    def test_a_block_is_made_anew_and_the_others_stay(self):
        text = "a\n<!-- measured: micro -->\nold\n<!-- end -->\n<!-- measured: echo -->\nkept\n<!-- end -->\nz\n"
        anew = record.refreshed(text, Tables.OUTCOME)
        self.assertIn("| spawn many | ns | 100 | 235 |", anew)
        self.assertNotIn("old", anew)
        self.assertIn("kept", anew)
        self.assertEqual(record.refreshed(anew, Tables.OUTCOME), anew)

    def test_it_has_a_block_for_each_section_of_a_whole_run(self):
        text = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
        self.assertEqual([name for name, _ in self.BLOCK.findall(text)],
                         [section.name for section in frame.all_sections() if section.in_whole])

    def test_it_stays_short(self):
        text = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
        self.assertLessEqual(len(text.splitlines()), 250)
        rows = [line for _, block in self.BLOCK.findall(text) for line in block.splitlines() if re.match(r"\| \S", line)]
        self.assertLessEqual(len(rows), 60)


class Peers(unittest.TestCase):
    def test_a_program_that_fails_is_named(self):
        with self.assertRaises(Failed) as caught:
            Children().output_of(["sh", "-c", "echo no kettle >&2; exit 3"])
        self.assertIn("ended with status 3: no kettle", str(caught.exception))

    def test_a_program_that_hangs_is_ended(self):
        children = Children()
        with self.assertRaises(Failed) as caught:
            children.output_of(["sh", "-c", "sleep 1000"], seconds=0.2)
        self.assertIn("did not end within", str(caught.exception))
        self.assertEqual(children.alive, [])

    def test_rust_without_cargo_is_left_out_by_name(self):
        with unittest.mock.patch("run.rust.build", lambda folder: {"tokio_micro": "needs cargo", "smol_echo": Path("/x")}), \
                contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(programs.rust_programs(Path("/nowhere")),
                             [Program("echo", "smol_echo", "/x"), Program("micro", "tokio_micro", "", "needs cargo")])


if __name__ == "__main__":
    unittest.main()
