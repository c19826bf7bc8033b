"""How the bench comes from what the programs print to the figures, the ratios, and the goals of its page. No peer is needed."""
import contextlib
import io
import json
import re
import sys
import tempfile
import unittest
import unittest.mock
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools" / "learn")]

from run import calls, counted, echo, frame, goals, memory, micro, plot, record, servers, table, verdicts    # noqa: E402
from run.children import Failed                                                                      # noqa: E402
from run.goals import Goal                                                                           # noqa: E402
from run.rounds import Moment, Watch, run_rounds, stat_of                                            # noqa: E402
from run.section import Outcome, Program, Row, Section, Stat                                         # noqa: E402
from run.verdicts import CLOSE, MET, MISSED                                                          # noqa: E402

STRACE = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.02    0.071033           5     12000        50 recvfrom
 38.70    0.045055           3     12000           sendto
------ ----------- ----------- --------- --------- ----------------
100.00    0.116409           4     24000        50 total
"""


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


class Rounds(unittest.TestCase):
    def test_median_and_the_middle_half(self):
        self.assertEqual(stat_of([5, 1, 4, 2, 3]), Stat(3, 2, 4, 5))
        self.assertEqual(stat_of([10, 10, 10, 10, 9000]).median, 10)

    def order_of(self, count: int, watch: Watch):
        calls_made: list = []
        cells = {name: lambda name=name: calls_made.append(name) or {"ns": len(calls_made)} for name in "abc"}
        found = run_rounds(cells, count, watch)
        return found, "".join(calls_made)

    def test_each_round_has_all_cells_and_begins_with_another(self):
        found, order = self.order_of(3, Quiet())
        self.assertEqual(order, "abcbcacab")
        self.assertEqual(found.stats["a"]["ns"], stat_of([1, 6, 8]))

    def test_a_disturbed_round_is_measured_again_and_does_not_count(self):
        found, order = self.order_of(3, Quiet(2))
        self.assertEqual(order, "abcbcabcacab")
        self.assertEqual((found.kept, found.repeated, found.disturbed), (3, 1, 0))
        self.assertEqual(found.stats["b"]["ns"], stat_of([2, 7, 12]))

    def test_where_it_is_never_quiet_the_rounds_count_all_the_same(self):
        found, _ = self.order_of(4, Quiet(*range(100)))
        self.assertEqual((found.kept, found.repeated, found.disturbed), (4, 2, 4))

    def test_what_disturbs_a_round(self):
        def verdict(work=(1, 1), **change) -> str:
            moments = iter([Moment(0, 0, 0, 0), Moment(**{"wall": 10.0, "busy": 9.0, "stolen": 0.0, "own": 9.0, **change})])
            watch = Watch(work=iter(work).__next__, now=moments.__next__)
            watch.begin()
            return watch.end()

        self.assertEqual((verdict(), verdict(busy=9.5)), ("", ""))
        self.assertIn("30 % of its time was stolen", verdict(stolen=3.0))
        self.assertIn("other processes used 60 % of a core", verdict(busy=15.0))
        self.assertIn("1.50 times slower", verdict(work=(1, 1.5)))


class Sections(unittest.TestCase):
    """What the sections make of the programs' answers."""

    def test_a_figure_is_one_operations(self):
        bench = unittest.mock.Mock(quick=False)
        bench.output_of = lambda command: f"yield_1 {command[2]} {int(command[2]) * 70} {int(command[2]) * 50}\n"
        self.assertEqual(micro.cell(bench, Program("micro", "rt", "/rt"), None, "yield_1")(), {"wall": 70, "cpu": 50})
        with self.assertRaises(Failed):
            micro.once(bench, Program("micro", "rt", "/rt"), None, "yield_1000", 4)

    def test_an_echo_round_is_compared_with_its_own_level(self):
        def run_of(server_cpu: float, load_cpu: float) -> dict:
            return {"requests": 1000, "requests_per_second": 500, "seconds": 2.0, "latency_us": {"p99": 7000.0},
                    "server": {"cpu_s": server_cpu}, "load": {"cpu_s": load_cpu}}

        runs = {"rt": run_of(1.2, 1.0), "epoll_level": run_of(2.0, 2.5)}
        there = [servers.Server(column, Program("echo", column, column)) for column in runs]
        bench = unittest.mock.Mock(rounds=lambda cells, count, what: run_rounds(cells, 1, Quiet()).stats)
        with unittest.mock.patch.object(echo, "running", lambda _, server: contextlib.nullcontext(server.column)):
            found = echo.measure_rounds(bench, there, "t", lambda column: echo.figures(runs[column]), 1)
        self.assertAlmostEqual(found["cost"]["epoll_level"].median, 1.0)
        self.assertAlmostEqual(found["cost"]["rt"].median, 1.2 / 0.8)
        self.assertEqual((found["rate"]["rt"].median, found["p99"]["rt"].median), (500, 7.0))

    def test_pooled_is_the_geometric_mean_of_what_all_have(self):
        one, other = {"a": Stat(1.0, 0.5, 2.0, 5), "b": flat(3)}, {"a": Stat(4.0, 2.0, 8.0, 3)}
        self.assertEqual(list(echo.pooled([one, other])), ["a"])
        self.assertAlmostEqual(echo.pooled([one, other])["a"].median, 2.0)

    def test_calls_and_instructions_are_the_difference_of_two_runs(self):
        self.assertEqual(calls.strace_counts(STRACE), 24000)
        self.assertEqual(counted.collected("==7== Events    : Ir\n==7== Collected : 20699683\n", "rt"), 20699683)
        with unittest.mock.patch.object(calls, "traced", lambda bench, server, requests: 500 + 2 * requests):
            self.assertEqual(calls.calls_a_request(None, None), 2)

    def test_the_demo_must_have_answered_all_clients(self):
        said = "1000 clients, 28890 bytes, 40.1 ms, CPU 98 %, peak memory 3040 kB\n"
        self.assertEqual(memory.peak_of(said, 1000), 3040)
        with self.assertRaisesRegex(Failed, "the demo said"):
            memory.peak_of(said.replace("28890", "28889"), 1000)

    def test_a_point_of_a_plot_lies_where_its_axes_say(self):
        lines = {"rt current_thread": [(1, 100), (10, 10), (100, 1)], "tokio multi_thread:2": [(1, 10), (100, 10)]}
        picture = xml.fromstring(plot.svg(plot.Plot("Tasks & costs", "tasks", "ns a task", lines), "here\nnow"))
        path = next(element for element in picture.iter() if element.get("class", "").startswith("line")).get("d")
        first, middle, last = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", path)]
        wide, tall = plot.WIDTH - plot.LEFT - plot.RIGHT, plot.HEIGHT - plot.TOP - plot.BOTTOM
        self.assertEqual(first, (plot.LEFT, plot.TOP))
        self.assertEqual(middle, (plot.LEFT + wide / 2, plot.TOP + tall / 2))
        self.assertEqual(last, (plot.LEFT + wide, plot.TOP + tall))


class Goals(unittest.TestCase):
    def verdict(self, ours: Stat, theirs: dict, more_is_better: bool = False, **goal):
        row = Row("r", "r", "ns", {"ours": ours, **theirs}, more_is_better)
        return verdicts.verdicts(Outcome("s", "s", [row]), [Goal("s", "r", "ours", tuple(theirs), **goal)])[0]

    def test_a_ratio_to_the_best_peer(self):
        for ours, word in ((50, MET), (51, MISSED)):
            found = self.verdict(flat(ours), {"a": flat(200), "b": flat(100)}, factor=0.5)
            self.assertEqual((found.word, found.against), (word, "b"))
        self.assertIn("ours is 0.51 x b; goal <= 0.5", found.in_words())
        self.assertEqual(self.verdict(flat(100), {"a": flat(100)}, strictly=True).word, MISSED)
        self.assertEqual(self.verdict(flat(89), {"a": flat(100)}, more_is_better=True, factor=0.9).word, MISSED)
        self.assertEqual(self.verdict(flat(600), {}, limit=600).word, MET)

    def test_what_the_rounds_leave_open_is_neither_met_nor_missed(self):
        theirs = {"theirs": Stat(100, 98, 101, 5)}
        found = self.verdict(Stat(99, 97, 102, 5), theirs, strictly=True)
        self.assertEqual((found.word, found.in_words()), (CLOSE, "ours is 0.99 (0.96–1.04) x theirs; goal < 1"))
        self.assertEqual(self.verdict(Stat(110, 105, 112, 5), theirs).word, MISSED)
        self.assertEqual(self.verdict(Stat(90, 89, 92, 5), theirs).word, MET)
        self.assertEqual(self.verdict(Stat(605, 590, 620, 3), {}, limit=600).word, CLOSE)

    def test_every_goal_names_a_row_that_its_section_measures(self):
        rows = {"micro": set(micro.MEASURES), "echo": {"cost pooled"}, "memory": {"idle", "demo"},
                "loop": set(goals.lessons.all_lessons())}
        self.assertEqual([goal for goal in goals.GOALS if goal.row not in rows[goal.section]], [])


class ThePage(unittest.TestCase):
    BLOCK = re.compile(r"<!-- measured: (\S+) -->\n(.*?)<!-- end -->", re.S)
    OUTCOME = Outcome("micro", "m", [
        Row("spawn_await", "spawn + await", "ns", {goals.OURS_ONE: Stat(84, 80.4, 91, 11), goals.TOKIO_ONE: flat(90)}),
        Row("spawn_many", "spawn many", "ns", {goals.TOKIO_ONE: flat(235000.4), goals.OURS_ONE: flat(100)})])

    def test_a_block_is_made_anew_and_the_others_stay(self):
        text = "a\n<!-- measured: micro -->\nold\n<!-- end -->\n<!-- measured: echo -->\nkept\n<!-- end -->\nz\n"
        anew = record.refreshed(text, self.OUTCOME)
        self.assertIn("| spawn + await | ns | 84.0 (80.4–91.0) | 90.0 |\n| spawn many | ns | 100 | 235,000 |", anew)
        self.assertIn("- Goals: 1 met, 1 missed, 0 too close to call.\n- **missed**: spawn + await: ", anew)
        self.assertEqual(("old" in anew, "kept" in anew, record.refreshed(anew, self.OUTCOME)), (False, True, anew))

    def test_a_wide_table_is_split_between_columns_for_the_terminal(self):
        lines = table.split_to_width([Row("r", "a row", "ns", {f"a peer with a long name {n}": flat(n) for n in range(9)})])
        self.assertLessEqual(max(map(len, lines)), 118)
        self.assertEqual(sum(line.count("a peer with") for line in lines), 9)

    def test_it_is_short_and_has_a_block_for_each_section_of_a_whole_run(self):
        text = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
        self.assertLessEqual(len(text.splitlines()), 250)
        blocks = self.BLOCK.findall(text)
        self.assertEqual([name for name, _ in blocks], [section.name for section in frame.all_sections() if section.in_whole])
        self.assertLessEqual(sum(len(re.findall(r"^\| \S", block, re.M)) for _, block in blocks), 60)


class Running(unittest.TestCase):
    """frame.run, with sections of our own and nothing to build."""

    def run_sections(self, root: Path, *functions) -> tuple:
        """(status, what was said, {section: its data}, the page) of a run with --keep."""
        (root / "bench").mkdir()
        page = root / "bench" / "README.md"
        page.write_text("<!-- measured: first -->\nold\n<!-- end -->\n")
        chosen = [Section(function.__name__, "t", function, order) for order, function in enumerate(functions)]
        with unittest.mock.patch.multiple(frame, ROOT=root, configure=lambda *_: None, build=lambda *_: []), \
                contextlib.redirect_stdout(io.StringIO()) as out:
            status = frame.run({"--keep"}, chosen, lambda: None)
        files = sorted((root / "build" / "bench" / "results").glob("*.json"))
        return status, out.getvalue(), {file.stem: json.loads(file.read_text()) for file in files}, page.read_text()

    def test_an_interrupt_ends_the_children_keeps_the_figures_and_leaves_the_page(self):
        started: list = []

        def first(bench):
            started.append(bench.start(["sleep", "1000"]))
            bench.row("r", "r", "ns", {"a": 1})
            raise KeyboardInterrupt

        def second(_):
            self.fail("nothing is measured after an interrupt")

        with tempfile.TemporaryDirectory() as folder:
            status, said, data, page = self.run_sections(Path(folder), first, second)
        self.assertEqual((status, list(data), "old" in page), (130, ["first"], True))
        self.assertIsNotNone(started[0].poll())
        self.assertIn("first was not measured to its end, and bench/README.md keeps what it had.", said)

    def test_a_section_that_fails_stops_nobody_and_a_whole_one_changes_the_page(self):
        def second(bench):
            bench.row("r", "r", "ns", {"a": 7})
            raise Failed("the peer fell over")

        def first(bench):
            bench.row("r", "r1", "ns", {"a": 2})

        with tempfile.TemporaryDirectory() as folder:
            status, said, data, page = self.run_sections(Path(folder), second, first)
        self.assertEqual((status, data["second"]["unfinished"]), (0, "the peer fell over"))
        self.assertIn("This section was not measured to its end: the peer fell over.", said)
        self.assertIn("| r1 | ns | 2.00 |", page)

    def test_what_runs_without_being_named(self):
        whole = [section.name for section in frame.parse([], frame.all_sections())[1]]
        quick = [section.name for section in frame.parse(["--quick"], frame.all_sections())[1]]
        self.assertEqual((whole, quick), (["micro", "counted", "echo", "memory", "loop"], whole[:-1]))


if __name__ == "__main__":
    unittest.main()
