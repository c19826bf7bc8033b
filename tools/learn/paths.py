"""The paths through the lessons. book/paths.txt lists them, and the book shows that file."""
import re
from pathlib import Path

from console import Stop
from lessons import ROOT, all_lessons, steps_of
from mine import copy_of, open_lesson
from progress import Progress
from skip import skip

FILE = ROOT / "book/paths.txt"
WHOLE = "whole"
LINE = re.compile(r"^(?P<name>[a-z-]+) +(?P<words>(?:-?\d\d(?:\.\d+)? +)+)(?P<end>\S.*)$", re.M)


def read(file: Path = FILE) -> dict:
    """Name -> its words: 05 is a lesson, -05.2 a step that it leaves out."""
    try:
        return {line["name"]: line["words"].split() for line in LINE.finditer(file.read_text(encoding="utf-8"))}
    except FileNotFoundError:
        return {}


def lessons_on(path: str) -> list:
    """In the order of the path. One that is unknown is the whole course."""
    words = read().get(path, []) if path != WHOLE else []
    return [name for word in words for name in all_lessons() if name[:2] == word] or all_lessons()


def left_out(path: str, lesson: str) -> list:
    """The steps of a lesson that a path leaves out."""
    return [step for step in steps_of(lesson) if f"-{step.id}" in read().get(path, [])]


def after(path: str, lesson: str) -> str:
    """The next lesson on the path, '' after the last. A lesson beside the path comes before the later ones on it."""
    on_it = lessons_on(path)
    later = on_it[on_it.index(lesson) + 1:] if lesson in on_it else [name for name in on_it if name > lesson]
    return later[0] if later else ""


def open_on_path(progress: Progress, lesson: str) -> Path:
    """The learner's copy. In a new one, the steps that the path leaves out are filled from the solution."""
    is_new = not copy_of(lesson).is_dir()
    folder = open_lesson(lesson)
    for step in left_out(progress.route, lesson) if is_new else []:
        progress.skipped.discard(step.id)
        progress.mark(lesson, step.id, False)
        skip(progress, step)
    return folder


def chosen(word: str) -> str:
    known = list(read()) or [WHOLE]
    if word not in known:
        raise Stop(f"There is no path '{word}'. Name one of these: {', '.join(known)}.")
    return word
