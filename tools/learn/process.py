"""Children: started quietly into a log, and never left behind."""
import contextlib
import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, Callable, Iterator, Optional


class Interrupts:
    """Ctrl-C, held back for the moments in which a child is started or ended: else it would be left behind."""
    held = False
    came = False

    @classmethod
    def arrive(cls, *_) -> None:
        """The handler of every signal that asks for an end."""
        if cls.held:
            cls.came = True
        else:
            raise KeyboardInterrupt

    @classmethod
    def hold(cls) -> None:
        cls.held = True

    @classmethod
    def release(cls) -> None:
        cls.held = False
        if cls.came:
            cls.came = False
            raise KeyboardInterrupt

    @classmethod
    @contextlib.contextmanager
    def held_back(cls):
        """`with`: what is done there is done whole. Within another such moment, that one goes on."""
        outer = cls.held
        cls.hold()
        try:
            yield
        finally:
            if not outer:
                cls.release()


def members_of_session(session: int) -> list:
    """Every process that a child started with its own session has left alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z" and int(fields[3]) == session:
                found.append(int(entry.name))
    return found


def signal_session(session: int, number: int) -> bool:
    """Whether anybody was there to get it. (Who is just being started is seen the next time only.)"""
    alive = members_of_session(session)
    for pid in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return bool(alive)


def kill_session(child: subprocess.Popen) -> None:
    """Grandchildren included."""
    while signal_session(child.pid, signal.SIGKILL):
        time.sleep(0.01)
    child.wait()


def end_session(child: subprocess.Popen) -> None:
    """Asks, waits three seconds, then insists."""
    signal_session(child.pid, signal.SIGINT)
    for _ in range(30):
        if child.poll() is not None and not members_of_session(child.pid):
            return
        time.sleep(0.1)
    kill_session(child)


def lines_of(output: IO[bytes]) -> Iterator[str]:
    """Each line, once it is whole. No read blocks: a signal that arrives just before a read would have to wait for its end."""
    os.set_blocking(output.fileno(), False)
    rest = b""
    while True:
        select.select([output], [], [], 0.1)
        try:
            data = os.read(output.fileno(), 65536)
        except BlockingIOError:
            continue
        *lines, rest = (rest + data).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
        if not data:
            break
    if rest:
        yield rest.decode(errors="replace")


def run_logged(command: list, log: Path, folder: Path, environment: Optional[dict] = None,
               on_line: Callable[[str], None] = lambda line: None, append: bool = False) -> int:
    """Runs a command with its output in `log`; each line passes `on_line` too. Gives its exit status."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a" if append else "w", encoding="utf-8", errors="replace") as file:
        file.write("$ " + " ".join(map(str, command)) + "\n")
        Interrupts.hold()
        child = subprocess.Popen([str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                                 env={**os.environ, **(environment or {})})
        try:
            Interrupts.release()
            for line in lines_of(child.stdout):
                file.write(line + "\n")
                on_line(line)
            return child.wait()
        except BaseException:
            Interrupts.hold()
            end_session(child)
            Interrupts.held = Interrupts.came = False
            raise


def output_of(command: list, timeout: float = 20) -> Optional[str]:
    """What a short command printed, or None where it does not exist or failed."""
    try:
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout + run.stderr if run.returncode == 0 else None


def last_relevant(log: Path, count: int = 40) -> str:
    """What a person must see of a failed step: the first failed file's messages, or the first error, or the last lines."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    failed = [index for index, line in enumerate(lines) if line.startswith("FAILED:")]
    if failed:
        begin = failed[0] + 2                       # after Ninja's own line comes the command, of no use here
        end = next((index for index in range(begin, len(lines))
                    if re.match(r"^(\[\d+/\d+\]|FAILED:|ninja: )", lines[index])), len(lines))
        more = [f"({len(failed) - 1} more failed, see the log)"] if len(failed) > 1 else []
        return "\n".join(lines[begin:min(end, begin + count)] + more)
    for index, line in enumerate(lines):
        if any(mark in line for mark in ("error:", "Error", "fatal:")):
            return "\n".join(lines[index:index + count])
    return "\n".join(lines[-count:])
