"""What a section of the bench is: a module of this folder with a line `SECTION = Section(…)` and one function.

    SECTION = Section("micro", "one operation of the runtime", measure, order=10, kinds=("micro", "rust"))

    def measure(bench: Bench) -> None:
        cells = {}
        for program in bench.programs("micro"):           # only those that are built
            cells[program.name] = lambda p=program: {"ns": float(bench.output_of([p.path, "spawn_await", "100000"]))}
        found = bench.rounds(cells, count=3 if bench.quick else 9)      # interleaved; {cell: {metric: Stat}}
        bench.row("spawn_await", "spawn and await", "ns", {name: found[name]["ns"] for name in found})
        bench.note("one sentence, shown below this section's table")

The runner imports every module here and takes those that have a SECTION, by their `order`. goals.py refers to a row's name and
to its columns. A section prints nothing itself: `bench.say` shows a line at once.
"""
from dataclasses import dataclass, field
from typing import Callable, Optional


@dataclass(frozen=True)
class Section:
    name: str                   # as in ./learn bench NAME
    title: str                  # one line
    measure: Callable           # called with a Bench (frame.py)
    order: int                  # its place among the sections
    kinds: tuple = ()           # of programs that it needs: echo, micro, grow, threads, demo, load, rust
    in_quick: bool = True       # False: ./learn bench --quick leaves it out, unless it is named
    in_whole: bool = True       # False: it only runs if it is named


@dataclass(frozen=True)
class Program:
    """An executable of a peer: built, or left out for a reason."""
    kind: str
    name: str                   # the source's: asio, rt, tokio_micro …
    path: str = ""
    reason: str = ""            # why it is left out


@dataclass(frozen=True)
class Stat:
    """What several rounds say of one figure: the median, and between which figures the middle half of them lies."""
    median: float
    low: float                  # lower quartile
    high: float                 # upper quartile
    count: int = 1

    def as_data(self) -> dict:
        return {"median": self.median, "low": self.low, "high": self.high, "count": self.count}


@dataclass
class Row:
    name: str
    title: str
    unit: str                                     # of its figures, as in ns, req/s, bytes
    values: dict = field(default_factory=dict)    # column: Stat
    more_is_better: bool = False

    def best(self, *columns: str) -> Optional[str]:
        there = [column for column in columns or self.values if column in self.values]
        pick = max if self.more_is_better else min
        return pick(there, key=lambda column: self.values[column].median) if there else None


@dataclass
class Outcome:
    """What a section came to."""
    name: str
    title: str
    rows: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    skipped: list = field(default_factory=list)   # lines
    rounds: int = 0
    repeated: int = 0           # rounds that something else on the machine disturbed, measured again
    disturbed: int = 0          # rounds that stayed disturbed
    seconds: float = 0.0
    machine: dict = field(default_factory=dict)
    unfinished: str = ""        # why it was not measured to its end
    pictures: dict = field(default_factory=dict)      # {file name: its text}
