"""Threads instead of tasks: an echo server with a thread for each connection beside ours, and how late a sleep is.

- CPU time is the server's, in microseconds a request, with one message in flight on each connection. Both servers are pinned to one
  core, and the generator to another. Wall time would show the machine's other work.
- The memory of an idle connection is the process's own (/proc/PID/smaps_rollup). A thread's stack in the kernel, 16 kB on x86-64,
  isn't in it.
- A sleeper's wait is CPU time too: what its thread did between the sleep and its end.

book/when-async.md shows the figures.
"""
from . import calls
from .children import Failed
from .echo import measure_rounds
from .memory import idle
from .rounds import stat_of
from .section import Section
from .servers import Server

CONNECTIONS = (1, 10, 100, 1000)
IDLE = 1000
LATE = {"task": "in another task", "pieces": "in another task that yields after each 10 µs", "blocking": "in spawn_blocking",
        "threads": "in another thread, without a runtime"}


def measure(bench) -> None:
    there = [Server("a thread each", program) for program in [bench.program("threads", "thread_each")] if program]
    there += [Server("rt current_thread", program, "current_thread") for program in [bench.program("echo", "rt")] if program]
    if len(there) < 2 or bench.program("load", "load") is None:
        raise Failed("nothing can be measured without both servers and the load generator")
    for count in CONNECTIONS:
        words = ("--connections", count, "--size", 64, "--seconds", 0.5, "--warmup", 0.1)
        title = f"{count:,} × 64 B"
        found = measure_rounds(bench, there, title, lambda up: request(up.load(*words)), 3 if bench.quick else 7, compared=False)
        bench.row(f"cpu {count}", f"{title}: CPU time a request", "µs", found.get("us", {}))
    for server in there:
        bench.row("instructions", "50 × 64 B: user-mode instructions a request", "instructions",
                  {server.column: calls.instructions_a_request(bench, server)})
        bench.row("calls", "50 × 64 B: system calls a request", "calls", {server.column: calls.calls_a_request(bench, server)})
        bench.row("idle", f"an idle connection, of {IDLE:,}", "bytes", {server.column: idle(bench, server, IDLE)})
    late = bench.program("threads", "late")
    for where, title in LATE.items() if late else ():
        runs = [float(bench.output_of([late.path, where])) for _ in range(3 if bench.quick else 11)]
        bench.row(f"late {where}", f"10 ms of work {title}: how much of it a sleeper waits for", "ms",
                  {"a thread each" if where == "threads" else "rt current_thread": stat_of(runs)})


def request(run: dict) -> dict:
    return {"us": run["server"]["cpu_s"] * 1e6 / max(run["requests"], 1)}


SECTION = Section("threads", "a thread for each connection, and a task that computes", measure, order=60,
                  kinds=("threads", "echo", "load"), in_whole=False)
