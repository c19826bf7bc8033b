"""Interleaved rounds and their medians. Each round calls every cell once, so what changes on the machine changes for all of them.

A watch looks at the machine around every round: a loop of fixed work before and after it, which takes longer while the clock is low or a
neighbor shares the core; the time that a hypervisor stole; and the CPU time of processes that are not ours. If one of them shows,
the round is measured again. On a machine that is never quiet, the last rounds count although they are disturbed. The table
says how many rounds of both kinds there were.
"""
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from .section import Stat

STOLEN = 0.02          # of all CPU time of the round
FOREIGN = 0.15         # of one core: what other processes may use
SLOWER = 1.20          # the fixed loop against its best so far


def stat_of(samples: list) -> Stat:
    ordered = sorted(samples)
    if len(ordered) < 3:
        return Stat(statistics.median(ordered), ordered[0], ordered[-1], len(ordered))
    low, _, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return Stat(statistics.median(ordered), low, high, len(ordered))


def fixed_work() -> float:
    """Seconds of CPU that the same small piece of work takes now: the best of three, each some ms."""
    def once() -> float:
        begin = time.process_time()
        total = 0
        for number in range(60_000):
            total += number & 7
        return time.process_time() - begin
    return min(once() for _ in range(3))


@dataclass(frozen=True)
class Moment:
    """The machine's CPU time so far, in seconds."""
    wall: float
    busy: float        # all cores, without what was stolen
    stolen: float
    own: float         # this process and all it has started

    @staticmethod
    def now() -> "Moment":
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        tick = os.sysconf("SC_CLK_TCK")
        user, nice, system, _, _, irq, soft, stolen = (int(field) / tick for field in fields[:8])
        return Moment(time.monotonic(), user + nice + system + irq + soft, stolen, own_cpu(os.getpid()))


def own_cpu(root: int) -> float:
    """This process, its children that are over, and those that still run with all of theirs."""
    parents, used = {}, {}
    tick = os.sysconf("SC_CLK_TCK")
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry)] = int(fields[1])
            used[int(entry)] = sum(map(int, fields[11:15])) / tick     # its own, and of the children it waited for
    return sum(time_used for pid, time_used in used.items() if descends(pid, root, parents))


def descends(pid: Optional[int], root: int, parents: dict) -> bool:
    while pid and pid != root:
        pid = parents.get(pid)
    return pid == root


class Watch:
    """Tells whether a round was disturbed. One for a whole run: the best of the fixed loop is remembered."""

    def __init__(self, work: Callable[[], float] = fixed_work, now: Callable[[], Moment] = Moment.now):
        self.work, self.now = work, now
        self.best = float("inf")
        self.begun: Optional[Moment] = None
        self.before = 0.0

    def begin(self) -> None:
        self.before = self.work()
        self.best = min(self.best, self.before)
        self.begun = self.now()

    def end(self) -> str:
        """Why the round was disturbed; empty if it was not."""
        a, b = self.begun, self.now()
        after = self.work()
        self.best = min(self.best, after)
        wall = max(b.wall - a.wall, 1e-3)
        stolen, foreign = b.stolen - a.stolen, (b.busy - a.busy) - (b.own - a.own)
        tick = 2 / os.sysconf("SC_CLK_TCK")          # the counters' grain is no disturbance
        if stolen > STOLEN * wall + tick:
            return f"{100 * stolen / wall:.0f} % of its time was stolen"
        if foreign > FOREIGN * wall + 2 * tick:
            return f"other processes used {100 * foreign / wall:.0f} % of a core"
        slower = max(self.before, after) / self.best
        return f"the machine ran {slower:.2f} times slower than before" if slower > SLOWER else ""


@dataclass
class Rounds:
    """What came of it: `stats` by cell and metric, and how many rounds there were of each kind."""
    stats: dict
    kept: int = 0
    repeated: int = 0
    disturbed: int = 0


def run_rounds(cells: dict, count: int, watch: Watch, on_repeat: Callable[[int, str], None] = lambda number, why: None) -> Rounds:
    """Runs `count` undisturbed rounds. Each cell is called without arguments and gives {metric: figure}, or a figure.

    The order turns from round to round. At most half as many rounds as `count` are measured again. Rounds that are disturbed
    after that count.
    """
    names = list(cells)
    samples: dict = {name: {} for name in names}
    result = Rounds({})
    while result.kept < count:
        shift = result.kept % len(names) if names else 0
        watch.begin()
        found = {name: cells[name]() for name in names[shift:] + names[:shift]}
        why = watch.end()
        if why and result.repeated < count // 2:
            result.repeated += 1
            on_repeat(result.kept + 1, why)
            continue
        result.disturbed += bool(why)
        for name, figures in found.items():
            for metric, figure in (figures if isinstance(figures, dict) else {"": figures}).items():
                samples[name].setdefault(metric, []).append(float(figure))
        result.kept += 1
    result.stats = {name: {metric: stat_of(values) for metric, values in metrics.items()}
                    for name, metrics in samples.items() if metrics}
    return result
