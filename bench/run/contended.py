"""Threads, by counting: what an operation does that only one thread in the machine can do at a time.

Two cores cannot show what sixteen would. But what stops a program from growing is known: operations that lock a cache line,
and lines that another core has changed last. counting/rt/sync.hpp counts both, in the place of rt/sync.hpp. Where the threads
are more than the cores they take turns, so lines move less often than they would: that figure is a lower bound; the locked
operations are exact. How ours compares with the peers' tells locked.py.
"""
import re

from . import locked, plot
from .children import Failed
from .rounds import stat_of

COUNTED = {"spawn_await": "spawn + await", "spawn_many": "spawn all, join all", "join_set_1000": "JoinSet, a task",
           "yield_1000": "yield, 1000 tasks", "notify_ping_pong": "ping-pong, Notify", "oneshot_ping_pong": "ping-pong, oneshot"}
WORKERS = (1, 2, 4, 8, 16)
FEW, MANY = 20_000, 60_000
PEERS = (("rt", "rt", ("current_thread", "multi_thread:2", "multi_thread:4")),
         ("tokio", "tokio_micro", ("current_thread", "multi_thread:2", "multi_thread:4")),
         ("asio", "asio", ("current_thread",)))
LINE = re.compile(r"locked (\d+) moved (\d+) waited (\d+)")
FIGURES = (("locked", "Threads: locked operations", "locked operations each"),
           ("moved", "Threads: words another thread changed last", "moved words each"))


def counts(bench, path: str, measure: str, count: int, workers: int) -> dict:
    found = LINE.fullmatch(bench.output_of([path, measure, count, workers]).strip())
    if not found:
        raise Failed(f"contended {measure} did not say its counts")
    return dict(zip(("locked", "moved", "waited"), map(int, found.groups())))


def per_operation(bench, path: str, measure: str, workers: int) -> dict:
    """What is counted once cancels."""
    few, many = counts(bench, path, measure, FEW, workers), counts(bench, path, measure, MANY, workers)
    return {name: max(0.0, (many[name] - few[name]) / (MANY - FEW)) for name in few}


def measure_peers(bench) -> None:
    """Instructions with a lock prefix."""
    why_not = locked.why_not()
    if why_not:
        bench.skip(why_not)
        return
    counter = locked.Counter(bench)
    for measured in list(COUNTED)[:2] if bench.quick else COUNTED:
        for title, name, runtimes in PEERS:
            program = bench.program("micro", name)
            for runtime in runtimes if program else ():
                figure = counter.per_operation(program.path, measured, runtime)
                bench.row(f"lock {measured}", f"{COUNTED[measured]}: instructions with lock", "count",
                          {f"{title} {runtime}" if len(runtimes) > 1 else title: max(0.0, figure)})


def measure(bench, draw) -> None:
    """`draw(bench, name, plot)` keeps a picture."""
    measure_ours(bench, draw)
    measure_peers(bench)


def measure_ours(bench, draw) -> None:
    program = bench.program("grow", "contended")
    if program is None:
        return
    lines: dict = {name: {} for name, _, _ in FIGURES}
    for measured in list(COUNTED)[:3] if bench.quick else COUNTED:
        for workers in (1, 2, 16) if bench.quick else WORKERS:
            runs = [per_operation(bench, program.path, measured, workers) for _ in range(1 if bench.quick else 3)]
            for name, _, unit in FIGURES:
                stat = stat_of([run[name] for run in runs])
                title = COUNTED[measured]
                bench.row(f"{name} {measured}", f"{title}: {unit.removesuffix(' each')}", "count",
                          {f"rt multi_thread:{workers}": stat})
                lines[name].setdefault(title, []).append((workers, max(stat.median, 0.01)))
    for name, title, unit in FIGURES:
        draw(bench, f"threads-{name}", plot.Plot(title, "worker threads", unit, lines[name], WORKERS))
    bench.note("Locked operations and moved words are counted by a stand-in of rt/sync.hpp; 0.01 in the picture stands for "
               "none. Instructions with lock are callgrind's, of all threads, the C library's too.")
