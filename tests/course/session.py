"""A learner at ./learn, for tests: a checkout with three lessons, a terminal, keys, and eyes that wait for what appears."""
import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest
from pathlib import Path

from sources import ROOT

NEEDED = ["CMakeLists.txt", "CMakePresets.json", "learn", "cmake", "tools/learn", "solutions/00-provided", "lessons/01-poll",
          "lessons/02-waker", "lessons/03-future", "solutions/01-poll", "solutions/02-waker", "solutions/03-future", "tests/support",
          "tests/01-poll", "tests/02-waker", "tests/03-future", "book/hints"]
PATIENCE = 120      # s; on a busy machine a build takes a while
COLUMNS, ROWS = 80, 24


def checkout_place() -> Path:
    """Kept from test to test, so that what never changes is built once: in the build folder, where there is one."""
    if (Path.cwd() / "CMakeCache.txt").exists():
        return Path.cwd() / "learn-checkout"
    return Path(tempfile.gettempdir(), f"poll-by-poll-checkout-{os.getuid()}")


def bring_up_to_date(place: Path) -> None:
    for name in NEEDED:
        source = ROOT / name
        for path in (place / name).rglob("*"):
            if path.is_file() and not (ROOT / path.relative_to(place)).exists():
                path.unlink()
        files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
        for path in files:
            target = place / path.relative_to(ROOT)
            if "__pycache__" not in path.parts and (not target.exists() or target.read_bytes() != path.read_bytes()):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)


@contextlib.contextmanager
def checkout():
    """The checkout as a new learner finds it, for one user at a time."""
    place = checkout_place()
    place.mkdir(parents=True, exist_ok=True)
    with open(place / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        bring_up_to_date(place)
        shutil.rmtree(place / "mine", ignore_errors=True)
        yield place


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).replace("\r", "")


class Session:
    """./learn in a terminal of 80 by 24."""

    def __init__(self, place: Path, *words: str, prepare=lambda: None, **variables: str):
        self.shown = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(place)
                signal.signal(signal.SIGHUP, signal.SIG_DFL)      # whoever runs the tests may ignore it, as nohup does
                prepare()
                environment = {key: value for key, value in os.environ.items() if key not in ("CI", "TMUX", "NO_COLOR")}
                os.execve(place / "learn", ["learn", *words],
                          {**environment, "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", **variables})
            finally:
                os._exit(126)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def frame(self) -> str:
        """What stands on the screen now."""
        return plain(self.shown.rpartition("\x1b[H")[2])

    def read(self, seconds: float) -> bool:
        """Takes what comes. False when the terminal is closed."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)

    def read_until(self, what, is_so) -> None:
        until = time.monotonic() + PATIENCE
        while not is_so():
            if time.monotonic() > until or not self.read(0.2):
                raise AssertionError(f"waited for {what}; the screen shows:\n{self.frame()}")

    def expect(self, *patterns: str) -> str:
        """Waits until one frame has them all; gives that frame."""
        self.read_until(patterns, lambda: all(re.search(pattern, self.frame()) for pattern in patterns))
        return self.frame()

    def press(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def end(self) -> int:
        """Waits for its end; gives its exit status."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.read(0.2):
            pass
        os.close(self.terminal)
        status = os.waitpid(self.pid, 0)[1]
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.terminal)

    def children(self) -> list:
        """Processes that it has started and that are alive."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                    if int(fields[1]) == self.pid and fields[0] != "Z":
                        found.append(int(entry.name))
        return found


class SessionTest(unittest.TestCase):
    """One at a time."""

    def setUp(self):
        held = contextlib.ExitStack()
        self.addCleanup(held.close)
        self.place = held.enter_context(checkout())
        self.header = self.place / "mine/01-poll/rt/poll.hpp"
        self.solved = (ROOT / "solutions/01-poll/rt/poll.hpp").read_text(encoding="utf-8")

    def learner(self, *words: str, **more) -> Session:
        session = Session(self.place, *words, **more)
        self.addCleanup(session.close)
        return session

    def command(self, *words: str, errors: str = "strict", **variables: str) -> tuple:
        """One ./learn without a terminal: (status, what it printed)."""
        environment = {key: value for key, value in os.environ.items() if key != "CI"}
        run = subprocess.run([self.place / "learn", *words], cwd=self.place, stdin=subprocess.DEVNULL, text=True,
                             errors=errors, capture_output=True, timeout=2 * PATIENCE, env={**environment, "LC_ALL": "C.UTF-8", **variables})
        return run.returncode, run.stdout + run.stderr

    def save(self, text: str) -> None:
        """As editors do: a new file in the old one's place."""
        half = self.header.with_name(".poll.hpp.half")
        half.write_text(text, encoding="utf-8")
        half.replace(self.header)

    def with_is_ready(self, body: str, more: str = "") -> str:
        """The solution, with another `is_ready` in Poll<T>."""
        right = "bool is_ready() const noexcept { return value_.has_value(); }"
        self.assertIn(right, self.solved)
        text = self.solved.replace(right, f"bool is_ready() const {{ {body} }}")
        return text.replace("#include <utility>\n", f"#include <utility>\n{more}", 1)
