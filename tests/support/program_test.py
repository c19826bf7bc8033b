"""What the tests of the lessons' programs share."""
import os
import re
import resource
import shutil
import socket
import struct
import subprocess
import tempfile
import unittest
from typing import NamedTuple

PROGRAM = os.environ["PBP_PROGRAM"]
SANITIZERS = os.environ.get("PBP_SANITIZERS", "none")
PATIENCE = 30  # seconds; only a test that fails waits that long


class Done(NamedTuple):
    """A run of the program that has ended."""
    stdout: str
    stderr: str
    returncode: int


def run(*arguments, text=True, timeout=PATIENCE, **options) -> Done:
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, timeout=timeout, text=text,
                          errors="replace" if text else None, **options)
    return Done(done.stdout, done.stderr, done.returncode)


class TakesNoArguments(unittest.TestCase):
    """A base for the tests of a program without arguments. (cmake/python-tests.cmake knows that they inherit this test.)"""

    def test_unknown_argument_gets_one_sentence(self):
        self.assertEqual(run("faster"), ("", "this program takes no arguments, but it got 'faster'. Run it without arguments.\n", 2))


def reset(connection):
    """Ends a connection as a client does that crashes."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def few_descriptors():
    """For `preexec_fn`. The program may open no more than 20 descriptors."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))


class Server:
    """The program in a process of its own. It has said where it listens. `with` kills it at the end."""

    def __init__(self, *arguments, **options):
        options = {"stderr": subprocess.PIPE, **options}
        self.process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True, **options)
        line = self.process.stdout.readline()
        found = re.match(r"listening on (\S+):(\d+)\b", line)
        if not found:
            self.process.kill()
            raise AssertionError(f"no greeting but {line!r}: {self.process.communicate()}")
        self.address = (found[1].strip("[]"), int(found[2]))

    def connect(self):
        return socket.create_connection(self.address, timeout=PATIENCE)

    def end(self) -> Done:
        """Waits until the program ends by itself."""
        return Done(*self.process.communicate(timeout=PATIENCE), self.process.returncode)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def epoll_ctl_calls(test: unittest.TestCase, *arguments) -> tuple:
    """Returns what the program printed, and (operation, descriptor) of each epoll_ctl. Skips the test without strace."""
    if not shutil.which("strace"):
        test.skipTest("strace is not installed")
    if "thread" in SANITIZERS:
        test.skipTest("ThreadSanitizer makes calls of its own")
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as log:
        done = subprocess.run(["strace", "-f", "-e", "trace=epoll_ctl", "-o", log.name, PROGRAM, *map(str, arguments)],
                              capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        calls = re.findall(r"epoll_ctl\(\d+, (\w+), (\d+)", log.read())
    if not calls:
        test.skipTest("strace may not trace here: " + done.stderr)
    test.assertEqual(done.returncode, 0)
    return done.stdout, calls
