"""What the learner has done, in mine/progress.txt: plain lines, keyed by lesson name, written whole or not at all.

    current 02-waker
    base solutions
    path server
    done 01-poll 01.1 01.2 program
    hint 02.1 2
    predict 02-waker three buttons, and one drop
    skip 02.2

Lines that this version does not know are kept: a newer or an older course may.
"""
import os
import re
from pathlib import Path

from lessons import MINE

LESSON = re.compile(r"[0-9]{2}-[a-z0-9-]+")
HEAD = "# Poll by Poll: what is done. ./learn writes this file, and you may edit it."


class Progress:
    def __init__(self, path: Path = MINE / "progress.txt"):
        self.path = path
        self.complaint = ""        # why the last save failed
        self.stamp = self.stamp_now()
        try:
            self.read(path.read_text(encoding="utf-8", errors="replace"))
        except (FileNotFoundError, NotADirectoryError):
            self.read("")          # a new learner
        self.saved = self.text()

    def stamp_now(self) -> tuple:
        try:
            stat = self.path.stat()
            return stat.st_mtime_ns, stat.st_ino
        except OSError:
            return ()

    def was_changed(self) -> bool:
        """True, and read anew, if another ./learn has written it meanwhile."""
        now = self.stamp_now()
        if not now or now == self.stamp:
            return False
        self.__init__(self.path)
        return True

    def read(self, text: str) -> None:
        self.current = ""
        self.base = "solutions"
        self.route = "whole"       # the path through the lessons: see paths.py
        self.done: dict = {}       # lesson -> the steps that are green, and "program"
        self.rungs: dict = {}      # step -> the hint's rung shown last
        self.predictions: dict = {}     # lesson -> what the learner expects of its program
        self.skipped: set = set()  # steps that the solution has filled
        self.others: list = []
        for line in text.splitlines():
            words = line.split()
            if words[:1] == ["current"] and len(words) == 2 and LESSON.fullmatch(words[1]):
                self.current = words[1]
            elif words[:1] == ["base"] and len(words) == 2 and words[1] in ("mine", "solutions"):
                self.base = words[1]
            elif words[:1] == ["path"] and len(words) == 2:
                self.route = words[1]
            elif words[:1] == ["done"] and len(words) > 1:
                self.done.setdefault(words[1], set()).update(words[2:])
            elif words[:1] == ["hint"] and len(words) == 3 and re.fullmatch("[0-9]{1,3}", words[2]):
                self.rungs[words[1]] = int(words[2])
            elif words[:1] == ["predict"] and len(words) > 2:
                self.predictions[words[1]] = " ".join(words[2:])
            elif words[:1] == ["skip"] and len(words) == 2:
                self.skipped.add(words[1])
            elif words and not line.startswith(HEAD[:HEAD.index(".")]):
                self.others.append(line)

    def text(self) -> str:
        lines = [HEAD]
        if self.current:
            lines.append(f"current {self.current}")
        lines.append(f"base {self.base}")
        lines += [f"path {self.route}"] if self.route != "whole" else []
        lines += [f"done {lesson} {' '.join(sorted(steps))}" for lesson, steps in sorted(self.done.items()) if steps]
        lines += [f"hint {step} {rung}" for step, rung in sorted(self.rungs.items())]
        lines += [f"predict {lesson} {text}" for lesson, text in sorted(self.predictions.items())]
        lines += [f"skip {step}" for step in sorted(self.skipped)]
        return "\n".join(lines + self.others) + "\n"

    def save(self) -> None:
        """A failure is remembered as a complaint, and nothing else: what is on the disk stays whole."""
        text = self.text()
        if text == self.saved and self.path.exists():
            self.complaint = ""
            return                 # and so what another ./learn has written stays
        half = self.path.with_name(self.path.name + ".half")
        try:
            self.path.parent.mkdir(exist_ok=True)
            with open(half, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(half, self.path)
            self.saved, self.complaint, self.stamp = text, "", self.stamp_now()
        except OSError as error:
            self.complaint = f"Your progress could not be saved: {error.strerror}. It is kept until you quit."

    def is_done(self, lesson: str, step: str) -> bool:
        return step in self.done.get(lesson, ())

    def mark(self, lesson: str, step: str, green: bool) -> None:
        steps = self.done.setdefault(lesson, set())
        if green:
            steps.add(step)
        else:
            steps.discard(step)
