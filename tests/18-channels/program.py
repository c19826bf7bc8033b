"""Lesson 18's program, the group chat: its server met by sockets, and by its own client."""
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402
from program_test import PATIENCE, PROGRAM, run  # noqa: E402


class Server(program.Server):
    """At its end it must have complained of nothing."""

    def __init__(self, **options):
        super().__init__("serve", "--addr", "127.0.0.1:0", **options)
        self.name, self.port = "%s:%d" % self.address, self.address[1]

    def __exit__(self, *_):
        alive = self.process.poll() is None
        self.process.kill()
        out, err = self.process.communicate()
        if (out, err) != ("", "") or not alive:
            raise AssertionError(f"the server {'ended and ' if not alive else ''}said {out!r} {err!r}")


class Person:
    """A client by hand: says lines, hears lines."""

    def __init__(self, server, *groups, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", server.port))
        self.lines = self.socket.makefile("rb")
        for group in groups:
            self.say(f"join {group}")
            if (answer := self.hear()) != f"joined {group}":
                raise AssertionError(f"joined {group}, heard {answer!r}")

    def say(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def hear(self):
        """The next line; nothing at the end."""
        line = self.lines.readline()
        return line.decode().removesuffix("\n") if line else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()


class Letters(unittest.TestCase):
    def test_the_writer_waits_for_the_reader(self):
        done = run()
        self.assertEqual((done[1], done[2]), ("", 0))
        self.assertEqual([line.strip() for line in done[0].splitlines()], [
            "letter 1 is in the box",
            "letter 2 is in the box",
            "letter 1 is taken out",
            "letter 3 is in the box",
            "letter 2 is taken out",
            "letter 4 is in the box",
            "letter 3 is taken out",
            "letter 5 is in the box",
            "the writer goes home",
            "letter 4 is taken out",
            "letter 5 is taken out",
            "no letter will ever come"])


class Chat(unittest.TestCase):
    def test_a_message_reaches_everyone_in_the_group(self):
        with Server() as server, Person(server, "tea") as ann, Person(server, "tea") as bob:
            ann.say("post tea hello,  all of you ")
            self.assertEqual(ann.hear(), "message tea hello,  all of you ")
            self.assertEqual(bob.hear(), "message tea hello,  all of you ")

    def test_groups_are_apart_and_one_may_be_in_many(self):
        with Server() as server, Person(server, "tea") as ann, Person(server, "tea", "milk") as bob, \
                Person(server, "milk") as cat:
            ann.say("post milk from ann")
            self.assertEqual(bob.hear(), "message milk from ann")
            self.assertEqual(cat.hear(), "message milk from ann")
            cat.say("post tea from cat")
            self.assertEqual(ann.hear(), "message tea from cat")
            self.assertEqual(bob.hear(), "message tea from cat")

    def test_everyone_hears_the_same_order(self):
        count = 30
        with Server() as server, Person(server, "tea") as ann, Person(server, "tea") as bob:
            for n in range(count):
                (ann, bob)[n % 2].say(f"post tea {n}")
            heard = [[person.hear() for _ in range(count)] for person in (ann, bob)]
            self.assertEqual(heard[0], heard[1])
            self.assertEqual(sorted(heard[0]), sorted(f"message tea {n}" for n in range(count)))

    def test_what_is_not_understood(self):
        usage = "error say 'join GROUP' or 'post GROUP TEXT', in 4096 bytes at most"
        with Server() as server, Person(server) as ann:
            for line in ("", "hello", "join", "join ", "join two words", "post", "post tea", "leave tea", "join t\tea",
                         "post \x9bx hi", "x" * 5000):
                with self.subTest(line=line[:20]):
                    ann.say(line)
                    self.assertEqual(ann.hear(), usage)
            ann.say("post tea anyone?")
            self.assertEqual(ann.hear(), "error nobody is in the group tea")

    def test_no_message_commands_a_terminal(self):
        with Server() as server, Person(server, "tea") as ann, Person(server, "tea") as bob:
            ann.say("post tea \x1b[31mred\rbob: Müller\x07")
            self.assertEqual(bob.hear(), "message tea \\x1b[31mred\\x0dbob: Müller\\x07")

    def test_nobody_is_in_too_many_groups(self):
        with Server() as server, Person(server, *(f"g{n}" for n in range(16))) as ann:
            ann.say("join one-more")
            self.assertEqual(ann.hear(), "error nobody may be in more than 16 groups")
            ann.say("join g3")
            self.assertEqual(ann.hear(), "joined g3")
            ann.say("post g15 still here")
            self.assertEqual(ann.hear(), "message g15 still here")

    def test_an_empty_group_is_forgotten(self):
        with Server() as server, Person(server) as ann:
            with Person(server, "tea") as bob:
                bob.socket.shutdown(socket.SHUT_WR)
                self.assertIsNone(bob.hear())
            ann.say("post tea anyone?")
            self.assertEqual(ann.hear(), "error nobody is in the group tea")

    def test_who_ends_its_side_is_sent_what_was_under_way(self):
        with Server() as server, Person(server, "tea") as ann:
            for n in range(20):
                ann.say(f"post tea {n}")
            ann.socket.shutdown(socket.SHUT_WR)
            self.assertEqual([ann.hear() for _ in range(21)], [f"message tea {n}" for n in range(20)] + [None])

    def test_who_says_all_at_once_and_ends_is_answered(self):
        with Server() as server:
            for _ in range(200):
                with Person(server) as ann:
                    ann.socket.sendall(b"join tea\njoin milk\npost tea hi\n")
                    ann.socket.shutdown(socket.SHUT_WR)
                    self.assertEqual([ann.hear() for _ in range(4)],
                                     ["joined tea", "joined milk", "message tea hi", None])


class Client:
    """`join` in a process of its own."""

    def __init__(self, server, group, name):
        self.process = subprocess.Popen([PROGRAM, "join", server.name, group, name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if (line := self.hear()) != f"you are in {group}\n":
            self.process.kill()
            raise AssertionError(f"{name} heard {line!r}: {self.process.communicate()}")

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        return self.process.stdout.readline()

    def end(self):
        out, err = self.process.communicate(timeout=PATIENCE)
        return out, err, self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class OwnClient(unittest.TestCase):
    def test_two_people_talk(self):
        with Server() as server, Client(server, "tea", "ann") as ann, Client(server, "tea", "bob") as bob:
            ann.say("hello")
            for client in (ann, bob):
                self.assertEqual(client.hear(), "[tea] ann: hello\n")
            bob.say("hello yourself")
            for client in (ann, bob):
                self.assertEqual(client.hear(), "[tea] bob: hello yourself\n")
            self.assertEqual(ann.end(), ("", "", 0))

    def test_another_group(self):
        with Server() as server, Client(server, "tea", "ann") as ann, Person(server, "milk") as cat:
            ann.say("/join milk")
            self.assertEqual(ann.hear(), "you are in milk\n")
            ann.say("hello")
            self.assertEqual(ann.hear(), "[milk] ann: hello\n")
            self.assertEqual(cat.hear(), "message milk ann: hello")
            cat.say("post tea and here?")
            self.assertEqual(ann.hear(), "[tea] and here?\n")

    def test_a_file_as_stdin(self):
        with Server() as server:
            self.assertEqual(run("join", server.name, "tea", "ann", input="one\ntwo\n"),
                             ("you are in tea\n[tea] ann: one\n[tea] ann: two\n", "", 0))

    def test_the_server_says_that_lines_were_lost(self):
        with socket.create_server(("127.0.0.1", 0)) as fake:
            fake.settimeout(PATIENCE)
            port = fake.getsockname()[1]
            client = subprocess.Popen([PROGRAM, "join", f"127.0.0.1:{port}", "tea", "ann"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            with fake.accept()[0] as connection:
                connection.settimeout(PATIENCE)
                self.assertEqual(connection.makefile("rb").readline(), b"join tea\n")
                connection.sendall(b"joined tea\nlagged tea 7\nerror not so loud\nmessage tea \x1b]0;ann\x07\n")
            # It ends though its stdin is still open.
            self.assertEqual([client.stdout.readline() for _ in range(5)],
                             ["you are in tea\n", "[tea] 7 messages were lost: this side was too slow\n",
                              "error not so loud\n", "[tea] \\x1b]0;ann\\x07\n", ""])
            self.assertEqual(client.wait(PATIENCE), 1)
            self.assertEqual(client.communicate()[1], "the server has ended the connection\n")

    def test_control_c_ends_it(self):
        with Server() as server, Client(server, "tea", "ann") as ann:
            ann.process.send_signal(signal.SIGINT)
            self.assertEqual(ann.process.wait(PATIENCE), -signal.SIGINT)


class CommandLine(unittest.TestCase):
    def test_what_it_does_not_understand(self):
        usage = "say 'serve [--addr HOST:PORT]' or 'join HOST:PORT GROUP NAME', or nothing\n"
        for arguments in (["--help"], ["serve", "--addr"], ["serve", "--port", "1"], ["join", "127.0.0.1:1", "tea"],
                          ["join", "127.0.0.1:1", "tea", "ann", "bob"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(run(*arguments), ("", usage, 2))
        for group, name in (("green tea", "ann"), ("tea", ""), ("", "ann"), ("tea", "\x1b[2Jann"), ("tea\r", "ann")):
            self.assertEqual(run("join", "127.0.0.1:1", group, name),
                             ("", "the name of a group or of a person is one printable word\n", 2))

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assertEqual(run("serve", "--addr", f"127.0.0.1:{port}"),
                             ("", f"cannot listen at 127.0.0.1:{port}: Address already in use\n", 1))

    def test_nobody_listens(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            self.assertEqual(run("join", f"127.0.0.1:{port}", "tea", "ann", stdin=subprocess.DEVNULL),
                             ("", f"cannot connect to 127.0.0.1:{port}: Connection refused\n", 1))

    def test_control_c_ends_the_server(self):
        with Server() as server, Person(server, "tea"):
            pass
        server = Server()
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(server.process.wait(PATIENCE), -signal.SIGINT)
        server.process.communicate()


if __name__ == "__main__":
    unittest.main()
