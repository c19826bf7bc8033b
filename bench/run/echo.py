"""Echo: what a request costs the server, how many it answers per second, and how long the slowest clients wait.

The cost is the server's CPU time per request, divided by the load generator's in the same run, divided by the same quotient of the
level-triggered epoll loop in the same round. So the machine's speed on that day cancels out twice. 1.00 is that loop.
"""
import math
import shutil
import statistics
from dataclasses import dataclass

from . import calls
from .children import Failed
from .section import Section, Stat
from .servers import YARDSTICK, running, say_pinning, servers


@dataclass(frozen=True)
class Point:
    """One kind of traffic: so many connections, each with `depth` messages of `size` bytes in flight."""
    connections: int
    size: int
    depth: int = 1
    seconds: float = 0.5
    rounds: int = 7
    quick: bool = False       # also measured with --quick

    @property
    def name(self) -> str:
        return f"{self.connections}x{self.size}x{self.depth}"

    @property
    def title(self) -> str:
        size = f"{self.size // 1024} kB" if self.size % 1024 == 0 else f"{self.size} B"
        return f"{self.connections:,} × {size}" + (f", depth {self.depth}" if self.depth > 1 else "")


CORE = [Point(50, 64, seconds=1.0, quick=True), Point(50, 1024), Point(1000, 64), Point(1000, 1024)]
DEEP = Point(1000, 1024, 16, rounds=5, quick=True)
POINTS = [*CORE, DEEP, Point(10000, 1024, seconds=0.8, rounds=5)]
WINDOW = ("--seconds", 0.6, "--warmup", 0.2)
# row: (title, unit, more is better, rounds, words of the generator, the figure of its answer)
TRAFFIC = {
    "accept": ("connect, one message, end: 50 at a time", "accepts/s", True, 3,
               ("accept", "--connections", 50, "--requests", 5000), lambda run: run["accepts_per_second"]),
    "slow": ("50 × 64 B beside 5 slow readers: p99", "ms", False, 5,
             ("slow-reader", "--connections", 50, "--slow", 5, *WINDOW), lambda run: run["latency_us"]["p99"] / 1000),
    "mixed": ("200 × 64 B beside 20 × 1 kB and 5 × 16 kB: p99", "ms", False, 3,
              ("mixed", "--group", "200x64x1", "--group", "20x1024x16", "--group", "5x16384x4", *WINDOW),
              lambda run: run["groups"][0]["latency_us"]["p99"] / 1000),
    "clock": ("20,000 messages a second by the clock: p99", "ms", False, 5,
              ("--connections", 50, "--rate", 20_000, "--depth", 16, *WINDOW), lambda run: run["latency_us"]["p99"] / 1000),
}


def figures(run: dict) -> dict:
    server, load = run["server"], run["load"]
    return {"ratio": server["cpu_s"] / max(load["cpu_s"], 1e-9), "rate": run["requests_per_second"],
            "p99": run["latency_us"]["p99"] / 1000, "server_us": server["cpu_s"] * 1e6 / max(run["requests"], 1),
            "load_share": load["cpu_s"] / run["seconds"], "server_share": server["cpu_s"] / run["seconds"]}


class Round:
    """Called for each round: measures all servers once, in an order that turns. Gives {"column|metric": figure}."""

    def __init__(self, bench, there: list, title: str, once, compared: bool = True):
        self.bench, self.there, self.title, self.once, self.compared = bench, there, title, once, compared
        self.turn = 0
        self.failed: set = set()      # columns; the others go on

    def __call__(self) -> dict:
        shift = self.turn % len(self.there)
        self.turn += 1
        found = {}
        for server in self.there[shift:] + self.there[:shift]:
            if server.column not in self.failed:
                try:
                    with running(self.bench, server) as up:
                        found[server.column] = self.once(up)
                except Failed as failure:
                    self.failed.add(server.column)
                    self.bench.skip(f"{self.title}: {failure}")
        level = found.get(YARDSTICK, {}).get("ratio")
        for one in found.values() if self.compared else ():
            one["cost"] = one["ratio"] / level if level else float("nan")
        return {f"{column}|{metric}": value for column, one in found.items() for metric, value in one.items()}


def measure_rounds(bench, there: list, title: str, once, rounds: int, compared: bool = True) -> dict:
    """{metric: {column: Stat}}"""
    metrics: dict = {}
    found = bench.rounds({title: Round(bench, there, title, once, compared)}, rounds, title)[title]
    for server in there:
        for key, stat in found.items():
            column, _, metric = key.rpartition("|")
            if column == server.column:
                metrics.setdefault(metric, {})[column] = stat
    return metrics


def measure_point(bench, there: list, point: Point) -> dict:
    seconds, warmup = (min(point.seconds, 0.35), 0.1) if bench.quick else (point.seconds, 0.15)
    words = ("--connections", point.connections, "--size", point.size, "--depth", point.depth, "--seconds", seconds,
             "--warmup", warmup)
    return measure_rounds(bench, there, point.title, lambda up: figures(up.load(*words)), 2 if bench.quick else point.rounds)


def pooled(costs: list) -> dict:
    """The geometric mean over several points, of those columns that all of them have."""
    columns = [column for column in costs[0] if all(column in one for one in costs)] if costs else []

    def mean(column: str, which: str) -> float:
        return math.exp(statistics.fmean(math.log(max(getattr(one[column], which), 1e-9)) for one in costs))
    return {column: Stat(mean(column, "median"), mean(column, "low"), mean(column, "high"), min(o[column].count for o in costs))
            for column in columns}


def note_saturation(bench, found: dict, point: Point) -> None:
    """Where the generator was at its limit and the server was not, the rate is the generator's."""
    limited = [column for column, share in found["load_share"].items()
               if share.median >= 0.95 and found["server_share"][column].median < 0.9]
    if limited:
        bench.note(f"{point.title}: the load generator was the limit with {', '.join(sorted(limited))}, so these servers might "
                   "have answered more requests.")


def measure(bench) -> None:
    say_pinning(bench)
    there = servers(bench)
    if YARDSTICK not in [server.column for server in there] or bench.program("load", "load") is None:
        raise Failed("nothing can be measured without the load generator and epoll_level")
    core = []
    for point in POINTS:
        if bench.quick and not point.quick:
            continue
        found = measure_point(bench, there, point)
        bench.row(f"cost {point.name}", point.title, "CPU × level", found["cost"])
        if point in CORE:
            core.append(found["cost"])
            if len(core) == len(CORE):
                bench.row("cost pooled", "50 and 1,000 × 64 B and 1 kB, pooled", "CPU × level", pooled(core))
        if point == DEEP:
            bench.row("rate", point.title, "req/s", found["rate"], more_is_better=True)
            bench.row("p99", f"{point.title}: p99", "ms", found["p99"])
        note_saturation(bench, found, point)
    for name, (title, unit, more, rounds, words, figure) in {} if bench.quick else TRAFFIC.items():
        found = measure_rounds(bench, there, title, lambda up: {name: figure(up.load(*words))}, rounds, compared=False)
        bench.row(name, title, unit, found.get(name, {}), more)
    count(bench, there, "strace", "calls", "50 × 64 B: system calls a request", calls.calls_a_request)
    count(bench, there, "valgrind", "instructions", "50 × 64 B: user-mode instructions a request", calls.instructions_a_request)


def count(bench, there: list, tool: str, unit: str, title: str, figure) -> None:
    """One row. A server that the tool comes to no figure with has a dash there, and a line says why."""
    if bench.quick:
        return
    if not shutil.which(tool):
        bench.skip(f"{title}: needs {tool}")
        return
    for server in there:
        try:
            bench.row(unit, title, unit, {server.column: figure(bench, server)})
        except Failed as failure:
            bench.skip(f"{title}: {failure}")


SECTION = Section("echo", "an echo server under load", measure, order=30, kinds=("echo", "load", "rust"))
