"""The hints: book/hints/NN-name.md has a section for each step, and in it three or four rungs: a question, a direction or
two, and nearly the code, in which `…` is left to decide.

    hints_of("05.2") -> the text of each rung, its lines as they stand in the page

In the page a section begins with `## 05.2 its title`, a rung with `1. `, `2. ` and so on; what belongs to a rung is indented by
three more blanks, code by seven.
"""
import re
from pathlib import Path

from console import Stop
from lessons import ROOT

SECTION = re.compile(r"^## (\d\d\.\d+) .*\n", re.M)
RUNG = re.compile(r"^(\d)\. ", re.M)


def hints_in(text: str) -> dict:
    """{"05.2": [rung 1, rung 2, …]}, in the order of the page."""
    parts = SECTION.split(text)[1:]
    return {step: rungs_in(body) for step, body in zip(parts[::2], parts[1::2])}


def rungs_in(body: str) -> list:
    """A rung that is out of turn is left out, and the check then misses it."""
    found = []
    parts = RUNG.split(body)[1:]
    for number, text in zip(parts[::2], parts[1::2]):
        if int(number) == len(found) + 1:
            found.append(re.sub(r"^ {3}", "", text, flags=re.M).strip())
    return found


def page_of(step: str, root: Path = ROOT) -> Path:
    return next(iter((root / "book/hints").glob(f"{step[:2]}-*.md")), root / f"book/hints/{step[:2]}.md")


def hints_of(step: str, root: Path = ROOT) -> list:
    """Three or four on a good page."""
    page = page_of(step, root)
    rungs = hints_in(page.read_text(encoding="utf-8")).get(step, []) if page.is_file() else []
    if not rungs:
        raise Stop(f"Step {step} has no hints yet. Read its section in the chapter: ./learn read {step[:2]}")
    return rungs
