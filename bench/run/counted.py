"""The micro-benchmarks once more, in instructions: valgrind's callgrind counts them, and a busy machine does not change them.

Each program runs twice with two Ns; the difference, by the difference of the Ns, is one operation's: what it takes to start
cancels. Only what is counted the same every time is here: runtimes with one thread, and no timer that fires. System calls
count as the instructions around them, so a runtime that enters the kernel looks better here than it is.
"""
import re
import shutil
import subprocess

from .children import Failed
from .micro import MEASURES, columns, measures_of, words
from .section import Program, Section

LEFT_OUT = ("timers_run", "spawn_blocking")
COUNTS = {"spawn_many": (20_000, 120_000), "timers_create": (20_000, 120_000), "timers_cancel": (20_000, 120_000)}
USUAL = (2_000, 22_000)


def instructions(bench, program: Program, runtime, measure: str, count: int) -> int:
    """Of the whole run, all threads."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *words(program, runtime, measure, count)]
    text = bench.output_of(command, 300, stderr=subprocess.STDOUT)
    found = re.search(r"Collected : (\d+)", text)
    if not found:
        raise Failed(f"valgrind counted nothing of {program.name} {measure}")
    return int(found.group(1))


def per_operation(bench, program: Program, runtime, measure: str) -> float:
    few, many = COUNTS.get(measure, USUAL)
    return (instructions(bench, program, runtime, measure, many) - instructions(bench, program, runtime, measure, few)) / (
        many - few)


def measure(bench) -> None:
    if not shutil.which("valgrind"):
        bench.skip("instruction counts: needs valgrind")
        return
    there = [(column, program, runtime, measures_of(bench, program, runtime)) for column, program, runtime in columns(bench)
             if runtime in (None, "current_thread", "asio")]
    names = [name for name in MEASURES if name not in LEFT_OUT]
    for name in names[:3] + names[4:6] if bench.quick else names:
        for column, program, runtime, has in there:
            if name in has and not (bench.quick and not column.startswith(("rt current", "tokio current"))):
                bench.row(name, MEASURES[name][0], "instructions",
                          {column: per_operation(bench, program, runtime, name)})


SECTION = Section("counted", "one operation in instructions, which do not depend on the day", measure, order=20,
                  kinds=("micro", "rust"))
