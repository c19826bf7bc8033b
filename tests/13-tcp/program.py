"""Lesson 13's program: an HTTP request, and many at once."""
import socket
import struct
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
    def test_all_are_under_way_at_once(self):
        count = 20
        all_there = threading.Barrier(count)

        def answer(connection):
            read_request(connection)
            all_there.wait(20)  # nobody is answered before all have asked
            connection.sendall(b"x" * 1000)

        with Server(answer) as server:
            done = run("127.0.0.1", server.port, "/", count)
        self.assertEqual((done.stdout, done.stderr, done.returncode), (b"20 answers, 20000 bytes\n", b"", 0))

    def test_one_descriptor_is_registered_once(self):
        def answer(connection):
            read_request(connection)
            for _ in range(50):
                connection.sendall(b"x" * 1000)

        with Server(answer) as server:
            printed, calls = program.epoll_ctl_calls(self, "127.0.0.1", server.port, "/", 5)
        self.assertEqual(printed, "5 answers, 250000 bytes\n")
        self.assertEqual({call for call, _ in calls}, {"EPOLL_CTL_ADD"})
        self.assertLessEqual(len(calls), 6, "the eventfd and five sockets, each once at most")


class Failures(unittest.TestCase):
    def expect(self, status, sentence, *arguments):
        done = run(*arguments)
        self.assertEqual(done.stderr.decode(), sentence + "\n")
        self.assertEqual((done.stdout, done.returncode), (b"", status))

    def test_bad_arguments(self):
        usage = "Say HOST PORT PATH [COUNT], as in: localhost 8000 /index.html 10. Or say: echo [HOST:PORT]"
        self.expect(2, usage)
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


class Echo(unittest.TestCase):
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

    def test_a_client_that_resets_harms_no_other(self):
        with program.Server("echo", "127.0.0.1:0") as server, server.connect() as good:
            bad = server.connect()
            self.assertEqual(self.answer_to(bad, b"hello"), b"hello")
            bad.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            bad.close()
            self.assertEqual(self.answer_to(good, b"still there?"), b"still there?")


if __name__ == "__main__":
    unittest.main()
