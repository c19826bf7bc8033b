"""Traffic that is not all alike: connections that come and go, readers that are slow, sizes mixed, messages by the clock."""
from .children import Failed
from .section import Section
from .servers import running, say_pinning, servers

ROUNDS = {"slow": 5, "clock": 5}      # else 3: these two are the ones that a busy machine shows in
WINDOW = ("--seconds", 0.6, "--warmup", 0.2)
ACCEPTS = 5000          # connections of a run: a kernel remembers each for a minute


def accepts(up) -> dict:
    run = up.load("accept", "--connections", 50, "--requests", ACCEPTS)
    return {"rate": run["accepts_per_second"], "cost": run["server"]["cpu_s"] / run["load"]["cpu_s"],
            "p99": run["latency_us"]["p99"] / 1000}


def slow_readers(up) -> dict:
    run = up.load("slow-reader", "--connections", 50, "--slow", 5, *WINDOW)
    return {"rate": run["requests_per_second"], "p99": run["latency_us"]["p99"] / 1000,
            "memory": (run["memory_after"]["private"] - run["memory_before"]["private"]) / 1024}


def mixed(up) -> dict:
    run = up.load("mixed", "--group", "200x64x1", "--group", "20x1024x16", "--group", "5x16384x4", *WINDOW)
    small, middle, large = run["groups"]
    return {"small": small["requests_per_second"], "p99": small["latency_us"]["p99"] / 1000,
            "bytes": (small["bytes_per_second"] + middle["bytes_per_second"] + large["bytes_per_second"]) / 1e6}


def by_the_clock(up) -> dict:
    run = up.load("--connections", 50, "--rate", 20_000, "--depth", 16, *WINDOW)
    return {"p50": run["latency_us"]["p50"] / 1000, "p99": run["latency_us"]["p99"] / 1000,
            "cpu": run["server"]["cpu_s"] * 1e6 / max(run["requests"], 1)}


TRAFFIC = {
    "accept": (accepts, [("rate", "connect, one message, end: 50 at a time", "accepts/s", True),
                         ("cost", "the same: server's CPU to the generator's", "CPU / CPU", False)]),
    "slow": (slow_readers, [("p99", "50 × 64 B beside 5 slow readers: p99", "ms", False),
                            ("rate", "the same: those at full speed", "req/s", True),
                            ("memory", "the same: the process grew by", "kB", False)]),
    "mixed": (mixed, [("p99", "200 × 64 B beside 20 × 1 kB, depth 16, and 5 × 16 kB, depth 4: p99", "ms", False),
                      ("small", "the same: the 200", "req/s", True), ("bytes", "the same: all", "MB/s", True)]),
    "clock": (by_the_clock, [("p50", "20,000 messages a second by the clock: p50", "ms", False),
                             ("p99", "the same: p99", "ms", False), ("cpu", "the same: CPU a request", "µs", False)]),
}


def measure(bench) -> None:
    say_pinning(bench)
    there = servers(bench)
    for name, (traffic, rows) in TRAFFIC.items():
        failed: set = set()
        cells = {server.column: cell(bench, server, traffic, failed) for server in there}
        found = bench.rounds(cells, 1 if bench.quick else ROUNDS.get(name, 3), name)
        for metric, title, unit, more in rows:
            bench.row(f"{name} {metric}", title, unit, {column: found[column][metric] for column in found
                                                       if column not in failed}, more)


def cell(bench, server, traffic, failed: set):
    def run() -> dict:
        if server.column in failed:
            return {}
        try:
            with running(bench, server) as up:
                return traffic(up)
        except Failed as failure:
            failed.add(server.column)
            bench.skip(str(failure))
            return {}
    return run


SECTION = Section("traffic", "connections that come and go, slow readers, mixed loads", measure, order=35,
                  kinds=("echo", "load", "rust"), in_quick=False)
