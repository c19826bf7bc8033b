"""The micro-benchmarks: nanoseconds of one operation. Each program runs as a process of its own, in turns with its peers.

How many operations make a run long enough is found once for each cell, and then stays the same.
"""
from .children import Failed
from .section import Program, Section

# measure: (title, which of the two figures is shown). What one operation is: bench/peers/micro/measuring.hpp.
MEASURES = {
    "spawn_await": ("spawn + await, one after another", "wall"),
    "spawn_many": ("spawn all (1 M), then join all", "wall"),
    "join_set_1000": ("JoinSet of 1000, a task", "wall"),
    "yield_1": ("yield_now, 1 task", "wall"),
    "yield_1000": ("yield_now, 1000 tasks", "wall"),
    "block_on_ready": ("block_on of a ready future", "wall"),
    "notify_ping_pong": ("wake ping-pong, Notify", "wall"),
    "oneshot_ping_pong": ("wake ping-pong, oneshot", "wall"),
    "spawn_blocking": ("spawn_blocking round trip", "wall"),
    "timers_create": ("100,000 timers: create", "cpu"),
    "timers_cancel": ("100,000 timers: cancel", "cpu"),
    "timers_run": ("100,000 timers: run to the end", "cpu"),
}
FIXED = {"spawn_many": 1_000_000, "timers_create": 100_000, "timers_cancel": 100_000, "timers_run": 100_000}
BOTH = ("current_thread", "multi_thread:2")
RUNTIMES = {"rt": BOTH, "tokio_micro": BOTH, "tokio_lto_micro": BOTH, "smol_micro": (None,), "asio": (None,)}


def columns(bench) -> list:
    """(column, program, runtime or None) of all that is built, ours first."""
    there = {program.name: program for program in bench.programs("micro")}
    return [(" ".join(filter(None, (name.removesuffix("_micro"), runtime))), there[name], runtime)
            for name, runtimes in RUNTIMES.items() if name in there for runtime in runtimes]


def runtime_words(runtime) -> list:
    """How a program is told which runtime to use."""
    return ["--runtime", runtime] if runtime else []


def measures_of(bench, program: Program, runtime) -> list:
    return bench.output_of([program.path, "list", *runtime_words(runtime)]).split()


def once(bench, program: Program, runtime, measure: str, count: int) -> tuple:
    """One run: (wall, CPU) nanoseconds of the whole of it, or (bytes, bytes)."""
    line = bench.output_of([program.path, measure, count, *runtime_words(runtime)]).split()
    if len(line) != 4 or line[0] != measure or int(line[1]) != count:
        raise Failed(f"{program.name} answered '{' '.join(line)}' to {measure} {count}")
    return int(line[2]), int(line[3])


def fitting_count(bench, program: Program, runtime, measure: str) -> int:
    """How many operations take long enough to be measured."""
    if measure in FIXED:
        return FIXED[measure] // (10 if bench.quick and measure == "spawn_many" else 1)
    wanted, count = (15e6 if bench.quick else 60e6), 1000      # ns
    while True:
        wall, _ = once(bench, program, runtime, measure, count)
        if wall >= wanted / 4:
            return max(1000, round(count * wanted / wall / 1000) * 1000)
        count = count * 10 if wall < wanted / 40 else count * 4


def rounds_of(bench, name: str) -> int:
    """Timers that fire take a second and a half in every peer."""
    if name == "timers_run":
        return 1 if bench.quick else 5
    return 3 if bench.quick else 11


def measure(bench) -> None:
    """All peers of one measure take part in the same rounds."""
    there = [(column, program, runtime, measures_of(bench, program, runtime)) for column, program, runtime in columns(bench)]
    for name, (title, what) in MEASURES.items():
        cells = {column: cell(bench, program, runtime, name) for column, program, runtime, has in there if name in has}
        if cells:
            found = bench.rounds(cells, rounds_of(bench, name), name)
            bench.row(name, title, "ns" if what == "wall" else "ns CPU", {column: found[column][what] for column in found})


def cell(bench, program: Program, runtime, name: str):
    count = fitting_count(bench, program, runtime, name)

    def run() -> dict:
        wall, cpu = once(bench, program, runtime, name, count)
        return {"wall": wall / count, "cpu": cpu / count}
    return run


SECTION = Section("micro", "one operation of the runtime", measure, order=10, kinds=("micro", "rust"))
