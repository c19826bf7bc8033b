"""The Rust peers build, do what their command lines say, and count what they measure.

    python3 bench/tests/test_rust_peers.py
"""
# needs: the bench's build
import os
import subprocess
import sys
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH), str(BENCH.parent / "tools" / "learn"), str(BENCH / "tests")]

from echo_servers import BUILD, Running, Server, exchange, pattern  # noqa: E402
from run import rust  # noqa: E402

BUILT: dict = {}
FLAVORS = {"tokio": ("current_thread", "multi_thread:2"), "smol": ("current_thread",)}
EVERYWHERE = ("spawn_await spawn_many yield_1 yield_1000 block_on_ready spawn_blocking timers_create timers_cancel "
              "timers_run parked_bytes_future parked_bytes_coroutine").split()
TOKIOS = ("join_set_1000", "notify_ping_pong", "oneshot_ping_pong")


def setUpModule() -> None:
    BUILT.update(rust.build(BUILD / "rust"))


class RustPeers(unittest.TestCase):
    def program(self, name: str) -> str:
        """The program, if what it is made of is there."""
        if isinstance(BUILT[name], str):
            if BUILT[name].startswith("needs"):
                self.skipTest(f"{name} {BUILT[name]}")
            self.fail(f"{name} {BUILT[name]}")
        return str(BUILT[name])

    def run_it(self, name: str, *words) -> subprocess.CompletedProcess:
        return subprocess.run([self.program(name), *map(str, words)], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)

    def figures(self, name: str, measure: str, count: int, flavor: str) -> tuple:
        result = self.run_it(name, measure, count, "--runtime", flavor)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        words = result.stdout.split()
        self.assertEqual((words[:2], len(words)), ([measure, str(count)], 4), result.stdout)
        return int(words[2]), int(words[3])

    def test_a_second_build_changes_nothing(self) -> None:
        there = set(rust.SOURCES.rglob("*"))
        times = {name: os.stat(path).st_mtime_ns for name, path in BUILT.items() if isinstance(path, Path)}
        again = rust.build(BUILD / "rust")
        self.assertEqual(again, BUILT)
        self.assertEqual({name: os.stat(again[name]).st_mtime_ns for name in times}, times)
        self.assertEqual(set(rust.SOURCES.rglob("*")), there, "cargo wrote into the source tree")

    def test_what_is_not_installed_is_named_with_its_package(self) -> None:
        registry = rust.REGISTRY
        try:
            rust.REGISTRY = Path("/nowhere")
            found = rust.build(BUILD / "rust")
        finally:
            rust.REGISTRY = registry
        self.assertIn("librust-tokio-dev", found["tokio_echo"])
        self.assertIn("librust-smol-dev", found["smol_micro"])

    def test_the_echo_servers_echo(self) -> None:
        for runtime, flavors in FLAVORS.items():
            for flavor in flavors:
                path = self.program(f"{runtime}_echo")
                with Running(Server(f"{runtime}_echo", path, flavor), "--buffer", "1000") as server:
                    message = pattern(100_000)
                    with server.connect() as client:
                        self.assertEqual(exchange(client, message, end=True), message)

    def test_every_measure_is_listed_and_takes_its_number(self) -> None:
        for runtime, flavors in FLAVORS.items():
            for flavor in flavors:
                measures = self.run_it(f"{runtime}_micro", "list", "--runtime", flavor).stdout.split()
                self.assertEqual(set(measures), {*EVERYWHERE, *(TOKIOS if runtime == "tokio" else ())})
                for measure in measures:
                    with self.subTest(runtime=runtime, flavor=flavor, measure=measure):
                        wall, cpu = self.figures(f"{runtime}_micro", measure, 300, flavor)
                        self.assertGreater(wall, 0)
                        self.assertGreater(cpu, 0)

    def test_parked_tasks_take_the_bytes_of_whole_blocks_and_all_of_them(self) -> None:
        for runtime, flavors in FLAVORS.items():
            for flavor in flavors:
                for measure in ("parked_bytes_future", "parked_bytes_coroutine"):
                    few, _ = self.figures(f"{runtime}_micro", measure, 4096, flavor)
                    many, _ = self.figures(f"{runtime}_micro", measure, 3 * 4096, flavor)
                    self.assertEqual(few % 8, 0)
                    self.assertTrue(64 <= few / 4096 <= 512, few)
                    self.assertAlmostEqual(many / few, 3, delta=0.7)

    def test_timers_fire_after_a_second_and_not_before(self) -> None:
        for runtime, flavors in FLAVORS.items():
            wall, cpu = self.figures(f"{runtime}_micro", "timers_run", 500, flavors[0])
            self.assertGreater(wall, 1.15e9)
            self.assertLess(cpu, wall)

    def test_the_demo_hears_every_client(self) -> None:
        for flavor in FLAVORS["tokio"]:
            result = self.run_it("tokio_demo", "--clients", 100, "--runtime", flavor)
            hellos = sum(len(f"Hello, world! from client {n}") for n in range(100))
            self.assertTrue(result.stdout.startswith(f"100 clients, {hellos} bytes, "), result.stdout + result.stderr)

    def test_a_bad_command_line_gets_a_sentence_and_status_2(self) -> None:
        for name, *words in (("tokio_echo",), ("tokio_echo", "--port", "x"), ("tokio_echo", "--port"),
                             ("tokio_echo", "--port", "0", "--runtime", "asio"), ("tokio_echo", "--port", "0", "more"),
                             ("smol_echo", "--port", "0", "--runtime", "multi_thread:2"), ("smol_echo", "--speed", "9"),
                             ("tokio_micro",), ("tokio_micro", "tea", "3"), ("tokio_micro", "yield_1", "some"),
                             ("smol_micro", "notify_ping_pong", "3"), ("smol_micro", "list", "--runtime", "asio"),
                             ("tokio_demo", "--clients", "0"), ("tokio_demo", "more")):
            with self.subTest(command=" ".join((name, *words))):
                result = self.run_it(name, *words)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)


if __name__ == "__main__":
    unittest.main()
