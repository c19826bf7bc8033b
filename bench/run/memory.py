"""What an idle connection costs the server's process: private memory before and after, by /proc/PID/smaps_rollup.

Each client has said one message and has been answered. Kernel memory of the sockets is the same for all, and not in it.
"""
from .children import Failed
from .rounds import stat_of
from .section import Section
from .servers import running, servers

CASES = ((1000, 0), (10_000, 0), (10_000, 1024))      # connections, the server's buffer (0: what it takes, 16 kB)
ROUNDS = 3      # one server after the other: memory does not depend on what else runs


def idle(bench, server, connections: int, buffer: int) -> dict:
    with running(bench, server, buffer) as up:
        run = up.load("idle", "--connections", connections)
    return {"idle": run["bytes_per_connection"], "burst": run["bytes_per_connection_after_burst"],
            "total": run["memory_after"]["rss"] / 1024}


def measure(bench) -> None:
    there = servers(bench)
    for connections, buffer in CASES[:1] if bench.quick else CASES:
        found: dict = {}
        for server in there:
            try:
                runs = [idle(bench, server, connections, buffer) for _ in range(1 if bench.quick else ROUNDS)]
            except Failed as failure:
                bench.skip(f"{connections:,} idle connections: {failure}")
                continue
            for name in runs[0]:
                found.setdefault(name, {})[server.column] = stat_of([run[name] for run in runs])
        with_buffer = f", buffer {buffer // 1024} kB" if buffer else ""
        for name, words, unit in (("idle", "a connection", "bytes"), ("burst", "a connection, after all spoke at once", "bytes"),
                                  ("total", "the whole process", "kB")):
            bench.row(f"{name} {connections}" + (f" b{buffer}" if buffer else ""), f"{connections:,} idle{with_buffer}: {words}",
                      unit, found.get(name, {}))


SECTION = Section("idle", "memory of idle connections", measure, order=30, kinds=("echo", "load", "rust"))
