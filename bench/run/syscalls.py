"""What a request costs that does not depend on the day: system calls (strace) and user-mode instructions (callgrind).

A fixed number of requests is answered twice, once more of them than the other time; the difference of what was counted,
over the difference of the requests, leaves out start-up, the connections' coming and their end.
"""
import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Callable

from .children import Failed
from .section import Section
from .servers import Running, running, servers

CONNECTIONS = 50
COUNTS = (2000, 6000)           # requests; with callgrind, or quick
LONGER = (4000, 24_000)         # several threads wake each other more or less often: that needs more of them
MANY, MANY_COUNTS = 1000, (4000, 12_000)
CACHE = ("--cache-sim=yes", "--I1=32768,8,64", "--D1=49152,12,64", "--LL=8388608,16,64")
PATIENCE = 20                   # seconds
STRACE = "system calls are not counted: strace counts them (Debian: strace)"
INSTRUCTIONS = f"{CONNECTIONS} × 64 B: instructions in user mode a request"
LINES = f"{MANY:,} × 64 B: cache lines missed in user mode a request, simulated"
VALGRIND = "instructions are not counted: callgrind counts them (Debian: valgrind)"
THREADS = f"--max-threads={MANY + 100}"  # valgrind ends a program that has more, and without this word 500 are too many


def children_of(parent: int) -> list:
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry))
        except OSError:
            continue
    return found


def ended(bench, up: Running, pid: int) -> None:
    """The server ends by SIGTERM; whoever counted writes down what, and ends too."""
    child = next(one for one in bench.children.alive if one.pid == up.pid)
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while child.poll() is None:
        if time.monotonic() > deadline:
            raise Failed(f"{up.server.column} does not end", f"it does not end within {PATIENCE} s of being told to")
        time.sleep(0.01)


def strace_counts(text: str) -> dict:
    """{name: calls} of the table that `strace -c` writes: % time, seconds, usecs/call, calls, (errors,) name."""
    lines = [line.split() for line in text.splitlines()]
    return {line[-1]: int(line[3]) for line in lines
            if len(line) in (5, 6) and re.fullmatch(r"[\d.]+", line[0]) and line[-1] != "total"}


def traced(bench, server, requests: int, depth: int) -> dict:
    """The system calls of a server's whole life in which it answered so many requests."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "strace.txt")
        with running(bench, server, before=("strace", "-f", "-q", "-c", "-o", str(out))) as up:
            pid = children_of(up.pid)[0]
            up.load("--connections", CONNECTIONS, "--size", 64, "--depth", depth, "--requests", requests)
            ended(bench, up, pid)
        return strace_counts(out.read_text())


def calls_a_request(bench, server, depth: int, counts: tuple) -> dict:
    """{name: calls a request}. At depth 16 a call answers up to 16: so many more requests are needed."""
    few, many = (traced(bench, server, count * depth, depth) for count in counts)
    more = {name: (many.get(name, 0) - few.get(name, 0)) / (counts[1] - counts[0]) / depth for name in {**many, **few}}
    return {name: count for name, count in more.items() if abs(count) >= 0.0005}


def simulated(bench, server, connections: int, requests: int, *options: str) -> dict:
    """{event: count} of a server's whole life in which it answered so many requests; Ir are user-mode instructions."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind.out")
        before = ("valgrind", "--tool=callgrind", "-q", f"--callgrind-out-file={out}", THREADS, *options)
        with running(bench, server, before=before) as up:
            up.load("--connections", connections, "--size", 64, "--requests", requests, "--timeout", 30)
            ended(bench, up, up.pid)
        return callgrind_counts(out.read_text() if out.exists() else "")


def callgrind_counts(text: str) -> dict:
    events = re.search(r"^events: (.*)$", text, re.M)
    counts = re.search(r"^(?:totals|summary): ([\d ]+)$", text, re.M)
    if not events or not counts:
        raise Failed("callgrind has counted nothing")
    return dict(zip(events.group(1).split(), map(int, counts.group(1).split())))


def instructions_a_request(bench, server) -> float:
    few, many = (simulated(bench, server, CONNECTIONS, count)["Ir"] for count in COUNTS)
    return (many - few) / (COUNTS[1] - COUNTS[0])


def lines_a_request(bench, server) -> float:
    """Cache lines that a request at 1,000 connections does not find in a first cache of 48 kB: what is kept for a connection,
    and how often it is come back to."""
    few, many = (simulated(bench, server, MANY, count, *CACHE) for count in MANY_COUNTS)
    return sum(many[event] - few[event] for event in ("D1mr", "D1mw")) / (MANY_COUNTS[1] - MANY_COUNTS[0])


def measure(bench) -> None:
    there = servers(bench)
    tools = {tool for tool in ("strace", "valgrind") if shutil.which(tool)}
    for tool, words in (("strace", STRACE), ("valgrind", VALGRIND)):
        if tool not in tools:
            bench.skip(words)
    for server in there:
        if "strace" in tools:
            for depth in (1,) if bench.quick else (1, 16):
                counted(bench, server, "strace", calls_title(depth), count_calls, depth)
        if "valgrind" in tools and not bench.quick:
            counted(bench, server, "callgrind", INSTRUCTIONS, one_figure, "instructions", instructions_a_request)
            counted(bench, server, "callgrind", LINES, one_figure, "lines", lines_a_request)


def counted(bench, server, tool: str, title: str, count: Callable, *words) -> None:
    """A server in one row. Where the tool comes to no figure it has a dash there, and a line says why."""
    try:
        count(bench, server, title, *words)
    except Failed as failure:
        bench.skip(f"{server.column} has a dash at \"{title}\": run by {tool}, {failure.said}")


def one_figure(bench, server, title: str, name: str, figure: Callable) -> None:
    """In a row whose name is its unit."""
    bench.row(name, title, name, {server.column: figure(bench, server)})


def calls_title(depth: int) -> str:
    return f"{CONNECTIONS} × 64 B{f', depth {depth}' if depth > 1 else ''}: system calls a request"


def count_calls(bench, server, title: str, depth: int) -> None:
    calls = calls_a_request(bench, server, depth, COUNTS if bench.quick else LONGER)
    bench.row("calls" if depth == 1 else "calls deep", title, "calls", {server.column: sum(calls.values())})
    if depth == 1:
        listed = sorted(calls.items(), key=lambda item: -item[1])
        bench.note(f"{server.column}: " + ", ".join(f"{name} {count:.2f}" for name, count in listed if count >= 0.005))


SECTION = Section("calls", "system calls and instructions of a request", measure, order=25, kinds=("echo", "load", "rust"))
