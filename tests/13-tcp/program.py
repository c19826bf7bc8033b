"""Lesson 13's program: an HTTP request, and many at once. And an echo server."""
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import unittest
from pathlib import Path


sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


def run(*arguments):
    return program.run(*arguments, text=False)


class Server:
    """Listens at a free port of loopback; each connection is answered on a thread of its own by `answer(socket)`."""

    def __init__(self, answer, family=socket.AF_INET, host="127.0.0.1"):
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.bind((host, 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.answer = answer
        self.threads = []
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.answer_one, args=(connection,))
            thread.start()
            self.threads.append(thread)

    def answer_one(self, connection):
        with connection:
            self.answer(connection)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        for thread in self.threads:
            thread.join()


def read_request(connection):
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        piece = connection.recv(4096)
        if not piece:
            break
        request += piece
    return request


BODY = bytes(range(256)) * 1000
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


class OneRequest(unittest.TestCase):
    def ask(self, *before):
        requests = []

        def answer(connection):
            requests.append(read_request(connection))
            connection.sendall(ANSWER)

        with Server(answer) as server:
            done = run(*before, "127.0.0.1", server.port, "/a/path?with=query")
        self.assertEqual(requests, [b"GET /a/path?with=query HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"])
        self.assertEqual((done.stdout, done.stderr, done.returncode), (ANSWER, b"", 0))

    def test_is_sent_and_answered_byte_for_byte(self):
        self.ask()

    def test_the_blocking_twin_does_the_same(self):
        self.ask("--blocking")

    def test_an_answer_in_many_pieces_is_one(self):
        def answer(connection):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            read_request(connection)
            for number in range(200):
                connection.sendall(b"piece %d\n" % number)

        with Server(answer) as server:
            done = run("127.0.0.1", server.port, "/")
        self.assertEqual(done.stdout, b"".join(b"piece %d\n" % n for n in range(200)))
        self.assertEqual(done.returncode, 0)

    def test_an_answer_that_comes_with_the_end_is_whole(self):
        def answer(connection):
            read_request(connection)
            connection.sendall(b"bye")  # closed right after: the end may be in the same event as the bytes

        with Server(answer) as server:
            for _ in range(20):
                self.assertEqual(run("127.0.0.1", server.port, "/").stdout, b"bye")

    def test_a_name_is_resolved(self):
        def answer(connection):
            read_request(connection)
            connection.sendall(b"hello")

        with Server(answer) as server:
            done = run("localhost", server.port, "/")
        self.assertEqual((done.stdout, done.stderr, done.returncode), (b"hello", b"", 0))

    def test_ipv6(self):
        def answer(connection):
            read_request(connection)
            connection.sendall(b"hello")

        try:
            server = Server(answer, socket.AF_INET6, "::1")
        except OSError as error:
            self.skipTest(f"no IPv6 here: {error}")
        with server:
            done = run("::1", server.port, "/")
        self.assertEqual((done.stdout, done.stderr, done.returncode), (b"hello", b"", 0))


class ManyRequests(unittest.TestCase):
    def test_at_once_takes_less_time_than_one_after_the_other(self):
        done = run()
        found = re.fullmatch("20 requests to a server that answers each after 50 ms\n"
                             r"one after the other: 20 answers, (\d+) bytes in (\d+) ms\n"
                             r"all at once:         20 answers, (\d+) bytes in (\d+) ms\n", done.stdout.decode())
        self.assertTrue(found, done)
        self.assertEqual((done.stderr, done.returncode), (b"", 0))
        bytes_in_turn, in_turn, bytes_at_once, at_once = map(int, found.groups())
        self.assertEqual((bytes_in_turn, bytes_at_once), (20 * 300043, 20 * 300043))
        self.assertGreaterEqual(in_turn, 20 * 50)
        self.assertGreaterEqual(at_once, 50)
        self.assertLess(at_once, in_turn)

    def test_all_are_under_way_at_once(self):
        count = 20
        all_there = threading.Barrier(count)

        def answer(connection):
            read_request(connection)
            all_there.wait(20)  # nobody is answered before all have asked
            connection.sendall(b"x" * 1000)

        with Server(answer) as server:
            done = run("127.0.0.1", server.port, "/", count)
        self.assertRegex(done.stdout, rb"\A20 answers, 20000 bytes in \d+ ms\n\Z")
        self.assertEqual((done.stderr, done.returncode), (b"", 0))

    def test_one_descriptor_is_registered_once(self):
        def answer(connection):
            read_request(connection)
            for _ in range(50):
                connection.sendall(b"x" * 1000)

        with Server(answer) as server:
            printed, calls = program.epoll_ctl_calls(self, "127.0.0.1", server.port, "/", 5)
        self.assertRegex(printed, r"\A5 answers, 250000 bytes in \d+ ms\n\Z")
        self.assertEqual({call for call, _ in calls}, {"EPOLL_CTL_ADD"})
        self.assertLessEqual(len(calls), 6, "the eventfd and five sockets, each once at most")


class Failures(unittest.TestCase):
    def expect(self, status, sentence, *arguments):
        done = run(*arguments)
        self.assertEqual(done.stderr.decode(), sentence + "\n")
        self.assertEqual((done.stdout, done.returncode), (b"", status))

    def test_bad_arguments(self):
        usage = "Say HOST PORT PATH [COUNT], as in: localhost 8000 /index.html 10. Or say: echo [HOST:PORT]"
        self.expect(2, usage, "localhost")
        self.expect(2, usage, "localhost", 80)
        self.expect(2, usage, "localhost", 80, "/", 1, "more")
        self.expect(2, "'http' is no port: a port is a number from 0 to 65535", "localhost", "http", "/")
        self.expect(2, "'65536' is no port: a port is a number from 0 to 65535", "localhost", 65536, "/")
        self.expect(2, "'' is no port: a port is a number from 0 to 65535", "localhost", "", "/")
        self.expect(2, "'index.html' is no path: a path begins with a slash", "localhost", 80, "index.html")
        self.expect(2, "'0' is no count: say how many requests, 1 or more", "localhost", 80, "/", 0)
        self.expect(2, "'many' is no count: say how many requests, 1 or more", "localhost", 80, "/", "many")

    def test_refused(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))  # bound, and not listening
            port = closed.getsockname()[1]
            self.expect(1, f"cannot connect to 127.0.0.1:{port}: Connection refused", "127.0.0.1", port, "/")

    def test_unresolvable(self):
        done = run("no.such.host.invalid", 80, "/")
        self.assertRegex(done.stderr.decode(), r"\Acannot resolve 'no\.such\.host\.invalid': [^\n]+\n\Z")
        self.assertEqual((done.stdout, done.returncode), (b"", 1))

    def test_reset(self):
        def answer(connection):
            read_request(connection)
            connection.sendall(b"x")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        with Server(answer) as server:
            self.expect(1, "read: Connection reset by peer", "127.0.0.1", server.port, "/")


    def test_an_answer_that_was_cut_short(self):
        for sent, sentence in (
                (b"", "the server ended the connection without an answer"),
                (b"HTTP/1.0 200 OK\r\nContent-Le", "the answer was cut short in its header"),
                (ANSWER[:-1], f"the answer was cut short: {len(BODY) - 1} of {len(BODY)} bytes came"),
                (b"HTTP/1.0 200 OK\r\ncontent-length:7\r\nA: b\r\n\r\nhello\n", "the answer was cut short: 6 of 7 bytes came")):
            def answer(connection):
                read_request(connection)
                connection.sendall(sent)

            for before in ([], ["--blocking"]):
                with self.subTest(sentence=sentence, before=before), Server(answer) as server:
                    self.expect(1, sentence, *before, "127.0.0.1", server.port, "/")
                    self.expect(1, sentence, *before, "127.0.0.1", server.port, "/", 3)

    def test_an_answer_without_end(self):
        def answer(connection):
            read_request(connection)
            try:
                while True:
                    connection.sendall(b"Header: " + b"x" * 65000 + b"\r\n")
            except OSError:
                pass  # the program has gone

        for before in ([], ["--blocking"]):
            with self.subTest(before=before), Server(answer) as server:
                self.expect(1, "read_to_string: the stream is longer than the limit: Message too long",
                            *before, "127.0.0.1", server.port, "/")


class Terminal(unittest.TestCase):
    def test_an_answer_cannot_command_it(self):
        def answer(connection):
            read_request(connection)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nred: \x1b[31m\rgone\xc2\x9b\nM\xc3\xbcller")

        ours, theirs = os.openpty()
        with Server(answer) as server, os.fdopen(ours, "rb", buffering=0) as terminal:
            done = subprocess.run([program.PROGRAM, "127.0.0.1", str(server.port), "/"], stdout=theirs, timeout=program.PATIENCE)
            os.close(theirs)
            shown = b""
            while b"ller\r\n" not in shown:  # after the last \n, a terminal that has no reader any more is an error
                shown += terminal.read(1000)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(shown.replace(b"\r\n", b"\n"),
                         b"HTTP/1.0 200 OK\n\nred: \\x1b[31m\\x0dgone\\xc2\\x9b\nM\xc3\xbcller\n")


class Echo(unittest.TestCase):
    def test_netcat_hears_what_it_said(self):
        if not shutil.which("nc"):
            self.skipTest("netcat is not installed")
        with program.Server("echo", "127.0.0.1:0") as server:
            host, port = server.address
            said = subprocess.run(["nc", "-N", host, str(port)], input=b"green tea\nwith milk\n", capture_output=True,
                                  timeout=program.PATIENCE)
        self.assertEqual((said.stdout, said.stderr, said.returncode), (b"green tea\nwith milk\n", b"", 0))

    def answer_to(self, connection, text):
        connection.sendall(text)
        answer = b""
        while len(answer) < len(text):
            answer += connection.recv(65536) or self.fail("the server ended the connection")
        return answer

    def test_each_client_hears_what_it_said(self):
        with program.Server("echo", "127.0.0.1:0") as server, server.connect() as one, server.connect() as two:
            self.assertEqual(self.answer_to(two, b"two"), b"two")  # while the first says nothing
            self.assertEqual(self.answer_to(one, b"one"), b"one")
            self.assertEqual(self.answer_to(two, BODY), BODY)
            one.shutdown(socket.SHUT_WR)
            self.assertEqual(one.recv(100), b"")

    def test_many_that_reset_are_one_line(self):
        with program.Server("echo", "127.0.0.1:0") as server, server.connect() as good:
            for _ in range(10):
                bad = server.connect()
                self.assertEqual(self.answer_to(bad, b"hello"), b"hello")
                program.reset(bad)
                self.assertEqual(self.answer_to(good, b"still there?"), b"still there?")
            server.process.kill()
            self.assertEqual(server.process.communicate()[1].count("\n"), 1)

    def test_without_descriptors_clients_wait_and_none_is_lost(self):
        with program.Server("echo", "127.0.0.1:0", preexec_fn=program.few_descriptors) as server:
            for client in [server.connect() for _ in range(40)]:
                with client:
                    self.assertEqual(self.answer_to(client, b"hello"), b"hello")


if __name__ == "__main__":
    unittest.main()
