"""Each echo server that is built echoes right: one set of tests for every one of them.

    cmake --build build/bench --target echo && python3 bench/tests/test_echo_peers.py
"""
# needs: the bench's build
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from echo_servers import (PATIENCE, Running, Server, built, exchange, pattern, receive, reset,  # noqa: E402
                          send_until_refused)

MEGABYTE = 1 << 20


class Echo:
    """Mixed into a TestCase for each server."""
    server: Server

    def assert_echoed(self, sent: bytes, got: bytes) -> None:
        if sent == got:
            return
        same = next((i for i, (a, b) in enumerate(zip(sent, got)) if a != b), min(len(sent), len(got)))
        self.fail(f"{len(sent)} bytes sent and {len(got)} received; they differ from byte {same} on")

    def test_small_messages(self):
        with Running(self.server) as running, running.connect() as client:
            for size in (1, 2, 64, 1000, 1024):
                message = pattern(size, seed=size)
                client.sendall(message)
                self.assert_echoed(message, receive(client, size))

    def test_messages_around_the_size_of_the_buffer(self):
        with Running(self.server, "--buffer", "100") as running, running.connect() as client:
            for size in (99, 100, 101, 200, 201, 1000):
                message = pattern(size, seed=size)
                client.sendall(message)
                self.assert_echoed(message, receive(client, size))

    def test_many_megabytes(self):
        message = pattern(8 * MEGABYTE)
        with Running(self.server) as running, running.connect() as client:
            self.assert_echoed(message, exchange(client, message, end=False))

    def test_a_client_that_does_not_read_is_not_read_for_ever(self):
        message = pattern(32 * MEGABYTE)
        with Running(self.server) as running, running.connect() as client:
            sent = send_until_refused(client, message)
            self.assertLess(sent, len(message), "the server keeps all that is sent, and never tells the client to wait")
            client.shutdown(socket.SHUT_WR)
            self.assert_echoed(message[:sent], receive(client, sent))
            self.assertEqual(client.recv(1), b"")

    def test_half_close_still_gets_everything(self):
        for size in (0, 1, 1000, 2 * MEGABYTE):
            message = pattern(size, seed=size)
            with Running(self.server) as running, running.connect() as client:
                if size == 0:
                    client.shutdown(socket.SHUT_WR)
                    self.assertEqual(client.recv(1), b"")
                else:
                    self.assert_echoed(message, exchange(client, message, end=True))

    def test_many_connections(self):
        with Running(self.server) as running:
            clients = [running.connect() for _ in range(300)]
            try:
                for turn in range(3):
                    for number, client in enumerate(clients):
                        client.sendall(pattern(500, seed=number + turn))
                    for number, client in reversed(list(enumerate(clients))):
                        self.assert_echoed(pattern(500, seed=number + turn), receive(client, 500))
            finally:
                for client in clients:
                    client.close()
            with running.connect() as client:
                client.sendall(b"still there?")
                self.assertEqual(receive(client, 12), b"still there?")

    def test_a_reset_hurts_nobody_else(self):
        with Running(self.server) as running:
            other = running.connect()
            for size in (1, 4 * MEGABYTE):
                client = running.connect()
                send_until_refused(client, pattern(size))
                reset(client)
            reset(running.connect())
            other.sendall(b"still there?")
            self.assertEqual(receive(other, 12), b"still there?")
            other.close()
            self.assertTrue(running.is_alive())

    def test_a_wrong_option_is_one_sentence_and_status_2(self):
        for words in (("--port", "x"), ("--port", "70000"), ("--port",), ("--buffer", "0"), ("--what", "1"),
                      ("--runtime", "none")):
            run = subprocess.run([self.server.path, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 timeout=PATIENCE)
            self.assertEqual(run.returncode, 2, f"{words}: {run.stderr}")
            self.assertEqual(run.stdout, "", words)
            self.assertEqual(len(run.stderr.strip().splitlines()), 1, f"{words}: {run.stderr}")

    def test_it_asks_the_kernel_for_the_same_as_all_others(self):
        if not shutil.which("strace") or subprocess.run(["strace", "-qq", "true"], capture_output=True).returncode:
            self.skipTest("needs strace")
        message = b"which options?" * 4
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "log")
            before = ("strace", "-D", "-f", "-qq", "-e", "trace=setsockopt,listen,read,recvfrom,recvmsg,readv", "-o", str(log))
            with Running(self.server, before=before) as running, running.connect() as client:
                client.sendall(message)
                self.assertEqual(receive(client, len(message)), message)
            text = log.read_text(errors="replace")
        self.assertRegex(text, r"setsockopt\(\d+, SOL_SOCKET, SO_REUSEADDR, \[1\], 4\) = 0")
        self.assertRegex(text, r"setsockopt\(\d+, SOL_TCP, TCP_NODELAY, \[1\], 4\) = 0")
        self.assertEqual(set(re.findall(r"listen\(\d+, (\d+)\)", text)), {"1024"})
        read = next(line for line in text.splitlines() if message[:14].decode() in line and f"= {len(message)}" in line)
        room = re.search(r"iov_len=(\d+)", read) or re.search(r'"(?:\.\.\.)?, (\d+)', read)
        self.assertEqual(room.group(1), "16384")

    def test_sigterm_ends_it_in_the_middle_of_everything(self):
        with Running(self.server) as running, running.connect() as client:
            send_until_refused(client, pattern(MEGABYTE))
            running.end()
            self.assertFalse(running.is_alive())


SERVERS = built()
for each in SERVERS:
    title = "Test_" + each.title.replace(":", "_")
    globals()[title] = type(title, (Echo, unittest.TestCase), {"server": each})


if not SERVERS:
    class NoServers(unittest.TestCase):
        @unittest.skip("no echo server is built: cmake -S bench -B build/bench -G Ninja && cmake --build build/bench")
        def test_nothing(self):
            pass


if __name__ == "__main__":
    unittest.main()
