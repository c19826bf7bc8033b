"""The echo server while its system calls fail: each one that it makes, with each errno that is plausible, the first time and
every seventh time, with clients beside it. Prints a table."""
import concurrent.futures
import contextlib
import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402

PATIENCE = 10  # seconds
RUNTIMES = ["current_thread", "multi_thread:2"]

# Before it listens: it may fail with status 1 and a sentence, or do without.
AT_START = {"socket": ["EMFILE", "ENOBUFS", "EAFNOSUPPORT"], "setsockopt": ["ENOBUFS"], "bind": ["EADDRINUSE", "EACCES"],
            "listen": ["EADDRINUSE"], "getsockname": ["ENOBUFS"], "epoll_create1": ["EMFILE", "ENOMEM"],
            "eventfd2": ["EMFILE", "ENOMEM"], "epoll_ctl": ["ENOSPC", "ENOMEM"], "clone3": ["EAGAIN"]}
# While it serves: it goes on.
PASSING = {"accept4": ["ECONNABORTED", "EPERM", "ETIMEDOUT", "EPROTO", "ENETDOWN", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EINTR"],
           "recvfrom": ["ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENOMEM", "EINTR"],
           "sendto": ["ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOBUFS", "ENOMEM", "EINTR"],
           "epoll_wait": ["EINTR"], "epoll_ctl": ["ENOSPC", "ENOMEM"], "close": ["EIO", "EINTR"], "read": ["EINTR"],
           "shutdown": ["ENOTCONN", "ENOBUFS"], "brk,mmap": ["ENOMEM"], "mprotect": ["ENOMEM"], "munmap": ["ENOMEM"],
           "madvise": ["EAGAIN"]}  # not futex and write, whose errors strace can't keep from the calls that have none
# It ends, and what was sent before is answered.
BROKEN = {"accept4": ["EBADF", "EFAULT", "EINVAL", "ENOTSOCK", "EOPNOTSUPP"]}
CUTS = {"recvfrom", "sendto", "brk,mmap", "mprotect"}  # the calls whose fault may end a connection


class Server(program.Server):
    """The server as a child of strace, which makes `call` fail."""

    def __init__(self, runtime, call, error, when):
        self.log = tempfile.NamedTemporaryFile("r")
        inject = [] if error is None else [f"--inject={call}:error={error}:when={when}"]
        self.process = subprocess.Popen(
            ["strace", "-f", "-qqq", "--seccomp-bpf", "-o", self.log.name, "-e", f"trace={call}", *inject, program.PROGRAM,
             "serve", "--addr", "127.0.0.1:0", "--runtime", runtime, "--drain-timeout", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        found = re.match(r"listening on (\S+):(\d+)\b", self.process.stdout.readline())
        self.address = (found[1], int(found[2])) if found else None

    def calls(self):
        """(how often the call was made, how often it was made to fail)"""
        lines = Path(self.log.name).read_text(errors="replace").splitlines()
        return sum("(" in line and "resumed" not in line for line in lines), sum("(INJECTED)" in line for line in lines)

    def send(self, number):
        """Sends a signal to the server, which strace outlives."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
                os.kill(int(child), number)

    def stop(self):
        """Returns how it ended, or nothing if it hangs."""
        self.send(signal.SIGTERM)
        try:
            return program.Done(*self.process.communicate(timeout=PATIENCE), self.process.returncode)
        except subprocess.TimeoutExpired:
            return None

    def __exit__(self, *_):
        self.send(signal.SIGKILL)
        super().__exit__()
        self.log.close()


class Load:
    """Clients, of which some stay and some come and go."""

    def __init__(self, address):
        self.address, self.rounds, self.cut, self.wrong, self.staying = address, 0, 0, [], []

    def answered(self, client, text):
        """True if all of `text` came back, False if the connection was cut before."""
        self.rounds += 1
        heard = b""
        try:
            client.sendall(text)
            while len(heard) < len(text) and (part := client.recv(65536)):
                heard += part
        except TimeoutError:
            self.wrong.append("a client waits in vain")
        except OSError:
            pass  # a reset: its bytes may be gone
        if not text.startswith(heard):
            self.wrong.append("wrong bytes")
        if heard != text:
            self.cut += 1
        return heard == text

    def connect(self):
        return socket.create_connection(self.address, timeout=PATIENCE)

    def begin(self):
        with self.connect() as first:
            self.answered(first, b"hello")

    def run(self):
        try:
            self.begin()
            for _ in range(3):
                self.staying.append(self.connect())
            for turn in range(9):
                for n, client in enumerate(self.staying):
                    if not self.answered(client, b"%d stays, turn %d " % (n, turn) * (1 + 40 * n)):
                        client.close()
                        self.staying[n] = self.connect()
                with self.connect() as short:
                    self.answered(short, b"hello")
        except OSError as error:
            self.wrong.append(f"no connection: {error}")


def judge(kind, runtime, call, error, when) -> tuple:
    """(a row of the table, what is wrong)"""
    with Server(runtime, call, error, when) as server:
        load = Load(server.address)
        if server.address:
            load.run()
        done = server.stop()
        for client in load.staying:
            client.close()
        _, faults = server.calls()
    wrong = load.wrong
    if done is None:
        return (runtime, call, error, when, faults, load.rounds, load.cut, "hangs"), ["it hangs"]
    said = done.stderr.splitlines()
    if faults == 0:
        wrong = []
    elif kind == "broken":
        wrong = [each for each in wrong if not each.startswith("no connection")]
        if (done.returncode, said) != (1, [f"accept: {os.strerror(getattr(errno, error))}"]):
            wrong.append(f"status {done.returncode}, said {said}")
    elif server.address is None:
        if done.returncode != 1 or len(said) != 1:
            wrong.append(f"status {done.returncode}, said {said}")
    else:
        if done.returncode != 0 or len(said) > 1 or "stopped after" not in done.stdout:
            wrong.append(f"status {done.returncode}, said {said} and {done.stdout!r}")
        if load.cut > (faults if call in CUTS else 0):
            wrong.append(f"{load.cut} connections were cut by {faults} faults")
    return (runtime, call, error, when, faults, load.rounds, load.cut, done.returncode, *said[:1]), wrong


@unittest.skipUnless((os.environ.get("PBP_BUILD_TYPE"), os.environ.get("PBP_COMPILER")) == ("Release", "GNU"),
                     "once per run of all presets is enough, and a sanitizer makes calls of its own")
@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Faults(unittest.TestCase):
    def test_each_system_call_fails(self):
        cells = []
        for runtime in RUNTIMES:
            for call, errors in PASSING.items():
                with Server(runtime, call, None, None) as server:
                    if server.address is None:
                        self.skipTest(f"strace may not trace here: {server.stop()}")
                    Load(server.address).begin()
                    before, _ = server.calls()  # so many that the server is under way
                cells += [("passing", runtime, call, error, when) for error in errors for when in (f"{before + 1}", f"{before + 7}+7")]
            cells += [("start", runtime, call, error, "1") for call, errors in AT_START.items() for error in errors]
        cells += [("broken", RUNTIMES[0], call, error, when) for call, errors in BROKEN.items() for error in errors for when in ("1", "7+7")]
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda cell: judge(*cell), cells))
        print("runtime         call          error         when   faults rounds cut  status, and what it said")
        for row, wrong in results:
            if row[4] == 0:
                continue  # the load does not lead to this call
            print("{:15} {:13} {:13} {:7} {:5} {:6} {:3}  {} {}".format(*map(str, row), *[""] * (9 - len(row))), *wrong)
        print(f"{len(results)} cells, {sum(row[4] for row, _ in results)} faults, {time.monotonic() - begin:.0f} s")
        self.assertEqual([(row, wrong) for row, wrong in results if wrong], [])

    def test_a_call_that_always_fails_does_not_stop_the_server_from_ending(self):
        for runtime in RUNTIMES:
            for call, error, when in (("accept4", "ECONNABORTED", "1+"), ("accept4", "EMFILE", "1+"), ("epoll_ctl", "ENOSPC", "5+")):
                with self.subTest(runtime=runtime, call=call, error=error), Server(runtime, call, error, when) as server, \
                        Load(server.address).connect():
                    done = server.stop()
                    self.assertIsNotNone(done, "it hangs")
                    self.assertRegex(done.stdout, r"^stopped after \d clients?$")
                    self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
