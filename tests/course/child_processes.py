"""What the commands of this folder start ends with them, and a name that means nothing is refused."""
import argparse
import os
import signal
import subprocess
import sys
import threading
from typing import Callable, NoReturn, Optional


class Stopped(Exception):
    """In the threads of a command that has been told to end."""


running: set = set()
ended_by = 0  # the signal, if one has come


def run(command: list, seconds: Optional[float] = None, **options) -> tuple:
    """Its status (None: it took too long), what it printed, and what it complained. Whatever it started ends with it."""
    if ended_by:
        raise Stopped
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, start_new_session=True, text=True,
                               errors="replace", **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})
    running.add(process)
    try:
        if ended_by:    # since it was asked above; the one who said so may not have seen this process
            raise Stopped
        printed, complained = process.communicate(timeout=seconds)
        if ended_by:
            raise Stopped
        return process.returncode, printed, complained
    except subprocess.TimeoutExpired:
        kill(process)
        return None, *process.communicate()
    except BaseException:
        kill(process)
        with process:    # closes its pipes, and waits
            raise
    finally:
        running.discard(process)


def kill(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end(number: int) -> None:
    """Whoever waits for a process finds that it is over."""
    global ended_by
    ended_by = number
    for process in list(running):
        if process.returncode is None:
            kill(process)


def interrupt(number: int, _) -> None:
    end(number)
    raise KeyboardInterrupt


def as_command(main: Callable[[], Optional[int]]) -> NoReturn:
    """Runs it, and ends with its status; Ctrl-C ends it without a word, and nothing that it started is left."""
    # The main thread may be about to wait for a pool, and handle the signal only after that: another is told of it at once.
    told, tells = os.pipe()
    os.set_blocking(tells, False)
    signal.set_wakeup_fd(tells)
    threading.Thread(target=lambda: end(os.read(told, 1)[0]), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        sys.exit(main())
    except (KeyboardInterrupt, Stopped):
        sys.exit(128 + (ended_by or signal.SIGINT))


def refuse_unknown(parser: argparse.ArgumentParser, names: list, what: str, is_known: Callable[[str], bool]) -> None:
    """Each name must mean something: a typing error is no success."""
    for name in names:
        if not is_known(name):
            parser.error(f"there is no {what} '{name}'")
