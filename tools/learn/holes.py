"""Where a starter and its solution differ: the holes, and where each lies in the learner's copy."""
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from lessons import EXERCISE, ROOT, is_step
from mine import copy_of, exercise_file, files_in, solution, starter

MARK = re.compile(r"TODO\((\d\d\.\d+)\)")
JUDGES = re.compile(r"^// Judges (\d\d\.\d+) too: ", re.M)
CALL = re.compile(r'\btodo\(\s*"(\d\d\.\d+) ')
MOST_PLACES = 4               # that a learner looks at: of more, only the file is named


@dataclass
class Hole:
    """Lines are counted from 0, ends are exclusive."""
    step: str
    file: Path                # in the learner's copy
    begin: int
    mine: list                # the learner's lines
    solved: list              # the solution's


def lines_of(path: Path) -> list:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def step_in(lines: list) -> str:
    for line in lines:
        found = MARK.search(line) or CALL.search(line)
        if found:
            return found.group(1)
    return ""


class Mapping:
    """From the lines of one text to those of another that began as its copy."""

    def __init__(self, old: list, new: list):
        self.parts = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()

    def start(self, line: int) -> int:
        for tag, begin, end, there, there_end in self.parts:
            if begin <= line < end:
                return there + (line - begin if tag == "equal" else 0)
        return self.parts[-1][4] if self.parts else 0

    def end(self, line: int) -> int:
        """Of the line before which something ends."""
        for tag, begin, end, there, there_end in self.parts:
            if begin < line <= end:
                return there + (line - begin) if tag == "equal" else there_end
        return self.start(line)


def holes(lesson: str) -> list:
    """In the order of files and lines; a change that bears no mark (an #include of the marker) is none."""
    found = []
    for name in files_in(starter(lesson)):
        begun, solved = lines_of(starter(lesson) / name), lines_of(solution(lesson) / name)
        written = lines_of(copy_of(lesson) / name)
        mapping = Mapping(begun, written)
        for tag, begin, end, there, there_end in SequenceMatcher(None, begun, solved, autojunk=False).get_opcodes():
            step = step_in(begun[begin:end])
            if tag != "equal" and step:
                first, last = mapping.start(begin), mapping.end(end)
                found.append(Hole(step, copy_of(lesson) / name, first, written[first:max(first, last)], solved[there:there_end]))
    return merged(found)


def merged(found: list) -> list:
    """Neighbors that a learner's text does not tell apart are one."""
    result: list = []
    for hole in found:
        if result and result[-1].file == hole.file and result[-1].begin == hole.begin and result[-1].mine == hole.mine:
            result[-1].solved = result[-1].solved + hole.solved
        else:
            result.append(hole)
    return result


NO_FUNCTION = re.compile(r"^\s*(//|#|\}|(else|if|for|while|do|switch|case|default|try)\b|$)")
NO_BODY = re.compile(r"^\s*(template\b|requires\b|class\b|struct\b|union\b|namespace\b|(public|private|protected):)")


def function_around(lines: list, at: int) -> int:
    """The line of the function in which line `at` stands; `at` where that is in none. Lines are counted from 0."""
    if at >= len(lines):
        return max(0, len(lines) - 1)
    indent = len(lines[at]) - len(lines[at].lstrip())
    for number in range(at - 1, -1, -1):
        line = lines[number]
        less = len(line) - len(line.lstrip())
        if line.strip() and less < indent:
            if NO_BODY.match(line):
                return at
            if not NO_FUNCTION.match(line):
                return number
            indent = less
    return at


def also_judged(lesson: str, step: str) -> list:
    """Earlier steps of which a part shows in this one's tests only; those say so: `// Judges 04.1 too: …`."""
    tests = (ROOT / "tests" / lesson).glob(f"{step}-*.cpp")
    return sorted({found for test in tests for found in JUDGES.findall(test.read_text(encoding="utf-8"))})


def places(lesson: str, step: str, asks: str = "") -> list:
    """[(file, line from 1)] of a step's holes, and of those that it judges too where they are few. Of a hole that is open it is the
    mark, else the function that fills it. If there are any in which `asks` is written, of those only."""
    own = places_of(lesson, [step], asks) or places_of(lesson, [step])
    all_of_them = places_of(lesson, [step, *also_judged(lesson, step)], asks)
    return all_of_them if len(own) < len(all_of_them) <= MOST_PLACES else own


def places_of(lesson: str, steps: list, asks: str = "") -> list:
    found: list = []
    for hole in holes(lesson):
        if hole.step in steps and re.search(asks, "\n".join(hole.mine)):
            lines = lines_of(hole.file)
            open_at = next((n for n, line in enumerate(hole.mine) if step_in([line]) == hole.step), None)
            filled = next((n for n, line in enumerate(hole.mine) if line.strip()), 0)
            line = hole.begin + open_at if open_at is not None else function_around(lines, hole.begin + filled)
            if (hole.file, line + 1) not in found:
                found.append((hole.file, line + 1))
    return sorted(found)


BEGIN = re.compile(r'\bcontract_\.begin\("(\w+)"\)')
NEAR = 3                      # lines in which a poll says whose it is


def likely(found: list, story: list, mark: str) -> list:
    """Of these places those whose poll does not belong to another future than the one that failed: the step that is marked
    says its name as `contract_.begin("name")` does."""
    failed = next((line for line in reversed(story) if mark in line), "")
    names = {}
    for file, line in found:
        near = "\n".join(reversed(lines_of(file)[max(0, line - NEAR):line + NEAR - 1]))
        name = BEGIN.search(near)
        names[file, line] = name.group(1) if name else ""
    named = {name for name in names.values() if name and re.search(rf"\b{name}\b", failed)}
    return [spot for spot in found if not named or not names[spot] or names[spot] in named]


def step_at(lesson: str, file: Path, line: int) -> str:
    """The step in whose hole that line (from 1) lies, else ''."""
    return next((hole.step for hole in holes(lesson)
                 if hole.file == file and hole.begin < line <= hole.begin + len(hole.mine)), "")


def place(lesson: str, step: str, sentence: str = "") -> tuple:
    """(file, line from 1) to open for a step: the hole that speaks, else the step's first open one, else where it was.
    () where there is none to name."""
    marks = []
    for name in files_in(copy_of(lesson)):
        for number, line in enumerate(lines_of(copy_of(lesson) / name), 1):
            if sentence and f'"{sentence}"' in line:
                return copy_of(lesson) / name, number
            if f"TODO({step})" in line or f'todo("{step} ' in line:
                marks.append((copy_of(lesson) / name, number))
    if marks:
        return marks[0]
    own = [hole for hole in holes(lesson) if hole.step == step]
    if own:
        return own[0].file, own[0].begin + 1
    if step == EXERCISE:
        return exercise_file(lesson), 1
    if not is_step(step):                            # all steps together: any line may be the one
        return ()
    headers = [name for name in files_in(copy_of(lesson)) if name.suffix == ".hpp"]
    return (copy_of(lesson) / headers[0], 1) if headers else (copy_of(lesson), 0)
