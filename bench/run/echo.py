"""Echo: what a request costs the server, how many there are in a second, and how long the slowest wait.

The cost is the server's CPU time a request over the load generator's in the same run, over the same quotient of the
level-triggered epoll loop in the same round: the machine's speed that day cancels twice. 1.00 is that loop.
"""
import math
import statistics
from dataclasses import dataclass
from typing import Iterator

from .children import Failed
from .section import Section, Stat
from .servers import YARDSTICK, running, say_pinning, servers


@dataclass(frozen=True)
class Point:
    """One traffic: so many connections, each with `depth` messages of `size` bytes in flight."""
    connections: int
    size: int
    depth: int = 1
    buffer: int = 0           # of the server; 0: its own choice
    seconds: float = 0.5
    rounds: int = 5
    quick: bool = False       # also measured with --quick

    @property
    def name(self) -> str:
        return f"{self.connections}x{self.size}x{self.depth}" + (f"b{self.buffer}" if self.buffer else "")

    @property
    def title(self) -> str:
        size = f"{self.size // 1024} kB" if self.size % 1024 == 0 else f"{self.size} B"
        words = [f"{self.connections:,} × {size}"] + ([f"depth {self.depth}"] if self.depth > 1 else [])
        return ", ".join(words + ([f"buffer {self.buffer // 1024} kB"] if self.buffer else []))

    def words(self) -> list:
        return ["--connections", self.connections, "--size", self.size, "--depth", self.depth]


CORE = [Point(50, 64, seconds=1.2, quick=True), Point(50, 1024), Point(1000, 64), Point(1000, 1024)]
GRID = [*CORE, Point(1000, 1024, 16, quick=True), Point(50, 1024, 16), Point(50, 64, 16), Point(1000, 64, 16),
        Point(1, 64), Point(1, 1024), Point(1, 64, 16), Point(1, 1024, 16),
        *(Point(10000, size, depth, seconds=0.8) for depth in (1, 16) for size in (64, 1024))]
LARGE = [Point(50, 16384, 1, 1024), Point(50, 16384, 1, 16384), Point(50, 16384, 4, 16384)]
MEASURED: dict = {}       # {Point: {metric: {column: Stat}}} of this run: latency.py makes a table of it
WRONG: list = []          # of this run: a sentence for each server that answered wrong or not at all
FAIRNESS = [point for point in GRID if point.size == 1024 and point.depth == 16 and point.connections in (50, 1000)]


def figures(run: dict) -> dict:
    requests = max(run["requests"], 1)
    server, load = run["server"], run["load"]
    return {"ratio": server["cpu_s"] / max(load["cpu_s"], 1e-9), "rate": run["requests_per_second"],
            "p50": run["latency_us"]["p50"] / 1000, "p99": run["latency_us"]["p99"] / 1000,
            "p99.9": run["latency_us"]["p99.9"] / 1000, "server_us": server["cpu_s"] * 1e6 / requests,
            "load_share": load["cpu_s"] / run["seconds"], "server_share": server["cpu_s"] / run["seconds"]}


class Round:
    """Called for each round: measures all servers once, in an order that turns; gives {"column|metric": figure}."""

    def __init__(self, bench, there: list, point: Point):
        self.bench, self.there, self.point = bench, there, point
        self.turn = 0
        self.failed: set = set()      # columns; the others go on
        self.user: dict = {}          # column: [user-mode seconds, requests] of all rounds

    def __call__(self) -> dict:
        shift = self.turn % len(self.there)
        self.turn += 1
        found = {}
        for server in self.there[shift:] + self.there[:shift]:
            if server.column not in self.failed:
                try:
                    found[server.column] = self.one(server)
                except Failed as failure:
                    self.failed.add(server.column)
                    WRONG.append(f"{self.point.title}: {failure}")
                    self.bench.skip(f"{self.point.title}: {failure}")
        level = found.get(YARDSTICK, {}).get("ratio")
        for one in found.values():
            one["cost"] = one["ratio"] / level if level else float("nan")
        return {f"{column}|{metric}": value for column, one in found.items() for metric, value in one.items()}

    def one(self, server) -> dict:
        seconds, warmup = (min(self.point.seconds, 0.35), 0.1) if self.bench.quick else (self.point.seconds, 0.15)
        with running(self.bench, server, self.point.buffer) as up:
            run = up.load(*self.point.words(), "--seconds", seconds, "--warmup", warmup)
        user = self.user.setdefault(server.column, [0.0, 0])
        user[0] += run["server"]["user_s"]
        user[1] += run["requests"]
        return figures(run)

    def user_us(self) -> dict:
        """Of a request. The kernel guesses the share of user time at each tick, 250 a second or so: all rounds together, or
        nothing of it is true."""
        return {column: Stat(us, us, us, self.turn) for column, (seconds, requests) in self.user.items()
                for us in [1e6 * seconds / max(requests, 1)]}


def measure_point(bench, there: list, point: Point, count: int) -> dict:
    """{metric: {column: Stat}}"""
    once = Round(bench, there, point)
    metrics: dict = {}
    for key, stat in bench.rounds({point.name: once}, count, point.title)[point.name].items():
        column, _, metric = key.rpartition("|")
        metrics.setdefault(metric, {})[column] = stat
    metrics["user_us"] = once.user_us()
    MEASURED[point] = {metric: {server.column: found[server.column] for server in there if server.column in found}
                       for metric, found in metrics.items()}
    return MEASURED[point]


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
        bench.note(f"{point.title}: load generator at {100 * max(found['load_share'][c].median for c in limited):.0f} %, "
                   f"the server not, with {', '.join(sorted(limited))}: more requests might have been answered.")


def each_point(bench) -> Iterator:
    """Measures one after the other: (Point, {metric: {column: Stat}})."""
    say_pinning(bench)
    there = servers(bench)
    if YARDSTICK not in [server.column for server in there] or bench.program("load", "load") is None:
        raise Failed("neither without the load generator nor without epoll_level is there anything to measure")
    for point in GRID + LARGE:
        if point.quick or not bench.quick:
            yield point, measure_point(bench, there, point, 2 if bench.quick else point.rounds)


def measure(bench) -> None:
    cost, core = "CPU × level", []
    for point, found in each_point(bench):
        bench.row(f"cost {point.name}", point.title, cost, found["cost"])
        bench.row(f"rate {point.name}", point.title, "req/s", found["rate"], more_is_better=True)
        if point in FAIRNESS:
            bench.row(f"p99 {point.name}", f"{point.title}: p99", "ms", found["p99"])
        if point.name == "50x64x1":
            if not bench.quick:      # too few ticks
                bench.row("user 50x64x1", f"{point.title}: user time a request, all rounds together", "µs", found["user_us"])
            bench.row("cpu 50x64x1", f"{point.title}: CPU time a request", "µs", found["server_us"])
        if point in CORE:
            core.append(found["cost"])
        note_saturation(bench, found, point)
    if len(core) == len(CORE):
        bench.row("cost pooled", "50 and 1,000 × 64 B and 1 kB, pooled", cost, pooled(core))
    bench.outcome.rows.sort(key=lambda row: ("cost", "rate", "p99", "user", "cpu").index(row.name.split()[0]))


SECTION = Section("echo", "an echo server under load", measure, order=20, kinds=("echo", "load", "rust"))
