"""Every peer that is built moves the right bytes, has the measures it must have, and does what its operations say.

    ./learn bench --test, or after a build: python3 bench/tests/test_peers.py
"""
# needs: the bench's build
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PBP_BENCH_BUILD") or ROOT / "build" / "bench")
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools" / "learn")]

from run import rust, servers                              # noqa: E402
from run.children import Children                          # noqa: E402
from run.counted import instructions                       # noqa: E402
from run.memory import PARKED, peak_of                     # noqa: E402
from run.micro import BOTH, MEASURES, RUNTIMES, runtime_words    # noqa: E402

PATIENCE = 60   # seconds; nothing here takes them
# What one operation is, in events of the runtime: exactly, but for the yields between, and one more poll after each 128 results.
EVENTS = {
    "spawn_await": {"spawn": 1, "poll": 2, "wake": 1},       # the task, and the one that awaits it
    "spawn_many": {"spawn": 1, "poll": 1},
    "join_set_1000": {"spawn": 1, "poll": 1},
    "yield_1": {"spawn": 0, "poll": 1, "wake": 1},
    "yield_1000": {"spawn": 0, "poll": 1, "wake": 1},
    "block_on_ready": {"spawn": 0, "poll": 0},               # no task: the main future is polled
    "notify_ping_pong": {"spawn": 0, "poll": 2, "wake": 2},  # there and back
    "oneshot_ping_pong": {"spawn": 0, "poll": 2, "wake": 2},
    "spawn_blocking": {"spawn": 1, "blocking": 1},
    "timers_create": {"spawn": 0, "timer_set": 1, "timer_fire": 0},
    "timers_cancel": {"spawn": 0, "timer_set": 1, "timer_fire": 0},
    "timers_run": {"spawn": 0, "timer_set": 1, "timer_fire": 1},
    "parked_bytes_future": {"spawn": 1},
    "parked_bytes_coroutine": {"spawn": 1},
}
ASIO_LACKS = {"parked_bytes_future"}
SMOL_LACKS = {"join_set_1000", "notify_ping_pong", "oneshot_ping_pong"}


def built(kind: str) -> list:
    """(name, path) of what CMake built here, and cargo."""
    listed = BUILD / "programs.txt"
    lines = [line.split("|") for line in listed.read_text().splitlines()] if listed.exists() else []
    found = [(name, path) for of, name, path, _ in lines if of == kind]
    found += [(path.name, str(path)) for path in sorted((BUILD / "rust").rglob(f"release/*_{kind}"))]
    return [(name, path) for name, path in found if path and os.access(path, os.X_OK)]


def said_by(path: str, *words, runtime=None) -> str:
    command = [path, *map(str, words), *runtime_words(runtime)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout


class Running:
    """An echo server, up and listening."""

    def __init__(self, command: list):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rpartition(":")[2])

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client


def pattern(size: int, seed: int = 0) -> bytes:
    """Bytes that differ from those of another seed, and from themselves a little further on."""
    block = bytes((seed * 31 + i * i + (i >> 8) * 7) & 0xff for i in range(4093))
    return (block * (size // len(block) + 1))[:size]


def receive(client: socket.socket, size: int) -> bytes:
    """So many bytes, or what came before the end."""
    answer = bytearray()
    while len(answer) < size:
        part = client.recv(min(size - len(answer), 1 << 16))
        if not part:
            break
        answer += part
    return bytes(answer)


def send_until_refused(client: socket.socket, message: bytes) -> int:
    """How much of the message goes out though nobody reads the answer."""
    client.setblocking(False)
    sent = 0
    while sent < len(message) and select.select([], [client], [], 0.5)[1]:
        sent += client.send(message[sent:sent + (1 << 18)])
    client.settimeout(PATIENCE)
    return sent


class EchoServers(unittest.TestCase):
    def setUp(self) -> None:
        self.servers = [(name, [path, "--port", "0", *runtime_words(runtime)])
                        for name, path in built("echo") for runtime in servers.RUNTIMES.get(name, (None,))]
        if not self.servers:
            self.skipTest("no echo server is built: ./learn bench --test builds them")

    def test_messages_of_all_sizes_come_back(self):
        for name, command in self.servers:
            with self.subTest(name), Running(command) as server, server.connect() as client:
                for size in (1, 64, 1000, 16383, 16384, 16385, 40_000):
                    client.sendall(pattern(size, seed=size))
                    self.assertEqual(receive(client, size), pattern(size, seed=size))

    def test_a_client_that_reads_late_is_not_read_for_ever_and_gets_everything(self):
        message = pattern(32 << 20)
        for name, command in self.servers:
            with self.subTest(name), Running(command) as server, server.connect() as client:
                sent = send_until_refused(client, message)
                self.assertLess(sent, len(message), "the server keeps all that is sent, and never tells the client to wait")
                client.shutdown(socket.SHUT_WR)
                self.assertTrue(receive(client, sent) == message[:sent], "other bytes came back")
                self.assertEqual(client.recv(1), b"")

    def test_many_connections_get_each_its_own(self):
        for name, command in self.servers:
            with self.subTest(name), Running(command) as server:
                clients = [server.connect() for _ in range(300)]
                for number, client in enumerate(clients):
                    client.sendall(pattern(500, seed=number))
                for number, client in reversed(list(enumerate(clients))):
                    self.assertEqual(receive(client, 500), pattern(500, seed=number))
                    client.close()

    def test_each_asks_the_kernel_for_the_same_as_all_others(self):
        if not shutil.which("strace") or subprocess.run(["strace", "-qq", "true"], capture_output=True).returncode:
            self.skipTest("needs strace")
        message = b"which options?" * 4
        for name, command in self.servers:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                log = Path(folder, "log")
                traced = "trace=setsockopt,listen,read,recvfrom,recvmsg,readv"
                with Running(["strace", "-D", "-f", "-qq", "-e", traced, "-o", log, *command]) as server:
                    with server.connect() as client:
                        client.sendall(message)
                        self.assertEqual(receive(client, len(message)), message)
                text = log.read_text(errors="replace")
                self.assertRegex(text, r"setsockopt\(\d+, SOL_SOCKET, SO_REUSEADDR, \[1\], 4\) = 0")
                self.assertRegex(text, r"setsockopt\(\d+, SOL_TCP, TCP_NODELAY, \[1\], 4\) = 0")
                self.assertEqual(set(re.findall(r"listen\(\d+, (\d+)\)", text)), {"4096"})
                read = next(line for line in text.splitlines() if message[:14].decode() in line and f"= {len(message)}" in line)
                room = re.search(r"iov_len=(\d+)", read) or re.search(r'"(?:\.\.\.)?, (\d+)', read)
                self.assertEqual(room.group(1), "16384")


class MicroPeers(unittest.TestCase):
    def setUp(self) -> None:
        self.programs = [(name, path, runtime) for name, path in built("micro") for runtime in RUNTIMES.get(name, (None,))]
        if not self.programs:
            self.skipTest("no micro program is built: ./learn bench --test builds them")

    def test_each_has_its_measures_and_answers_as_agreed(self):
        for name, path, runtime in self.programs:
            lacks = ASIO_LACKS if name == "asio" else SMOL_LACKS if name == "smol_micro" else set()
            listed = said_by(path, "list", runtime=runtime).split()
            self.assertEqual(set(listed), {*MEASURES, *PARKED} - lacks, name)
            for measure in listed:
                with self.subTest(name, runtime=runtime, measure=measure):
                    said = said_by(path, measure, 1234, runtime=runtime)
                    self.assertRegex(said, rf"^{measure} 1234 [1-9]\d* [1-9]\d*\n$")
                    wall, second = map(int, said.split()[2:])
                    if measure == "timers_run":                 # the last of them fires 1.2 s after the start
                        self.assertTrue(1.15e9 < wall < 4e9 and second < wall, said)
                    elif measure in PARKED:                     # whole blocks of malloc's, and all of them
                        self.assertTrue(wall % 8 == 0 and 64 <= wall / 1234 <= 2000, said)

    def test_one_operation_is_what_it_says(self):
        program = BUILD / "bin" / "tests" / "micro-counts"
        for measure, events in EVENTS.items():
            few, many = ({name: int(number) for name, number in re.findall(r"(\w+) (\d+)", said_by(program, measure, count))}
                         for count in (2000, 4000))
            for event, expected in events.items():
                with self.subTest(measure=measure, event=event):
                    self.assertAlmostEqual((many[event] - few[event]) / 2000, expected, delta=0.01)

    def test_instructions_grow_with_n_and_only_with_n(self):
        if not shutil.which("valgrind"):
            self.skipTest("needs valgrind")
        for name, path, runtime in self.programs:
            if runtime in (None, "current_thread"):
                few, some, many = (instructions(Children(), path, "yield_1", count, runtime) for count in (2000, 4000, 6000))
                self.assertAlmostEqual((some - few) / (many - some), 1, delta=0.02, msg=name)
                self.assertGreater(some - few, 2000 * 100)


class OtherPrograms(unittest.TestCase):
    def test_grow_answers_as_micro_does(self):
        for _, path in built("grow"):
            for runtime in BOTH:
                for measure in ("tasks", "timers", "deep_wake"):
                    self.assertRegex(said_by(path, measure, 100, runtime=runtime), rf"^{measure} 100 [1-9]\d* [1-9]\d*\n$")

    def test_the_demos_hear_every_client(self):
        for name, path in built("demo"):
            words = ["demo"] if name == "rt" else []
            for runtime in BOTH:
                self.assertGreater(peak_of(said_by(path, *words, "--clients", 100, runtime=runtime), 100), 500)

    def test_the_demo_contains_the_standard_library(self):
        path = dict(built("demo")).get("rt")
        if path is None:
            self.skipTest("the demo is not built")
        libraries = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        self.assertNotRegex(libraries, r"stdc\+\+|fmt|gcc_s")

    def test_cargo_writes_nothing_into_the_sources(self):
        before = set(rust.SOURCES.rglob("*"))
        rust.build(BUILD / "rust")
        self.assertEqual(set(rust.SOURCES.rglob("*")), before)


if __name__ == "__main__":
    unittest.main()
