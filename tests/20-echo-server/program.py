"""Lesson 20's program, met by real clients: the server under load, with bad clients, and at its end; and the demo."""
import contextlib
import os
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402
from program_test import PATIENCE, SANITIZERS  # noqa: E402


def run(*arguments):
    return program.run(*arguments, timeout=4 * PATIENCE)


HAS_ASIO = "built without Asio" not in run("demo", "--clients", "1", "--runtime", "asio").stderr
RUNTIMES = ["current_thread", "multi_thread:2", "poll_loop"] + (["asio"] if HAS_ASIO else [])


class Server(program.Server):
    def __init__(self, *arguments, addr="127.0.0.1:0", **options):
        super().__init__("serve", "--addr", addr, *arguments, **options)

    def send(self, number):
        self.process.send_signal(number)
        # ThreadSanitizer keeps a signal back that comes just before its thread falls asleep, until the next one.
        for _ in range(5 if "thread" in SANITIZERS else 0):
            try:
                self.process.wait(0.3)
            except subprocess.TimeoutExpired:
                if self.listens():
                    self.process.send_signal(number)

    def listens(self):
        """Asks the kernel, because a connection would be counted as a client."""
        host, port = self.address
        table, family = ("tcp6", socket.AF_INET6) if ":" in host else ("tcp", socket.AF_INET)
        address = socket.inet_pton(family, host)
        words = "".join(address[at:at + 4][::-1].hex() for at in range(0, len(address), 4))  # in the processor's byte order
        listening = [f"{words}:{port:04x}".upper(), "0A"]
        return any(line.split()[1:4:2] == listening for line in Path("/proc/net", table).read_text().splitlines())

    def stop(self, number=signal.SIGINT):
        """Sends the signal and returns what the server said and its status."""
        self.send(number)
        return self.end()


def receive(client, count):
    """`count` bytes, or what there was before the end."""
    data = bytearray()
    while len(data) < count:
        part = client.recv(min(65536, count - len(data)))
        if not part:
            break
        data += part
    return bytes(data)


def is_answered(client, text=b"ping"):
    client.sendall(text)
    return receive(client, len(text)) == text


class Echo(unittest.TestCase):
    def test_every_byte_comes_back_on_each_runtime(self):
        for runtime in RUNTIMES:
            with self.subTest(runtime=runtime), Server("--runtime", runtime) as server, server.connect() as client:
                for text in (b"x", b"hello\n", bytes(range(256)), b"\0" * 5000):
                    client.sendall(text)
                    self.assertEqual(receive(client, len(text)), text)
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(client.recv(1), b"")
                self.assertEqual(server.stop(), ("stopped after 1 client\n", "", 0))

    def test_a_client_that_sends_all_before_it_reads(self):
        # More than the sockets' buffers hold: the server must go on writing while the client still sends.
        text = os.urandom(1 << 20)
        with Server() as server, server.connect() as client:
            sent, received = 0, bytearray()
            client.setblocking(False)
            while len(received) < len(text):
                readable, writable, _ = select.select([client], [client] if sent < len(text) else [], [], PATIENCE)
                self.assertTrue(readable or writable, "the connection stands still")
                if writable:
                    sent += client.send(text[sent:sent + 65536])
                    if sent == len(text):
                        client.shutdown(socket.SHUT_WR)
                if readable:
                    received += client.recv(65536)
            self.assertEqual(bytes(received), text)
            client.setblocking(True)
            self.assertEqual(client.recv(1), b"")

    def test_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("this machine has no ::1")
        with Server(addr="[::1]:0") as server, server.connect() as client:
            self.assertTrue(is_answered(client))


class BadClients(unittest.TestCase):
    def test_one_that_never_reads_harms_nobody(self):
        for runtime in RUNTIMES:
            with self.subTest(runtime=runtime), \
                    Server("--runtime", runtime, "--drain-timeout", "1") as server, server.connect() as deaf:
                deaf.setblocking(False)
                try:
                    while select.select([], [deaf], [], 0.5)[1]:  # until the server has no room for more
                        deaf.send(b"x" * 65536)
                except BlockingIOError:
                    pass
                with server.connect() as other:
                    self.assertTrue(is_answered(other))
                # It has data that nobody reads: the server gives it up when the time for that is over.
                out, err, status = server.stop()
                self.assertEqual((err, status), ("", 0))

    def test_one_that_resets_harms_nobody(self):
        with Server() as server, server.connect() as other:
            for _ in range(50):
                rude = server.connect()
                rude.sendall(b"x" * 1000)
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                rude.close()
                self.assertTrue(is_answered(other))
            self.assertEqual(server.stop(), ("stopped after 51 clients\n", "", 0))

    def test_one_that_half_closes_gets_its_answer(self):
        with Server() as server, server.connect() as client:
            client.sendall(b"last words")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(receive(client, 100), b"last words")

    def test_one_that_is_idle_is_shown_the_door(self):
        with Server("--idle-timeout", "1") as server, server.connect() as idle:
            self.assertTrue(is_answered(idle))
            self.assertEqual(idle.recv(1), b"")


class Limits(unittest.TestCase):
    def test_one_too_many_waits_until_another_leaves(self):
        with Server("--max-connections", "2") as server, server.connect() as one, server.connect() as two:
            self.assertTrue(is_answered(one))
            self.assertTrue(is_answered(two))
            with server.connect() as three:
                three.sendall(b"and me?")
                self.assertTrue(is_answered(one))
                self.assertEqual(select.select([three], [], [], 0.1)[0], [])
                two.close()
                self.assertEqual(receive(three, 7), b"and me?")

    def test_without_descriptors_clients_wait_and_none_is_lost(self):
        for runtime in RUNTIMES:
            with self.subTest(runtime=runtime):
                few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
                with Server("--runtime", runtime, preexec_fn=few) as server:
                    clients = [server.connect() for _ in range(60)]
                    for n, client in enumerate(clients):
                        client.sendall(b"client %d" % n)
                    for n, client in enumerate(clients):
                        self.assertEqual(receive(client, len(b"client %d" % n)), b"client %d" % n)
                        client.close()
                    self.assertEqual(server.stop(), ("stopped after 60 clients\n", "", 0))

    @unittest.skipUnless(SANITIZERS == "none", "a sanitizer needs memory of its own")
    def test_without_memory_new_clients_go_and_the_server_stays(self):
        # A thread that has not worked before needs memory that glibc does not do without, so here is one thread.
        for runtime in (each for each in RUNTIMES if not each.startswith("multi_thread")):
            with self.subTest(runtime=runtime), Server("--runtime", runtime) as server, server.connect() as first:
                self.assertTrue(is_answered(first))
                pid = server.process.pid
                size = int(re.search(r"VmSize:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) * 1024
                resource.prlimit(pid, resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))
                crowd, alive = [], 0
                for _ in range(1000):
                    crowd.append(server.connect())
                    try:
                        alive += is_answered(crowd[-1], b"x" * 4000)
                    except OSError:
                        pass  # there was no memory for it
                self.assertLess(alive, len(crowd))
                for client in crowd:
                    client.close()
                resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                with server.connect() as late:
                    self.assertTrue(is_answered(first))
                    self.assertTrue(is_answered(late))
                first.close()
                begin = time.monotonic()
                out, err, status = server.stop()
                self.assertLess(time.monotonic() - begin, 4, "all have gone, and the drain waits for somebody")
                self.assertRegex(out, r"^stopped after \d+ clients$")
                self.assertLessEqual(err.count("\n"), 2, err)
                self.assertEqual(status, 0)

    def test_ten_thousand_at_once(self):
        count = 10_000 if SANITIZERS == "none" else 1000  # a sanitizer multiplies time and memory
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < count + 100:
            self.skipTest(f"this shell allows {hard} descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 100), hard))
        for runtime in RUNTIMES:
            with self.subTest(runtime=runtime), Server("--runtime", runtime) as server, contextlib.ExitStack() as clients:
                at_once = [clients.enter_context(server.connect()) for _ in range(count)]
                self.assertTrue(all(is_answered(client) for client in at_once))
                self.assertEqual(server.stop(), (f"stopped after {count} clients\n", "", 0))

    def test_out_of_turn_nobody_knocks_twice(self):
        def overflows():
            names, values = [line.split() for line in Path("/proc/net/netstat").read_text().splitlines() if line.startswith("TcpExt")]
            return int(values[names.index("ListenOverflows")])
        before = overflows()
        done = run("demo", "--clients", "10000" if SANITIZERS == "none" else "5000")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(overflows(), before, "the listener's queue had no room for a client")

class End(unittest.TestCase):
    def test_interrupt_and_terminate_end_it_with_status_0(self):
        for runtime in RUNTIMES:
            for number in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(runtime=runtime, signal=number), Server("--runtime", runtime) as server:
                    self.assertEqual(server.stop(number), ("stopped after 0 clients\n", "", 0))

    def test_what_was_sent_before_is_still_answered(self):
        for runtime in RUNTIMES:
            with self.subTest(runtime=runtime), Server("--runtime", runtime) as server:
                clients = [server.connect() for _ in range(20)]
                for client in clients:
                    self.assertTrue(is_answered(client))
                for n, client in enumerate(clients):
                    client.sendall(b"last words of %d" % n)
                server.send(signal.SIGINT)
                for n, client in enumerate(clients):
                    self.assertEqual(receive(client, 100), b"last words of %d" % n)
                    client.close()
                out, err = server.process.communicate(timeout=PATIENCE)
                self.assertEqual((out, err, server.process.returncode), ("stopped after 20 clients\n", "", 0))

    def test_a_second_interrupt_ends_it_at_once(self):
        for runtime in RUNTIMES:
            with self.subTest(runtime=runtime), Server("--runtime", runtime, "--drain-timeout", "1000") as server, \
                    server.connect() as deaf:
                deaf.setblocking(False)
                try:
                    while select.select([], [deaf], [], 0.2)[1]:  # until the server waits for room
                        deaf.send(b"x" * 65536)
                except BlockingIOError:
                    pass
                server.send(signal.SIGINT)
                while server.listens():
                    pass
                server.process.send_signal(signal.SIGINT)
                self.assertEqual(server.end(), ("", "", -signal.SIGINT))

    def test_an_interrupt_that_was_ignored_stays_ignored(self):
        with Server(preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) as server, server.connect() as client:
            server.process.send_signal(signal.SIGINT)
            for _ in range(10):
                self.assertTrue(is_answered(client))
            self.assertEqual(server.stop(signal.SIGTERM), ("stopped after 1 client\n", "", 0))

    def test_idle_clients_do_not_delay_it(self):
        with Server() as server, server.connect() as idle:
            self.assertTrue(is_answered(idle))
            self.assertEqual(server.stop(), ("stopped after 1 client\n", "", 0))
            self.assertEqual(idle.recv(1), b"")
            with self.assertRaises(ConnectionRefusedError):
                server.connect()


class Demo(unittest.TestCase):
    def test_a_thousand_clients_on_each_runtime(self):
        for runtime in RUNTIMES:
            with self.subTest(runtime=runtime):
                done = run("demo", "--runtime", runtime)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout, r"^1000 clients, 28890 bytes, \d+\.\d ms, CPU \d+ %, peak memory \d+ kB\n$")

    @unittest.skipUnless(SANITIZERS == "none" and os.environ.get("PBP_BUILD_TYPE") == "Release", "memory is a matter of release")
    def test_a_thousand_clients_take_less_memory_than_tokios(self):
        """What they add to the process with one client, so that the libraries of this machine do not count. Tokio's demo adds
        945 kB (bench, `memory`)."""
        def peak(clients: int) -> int:
            runs = [run("demo", "--runtime", "current_thread", "--clients", str(clients)) for _ in range(3)]
            return min(int(re.search(r"peak memory (\d+) kB", done.stdout)[1]) for done in runs)
        self.assertLess(peak(1000) - peak(1), 945)

    def test_no_server_there(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        done = run("demo", "--clients", "3", "--addr", f"127.0.0.1:{port}")
        self.assertEqual((done.stdout, done.stderr, done.returncode),
                         ("", f"cannot connect to 127.0.0.1:{port}: Connection refused\n", 1))


class BadInput(unittest.TestCase):
    def check(self, arguments, sentence, status=2):
        done = run(*arguments)
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("", sentence + "\n", status), arguments)

    def test_each_bad_option_gets_one_sentence(self):
        self.check(["bake"], "'bake' is neither serve nor demo; see --help")
        self.check(["serve", "--port", "1"], "'--port' is no option of serve; see --help")
        self.check(["serve", "--clients", "1"], "'--clients' is no option of serve; see --help")
        self.check(["demo", "--idle-timeout=3"], "'--idle-timeout=3' is no option of demo; see --help")
        self.check(["serve", "now"], "'now' is not understood; see --help")
        self.check(["serve", "--addr"], "--addr needs a value; see --help")
        self.check(["serve", "--max-connections", "0"], "--max-connections needs a whole number from 1 to 1000000, not '0'")
        self.check(["serve", "--idle-timeout", "soon"], "--idle-timeout needs a whole number from 1 to 31536000, not 'soon'")
        self.check(["demo", "--clients", "-3"], "--clients needs a whole number from 1 to 1000000, not '-3'")
        self.check(["demo", "--clients", "12monkeys"], "--clients needs a whole number from 1 to 1000000, not '12monkeys'")
        for bad in ("tokio", "multi_thread:0", "multi_thread:x", "multi_thread:9999", ""):
            self.check(["demo", "--runtime", bad],
                       f"--runtime needs current_thread, multi_thread, multi_thread:N, poll_loop or asio, not '{bad}'")

    def test_a_bad_address_gets_one_sentence(self):
        for addr in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000", ""):
            done = run("serve", "--addr", addr)
            self.assertEqual((done.stdout, done.stderr.count("\n"), done.returncode), ("", 1, 2), addr)
            self.assertRegex(done.stderr, "is no (address|port): ")

    def test_a_busy_port_gets_one_sentence(self):
        with socket.create_server(("127.0.0.1", 0)) as busy:
            addr = "127.0.0.1:%d" % busy.getsockname()[1]
            self.check(["serve", "--addr", addr], f"cannot listen at {addr}: Address already in use", 1)

    def test_help(self):
        for arguments in ([], ["--help"], ["serve", "--help"]):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith("usage: "))


if __name__ == "__main__":
    unittest.main()
