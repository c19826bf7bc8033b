"""What the sections make of the programs' answers, and which goals they have. No peer is needed."""
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH), str(BENCH.parent / "tools" / "learn")]

from run import calls, echo, frame, goals, grow, loop, memory, micro, servers       # noqa: E402
from run.children import Failed                                                      # noqa: E402
from run.section import Outcome, Program, Stat                                       # noqa: E402

STRACE = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.02    0.071033           5     12000        50 recvfrom
 38.70    0.045055           3     12000           sendto
------ ----------- ----------- --------- --------- ----------------
100.00    0.116409           4     24000        50 total
"""


class FakeBench:
    """Stands in for the frame: each program answers at once, each round is one."""
    quick = False

    def __init__(self):
        self.rows, self.skipped, self.notes, self.outcome, self.broken = {}, [], [], Outcome("s", ""), ()

    def program(self, kind: str, name: str):
        return Program(kind, name, f"/bin/{kind}/{name}")

    def programs(self, kind: str) -> list:
        return [self.program(kind, name) for name in ("rt", "tokio_micro", "tokio_lto_micro", "smol_micro", "asio")]

    def output_of(self, command: list) -> str:
        if any(word in str(command[0]) for word in self.broken):
            raise Failed(f"{command[0]} broke")
        if command[1] == "list":
            return "yield_1 parked_bytes_future\n"
        if "demo" in str(command[0]):
            return f"1000 clients, 28890 bytes, 2.5 ms, CPU 98 %, peak memory {3000 + len(str(command[0]))} kB\n"
        return f"{command[1]} {command[2]} {int(command[2]) * 70} {int(command[2]) * 50}\n"

    def rounds(self, cells: dict, count: int, what: str = "") -> dict:
        found = {}
        for name, cell in cells.items():
            figures = cell()
            found[name] = {metric: Stat(value, value, value)
                           for metric, value in (figures if isinstance(figures, dict) else {"": figures}).items()}
        return found

    def row(self, name: str, title: str, unit: str, values: dict, more_is_better: bool = False) -> None:
        self.rows.setdefault(name, {}).update(values)

    def skip(self, line: str) -> None:
        self.skipped.append(line)

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


class Up:
    """A server that answers each load with the given run, or fails."""

    def __init__(self, run):
        self.run = run

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def load(self, *_, **__) -> dict:
        if isinstance(self.run, Exception):
            raise self.run
        return self.run


def run_of(requests: int, server_cpu: float, load_cpu: float) -> dict:
    return {"requests": requests, "requests_per_second": requests / 2, "seconds": 2.0, "latency_us": {"p99": 7000.0},
            "server": {"cpu_s": server_cpu}, "load": {"cpu_s": load_cpu}}


class Micro(unittest.TestCase):
    def test_columns_are_in_one_order_and_lto_is_beside_tokio(self):
        self.assertEqual([column for column, *_ in micro.columns(FakeBench())],
                         [goals.OURS_ONE, goals.OURS_TWO, goals.TOKIO_ONE, goals.TOKIO_TWO, goals.LTO_ONE, goals.LTO_TWO,
                          "smol", "asio"])

    def test_a_figure_is_one_operations(self):
        bench = FakeBench()
        micro.measure(bench)
        self.assertEqual({column: stat.median for column, stat in bench.rows["yield_1"].items()}["smol"], 70)
        self.assertEqual(list(bench.rows), ["yield_1"])

    def test_an_answer_to_another_question_is_refused(self):
        bench = FakeBench()
        with unittest.mock.patch.object(bench, "output_of", lambda command: "yield_1 3 4 5"), self.assertRaises(Failed):
            micro.once(bench, Program("micro", "rt", "/rt"), None, "yield_1", 4)


class Echo(unittest.TestCase):
    def measured(self, runs: dict) -> tuple:
        bench = FakeBench()
        there = [servers.Server(column, Program("echo", column, column)) for column in runs]
        with unittest.mock.patch.object(echo, "running", lambda bench, server: Up(runs[server.column])):
            return echo.measure_point(bench, there, echo.Point(50, 64)), bench

    def test_a_round_is_compared_with_its_own_level(self):
        found, _ = self.measured({"rt current_thread": run_of(1000, 1.2, 1.0), "epoll_level": run_of(1000, 2.0, 2.5)})
        self.assertAlmostEqual(found["cost"]["epoll_level"].median, 1.0)
        self.assertAlmostEqual(found["cost"]["rt current_thread"].median, 1.2 / 0.8)
        self.assertEqual((found["rate"]["epoll_level"].median, found["p99"]["epoll_level"].median), (500, 7.0))

    def test_a_server_that_fails_is_left_out_and_said(self):
        found, bench = self.measured({"epoll_level": run_of(1000, 1.0, 1.0), "smol": Failed("smol: it stood still")})
        self.assertEqual(list(found["cost"]), ["epoll_level"])
        self.assertEqual(bench.skipped, ["50 × 64 B: smol: it stood still"])

    def test_pooled_is_the_geometric_mean_of_what_all_have(self):
        one = {"a": Stat(1.0, 0.5, 2.0, 5), "b": Stat(3.0, 3.0, 3.0, 5)}
        other = {"a": Stat(4.0, 2.0, 8.0, 3)}
        self.assertEqual(list(echo.pooled([one, other])), ["a"])
        self.assertAlmostEqual(echo.pooled([one, other])["a"].median, 2.0)
        self.assertEqual(echo.pooled([one, other])["a"].count, 3)

    def test_a_generator_at_its_limit_is_said(self):
        bench = FakeBench()
        shares = {"load_share": {"smol": Stat(0.99, 0, 0)}, "server_share": {"smol": Stat(0.5, 0, 0)}}
        echo.note_saturation(bench, shares, echo.Point(50, 64))
        self.assertIn("the load generator was the limit with smol", bench.notes[0])

    def test_a_dash_in_one_row_costs_no_other(self):
        bench, there = FakeBench(), [servers.Server(name, Program("echo", name)) for name in ("rt", "smol")]

        def figure(_, server):
            if server.column == "rt":
                raise Failed("rt does not end within 20 s of SIGTERM")
            return 2.0
        with unittest.mock.patch.object(echo.shutil, "which", lambda tool: tool):
            echo.count(bench, there, "strace", "calls", "calls a request", figure)
        self.assertEqual(bench.rows, {"calls": {"smol": 2.0}})
        self.assertEqual(bench.skipped, ["calls a request: rt does not end within 20 s of SIGTERM"])

    def test_columns_are_those_of_the_micro_section(self):
        self.assertEqual(servers.column_of("tokio_echo", "current_thread"), goals.TOKIO_ONE)
        self.assertEqual(servers.column_of("rt", "multi_thread:2"), goals.OURS_TWO)


class Calls(unittest.TestCase):
    def test_the_table_of_strace(self):
        self.assertEqual((calls.strace_counts(STRACE), calls.strace_counts("")), (24000, 0))

    def test_what_callgrind_writes(self):
        self.assertEqual(calls.callgrind_counts("version: 1\nevents: Ir Dr\nfn=main\n5 6\ntotals: 20699683 400\n"), 20699683)
        with self.assertRaises(Failed):
            calls.callgrind_counts("events: Ir\n")

    def test_a_request_is_the_difference(self):
        with unittest.mock.patch.object(calls, "traced", lambda bench, server, requests: 500 + 2 * requests):
            self.assertEqual(calls.calls_a_request(None, None), 2)


class Memory(unittest.TestCase):
    def test_a_parked_task_is_the_difference(self):
        bench = FakeBench()
        memory.measure_parked(bench)
        self.assertEqual(bench.rows["parked_bytes_future"][goals.OURS_ONE], 70)

    def test_the_demos_line(self):
        said = "1000 clients, 28890 bytes, 40.1 ms, CPU 98 %, peak memory 3040 kB\n"
        self.assertEqual(memory.peak_of(said, 1000), 3040)
        for line in (said.replace("1000", "999"), said.replace("28890", "28889"), "no\n"):
            with self.assertRaisesRegex(Failed, "the demo said"):
                memory.peak_of(line, 1000)

    def test_the_demo_has_a_column_for_each_runtime(self):
        bench = FakeBench()
        memory.measure_demo(bench)
        self.assertEqual(list(bench.rows["demo"]), [goals.OURS_ONE, goals.OURS_TWO, goals.TOKIO_ONE, goals.TOKIO_TWO])


class Grow(unittest.TestCase):
    def curve(self, name: str) -> grow.Curve:
        return next(one for one in grow.CURVES if one.name == name)

    def test_a_figure_is_cpu_time_of_one_of_n(self):
        bench = FakeBench()
        lines = grow.measure_curve(bench, self.curve("tasks"))
        self.assertEqual(list(lines), [goals.OURS_ONE, goals.OURS_TWO, goals.TOKIO_ONE, goals.TOKIO_TWO])
        self.assertEqual(lines[goals.TOKIO_ONE], [(n, 50) for n in grow.TO_A_MILLION])

    def test_a_wake_is_one_of_a_thousand(self):
        self.assertEqual(grow.measure_curve(FakeBench(), self.curve("depth"))[goals.OURS_ONE][:2], [(1, 0.05), (2, 0.1)])

    def test_a_peer_that_fails_is_left_out_and_said_once_for_each_runtime(self):
        bench = FakeBench()
        bench.broken = ("tokio",)
        self.assertEqual(list(grow.measure_curve(bench, self.curve("timers"))), [goals.OURS_ONE, goals.OURS_TWO])
        self.assertEqual(len(bench.skipped), 2)

    def test_pictures_say_the_machine_and_the_commit(self):
        bench = FakeBench()
        bench.outcome.machine = {"processor": "EPYC <x>", "cores": 2, "memory_gb": 24, "kernel": "6", "versions": {"g++": "12"},
                                 "day": "2026-11-21", "commit": "0123456789"}
        with unittest.mock.patch.object(grow, "CURVES", (self.curve("tasks"),)):
            grow.measure(bench)
        self.assertIn("EPYC &lt;x&gt;, 2 cores", bench.outcome.pictures["grow-tasks.svg"])
        self.assertIn("2026-11-21, commit 0123456789", bench.outcome.pictures["grow-tasks.svg"])


class Goals(unittest.TestCase):
    def test_every_goal_names_a_row_that_its_section_measures(self):
        rows = {"micro": set(micro.MEASURES), "echo": {"cost pooled"}, "memory": {"idle", "demo"}, "loop": set(loop.lessons.all_lessons())}
        self.assertEqual([goal for goal in goals.GOALS if goal.row not in rows[goal.section]], [])
        self.assertLessEqual(set(rows), {section.name for section in frame.all_sections()})
        self.assertEqual(len(goals.GOALS), len(set(goals.GOALS)))

    def test_every_step_has_its_goal(self):
        held = {(goal.row[:2], goal.ours): goal.limit for goal in goals.LOOP}
        self.assertEqual((held["07", "step 1"], held["08", "step 1"]), (1.0, 2.0))
        self.assertEqual(len(held), sum(len(loop.lessons.steps_of(name)) for name in loop.lessons.all_lessons()))


JUDGE = """
import pathlib
GREEN = "green"
class Judge:
    def __init__(self, folder, machine):
        self.notes = pathlib.Path(folder) / "judged"
    def judge(self, step):
        self.notes.write_text(step.id)
        class Verdict:
            state, title = pathlib.Path(self.notes.parent, "state").read_text(), "a case"
        return Verdict
"""
LESSONS = """
def step_named(word):
    class Step:
        id, lesson = word, "01-poll"
    return Step
"""


class Loop(unittest.TestCase):
    def test_mine_is_solved_and_nothing_old_stays(self):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(loop, "COURSE", Path(folder)):
            old = Path(folder, "mine", "01-poll", "old.hpp")
            old.parent.mkdir(parents=True)
            old.touch()
            loop.copy_course()
            self.assertFalse(old.exists())
            mine, solution = Path(folder, "mine/01-poll/rt/poll.hpp"), BENCH.parent / "solutions/01-poll/rt/poll.hpp"
            self.assertEqual(mine.read_bytes(), solution.read_bytes())
            self.assertEqual(int(mine.stat().st_mtime), int(solution.stat().st_mtime))     # nothing is built anew for a copy

    def run_step(self, state: str):
        """loop_step.py, on a judge that stands in for the loop's."""
        with tempfile.TemporaryDirectory() as folder:
            course, tools = Path(folder), Path(folder, "tools", "learn")
            header = course / "mine" / "01-poll" / "rt" / "poll.hpp"
            for place in (tools, header.parent):
                place.mkdir(parents=True)
            for name, text in {"judge": JUDGE, "lessons": LESSONS, "machine": "Machine = object"}.items():
                (tools / f"{name}.py").write_text(text, encoding="utf-8")
            (course / "state").write_text(state)
            header.touch()
            os.utime(header, (1, 1))
            run = subprocess.run([sys.executable, "-B", BENCH / "run" / "loop_step.py", course, course, "01.1"],
                                 capture_output=True, text=True)
            return run, header.stat().st_mtime, (course / "judged").read_text()

    def test_a_step_is_judged_after_a_save(self):
        run, touched, judged = self.run_step("green")
        self.assertEqual((run.returncode, judged), (0, "01.1"), run.stderr)
        self.assertGreater(float(run.stdout), 0)
        self.assertGreater(touched, 1)

    def test_a_red_step_has_no_time(self):
        run, _, _ = self.run_step("red")
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("01.1 is red: a case", run.stderr)


if __name__ == "__main__":
    unittest.main()
