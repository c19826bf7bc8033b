"""The echo sections: what they make of the generator's figures, of strace's and of callgrind's.

    python3 bench/tests/test_echo_sections.py
"""
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

BENCH = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCH))
sys.path.append(str(BENCH.parent / "tools" / "learn"))

from run import echo, goals, latency, memory, servers, syscalls    # noqa: E402
from run.children import Children, Failed                           # noqa: E402
from run.section import Program, Stat                               # noqa: E402

STRACE = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.02    0.071033           5     12000        50 recvfrom
 38.70    0.045055           3     12000           sendto
  0.28    0.000321           1       240           epoll_wait
------ ----------- ----------- --------- --------- ----------------
100.00    0.116409           4     24240        50 total
"""


def run_of(requests: int, server_cpu: float, load_cpu: float) -> dict:
    return {"requests": requests, "requests_per_second": requests / 2, "seconds": 2.0,
            "latency_us": {"p50": 1000.0, "p99": 7000.0, "p99.9": 9000.0},
            "server": {"cpu_s": server_cpu, "user_s": server_cpu / 4}, "load": {"cpu_s": load_cpu, "user_s": 0.1}}


class FakeBench:
    """Stands in for the frame where a round of servers is tried."""
    quick = True

    def __init__(self):
        self.skipped: list = []

    def skip(self, line: str) -> None:
        self.skipped.append(line)


class Figures(unittest.TestCase):
    def test_a_run(self):
        found = echo.figures(run_of(100_000, 1.0, 2.0))
        self.assertEqual((found["ratio"], found["rate"], found["p99"]), (0.5, 50_000, 7.0))
        self.assertAlmostEqual(found["server_share"], 0.5)

    def test_a_run_without_requests(self):
        self.assertEqual(echo.figures(run_of(0, 0.0, 0.0))["rate"], 0)

    def round(self, runs: dict) -> dict:
        """A round in which each server answers with the given run, or fails."""
        bench = FakeBench()
        there = [servers.Server(column, Program("echo", column, column)) for column in runs]
        with Replaced(echo, "running", lambda bench, server, buffer: Up(runs[server.column])):
            return echo.Round(bench, there, echo.Point(50, 64))()

    def test_a_round_is_measured_against_its_own_level(self):
        found = self.round({"rt current_thread": run_of(1000, 1.2, 1.0), "epoll_level": run_of(1000, 2.0, 2.5)})
        self.assertAlmostEqual(found["epoll_level|cost"], 1.0)
        self.assertAlmostEqual(found["rt current_thread|cost"], 1.2 / 0.8)

    def test_a_server_that_fails_is_left_out(self):
        found = self.round({"epoll_level": run_of(1000, 1.0, 1.0), "libuv": echo.Failed("libuv: it stood still")})
        self.assertEqual({key.partition("|")[0] for key in found}, {"epoll_level"})

    def test_user_time_is_that_of_all_rounds(self):
        runs = iter([run_of(1000, 0.0, 1.0), run_of(3000, 0.004, 1.0)])
        once = echo.Round(FakeBench(), [servers.Server("a", Program("echo", "a", "a"))], echo.Point(50, 64))
        with Replaced(echo, "running", lambda *_: Up(next(runs))):
            once()
            once()
        self.assertAlmostEqual(once.user_us()["a"].median, 0.25)

    def test_pooled_is_the_geometric_mean_of_what_all_have(self):
        one = {"a": Stat(1.0, 0.5, 2.0, 5), "b": Stat(3.0, 3.0, 3.0, 5)}
        other = {"a": Stat(4.0, 2.0, 8.0, 3)}
        self.assertEqual(list(echo.pooled([one, other])), ["a"])
        self.assertAlmostEqual(echo.pooled([one, other])["a"].median, 2.0)
        self.assertEqual(echo.pooled([one, other])["a"].count, 3)


class Latency(unittest.TestCase):
    def rows(self, measured: dict, wrong: list) -> tuple:
        rows, notes = {}, []
        bench = SimpleNamespace(row=lambda name, title, unit, values: rows.update({name: (title, unit, values)}), note=notes.append)
        with Replaced(echo, "MEASURED", measured), Replaced(echo, "WRONG", wrong):
            latency.measure(bench)
        return rows, notes

    def test_each_point_has_three_rows(self):
        found = {which: {"libuv": Stat(value, value, value, 3)} for which, value in (("p50", 1), ("p99", 2), ("p99.9", 3))}
        rows, notes = self.rows({echo.Point(50, 64): found, echo.Point(1, 64): found}, [])
        self.assertEqual(list(rows)[:4], ["p50 50x64x1", "p99 50x64x1", "p99.9 50x64x1", "p50 1x64x1"])
        self.assertEqual(rows["p99.9 50x64x1"], ("50 × 64 B: p99.9", "ms", {"libuv": Stat(3, 3, 3, 3)}))
        self.assertEqual(notes[-1], "In 0 of 6 runs an answer was wrong or missing; every byte that came back was looked at.")

    def test_wrong_answers_are_counted(self):
        _, notes = self.rows({echo.Point(50, 64): {"p50": {"libuv": Stat(1, 1, 1, 3)}}}, ["50 × 64 B: smol: it stood still"])
        self.assertEqual(notes[-1], "In 1 of 4 runs an answer was wrong or missing: 50 × 64 B: smol: it stood still")

    def test_what_was_measured_is_kept_for_it(self):
        bench = FakeBench()
        bench.rounds = lambda cells, count, what: {name: {key: Stat(value, value, value) for key, value in cell().items()}
                                                   for name, cell in cells.items()}
        one = servers.Server("libuv", Program("echo", "libuv", "libuv"))
        with Replaced(echo, "MEASURED", {}), Replaced(echo, "running", lambda *_: Up(run_of(1000, 1.0, 1.0))):
            echo.measure_point(bench, [one], echo.Point(50, 64), 1)
            self.assertEqual(echo.MEASURED[echo.Point(50, 64)]["p99.9"]["libuv"].median, 9)

    def test_a_server_that_fails_is_told_of(self):
        bench, wrong = FakeBench(), []
        there = [servers.Server("libuv", Program("echo", "libuv", "libuv"))]
        with Replaced(echo, "WRONG", wrong), Replaced(echo, "running", lambda *_: Up(echo.Failed("libuv: it stood still"))):
            echo.Round(bench, there, echo.Point(50, 64))()
        self.assertEqual(wrong, ["50 × 64 B: libuv: it stood still"])


class Up:
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


class Replaced:
    def __init__(self, module, name: str, value):
        self.module, self.name, self.value = module, name, value

    def __enter__(self):
        self.before = getattr(self.module, self.name)
        setattr(self.module, self.name, self.value)

    def __exit__(self, *_):
        setattr(self.module, self.name, self.before)


class Counting(unittest.TestCase):
    def test_the_table_of_strace(self):
        self.assertEqual(syscalls.strace_counts(STRACE), {"recvfrom": 12000, "sendto": 12000, "epoll_wait": 240})

    def test_no_table(self):
        self.assertEqual(syscalls.strace_counts(""), {})

    def test_what_callgrind_writes(self):
        text = "version: 1\nevents: Ir Dr D1mr\nfn=main\n5 6\ntotals: 20699683 400 77\n"
        self.assertEqual(syscalls.callgrind_counts(text), {"Ir": 20699683, "Dr": 400, "D1mr": 77})
        with self.assertRaises(syscalls.Failed):
            syscalls.callgrind_counts("events: Ir\n")

    def test_a_request_is_the_difference(self):
        few, many = {"read": 2010, "write": 2000, "mmap": 40}, {"read": 6010, "write": 6000, "mmap": 40, "brk": 400}
        counts = dict(zip(syscalls.COUNTS, (few, many)))
        with Replaced(syscalls, "traced", lambda bench, server, requests, depth: counts[requests]):
            self.assertEqual(syscalls.calls_a_request(None, None, 1, syscalls.COUNTS), {"read": 1.0, "write": 1.0, "brk": 0.1})


class Messages(unittest.TestCase):
    """What a stranger reads where a figure is missing."""
    SERVER = servers.Server("libuv", Program("echo", "libuv", "/bin/libuv"))

    def test_the_row_and_the_tool_are_named(self):
        bench = Counts()

        def stuck(*_):
            raise Failed("libuv does not end", "it does not end within 20 s of being told to")
        syscalls.counted(bench, self.SERVER, "callgrind", syscalls.INSTRUCTIONS, syscalls.one_figure, "instructions", stuck)
        self.assertEqual(bench.skipped, ["libuv has a dash at \"50 × 64 B: instructions in user mode a request\": run by "
                                         "callgrind, it does not end within 20 s of being told to"])

    def test_a_load_that_failed_is_told_without_its_command(self):
        class Bench(FakeBench):
            def program(self, *_):
                return Program("load", "load", "/bin/sh")

            def output_of(self, *_, **__):
                return Children().output_of(["sh", "-c", "echo connection 498 got no answer >&2; exit 1"])

        with self.assertRaises(Failed) as caught:
            servers.Running(Bench(), self.SERVER, 1, 1).load("--connections", 1000)
        self.assertEqual(str(caught.exception), "libuv: the load generator gave up: connection 498 got no answer")

    def test_a_dash_in_one_row_costs_no_other(self):
        bench = Counts()
        with Replaced(syscalls, "servers", lambda _: [self.SERVER]), Replaced(syscalls.shutil, "which", lambda tool: tool), \
                Replaced(syscalls, "traced", bench.fail), Replaced(syscalls, "simulated", bench.simulated):
            syscalls.measure(bench)
        self.assertEqual(bench.rows, {"instructions": 2.0, "lines": 1.0})
        self.assertEqual(len(bench.skipped), 2)


class Counts(FakeBench):
    quick = False

    def __init__(self):
        super().__init__()
        self.rows: dict = {}

    def row(self, name, _title, _unit, values):
        self.rows[name] = values["libuv"]

    def fail(self, *_):
        raise Failed("it fell over")

    def simulated(self, _bench, _server, _connections, requests, *_):
        return {"Ir": 2 * requests, "D1mr": requests / 2, "D1mw": requests / 2}


class Goals(unittest.TestCase):
    def test_every_goal_names_a_row_that_is_measured(self):
        rows = {f"{what} {point.name}" for what in ("cost", "rate") for point in echo.GRID + echo.LARGE}
        rows |= {f"p99 {point.name}" for point in echo.FAIRNESS} | {"cost pooled", "user 50x64x1", "calls"}
        rows |= {f"idle {connections}" for connections, buffer in memory.CASES if not buffer}
        self.assertEqual([goal.row for goal in goals.ECHO if goal.row not in rows], [])

    def test_every_point_has_its_goals(self):
        wanted = {goal.row for goal in goals.ECHO}
        self.assertEqual([point.name for point in echo.GRID if f"cost {point.name}" not in wanted], [])
        self.assertEqual([point.name for point in echo.GRID + echo.LARGE if f"rate {point.name}" not in wanted], [])

    def test_names_of_points_differ(self):
        names = [point.name for point in echo.GRID + echo.LARGE]
        self.assertEqual(len(names), len(set(names)))

    def test_columns_are_those_of_the_micro_section(self):
        self.assertEqual(servers.column_of("tokio_echo", "current_thread"), goals.TOKIO_ONE)
        self.assertEqual(servers.column_of("rt", "multi_thread:2"), goals.OURS_MANY)
        self.assertEqual(servers.column_of("libuv"), "libuv")


if __name__ == "__main__":
    unittest.main()
