"""What a learner must read to do a lesson, in lines: its starter, its headers, and its program, without what is given.

    reading.py [NN …] [-v]

A given file says so in its first comment: `/// Given: why it is here, and what you use of it.` (a `/// \\file` may stand above).
Inside of a file, `// Given: …` is about what follows it: the next declaration, with its body, up to the line that ends it.

At most 400 lines are asked for, or 600 in a lesson of two sittings.
"""
import argparse
import re
import sys
from pathlib import Path

import child_processes
from names import registered_lessons
from sources import PROVIDED, ROOT, name_of

from cpp_text import without_literals

LIMIT, LIMIT_OF_TWO = 400, 600
TWO_SITTINGS = {"09-task", "10-spawn", "18-channels"}
GIVEN_FILE = re.compile(r"(/// \\file\n)?/// Given: \S")
GIVEN_PART = re.compile(r"^\s*// Given: \S")
ANY_LABEL = re.compile(r"^\s*//+ *Given\b")
ROW = re.compile(r"^\| `?(?P<file>[\w./-]+\.[hc]pp)`? \|.*\| *given *\|$", re.M)


def is_given(path: Path) -> bool:
    return bool(GIVEN_FILE.match(path.read_text(encoding="utf-8")))


def end_of_declaration(lines: list, begin: int) -> int:
    """The line behind the declaration that begins there or below. `lines` have no comments and no literals."""
    depth = 0
    for number in range(begin, len(lines)):
        depth += sum(map(lines[number].count, "({[")) - sum(map(lines[number].count, ")}]"))
        if depth <= 0 and lines[number].rstrip().endswith((";", "}")):
            return number + 1
    return len(lines)


def to_read(text: str) -> int:
    """Lines outside of given parts."""
    lines, code = text.splitlines(), without_literals(text).splitlines()
    count = number = 0
    while number < len(lines):
        if GIVEN_PART.match(lines[number]):
            number = end_of_declaration(code, number)
        else:
            count += 1
            number += 1
    return count


def files(lesson: str, root: Path = ROOT) -> list:
    """The starter's, and those of the solution that it leaves out; not those that are given."""
    solution, starter = root / "solutions" / lesson, root / "lessons" / lesson
    names = sorted(path.relative_to(solution) for path in solution.rglob("*.[hc]pp") if path.name != "exercise.hpp")
    found = [starter / name if (starter / name).is_file() else solution / name for name in names]
    return [path for path in found if not is_given(path)]


def lines_of(lesson: str, root: Path = ROOT) -> int:
    return sum(to_read(path.read_text(encoding="utf-8")) for path in files(lesson, root))


def limit_of(lesson: str) -> int:
    return LIMIT_OF_TWO if lesson in TWO_SITTINGS else LIMIT


def too_much(root: Path = ROOT) -> list:
    return [f"{lesson}: {count} lines to read; there are to be {limit_of(lesson)} at most. Label what is given, or split the lesson"
            for lesson in registered_lessons(root)
            for count in [lines_of(lesson, root)] if count > limit_of(lesson)]


def labels(root: Path = ROOT) -> list:
    """Given is said in one form."""
    wrong = []
    for top in ("solutions", "lessons"):
        for path in sorted((root / top).rglob("*.[hc]pp")):
            lines = path.read_text(encoding="utf-8").splitlines()
            head = 1 + (lines[:1] == ["/// \\file"])
            if path.suffix == ".hpp" and PROVIDED in path.parts and not is_given(path):
                wrong.append(f"{name_of(path, root)}: what is provided begins with `/// Given: why it is here, and what you use of it.`")
            wrong += [f"{name_of(path, root)}:{number}: a given part has `// Given: …` above it, and no empty line between"
                      for number, line in enumerate(lines, 1) if number > head and ANY_LABEL.match(line)
                      and not (GIVEN_PART.match(line) and "".join(lines[number:number + 1]).strip())]
    for page in sorted((root / "book").glob("[0-9][0-9]-*.md")):
        for row in ROW.finditer(page.read_text(encoding="utf-8")):
            named = [path for path in (root / "solutions" / page.stem).rglob(Path(row["file"]).name)]
            if not named or not is_given(named[0]):
                wrong.append(f"{name_of(page, root)}: {row['file']} is called given; it must begin with `/// Given: `")
    return wrong


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="What a learner must read to do a lesson, in lines.")
    parser.add_argument("lesson", nargs="*", help="01, 01-poll, …; all if none is named")
    parser.add_argument("-v", dest="verbose", action="store_true", help="file by file")
    asked = parser.parse_args(arguments)
    lessons = registered_lessons()
    child_processes.refuse_unknown(parser, asked.lesson, "lesson", lambda word: any(word in (name, name[:2]) for name in lessons))
    for lesson in lessons:
        if not asked.lesson or {lesson, lesson[:2]} & set(asked.lesson):
            count, limit = lines_of(lesson), limit_of(lesson)
            print(f"{lesson:<20} {count:>5} of {limit}{'  too much' if count > limit else ''}")
            for path in files(lesson) if asked.verbose else []:
                print(f"{'':<20} {to_read(path.read_text(encoding='utf-8')):>5} {name_of(path)}")
    return 1 if too_much() else 0


if __name__ == "__main__":
    child_processes.as_command(lambda: main(sys.argv[1:]))
