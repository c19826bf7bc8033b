"""What an echo request costs that does not depend on the day: system calls (strace) and user-mode instructions (callgrind).

A server answers a fixed number of requests twice, once more of them than the other time. The difference of the counts, divided by the
difference of the requests, leaves out the start, the coming of the connections, and their end.
"""
import os
import re
import signal
import tempfile
import time
from pathlib import Path

from .children import Failed
from .counted import CALLGRIND, collected
from .servers import Running, running

CONNECTIONS = 50
TRACED = (4000, 24_000)         # requests; several threads wake each other more or less often, so many of them
SIMULATED = (2000, 6000)
PATIENCE = 20                   # seconds


def end(bench, up: Running, pid: int) -> None:
    """Ends the server by SIGTERM, so that the tool that counts writes down its figures and ends too."""
    child = next(one for one in bench.children.alive if one.pid == up.pid)
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while child.poll() is None:
        if time.monotonic() > deadline:
            raise Failed(f"{up.server.column} does not end within {PATIENCE} s of SIGTERM")
        time.sleep(0.01)


def strace_counts(text: str) -> int:
    """All calls in the table that `strace -c` writes: % time, seconds, usecs/call, calls, (errors,) name."""
    lines = [line.split() for line in text.splitlines()]
    return sum(int(line[3]) for line in lines
               if len(line) in (5, 6) and re.fullmatch(r"[\d.]+", line[0]) and line[-1] != "total")


def traced(bench, server, requests: int) -> int:
    """The system calls of a server's whole life in which it answered so many requests."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "strace.txt")
        with running(bench, server, before=("strace", "-f", "-q", "-c", "-o", str(out))) as up:
            below_strace = Path(f"/proc/{up.pid}/task/{up.pid}/children").read_text().split()[0]
            up.load("--connections", CONNECTIONS, "--size", 64, "--requests", requests)
            end(bench, up, int(below_strace))
        return strace_counts(out.read_text())


def simulated(bench, server, requests: int) -> int:
    """The user-mode instructions of a server's whole life in which it answered so many requests."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with running(bench, server, before=(*CALLGRIND, f"--log-file={log}")) as up:
            up.load("--connections", CONNECTIONS, "--size", 64, "--requests", requests, "--timeout", 30)
            end(bench, up, up.pid)
        return collected(log.read_text(), server.column)


def calls_a_request(bench, server) -> float:
    few, many = (traced(bench, server, count) for count in TRACED)
    return (many - few) / (TRACED[1] - TRACED[0])


def instructions_a_request(bench, server) -> float:
    few, many = (simulated(bench, server, count) for count in SIMULATED)
    return (many - few) / (SIMULATED[1] - SIMULATED[0])
