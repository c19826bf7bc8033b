"""Bytes of memory that a task takes which waits for ever; ours with both compilers, whose coroutine frames differ.

A figure of malloc's, its rounding included, by the difference of two Ns, so that tables that grow cancel: it does not depend
on the day, and one run is enough.
"""
from .micro import columns, measures_of, once
from .section import Section

MEASURES = {
    "parked_bytes_future": "a future written by hand",
    "parked_bytes_coroutine": "a coroutine",
}
FEW, MANY = 50_000, 150_000


def with_clang(bench) -> list:
    """Our program once more, from the other compiler, where there is one."""
    return [(f"rt current_thread ({program.name})", program, "current_thread") for program in bench.programs("clang")]


def measure(bench) -> None:
    there = columns(bench, variants=False) + with_clang(bench)
    for column, program, runtime in there:
        has = measures_of(bench, program, runtime)
        for name, title in MEASURES.items():
            if name in has:
                few, _ = once(bench, program, runtime, name, FEW)
                many, _ = once(bench, program, runtime, name, MANY)
                bench.row(name, title, "bytes", {column: (many - few) / (MANY - FEW)})


SECTION = Section("bytes", "memory of a parked task", measure, order=30, kinds=("micro", "rust", "clang"))
