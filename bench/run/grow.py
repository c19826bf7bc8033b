"""How cost grows with tasks, timers, connections, and the depth of co_await: one plot each, bench/results/grow-*.svg.

The figures are CPU time of all threads, so a flat line is a cost that does not grow. What is measured: peers/grow/rt.cpp.
"""
import textwrap
from dataclasses import dataclass
from typing import Callable

from . import echo, plot
from .children import Failed
from .machine import in_words
from .micro import BOTH, once
from .section import Section
from .servers import running, servers

PEERS = (("rt", "rt"), ("tokio", "tokio_grow"))
SERVERS = ("epoll_level", "rt current_thread", "rt multi_thread:2", "tokio current_thread", "tokio multi_thread:2",
           "asio_coroutines")
REQUESTS = 60_000          # of a run, however many connections share them
TO_A_MILLION = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
ROUNDS = 3


@dataclass(frozen=True)
class Curve:
    name: str
    title: str                 # of the picture
    across: str                # what the x axis is
    unit: str
    points: tuple
    cells: Callable            # (bench, n) -> {column: function that gives a figure}


def of_programs(measure: str, per: Callable = lambda n: n) -> Callable:
    """CPU time of a measure of the grow programs, divided by per(n)."""
    def cells(bench, n: int) -> dict:
        found = {}
        for title, name in PEERS:
            program = bench.program("grow", name)
            for runtime in BOTH if program else ():
                found[f"{title} {runtime}"] = (
                    lambda program=program, runtime=runtime: once(bench, program, runtime, measure, n)[1] / per(n))
        return found
    return cells


def of_servers(bench, connections: int) -> dict:
    """The server's CPU time of a request."""
    def cell(server):
        def run() -> float:
            with running(bench, server) as up:
                words = ("--connections", connections, "--size", 64, "--requests", REQUESTS)
                return echo.figures(up.load(*words, seconds=120))["server_us"]
        return run
    if bench.program("load", "load") is None:
        return {}
    if not hasattr(bench, "grown_servers"):
        bench.grown_servers = [server for server in servers(bench) if server.column in SERVERS]
    return {server.column: cell(server) for server in bench.grown_servers}


CURVES = (
    Curve("tasks", "Tasks: spawn, run, join", "tasks alive at once", "ns CPU a task", TO_A_MILLION, of_programs("tasks")),
    Curve("timers", "Timers: make, register, cancel", "timers at once", "ns CPU a timer", TO_A_MILLION, of_programs("timers")),
    Curve("depth", "One wake, by how deep it sits", "coroutines that await each other", "ns CPU a wake",
          (1, 2, 5, 10, 20, 50, 100), of_programs("deep_wake", lambda n: 1000)),
    Curve("connections", "Echo: a request, by connections", "connections", "µs CPU a request", (1, 10, 100, 1_000, 10_000),
          of_servers),
)


def measure_curve(bench, curve: Curve) -> dict:
    """{column: [(n, figure), …]}; a column that fails at one N ends there."""
    lines: dict = {}
    failed: set = set()

    def careful(column: str, n: int, cell: Callable) -> Callable:
        def run() -> dict:
            if column in failed:
                return {}
            try:
                return {"": cell()}
            except Failed as failure:
                failed.add(column)
                bench.skip(f"{curve.title}, {n:,}: {failure}")
                return {}
        return run

    points = curve.points[::3] if bench.quick else curve.points
    cells = {(n, column): careful(column, n, cell) for n in points for column, cell in curve.cells(bench, n).items()}
    found = bench.rounds(cells, 1 if bench.quick else ROUNDS, curve.name)
    for (n, column), stats in found.items():
        if "" in stats:
            bench.row(f"{curve.name} {n}", f"{curve.title}: {n:,}", curve.unit, {column: stats[""]})
            lines.setdefault(column, []).append((n, max(stats[""].median, 1e-3)))
    return lines


def measure(bench) -> None:
    for curve in CURVES:
        lines = measure_curve(bench, curve)
        if any(lines.values()):
            caption = "\n".join(textwrap.wrap(in_words(bench.outcome.machine), 118))
            bench.outcome.pictures[f"grow-{curve.name}.svg"] = plot.svg(
                plot.Plot(curve.title, curve.across, curve.unit, lines), caption)


SECTION = Section("grow", "how cost grows: tasks, timers, depth, connections; drawn as SVG", measure, order=60,
                  kinds=("grow", "echo", "load", "rust"), in_whole=False)
