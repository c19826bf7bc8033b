"""How cost grows: tasks, timers, connections and the depth of co_await, from one to a million; threads by time and by counting.

Each curve is a row for each N and a picture, results/grow-*.svg. The figures are CPU time, of all threads (by threads it is
the wall clock's): a flat line is a cost that does not grow. What is measured: peers/grow/growing.hpp; bytes, yields and timers that fire: measuring.hpp.
"""
from dataclasses import dataclass
from typing import Callable

from . import contended, echo, plot
from .children import Failed
from .machine import hardware, origin, software
from .micro import once
from .section import Section
from .servers import running, servers

BOTH = ("current_thread", "multi_thread:2")
PEERS = (("rt", "rt", BOTH), ("tokio", "tokio_{kind}", BOTH), ("asio", "asio", (None,)))
SERVERS = ("epoll_level", "rt current_thread", "rt multi_thread:2", "tokio current_thread", "tokio multi_thread:2",
           "asio_coroutines tuned")
REQUESTS = 60_000          # of a run, however many connections share them
TO_A_MILLION = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Curve:
    name: str
    title: str                 # of the picture
    each: str                  # a row's title, with {n}
    across: str
    unit: str
    points: tuple
    cells: Callable            # (bench, curve, n) -> {column: function that gives a figure}
    rounds: int = 5
    quick: tuple = ()          # points of a coarse run


def of_programs(kind: str, measure: str, per: Callable = lambda n: n) -> Callable:
    """CPU time (or bytes) of a measure of the programs of that kind, divided by per(n)."""
    def cells(bench, _, n: int) -> dict:
        found = {}
        for title, name, runtimes in PEERS:
            program = bench.program(kind, name.format(kind=kind))
            for runtime in runtimes if program else ():
                found[f"{title} {runtime}" if runtime else title] = (
                    lambda program=program, runtime=runtime: once(bench, program, runtime, measure, n)[1] / per(n))
        return found
    return cells


def of_threads(bench, _, workers: int) -> dict:
    """Wall time of a yield: what a second core brings where there is one."""
    yields = 1_000_000

    def cell(program):
        return lambda: once(bench, program, f"multi_thread:{workers}", "yield_1000", yields)[0] / yields
    there = {title: bench.program("micro", name.format(kind="micro")) for title, name, runtimes in PEERS if runtimes == BOTH}
    return {f"{title} multi_thread": cell(program) for title, program in there.items() if program}


def of_servers(bench, _, connections: int) -> dict:
    """The server's CPU time of a request."""
    def cell(server):
        def run() -> float:
            with running(bench, server) as up:
                words = ("--connections", connections, "--size", 64, "--requests", REQUESTS)
                return echo.figures(up.load(*words, seconds=120))["server_us"]
        return run
    if bench.program("load", "load") is None:
        return {}
    return {server.column: cell(server) for server in there_are(bench) if server.column in SERVERS}


def there_are(bench) -> list:
    """The servers that start: found out once."""
    if not hasattr(bench, "grown_servers"):
        bench.grown_servers = servers(bench)
    return bench.grown_servers


CURVES = (
    Curve("tasks", "Tasks: spawn, run, join", "tasks, {n} at once: spawn + run + join", "tasks alive at once", "ns CPU a task",
          TO_A_MILLION, of_programs("grow", "tasks"), quick=(1, 1_000, 100_000)),
    Curve("bytes", "Memory of a task that waits", "parked coroutines, {n} at once", "tasks alive at once", "bytes a task",
          TO_A_MILLION, of_programs("micro", "parked_bytes_coroutine"), rounds=1, quick=(1, 1_000, 100_000)),
    Curve("timers", "Timers: make, register, cancel", "timers, {n} at once: make + register + cancel", "timers at once",
          "ns CPU a timer", TO_A_MILLION, of_programs("grow", "timers"), quick=(1, 1_000, 100_000)),
    Curve("fired", "Timers that fire within a second", "timers, {n} at once: make + run to the end", "timers at once",
          "ns CPU a timer", (1, 100, 10_000, 1_000_000), of_programs("micro", "timers_run"), rounds=3, quick=(100, 10_000)),
    Curve("depth", "One wake, by how deep it sits", "a wake, {n} coroutines deep", "coroutines that await each other",
          "ns CPU a wake", (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000),
          of_programs("grow", "deep_wake", lambda n: 1000), quick=(1, 10, 100, 1_000)),
    Curve("threads", "A thousand tasks that yield, by threads", "yield, 1000 tasks, worker threads: {n}", "worker threads",
          "ns a yield", (1, 2, 4), of_threads, rounds=7, quick=(1, 2)),
    Curve("connections", "Echo: a request, by connections", "64 B echo, the server's CPU; connections: {n}",
          "connections", "µs CPU a request", (1, 10, 100, 1_000, 10_000), of_servers, rounds=3, quick=(10, 1_000)),
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
                bench.skip(f"{curve.each.format(n=f'{n:,}')}: {failure}")
                return {}
        return run

    cells = {(n, column): careful(column, n, cell) for n in (curve.quick if bench.quick else curve.points)
             for column, cell in curve.cells(bench, curve, n).items()}
    found = bench.rounds(cells, 1 if bench.quick else curve.rounds, curve.name)
    for (n, column), stats in found.items():
        if "" not in stats:
            continue
        bench.row(f"{curve.name} {n}", curve.each.format(n=f"{n:,}"), curve.unit, {column: stats[""]})
        lines.setdefault(column, []).append((n, max(stats[""].median, 1e-3)))
    return lines


def draw(bench, name: str, picture: plot.Plot) -> None:
    if not any(picture.lines.values()):
        return
    machine, quick = bench.outcome.machine, ", a quick run" if bench.quick else ""
    caption = f"{hardware(machine)}; {origin(machine)}{quick}\n{software(machine)}" if machine else "an unnamed machine"
    bench.outcome.pictures[f"grow-{name}.svg"] = plot.svg(picture, caption)


def measure(bench) -> None:
    for curve in CURVES:
        draw(bench, curve.name, plot.Plot(curve.title, curve.across, curve.unit, measure_curve(bench, curve)))
    contended.measure(bench, draw)
    bench.note("Figures are CPU time of all threads, and the wall clock's where threads grow. Pictures of these "
               "rows: grow-*.svg, beside the table. Bytes of a few tasks include what else was allocated meanwhile.")


SECTION = Section("grow", "how cost grows: tasks, timers, depth, connections, threads; drawn as SVG", measure, order=40,
                  kinds=("grow", "micro", "echo", "load", "rust"), in_quick=False)
