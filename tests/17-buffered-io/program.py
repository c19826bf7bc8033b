"""Lesson 17's program, met by real clients."""
import os
import re
import signal
import socket
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402
from program_test import PATIENCE, run  # noqa: E402


class Greeter(program.Server):
    def __init__(self, *arguments, **options):
        super().__init__("serve", "--addr", "127.0.0.1:0", *arguments, **options)


def heard(client):
    """All that comes, to the end."""
    data = b""
    while part := client.recv(65536):
        data += part
    return data


class Greetings(unittest.TestCase):
    def test_a_name_gets_its_greeting(self):
        for name in (b"Ada", b"", "Grace Müller 漢".encode(), b"x" * 1000, b"\xff\x00\x01"):
            with self.subTest(name=name[:20]), Greeter("--clients", "1") as greeter, greeter.connect() as client:
                client.sendall(name + b"\n")
                self.assertEqual(heard(client), b"Hello, " + name + b"!\n")
                self.assertEqual(greeter.end(), ("", "", 0))

    def test_a_name_in_pieces_and_with_a_carriage_return(self):
        with Greeter("--clients", "1") as greeter, greeter.connect() as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in (b"A", b"da", b" Love", b"lace\r", b"\n"):
                client.sendall(piece)
            self.assertEqual(heard(client), b"Hello, Ada Lovelace!\n")

    def test_a_last_line_that_nobody_ended(self):
        with Greeter("--clients", "1") as greeter, greeter.connect() as client:
            client.sendall(b"Ada")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(heard(client), b"Hello, Ada!\n")

    def test_a_client_that_says_nothing_is_not_greeted(self):
        with Greeter("--clients", "1") as greeter, greeter.connect() as client:
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(heard(client), b"")
            self.assertEqual(greeter.end(), ("", "", 0))

    def test_a_name_without_end_is_refused(self):
        with Greeter("--clients", "2") as greeter, greeter.connect() as client:
            client.sendall(b"x" * 1001)
            try:
                self.assertEqual(heard(client), b"")
            except ConnectionResetError:
                pass  # the program closed with bytes unread
            with greeter.connect() as other:
                other.sendall(b"Ada\n")
                self.assertEqual(heard(other), b"Hello, Ada!\n")
            out, err, status = greeter.end()
            self.assertEqual((out, status), ("", 0))
            self.assertEqual(err, "a client was not greeted: read_line: the line is longer than 1000 bytes: "
                                  "Message too long\n")

    def bad_clients(self, greeter, count):
        """Each says half a name and resets. The next one, who behaves, is greeted."""
        for _ in range(count):
            bad = greeter.connect()
            bad.sendall(b"half a na")
            program.reset(bad)
        with greeter.connect() as client:
            client.sendall(b"Ada\n")
            self.assertEqual(heard(client), b"Hello, Ada!\n")

    def test_many_that_reset_are_one_line(self):
        with Greeter("--clients", "11") as greeter:
            self.bad_clients(greeter, 10)
            self.assertEqual(greeter.end(), ("", "a client was not greeted: read: Connection reset by peer\n", 0))

    def test_an_error_that_cannot_be_printed_harms_nobody(self):
        with open("/dev/full", "w") as full, Greeter("--clients", "2", stderr=full) as greeter:
            self.bad_clients(greeter, 1)
            self.assertEqual(greeter.end(), ("", None, 0))
        nobody_reads, ours = os.pipe()
        os.close(nobody_reads)
        with os.fdopen(ours, "w") as gone, Greeter("--clients", "2", stderr=gone) as greeter:
            self.bad_clients(greeter, 1)
            self.assertEqual(greeter.end(), ("", None, 0))

    def test_without_descriptors_clients_wait_and_none_is_lost(self):
        for spawn in ([], ["--spawn"]):
            with self.subTest(spawn=spawn), \
                    Greeter("--clients", "40", *spawn, preexec_fn=program.few_descriptors) as greeter:
                clients = [greeter.connect() for _ in range(40)]
                for client in clients:
                    client.sendall(b"Ada\n")
                for client in clients:
                    with client:
                        self.assertEqual(heard(client), b"Hello, Ada!\n")
                self.assertEqual(greeter.end(), ("", "", 0))


class OneOrMany(unittest.TestCase):
    """The first client says nothing for a while. Does the second one wait?"""

    def test_one_at_a_time_the_second_client_waits(self):
        with Greeter("--clients", "2") as greeter, greeter.connect() as first, greeter.connect() as second:
            second.sendall(b"second\n")
            # The program says nothing to the second client before it has greeted the first. No clock can prove that, but
            # order can: the first client answers only to what it sees, and then the two greetings come in this order.
            second.setblocking(False)
            with self.assertRaises(BlockingIOError):
                second.recv(1)
            second.settimeout(PATIENCE)
            first.sendall(b"first\n")
            self.assertEqual(heard(first), b"Hello, first!\n")
            self.assertEqual(heard(second), b"Hello, second!\n")
            self.assertEqual(greeter.end(), ("", "", 0))

    def test_with_spawn_the_second_client_does_not_wait(self):
        with Greeter("--spawn", "--clients", "2") as greeter, greeter.connect() as first, greeter.connect() as second:
            second.sendall(b"second\n")
            self.assertEqual(heard(second), b"Hello, second!\n")
            first.sendall(b"first\n")
            self.assertEqual(heard(first), b"Hello, first!\n")
            self.assertEqual(greeter.end(), ("", "", 0))

    def test_with_spawn_a_hundred_clients_in_any_order(self):
        with Greeter("--spawn", "--clients", "100") as greeter:
            clients = [greeter.connect() for _ in range(100)]
            for n, client in reversed(list(enumerate(clients))):
                client.sendall(f"client {n}\n".encode())
                self.assertEqual(heard(client), f"Hello, client {n}!\n".encode())
                client.close()
            self.assertEqual(greeter.end(), ("", "", 0))


class TwoClients(unittest.TestCase):
    """Ann connects first and thinks, and Bob says his name at once."""

    def heard(self):
        out, err, status = run()
        self.assertEqual((err, status), ("", 0))
        one, each = out.split("a task for each client\n")
        self.assertTrue(one.startswith("one client at a time\n"))
        return [re.findall(r"after (\d+) ms: (.*)", part) for part in (one, each)]

    def test_who_waits(self):
        one, each = self.heard()
        connects = ["Ann connects, and thinks", "Bob connects", "Bob says: Bob"]
        self.assertEqual([what for _, what in one],
                         [*connects, "Ann says: Ann", "Ann hears: Hello, Ann!", "Bob hears: Hello, Bob!"])
        self.assertEqual([what for _, what in each],
                         [*connects, "Bob hears: Hello, Bob!", "Ann says: Ann", "Ann hears: Hello, Ann!"])
        self.assertGreaterEqual(int(one[-1][0]), 200)
        self.assertGreaterEqual(int(each[-1][0]), 200)


class Proxy(unittest.TestCase):
    def proxied(self, to):
        return program.Server("proxy", to, "--addr", "127.0.0.1:0")

    def test_both_ways_and_both_ends(self):
        with socket.create_server(("127.0.0.1", 0)) as listener, \
                self.proxied(f"127.0.0.1:{listener.getsockname()[1]}") as proxy, proxy.connect() as client:
            listener.settimeout(PATIENCE)
            server, _ = listener.accept()
            with server:
                server.settimeout(PATIENCE)
                server.sendall(b"who are you?\n")
                self.assertEqual(client.recv(100), b"who are you?\n")
                client.sendall(b"Ada\n")
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(heard(server), b"Ada\n")
                server.sendall(b"hello\n")
                server.shutdown(socket.SHUT_WR)
                self.assertEqual(heard(client), b"hello\n")
                self.assertEqual(proxy.process.stdout.readline(), "4 bytes there, 19 bytes back\n")

    def test_a_server_that_refuses(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            nobody = f"127.0.0.1:{listener.getsockname()[1]}"
        with self.proxied(nobody) as proxy, proxy.connect() as client:
            self.assertEqual(heard(client), b"")
            self.assertEqual(proxy.process.stderr.readline(),
                             f"a client was not served: cannot connect to {nobody}: Connection refused\n")


class CommandLine(unittest.TestCase):
    def test_what_it_does_not_understand(self):
        advice = ("say serve [--spawn] [--addr HOST:PORT] [--clients N], "
                  "or proxy HOST:PORT [--addr HOST:PORT], or nothing\n")
        for arguments, sentence in (
                (["--what"], f"'--what' means nothing here: {advice}"),
                (["serve", "--what"], f"'--what' means nothing here: {advice}"),
                (["serve", "--clients"], "--clients needs a value\n"),
                (["serve", "--clients", "0"], "--clients needs a number of 1 or more, not '0'\n"),
                (["serve", "--clients", "3x"], "--clients needs a number of 1 or more, not '3x'\n"),
                (["\x1b[2J"], f"'\\x1b[2J' means nothing here: {advice}"),
                (["proxy"], f"'proxy' means nothing here: {advice}"),
                (["proxy", "127.0.0.1:1", "--spawn"], f"'--spawn' means nothing here: {advice}"),
                (["serve", "--addr"], "--addr needs a value\n")):
            with self.subTest(arguments=arguments):
                self.assertEqual(run(*arguments), ("", sentence, 2))

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assertEqual(run("serve", "--addr", f"127.0.0.1:{port}"),
                             ("", f"cannot listen at 127.0.0.1:{port}: Address already in use\n", 1))

    def test_control_c_ends_it(self):
        with Greeter() as greeter, greeter.connect():
            greeter.process.send_signal(signal.SIGINT)
            self.assertEqual(greeter.process.wait(PATIENCE), -signal.SIGINT)


if __name__ == "__main__":
    unittest.main()
