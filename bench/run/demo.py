"""The thousand clients and their server in one process: what lesson 20's `demo` takes, beside the same program on Tokio.

Peak memory is the kernel's VmHWM, which each program prints of itself. A Rust program has its standard library in itself, of
which only the pages that are used count; a shared libstdc++ brings a megabyte before main begins. So ours is measured linked
likewise; and, in a row of its own, as the course links it.
"""
import re

from .children import Failed
from .section import Section

RUNTIMES = ("current_thread", "multi_thread:2")
CLIENTS = 1000
LINE = re.compile(r"(\d+) clients, (\d+) bytes, ([\d.]+) ms, CPU \d+ %, peak memory (\d+) kB")


def figures_of(line: str, clients: int) -> dict:
    """Of what a demo prints; Failed if it is not that, or if not all clients were answered."""
    found = LINE.search(line)
    if not found or int(found.group(1)) != clients or int(found.group(2)) != bytes_of(clients):
        raise Failed(f"the demo said '{line.strip()}'")
    return {"ms": float(found.group(3)), "kB": float(found.group(4))}


def bytes_of(clients: int) -> int:
    """What the clients say together."""
    return sum(len(f"Hello, world! from client {n}") for n in range(clients))


def cells(bench, name: str, title: str, words: tuple, clients: int) -> dict:
    """One for each runtime of that program; none if it is not there."""
    program = bench.program("demo", name)

    def cell(runtime: str):
        return lambda: figures_of(bench.output_of([program.path, *words, "--clients", clients, "--runtime", runtime]), clients)
    return {f"{title} {runtime}": cell(runtime) for runtime in RUNTIMES} if program else {}


def measure(bench) -> None:
    count = 3 if bench.quick else 11
    linked_in = {clients: {**cells(bench, "rt", "rt", ("demo",), clients), **cells(bench, "tokio_demo", "tokio", (), clients)}
                 for clients in (CLIENTS, 1)}
    shared = cells(bench, "rt_shared", "rt", ("demo",), CLIENTS)
    every = {("peak", column): cell for column, cell in linked_in[CLIENTS].items()}
    every |= {("peak 1", column): cell for column, cell in linked_in[1].items()}
    every |= {("peak shared", column): cell for column, cell in shared.items()}
    found = bench.rounds(every, count, "the demo")
    for name, title in (("peak", "1,000 clients, standard libraries linked in: peak memory"),
                        ("peak 1", "the same with one client"),
                        ("peak shared", "1,000 clients, libstdc++ and fmt shared, as the course builds it: peak memory")):
        bench.row(name, title, "kB", {column: stats["kB"] for (row, column), stats in found.items() if row == name})
    bench.row("time", "1,000 clients, standard libraries linked in: all answered", "ms",
              {column: stats["ms"] for (row, column), stats in found.items() if row == "peak"})
    bench.note("Rust links its standard library statically; ours is linked likewise where it is held against it "
               "(-static-libstdc++ -static-libgcc, fmt header-only). The C library is shared in all.")


SECTION = Section("demo", "1,000 clients and their server in one process", measure, order=32, kinds=("demo", "rust"))
