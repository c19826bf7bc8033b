"""The micro-benchmarks: nanoseconds of one operation. Each peer's program runs in a process of its own, by turns.

How many operations make a run long enough is found once for each cell and then stays. The CPU time, of all threads, stands in
rows of its own: on a busy machine it is the better figure of a runtime with one thread.
"""
from .children import Failed
from .section import Program, Section

# measure: (title, which figure has the goal). What one operation is: bench/peers/micro/measuring.hpp.
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
AFTER_A_THREAD = ", after a thread"       # behind a runtime's name: the program makes a thread and joins it before it begins
RUNTIMES = {"rt": ("current_thread", "current_thread" + AFTER_A_THREAD, "multi_thread:2", "asio"),
            "rt_untraced": ("current_thread",), "tokio_micro": ("current_thread", "multi_thread:2")}

AFTER_A_THREAD_NOTE = (
    "While a process has made no thread, ours changes its words without locking a cache line; \"after a thread\" is the same "
    "program once it has made one thread and joined it. Tokio's atomics are always locked.")
UNTRACED_NOTE = "rt_untraced is ours with the trace's calls compiled out (RT_TRACE=0)."


def columns(bench, variants: bool = True) -> list:
    """(column, program, runtime or None) of all that is built; ours first. Without `variants`, each runtime once."""
    order = {"rt": 0, "tokio_micro": 1, "smol_micro": 2}
    found = []
    for program in sorted(bench.programs("micro"), key=lambda program: (order.get(program.name, 9), program.name)):
        title = program.name.removesuffix("_micro")
        for runtime in RUNTIMES.get(program.name, (None,)):
            if variants or program.name != "rt_untraced" and AFTER_A_THREAD not in (runtime or ""):
                found.append((f"{title} {runtime}" if runtime else title, program, runtime))
    return found


def runtime_words(runtime) -> list:
    """How a program is told which runtime to use."""
    if not runtime:
        return []
    name = runtime.removesuffix(AFTER_A_THREAD)
    return ["--runtime", name, *(["--after-a-thread"] if name != runtime else [])]


def words(program: Program, runtime, *rest) -> list:
    return [program.path, *map(str, rest), *runtime_words(runtime)]


def measures_of(bench, program: Program, runtime) -> list:
    """What it has; a runtime it was built without has nothing."""
    try:
        return bench.output_of(words(program, runtime, "list")).split()
    except Failed as failure:
        bench.skip(f"{program.name} on {runtime}: {failure}")
        return []


def once(bench, program: Program, runtime, measure: str, count: int) -> tuple:
    """One run: (wall, CPU) nanoseconds of the whole of it, or (bytes, bytes)."""
    line = bench.output_of(words(program, runtime, measure, count)).split()
    if len(line) != 4 or line[0] != measure or int(line[1]) != count:
        raise Failed(f"{program.name} answered '{' '.join(line)}' to {measure} {count}")
    return int(line[2]), int(line[3])


def fitting_count(bench, program: Program, runtime, measure: str) -> int:
    """So many operations that a run takes long enough to be measured."""
    if measure in FIXED:
        return FIXED[measure] // (10 if bench.quick and measure == "spawn_many" else 1)
    wanted, count = (15e6 if bench.quick else 60e6), 1000      # ns
    while True:
        wall, _ = once(bench, program, runtime, measure, count)
        if wall >= wanted / 4:
            return max(1000, round(count * wanted / wall / 1000) * 1000)
        count = count * 10 if wall < wanted / 40 else count * 4


def rounds_of(bench, name: str) -> int:
    """Timers that fire take a second and a half, whoever runs them."""
    if name == "timers_run":
        return 1 if bench.quick else 5
    return 3 if bench.quick else 11


def measure(bench) -> None:
    """All peers of one measure stand in the same rounds."""
    there = [(column, program, runtime, measures_of(bench, program, runtime)) for column, program, runtime in columns(bench)]
    cpu_rows = []
    bench.note(AFTER_A_THREAD_NOTE)
    bench.note(UNTRACED_NOTE)
    for name, (title, what) in MEASURES.items():
        cells = {column: cell(bench, program, runtime, name) for column, program, runtime, has in there if name in has}
        if cells:
            found = bench.rounds(cells, rounds_of(bench, name), name)
            unit = "ns" if what == "wall" else "ns CPU"
            bench.row(name, title, unit, {column: found[column][what] for column in found})
            if what == "wall":
                cpu_rows.append((f"{name}_cpu", title, {column: found[column]["cpu"] for column in found}))
    for name, title, values in cpu_rows:
        bench.row(name, title, "ns CPU", values)


def cell(bench, program: Program, runtime, name: str):
    count = fitting_count(bench, program, runtime, name)

    def run() -> dict:
        wall, cpu = once(bench, program, runtime, name, count)
        return {"wall": wall / count, "cpu": cpu / count}
    return run


SECTION = Section("micro", "one operation of the runtime", measure, order=10, kinds=("micro", "rust"))
