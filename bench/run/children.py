"""The programs under measurement: started in a session of their own, and never left behind."""
import subprocess
from typing import Optional

from process import Interrupts, end_session


class Failed(Exception):
    """A program under measurement did not do what it should: one sentence. `said` is its end, without the program's name."""

    def __init__(self, sentence: str, said: str = ""):
        super().__init__(sentence)
        self.said = said or sentence


class Children:
    """All that was started and may still run."""

    def __init__(self):
        self.alive: list = []

    def start(self, command: list, **options) -> subprocess.Popen:
        """Starts a program that goes on running: a server. Ended by `end`, and at the latest with the bench."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True,
                   "start_new_session": True, **options}
        Interrupts.hold()
        try:
            self.alive.append(subprocess.Popen([str(word) for word in command], **options))
        finally:
            Interrupts.release()
        return self.alive[-1]

    def end(self, child: subprocess.Popen) -> None:
        """Asks it to end, then insists; its own children too."""
        Interrupts.hold()
        self.end_undisturbed(child)
        Interrupts.release()

    def end_undisturbed(self, child: subprocess.Popen) -> None:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(3)
            except subprocess.TimeoutExpired:
                pass
        end_session(child)
        for pipe in filter(None, (child.stdout, child.stderr)):
            pipe.close()
        self.alive.remove(child)

    def end_all(self) -> None:
        """The caller holds back interrupts."""
        for child in list(self.alive):
            self.end_undisturbed(child)

    def output_of(self, command: list, seconds: float = 120, **options) -> str:
        """What a program printed, which must end by itself and well."""
        child = self.start(command, **{"stderr": subprocess.PIPE, **options})
        try:
            out, err = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            late = f"did not end within {seconds:.0f} s"
            raise Failed(f"{shown(command)} {late}", f"it {late}")
        finally:
            self.end(child)
        if child.returncode != 0:
            last = (err or out or "").strip().splitlines()[-1:] or [""]
            raise Failed(f"{shown(command)} ended with status {child.returncode}: {last[0]}", last[0])
        return out


def shown(command: list) -> str:
    return " ".join(str(word).rpartition("/")[2] if index == 0 else str(word) for index, word in enumerate(command))


def first_line(child: subprocess.Popen) -> Optional[str]:
    """The line with which a server says that it is there."""
    line = child.stdout.readline()
    return line.rstrip("\n") if line else None
