"""What the learner sees: few lines, color only where it is welcome, one sentence when something is wrong."""
import os
import sys


class Stop(Exception):
    """Ends learn: what happened and what to do about it, and one exit status for the shell (2: the input or the machine; 1: a failure)."""

    def __init__(self, sentence: str, status: int = 2):
        super().__init__(sentence)
        self.status = status


def refuse_more(command: str, words: list) -> None:
    """For words that a command has no use for."""
    if words:
        raise Stop(f"./learn {command} doesn't take '{words[0]}'. Look at the list: ./learn --help")


def colors_wanted(stream) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, code: str, stream=None) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colors_wanted(stream or sys.stdout) else text


def green(text: str) -> str:
    return paint(text, "32")


def red(text: str) -> str:
    return paint(text, "31")


def bold(text: str) -> str:
    return paint(text, "1")


def dim(text: str) -> str:
    return paint(text, "2")


def yellow(text: str) -> str:
    return paint(text, "33")


def say(text: str = "") -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    sys.stdout.flush()
    print(f"{paint('learn:', '31', sys.stderr)} {text}", file=sys.stderr, flush=True)


def span(seconds: float) -> str:
    """12 s, or 3 min 05 s."""
    whole = int(seconds + 0.5)
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


class Progress:
    """One line that grows while a step runs: `building … 12/40`, and at its end a verdict and the time."""

    def __init__(self, title: str):
        self.title = title
        self.live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        print(f"  {title} ...", end="", flush=True)

    def update(self, text: str) -> None:
        if self.live:
            print(f"\r  {self.title} ... {text}\x1b[K", end="", flush=True)

    def done(self, text: str) -> None:
        if self.live:
            print(f"\r  {self.title} ... {text}\x1b[K", flush=True)
        else:
            print(f" {text}", flush=True)
