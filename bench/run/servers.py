"""The echo servers of all peers, and the load generator against one of them.

With two cores or more, the generator is pinned to the last one and a server of one thread to the first. A server of several
threads has the first two, so on a machine with two cores it shares one with the generator. Without that, the scheduler would
move both about, differently in each run.
"""
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from .children import Failed, first_line
from .micro import BOTH
from .section import Program

RUNTIMES = {"rt": BOTH, "tokio_echo": BOTH}
YARDSTICK = "epoll_level"


@dataclass(frozen=True)
class Server:
    """A program and the runtime it is started with; `column` is its name in the tables."""
    column: str
    program: Program
    runtime: str = ""

    def command(self) -> list:
        return [self.program.path, "--port", "0", *(["--runtime", self.runtime] if self.runtime else [])]

    def several_threads(self) -> bool:
        return self.runtime.startswith("multi_thread")


def column_of(name: str, runtime: str = "") -> str:
    """rt current_thread, tokio multi_thread:2, smol: as in the micro section."""
    title = name.removesuffix("_echo")
    return f"{title} {runtime}" if runtime else title


def servers(bench) -> list:
    """All that are built, ours and the yardstick first; one that does not start with its options is left out."""
    found = [Server(column_of(program.name, runtime), program, runtime)
             for program in bench.programs("echo") for runtime in RUNTIMES.get(program.name, ("",))]
    starting = []
    for server in found:
        try:
            with running(bench, server):
                starting.append(server)
        except Failed as failure:
            bench.skip(f"{server.column}: {failure}")
    return sorted(starting, key=lambda server: (server.column != YARDSTICK, not server.column.startswith("rt"), server.column))


def cores_for(server: Server) -> tuple:
    """(the server's cores, the generator's); (None, None) where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None, None
    return (set(cores[:2]) if server.several_threads() else {cores[0]}), {cores[-1]}


def pinned(cores):
    return (lambda: os.sched_setaffinity(0, cores)) if cores else None


def say_pinning(bench) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        bench.note("Server and load generator share the only core.")
    else:
        bench.note("The load generator has a core to itself, and so has a server with one thread. A server with two threads has two "
                   "cores. On a machine with two cores, one of them is the generator's.")


@dataclass(frozen=True)
class Running:
    bench: object
    server: Server
    port: int
    pid: int

    def load(self, *words, seconds: float = 60) -> dict:
        """One run of the generator against it; Failed if an answer was wrong, or it stood still."""
        program = self.bench.program("load", "load")
        command = [program.path, *words, "--server", f"127.0.0.1:{self.port}", "--server-pid", self.pid]
        try:
            line = self.bench.output_of(command, seconds, preexec_fn=pinned(cores_for(self.server)[1]))
        except Failed as failure:
            said = f"the load generator gave up: {failure.said}"
            raise Failed(f"{self.server.column}: {said}") from None
        return json.loads(line)


@contextmanager
def running(bench, server: Server, before: tuple = ()) -> Iterator[Running]:
    """The server, listening; `before` is put before its command (strace, valgrind)."""
    child = bench.start([*before, *server.command()], preexec_fn=pinned(cores_for(server)[0]))
    try:
        line = first_line(child)
        while before and line is not None and not line.startswith("listening on"):
            line = first_line(child)
        if line is None or not line.startswith("listening on 127.0.0.1:"):
            raise Failed(f"{server.program.name} says '{line or 'nothing'}' and not where it listens")
        yield Running(bench, server, int(line.rpartition(":")[2]), child.pid)
    finally:
        bench.end(child)
