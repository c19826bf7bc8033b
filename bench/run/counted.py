"""The micro-benchmarks once more, in user-mode instructions. Valgrind's callgrind counts them, so a busy machine changes nothing.

Each program runs twice, with two Ns. The difference of the counts, divided by the difference of the Ns, is one operation, so
the start of the program cancels out. Timers that fire are left out, and so is everything that waits for another thread. On one
thread the count is the same every time. Callgrind runs two threads in turns, so there each count is taken three times. A system
call counts as the instructions around it, so a runtime that enters the kernel looks better here than it is.
"""
import re
import shutil
import subprocess

from .children import Children, Failed
from .goals import OURS_ONE, TOKIO_ONE
from .micro import MEASURES, columns, measures_of, runtime_words
from .rounds import stat_of
from .section import Section

LEFT_OUT = ("timers_run", "spawn_blocking", "timers_create")
TITLES = {"timers_cancel": "100,000 timers: create and cancel"}      # the whole run is counted, not what its stopwatch sees
COUNTS = {"spawn_many": (20_000, 120_000), "timers_cancel": (20_000, 120_000)}
USUAL = (2_000, 22_000)
TIMES_FOR_TWO_THREADS = 3
CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
QUICK = ("spawn_await", "spawn_many", "join_set_1000", "yield_1000", "block_on_ready")


def instructions(children: Children, path: str, measure: str, count: int, runtime=None) -> int:
    """Of the whole run, all threads."""
    command = [*CALLGRIND, path, measure, count, *runtime_words(runtime)]
    return collected(children.output_of(command, 300, stderr=subprocess.STDOUT), f"{path} {measure}")


def collected(text: str, what: str) -> int:
    """The instructions in what callgrind says at the end of a program."""
    found = re.search(r"Collected : (\d+)", text)
    if not found:
        raise Failed(f"valgrind counted nothing of {what}")
    return int(found.group(1))


def per_operation(children: Children, path: str, measure: str, runtime=None) -> float:
    few, many = COUNTS.get(measure, USUAL)
    return (instructions(children, path, measure, many, runtime) - instructions(children, path, measure, few, runtime)) / (
        many - few)


def counts(children: Children, path: str, measure: str, runtime=None) -> list:
    """One figure, or several if there are several threads."""
    times = TIMES_FOR_TWO_THREADS if (runtime or "").startswith("multi_thread") else 1
    return [per_operation(children, path, measure, runtime) for _ in range(times)]


def measure(bench) -> None:
    if not shutil.which("valgrind"):
        bench.skip("instruction counts: needs valgrind")
        return
    there = [(column, program, runtime, measures_of(bench, program, runtime)) for column, program, runtime in columns(bench)]
    for name, (title, _) in MEASURES.items():
        if name in LEFT_OUT or bench.quick and name not in QUICK:
            continue
        for column, program, runtime, has in there:
            if name in has and (not bench.quick or column in (OURS_ONE, TOKIO_ONE)):
                bench.row(name, TITLES.get(name, title), "instructions",
                          {column: stat_of(counts(bench.children, program.path, name, runtime))})


SECTION = Section("counted", "one operation in user-mode instructions", measure, order=20, kinds=("micro", "rust"))
