"""The load generator notices what a server does wrong, and measures what it says it measures.

    ./learn bench --test, or after a build: python3 bench/tests/test_load.py
"""
# needs: the bench's build
import json
import os
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

BUILD = Path(os.environ.get("PBP_BENCH_BUILD") or Path(__file__).resolve().parents[2] / "build" / "bench")
LOAD = BUILD / "bin" / "load" / "load"
PATIENCE = 60
# A server in a process of its own that keeps so many bytes of memory, all touched, for each connection.
HOARDER = """
import select, socket, sys
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
poll = select.epoll()
poll.register(listener, select.EPOLLIN)
clients = {}
while True:
    for fd, _ in poll.poll():
        if fd == listener.fileno():
            client, _ = listener.accept()
            clients[client.fileno()] = (client, bytearray(b"x") * int(sys.argv[1]))
            poll.register(client, select.EPOLLIN)
        else:
            data = clients[fd][0].recv(65536)
            if data:
                clients[fd][0].sendall(data)
            else:
                poll.unregister(fd)
                clients.pop(fd)[0].close()
"""


class Server:
    """An echo server of the test's own: calls handle(connection) in a thread for each client."""

    def __init__(self, handle):
        self.handle = handle
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.clients: list = []
        self.threads = [threading.Thread(target=self.accept)]

    def __enter__(self) -> "Server":
        self.threads[0].start()
        return self

    def __exit__(self, *_) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.threads[0].join()
        for client in self.clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads[1:]:
            thread.join()
        self.listener.close()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.clients.append(client)
            self.threads.append(threading.Thread(target=self.serve, args=(client,)))
            self.threads[-1].start()

    def serve(self, client: socket.socket) -> None:
        try:
            self.handle(client)
        except OSError:
            pass
        finally:
            client.close()


def read(client: socket.socket, size: int) -> bytes:
    """So many bytes, or what came before the end."""
    data = b""
    while len(data) < size:
        part = client.recv(size - len(data))
        if not part:
            break
        data += part
    return data


def echo(client: socket.socket) -> None:
    while data := client.recv(1 << 16):
        client.sendall(data)


def spoiled(spoil, goes_on: bool = True):
    """Echoes the greeting of 32 bytes and one message of 64; answers the second message by spoil(message); then echoes on."""
    def handle(client: socket.socket) -> None:
        client.sendall(read(client, 32))
        client.sendall(read(client, 64))
        client.sendall(spoil(read(client, 64)))
        if goes_on:
            echo(client)
    return handle


def flipped(message: bytes) -> bytes:
    return message[:40] + bytes([message[40] ^ 1]) + message[41:]


class Delayed:
    """Answers each message, or message `only`, when `seconds` have passed on its own clock since it was read."""

    def __init__(self, seconds: float, only: int = -1):
        self.seconds, self.only, self.count = seconds, only, 0

    def __call__(self, client: socket.socket) -> None:
        client.sendall(read(client, 32))
        while message := read(client, 64):
            begin = time.monotonic()
            while self.only in (-1, self.count) and time.monotonic() - begin < self.seconds:
                time.sleep(self.seconds / 10)
            self.count += 1
            client.sendall(message)


@unittest.skipUnless(LOAD.exists(), "the load generator is not built: ./learn bench --test builds it")
class LoadTest(unittest.TestCase):
    def against(self, port: int, *words) -> dict:
        """The JSON of a run, and what went wrong in it: `fault`."""
        done = subprocess.run([str(LOAD), *map(str, words), "--server", f"127.0.0.1:{port}"], capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertEqual(done.returncode == 1, done.stderr != "")
        return {**json.loads(done.stdout), "fault": done.stderr.strip()}

    def of(self, handle, *words) -> dict:
        with Server(handle) as server:
            return self.against(server.port, *words)


class Faults(LoadTest):
    def fault(self, handle, *words) -> str:
        return self.of(handle, "--connections", 1, "--requests", 10, "--timeout", 0.5, *words)["fault"]

    def test_none_with_a_good_server(self):
        self.assertEqual((self.fault(echo), self.fault(echo, "--depth", 4)), ("", ""))

    def test_a_wrong_byte(self):
        self.assertEqual(self.fault(spoiled(flipped)), "connection 0: byte 136 came back wrong")
        self.assertIn("came back wrong", self.fault(spoiled(lambda message: message[:10] + message[11:])))
        accept = ("accept", "--connections", 1, "--requests", 1, "--size", 160)
        for words in (accept, ("slow-reader", "--slow", 1, "--seconds", 0.2)):
            self.assertIn("came back wrong", self.of(spoiled(flipped), *words)["fault"])

    def test_a_lost_message(self):
        self.assertIn("no answer to 1 messages", self.fault(spoiled(lambda _: b"")))
        self.assertIn("came back wrong", self.fault(spoiled(lambda _: b""), "--depth", 4))

    def test_an_answer_given_twice(self):
        self.assertIn("64 bytes more than it had sent", self.fault(spoiled(lambda message: message * 2)))
        self.assertIn("64 bytes more than it had sent", self.fault(spoiled(lambda message: message * 2), "--requests", 2))

    def test_closed_early_or_never(self):
        self.assertIn("with 64 bytes unanswered", self.fault(spoiled(lambda message: message, goes_on=False)))
        self.assertIn("with 44 bytes unanswered", self.fault(spoiled(lambda message: message[:20], goes_on=False)))
        over = threading.Event()

        def never_closed(client: socket.socket) -> None:
            echo(client)
            over.wait()

        with Server(never_closed) as server:
            found = self.against(server.port, "--connections", 3, "--requests", 10, "--timeout", 0.5)
            over.set()
        self.assertEqual((found["fault"], found["errors"]), ("the server keeps a connection that the client has ended", 3))

    def test_nobody_there(self):
        with Server(echo) as server:
            port = server.port
        self.assertIn("connect", self.against(port)["fault"])


class Figures(LoadTest):
    def test_as_many_requests_as_were_ordered(self):
        for words in ([], ["--depth", 7], ["--size", 5000, "--depth", 3]):
            self.assertEqual(self.of(echo, "--connections", 5, "--requests", 1001, *words)["requests"], 1001)
        self.assertEqual(self.of(echo, "accept", "--requests", 40, "--connections", 4)["accepts"], 40)

    def test_groups(self):
        found = self.of(echo, "mixed", "--group", "2x64x1", "--group", "1x20000x3", "--seconds", 0.2)
        self.assertEqual([(g["connections"], g["size"], g["depth"]) for g in found["groups"]], [(2, 64, 1), (1, 20000, 3)])
        self.assertEqual(found["requests"], sum(g["requests"] for g in found["groups"]))
        self.assertTrue(all(g["requests"] > 0 for g in found["groups"]))

    def test_slow_readers_are_slow(self):
        fast, slow = self.of(echo, "slow-reader", "--connections", 2, "--slow", 2, "--seconds", 0.5)["groups"]
        self.assertTrue(10_000 < slow["bytes_per_second"] < 100_000, slow)
        self.assertGreater(fast["requests"], 50)

    def test_a_delay_that_the_server_measured(self):
        found = self.of(Delayed(0.02), "--connections", 1, "--requests", 10)["latency_us"]
        self.assertTrue(20_000 <= found["p50"] < 220_000 and found["max"] >= found["p99"] >= found["p50"], found)
        # Four messages are in flight and each takes 10 ms: whoever is last in line waits for 40.
        deep = self.of(Delayed(0.01), "--connections", 1, "--depth", 4, "--requests", 20)["latency_us"]
        self.assertGreaterEqual(deep["p50"], 39_000)

    def test_one_stall_is_seen_by_all_it_delays(self):
        """By the clock, 200 messages a second: a stall of 0.3 s delays some 60 of 120, so half of them wait, not one."""
        found = self.of(Delayed(0.3, only=20), "--connections", 1, "--rate", 200, "--seconds", 0.6, "--warmup", 0)
        self.assertGreaterEqual(found["latency_us"]["max"], 290_000)
        self.assertGreaterEqual(found["latency_us"]["p99"], 200_000)

    def test_what_is_never_answered_counts_at_its_age(self):
        until = threading.Event()

        def silent(client: socket.socket) -> None:
            client.sendall(read(client, 32))
            until.wait()

        with Server(silent) as server:
            found = self.against(server.port, "--connections", 1, "--rate", 100, "--seconds", 0.4, "--warmup", 0, "--timeout", 1)
            until.set()
        self.assertEqual(found["requests"], 0)
        self.assertAlmostEqual(found["unanswered"], 40, delta=15)
        self.assertGreaterEqual(found["latency_us"]["max"], 350_000)

    def test_the_servers_cpu_time_is_what_it_says_itself(self):
        with Server(echo) as server:
            begin = time.process_time()
            found = self.against(server.port, "--connections", 4, "--seconds", 0.5, "--server-pid", os.getpid())
            used = time.process_time() - begin
        self.assertTrue(0.005 < found["server"]["cpu_s"] <= used, (found, used))
        self.assertTrue(0.005 < found["load"]["cpu_s"] <= found["seconds"] * 1.1, found)

    def test_idle_memory(self):
        """40,000 bytes more to a connection are 40,000 bytes more in the figure."""
        found = []
        for size in (0, 40_000):
            server = subprocess.Popen([sys.executable, "-c", HOARDER, str(size)], stdout=subprocess.PIPE, text=True)
            try:
                port = int(server.stdout.readline())
                found.append(self.against(port, "idle", "--connections", 400, "--server-pid", server.pid)["bytes_per_connection"])
            finally:
                server.kill()
                server.wait()
                server.stdout.close()
        self.assertAlmostEqual(found[1] - found[0], 40_000, delta=1500)


if __name__ == "__main__":
    unittest.main()
