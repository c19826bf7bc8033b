"""Children that run while somebody waits: keys are read and files watched meanwhile, and no child outlives its use."""
import contextlib
import errno
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from console import say
from process import Interrupts, kill_session

TICK = 0.05                   # s: how often a wait looks at files and clocks
MOST_OUTPUT = 1 << 20         # bytes: a program that prints more than this in a test prints without end


@dataclass
class Ended:
    """What became of a child. `status` is negative where a signal ended it; `why` is set where we did."""
    status: int
    output: str
    why: str = ""             # "", "slow", "loud"


def plain_wait(descriptors: list, seconds: float) -> None:
    """The wait of a pass without a terminal."""
    select.select(descriptors, [], [], seconds)


@contextlib.contextmanager
def alone_in(folder: Path, wait: Callable = plain_wait, tell: Callable = say):
    """Two that build in one folder would spoil each other's files: the second says so, and waits."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        if is_taken(lock):
            tell("another ./learn is building, so this one waits …")
            while is_taken(lock):
                wait([], TICK)
        yield
    finally:
        os.close(lock)


def is_taken(lock: int) -> bool:
    """Else it is ours from now on."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)     # or else this file system knows no locks
    return False


class Child:
    """One process, leader of a session of its own, with its output in a pipe; or in a terminal, to see it grow.
    Whoever starts one holds interrupts back until it is kept: else it would be left behind."""

    def __init__(self, command: list, folder, environment: Optional[dict] = None, terminal: tuple = ()):
        self.command = [str(word) for word in command]
        if terminal:
            self.output, inside = os.openpty()
            fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", terminal[1], terminal[0], 0, 0))
        else:
            self.output, inside = os.pipe()
        os.set_blocking(self.output, False)
        self.bytes = bytearray()
        self.began = self.heard = time.monotonic()
        try:
            self.process = subprocess.Popen(self.command, cwd=folder, stdin=subprocess.DEVNULL,
                                            stdout=inside, stderr=inside, start_new_session=True,
                                            preexec_fn=own_terminal if terminal else None,
                                            env={**os.environ, **(environment or {})})
        except OSError:
            os.close(self.output)
            raise
        finally:
            os.close(inside)

    def read(self) -> bool:
        """Takes what is there, no more than is wanted. False at the end of the output."""
        while len(self.bytes) <= MOST_OUTPUT:
            try:
                data = os.read(self.output, 65536)
            except BlockingIOError:
                return True
            except OSError as error:
                if error.errno == errno.EIO:      # a terminal's way to say that its last writer is gone
                    return False
                raise
            if not data:
                return False
            self.heard = time.monotonic()
            self.bytes += data
        return True

    def is_over(self) -> bool:
        """Reads, and looks whether it has ended. (A grandchild may hold the output open: that is not waited for.)"""
        gone = self.process.poll() is not None
        more = self.read()
        if not more and not gone:
            try:
                self.process.wait(TICK)
            except subprocess.TimeoutExpired:
                return False
            return True
        return gone

    def text(self) -> str:
        return self.bytes.decode(errors="replace").replace("\r\n", "\n")

    def end(self, gently: bool = False) -> None:
        """Ends it and everything that it has started. Gently: it may tidy up first (Ninja takes back half a file)."""
        if gently and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                pass
        kill_session(self.process)
        self.close()

    def close(self) -> None:
        if self.output >= 0:
            os.close(self.output)
            self.output = -1


def own_terminal() -> None:
    """In the child: its output is its controlling terminal, so that it goes when we go, however we go."""
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)


def run_all(commands: list, folder, wait: Callable, at_once: int = 1, seconds: float = 60,
            environment: Optional[dict] = None, gently: bool = False, silence: tuple = ()) -> list:
    """What became of each, in order, up to the first that failed; what comes after that is ended.
    `silence`: how many seconds each may be silent."""
    ended: list = [None] * len(commands)
    running: dict = {}
    following = 0
    try:
        while True:
            while following < len(commands) and len(running) < at_once:
                with Interrupts.held_back():
                    running[following] = Child(commands[following], folder, environment)
                following += 1
            wait([child.output for child in running.values()], TICK)
            for index, child in list(running.items()):
                why = ""
                if not child.is_over():
                    now = time.monotonic()
                    if now - child.began > seconds or (silence and now - child.heard > silence[index]):
                        why = "slow"
                    elif len(child.bytes) > MOST_OUTPUT:
                        why = "loud"
                    else:
                        continue
                    child.end(gently)
                del running[index]
                child.close()
                ended[index] = Ended(child.process.returncode, child.text(), why)
            for index, one in enumerate(ended):
                if one is None:
                    break
                if one.status != 0 or one.why:
                    return ended[:index + 1]
            else:
                return ended
    finally:
        with Interrupts.held_back():
            for child in running.values():
                child.end(gently)
