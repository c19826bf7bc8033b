"""Memory: of a task that waits forever, of an idle connection, and of a thousand clients and their server in one process.

- A parked task is counted in malloc's bytes, with malloc's rounding, as the difference of two Ns. One run is enough.
- An idle connection is the private memory of the server's process (/proc/PID/smaps_rollup) with all connections open, less what
  it had with one. Each client has sent one message and has been answered.
- The demo is lesson 20's `demo` beside the same program on Tokio. Peak memory is the kernel's VmHWM, which each program prints.
  A Rust program contains its standard library, and a shared libstdc++ costs a megabyte before main begins, so ours is linked
  statically too.
"""
import re

from .children import Failed
from .micro import BOTH, columns, measures_of, once
from .rounds import stat_of
from .section import Section
from .servers import running, servers

PARKED = {"parked_bytes_future": "a parked task: a future written by hand", "parked_bytes_coroutine": "a parked task: a coroutine"}
FEW, MANY = 50_000, 150_000
IDLE = 10_000
CLIENTS = 1000
DEMO = re.compile(r"(\d+) clients, (\d+) bytes, ([\d.]+) ms, CPU \d+ %, peak memory (\d+) kB")


def measure(bench) -> None:
    measure_parked(bench)
    measure_idle(bench)
    measure_demo(bench)


def measure_parked(bench) -> None:
    for column, program, runtime in columns(bench):
        has = measures_of(bench, program, runtime)
        for name in filter(has.__contains__, PARKED):
            few, many = (once(bench, program, runtime, name, count)[0] for count in (FEW, MANY))
            bench.row(name, PARKED[name], "bytes", {column: (many - few) / (MANY - FEW)})


def measure_idle(bench) -> None:
    """One server after the other, because memory does not depend on what else runs."""
    count = 1000 if bench.quick else IDLE
    for server in servers(bench):
        try:
            found = stat_of([idle(bench, server, count) for _ in range(1 if bench.quick else 3)])
        except Failed as failure:
            bench.skip(f"{count:,} idle connections: {failure}")
            continue
        bench.row("idle", f"an idle connection, of {count:,}", "bytes", {server.column: found})


def idle(bench, server, connections: int) -> float:
    with running(bench, server) as up:
        return up.load("idle", "--connections", connections)["bytes_per_connection"]


def measure_demo(bench) -> None:
    cells = {}
    for name, title, words in (("rt", "rt", ("demo",)), ("tokio_demo", "tokio", ())):
        program = bench.program("demo", name)
        for runtime in BOTH if program else ():
            command = [program.path, *words, "--clients", CLIENTS, "--runtime", runtime]
            cells[f"{title} {runtime}"] = lambda command=command: peak_of(bench.output_of(command), CLIENTS)
    if cells:
        found = bench.rounds(cells, 3 if bench.quick else 11, "the demo")
        bench.row("demo", "1,000 clients and their server: peak memory", "kB", {column: found[column][""] for column in found})


def peak_of(line: str, clients: int) -> float:
    """The peak in kB that a demo prints. Fails if not all clients were answered."""
    found = DEMO.search(line)
    said = sum(len(f"Hello, world! from client {n}") for n in range(clients))
    if not found or (int(found.group(1)), int(found.group(2))) != (clients, said):
        raise Failed(f"the demo said '{line.strip()}'")
    return float(found.group(4))


SECTION = Section("memory", "a parked task, an idle connection, a thousand clients", measure, order=40,
                  kinds=("micro", "echo", "load", "demo", "rust"))
