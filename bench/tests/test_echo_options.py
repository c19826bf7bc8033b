"""Every echo server has the same options: what it asks the kernel for, as strace sees it."""
# needs: the bench's build
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from echo_servers import Running, Server, built, receive  # noqa: E402

CALLS = "trace=setsockopt,listen,read,recvfrom,recvmsg,readv"
BACKLOG, BUFFER = 1024, 16384
MESSAGE = b"which options?" * 4


class UnderStrace(Server):
    """Started under strace, a child of the server's, which writes what it sees into a file."""

    def command(self, *words: str) -> list:
        return ["strace", "-D", "-f", "-qq", "-e", CALLS, "-o", self.log, *super().command(*words)]


def seen(server: Server) -> str:
    """What it asked the kernel for while it answered one client."""
    with tempfile.TemporaryDirectory() as folder:
        traced = UnderStrace(server.kind, server.name, server.path, server.runtime)
        object.__setattr__(traced, "log", str(Path(folder, "log")))
        with Running(traced) as running, running.connect() as client:
            client.sendall(MESSAGE)
            assert receive(client, len(MESSAGE)) == MESSAGE
        return Path(folder, "log").read_text(errors="replace")


def room_of_the_read(text: str) -> int:
    """Of the read that got the message: how many bytes it had room for."""
    line = next(line for line in text.splitlines() if MESSAGE[:14].decode() in line and f"= {len(MESSAGE)}" in line)
    room = re.search(r"iov_len=(\d+)", line) or re.search(r'"(?:\.\.\.)?, (\d+)', line)
    return int(room.group(1))


class Options(unittest.TestCase):
    def setUp(self) -> None:
        if not shutil.which("strace") or subprocess.run(["strace", "-qq", "true"], capture_output=True).returncode:
            self.skipTest("needs strace")
        if not built():
            self.skipTest("no echo server is built: ./learn bench --test builds them")

    def test_are_the_same_for_all(self):
        for server in built():
            with self.subTest(server=server.title):
                text = seen(server)
                self.assertRegex(text, r"setsockopt\(\d+, SOL_SOCKET, SO_REUSEADDR, \[1\], 4\) = 0")
                self.assertRegex(text, r"setsockopt\(\d+, SOL_TCP, TCP_NODELAY, \[1\], 4\) = 0")
                self.assertEqual(set(re.findall(r"listen\(\d+, (\d+)\)", text)), {str(BACKLOG)})
                self.assertEqual(room_of_the_read(text), BUFFER)


if __name__ == "__main__":
    unittest.main()
