"""A request's instructions are counted also for a server that has more threads than valgrind allows unless it is told.

    cmake --build build/bench --target echo load && python3 bench/tests/test_counted_requests.py
"""
# needs: the bench's build
import shutil
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "bench"), str(ROOT / "tools" / "learn")]

from echo_servers import BUILD  # noqa: E402
from run import syscalls  # noqa: E402
from run.children import Children  # noqa: E402
from run.section import Program  # noqa: E402
from run.servers import Server  # noqa: E402


class Bench:
    """As much of the frame as starts a server and the generator."""

    def __init__(self):
        self.children = Children()
        self.start, self.end, self.output_of = self.children.start, self.children.end, self.children.output_of

    def program(self, kind: str, name: str) -> Program:
        return Program(kind, name, str(BUILD / "bin" / kind / name))


class Counted(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.addCleanup(self.bench.children.end_all)

    def server(self, name: str) -> Server:
        program = self.bench.program("echo", name)
        if not Path(program.path).exists() or not shutil.which("valgrind"):
            self.skipTest(f"needs echo/{name} and valgrind")
        return Server(name, program)

    def test_who_has_a_thousand_threads(self):
        counts = syscalls.simulated(self.bench, self.server("thread_each"), syscalls.MANY, 2000, *syscalls.CACHE)
        self.assertGreater(counts["D1mr"], 0)


if __name__ == "__main__":
    unittest.main()
