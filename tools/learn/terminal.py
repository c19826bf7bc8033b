"""The learner's terminal: keys as they are pressed, a frame drawn in place, links where it understands them."""
import contextlib
import os
import re
import select
import shutil
import signal
import sys
import termios
import textwrap
import tty
import urllib.parse
from pathlib import Path

from process import Interrupts

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\x1b\]8;;[^\x1b]*\x1b\\")


def visible(line: str) -> int:
    return len(ANSI.sub("", line))


def wrapped(text: str, columns: int, hang: str = "  ") -> list:
    """Prose, broken between words; its indent stays, and what follows a break hangs."""
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text, columns, subsequent_indent=indent + hang, break_long_words=True,
                         break_on_hyphens=False, drop_whitespace=True) or [""]


def clipped(line: str, columns: int) -> str:
    return line if visible(line) <= columns else ANSI.sub("", line)[:columns - 1] + "…"


def size() -> tuple:
    """(columns, rows)"""
    found = shutil.get_terminal_size((80, 24))
    return max(20, found.columns), max(8, found.lines)


def shows_marks() -> bool:
    return "utf" in (sys.stdout.encoding or "").lower()


def links_wanted() -> bool:
    """Only where it is known to help. (VS Code finds `path:line` by itself, and opens the line too.)"""
    if os.environ.get("TMUX") or os.environ.get("STY") or os.environ.get("TERM_PROGRAM") == "vscode":
        return False
    new_vte = os.environ.get("VTE_VERSION", "0").isdigit() and int(os.environ.get("VTE_VERSION", "0")) >= 5000
    return (new_vte or "KITTY_WINDOW_ID" in os.environ or "WT_SESSION" in os.environ
            or os.environ.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm", "ghostty"))


def link(path: Path, text: str) -> str:
    if not (sys.stdout.isatty() and links_wanted()):
        return text
    return f"\x1b]8;;file://{os.uname().nodename}{urllib.parse.quote(str(path))}\x1b\\{text}\x1b]8;;\x1b\\"


class Terminal:
    """`with Terminal() as terminal:` single keys, without echo; everything is put back at the end."""

    def __init__(self):
        self.resized = False

    def __enter__(self) -> "Terminal":
        self.before = termios.tcgetattr(0)
        self.wake, wakes = os.pipe()
        self.wakes = wakes
        for descriptor in (self.wake, wakes):
            os.set_blocking(descriptor, False)
        self.old_wakeup = signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGWINCH, self.note_resize)
        signal.signal(signal.SIGCONT, self.come_back)
        Interrupts.hold()                     # from here on Ctrl-C arrives in wait(), where nothing is half done
        tty.setcbreak(0)
        sys.stdout.write("\n" * (size()[1] - 1))      # what stood there stays readable above
        return self

    def __exit__(self, *_) -> None:
        termios.tcsetattr(0, termios.TCSADRAIN, self.before)
        signal.set_wakeup_fd(self.old_wakeup)
        for number in (signal.SIGWINCH, signal.SIGCONT):
            signal.signal(number, signal.SIG_DFL)
        os.close(self.wake)
        os.close(self.wakes)
        Interrupts.held = Interrupts.came = False

    @contextlib.contextmanager
    def given_away(self):
        """`with`: another program has the terminal, and Ctrl-C is its own."""
        termios.tcsetattr(0, termios.TCSADRAIN, self.before)
        try:
            yield
        finally:
            tty.setcbreak(0)
            Interrupts.came = False
            self.resized = True

    def note_resize(self, *_) -> None:
        self.resized = True

    def come_back(self, *_) -> None:
        """After Ctrl-Z and fg."""
        tty.setcbreak(0)
        self.resized = True

    def wait(self, descriptors: list, seconds: float) -> str:
        """Until one of them can be read, or a key is pressed: the keys."""
        ready = select.select([0, self.wake, *descriptors], [], [], seconds)[0]
        if self.wake in ready:
            try:
                os.read(self.wake, 512)
            except BlockingIOError:
                pass
        if Interrupts.came:
            raise KeyboardInterrupt
        if 0 not in ready:
            return ""
        data = os.read(0, 64)
        if not data:                          # the terminal is gone
            raise KeyboardInterrupt
        text = data.decode(errors="ignore")
        return "" if text.startswith("\x1b") else text

    def draw(self, lines: list) -> None:
        """The whole frame, at most one screen of it: its last lines count."""
        columns, rows = size()
        frame = [clipped(line, columns) for line in lines[-(rows - 1):]]
        text = "\x1b[H" + "".join(line + "\x1b[K\n" for line in frame) + "\x1b[J"
        sys.stdout.write(text)
        sys.stdout.flush()
