"""The ladder: the same echo server by seven means. What each costs to write, and what it costs to run.

All have one core, so that the figures say what a request costs, not how many cores there were; the load generator has another.
"""
import re

from .children import Failed
from .programs import BENCH
from .rounds import stat_of
from .section import Section
from .servers import Server, running

CONNECTIONS = (1, 50, 1000)
SIZE = 64
IDLE = 1000
ONE_AT_A_TIME = "1_blocking"


def lines_of_code(text: str) -> int:
    """Lines that hold more than blanks, comments and closing brackets; what a file includes is not counted."""
    text = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', lambda m: m.group(0) if m.group(0)[0] == '"' else "", text,
                  flags=re.S)
    return sum(1 for line in text.splitlines() if re.search(r"[^\s{}();]", line) and not line.startswith("#include"))


def rungs(bench) -> list:
    """Those that are built and start."""
    found = []
    for program in bench.programs("ladder"):
        server = Server(program.name, program)
        try:
            with running(bench, server):
                found.append(server)
        except Failed as failure:
            bench.skip(f"{program.name}: {failure}")
    return found


def requests(bench, server, connections: int):
    def run() -> dict:
        with running(bench, server) as up:
            found = up.load("--connections", connections, "--size", SIZE, "--seconds", 0.4 if bench.quick else 1.0,
                            "--warmup", 0.1)
        return {"rate": found["requests_per_second"], "cpu": found["server"]["cpu_s"] * 1e6 / max(found["requests"], 1),
                "p99": found["latency_us"]["p99"] / 1000}
    return run


def measure(bench) -> None:
    there = rungs(bench)
    if not there:
        raise Failed("no rung of the ladder is built")
    source = BENCH / "peers" / "ladder"
    bench.row("lines", "lines of code", "lines", {server.column: lines_of_code((source / f"{server.column}.cpp").read_text())
                                                  for server in there})
    for connections in CONNECTIONS:
        able = [server for server in there if connections == 1 or server.column != ONE_AT_A_TIME]
        found = bench.rounds({server.column: requests(bench, server, connections) for server in able},
                             1 if bench.quick else 5, f"{connections} connections")
        words = f"{connections:,} connection{'' if connections == 1 else 's'} × {SIZE} B"
        for metric, title, unit, more in (("rate", words, "req/s", True), ("cpu", f"{words}: CPU a request", "µs", False),
                                          ("p99", f"{words}: p99", "ms", False)):
            bench.row(f"{metric} {connections}", title, unit, {column: found[column][metric] for column in found}, more)
    memory = {}
    for server in there:
        if server.column != ONE_AT_A_TIME:
            with running(bench, server) as up:
                run = up.load("idle", "--connections", IDLE)
            memory[server.column] = stat_of([run["bytes_per_connection"]])
    bench.row("idle", f"an idle connection, of {IDLE:,}", "bytes", memory)
    bench.note("Every rung has one core, the threads too, and the load generator another. "
               "1_blocking serves one client at a time, so it has no figures for more.")
    bench.note("An idle connection is counted in the process; a thread has 16 kB more in the kernel. "
               "Lines are those of the server's own file, without blanks, comments, includes and lone brackets.")


SECTION = Section("ladder", "the same echo server by seven means: when is async worth it", measure, order=50,
                  kinds=("ladder", "load"), in_quick=False)
