"""The code of each hint's last rung fits into a hole of its step: pasted between the braces, in place of the TODO and its call.

One decision is left open there, as `…`. On a line of its own it stands for statements, elsewhere for a value. Each block of code
is tried in each hole of the step, with the rest of the lesson solved, and must compile with the step's tests in one of them.
"""
import re
import tempfile
from difflib import SequenceMatcher
from pathlib import Path

import kit
import starters
from sources import ROOT

from hints import hints_in

OPEN = "…"
# What an open value may be: anything.
ANY = ("struct OpenDecision { template <class T> operator T() const; };\n"
       "extern const OpenDecision open_decision;\n")


def blocks(rung: str) -> list:
    """Of code: lines indented by four blanks, without them."""
    found = re.findall(r"(?:^ {4,}\S[^\n]*\n|^\n(?= {4,}\S))+", rung + "\n", re.M)
    return [re.sub(r"^ {4}", "", block, flags=re.M) for block in found if block.strip()]


def closed(block: str) -> str:
    """As the compiler may see it."""
    return re.sub(rf"^(\s*){OPEN};?$", r"\1(void)0;", block, flags=re.M).replace(OPEN, "open_decision")


def filled(lines: list, block: str) -> list:
    """A hole's lines in the starter, one variant for each TODO in it: that and its call are replaced."""
    found = []
    for begin, line in enumerate(lines):
        if starters.MARK.match(line):
            end = next(number for number in range(begin, len(lines)) if lines[number].endswith(");")) + 1
            found.append([*lines[:begin], block, *lines[end:]])
    return found


def variants(lesson: str, step: str, block: str) -> list:
    """(file, its text) with the block in one hole of the step, and all others filled from the solution. The hole whose solution
    is most like the block comes first."""
    found = []
    for path in starters.files(ROOT / "lessons" / lesson):
        pieces = starters.runs_of(path)
        for at, piece in enumerate(pieces):
            for lines in filled(piece.starter, block) if piece.step == step else []:
                text = [line for number, other in enumerate(pieces) for line in (lines if number == at else other.solution)]
                likeness = SequenceMatcher(None, block, "\n".join(piece.solution)).ratio()
                found.append((likeness, path, "\n".join(text) + "\n"))
    return [(path, text) for _, path, text in sorted(found, key=lambda one: -one[0])]


def complaint_about(lesson: str, step: str, block: str) -> str:
    said = f"{step} has no hole"
    for path, text in variants(lesson, step, closed(block)):
        with tempfile.TemporaryDirectory(prefix="hint-") as name:
            folder = Path(name)
            copy = folder / path.relative_to(ROOT / "lessons" / lesson)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text, encoding="utf-8")
            (folder / "any.hpp").write_text(f"#pragma once\n{ANY}", encoding="utf-8")
            where = [f"-I{place}" for place in starters.include_folders(lesson, folder)]
            said = kit.compile_with(["-w", "-Wfatal-errors", "-fsyntax-only", *where,
                                     "-include", kit.precompiled(lesson[:2]) / "shared.hpp",
                                     "-include", folder / "any.hpp", *starters.test_files(lesson, step)])
        if not said:
            return ""
    return said


def fit(lesson: str) -> list:
    """Needs a compiler."""
    wrong = []
    page = ROOT / f"book/hints/{lesson}.md"
    for step, rungs in hints_in(page.read_text(encoding="utf-8")).items():
        found = blocks(rungs[-1])
        if not any(OPEN in block for block in found):
            wrong.append(f"book/hints/{lesson}.md: the last rung of {step} has no code, or leaves nothing open as `{OPEN}`")
        for block in found:
            said = complaint_about(lesson, step, block)
            if said:
                wrong.append(f"book/hints/{lesson}.md: this code of {step}, last rung, fits into no hole:\n{block}{said}")
    return wrong
