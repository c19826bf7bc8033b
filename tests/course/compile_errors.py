"""What a learner is shown for the commonest compile errors.

    compile_errors.py [NAME ...]

Each block of compile_errors.md must not compile. Of what `./learn` shows then, that page holds our own words, and which line
is opened. Without a name, says what is wrong; with one, shows it.
"""
import argparse
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import child_processes
import kit
from sources import ROOT, lesson_folders

import diagnose
from machine import Machine

PAGE = ROOT / "tests/course/compile_errors.md"
ENTRY = re.compile(r"^### (\S+)\n\n.+?\n\n```cpp\n(.*?)^```\n((?:\n?> [^\n]*)*)", re.S | re.M)
HERE = "  // here"
# The warnings that are errors for a learner too.
ERRORS = re.search(r"^    (-Werror=.+)$", (ROOT / "cmake/options.cmake").read_text(encoding="utf-8"), re.M)[1].split()
FLAGS = [*kit.FLAGS, "-c", "-o", "/dev/null", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", *ERRORS]


@dataclass(frozen=True)
class Entry:
    name: str
    code: str
    says: str

    def lines(self) -> list:
        """Those that may be opened: the compilers don't always agree."""
        return [number for number, line in enumerate(self.code.splitlines(), 1) if line.endswith(HERE)]


def entries() -> list:
    return [Entry(name, code, " ".join(re.sub(r"^>", "", quote, flags=re.M).split()))
            for name, code, quote in ENTRY.findall(PAGE.read_text(encoding="utf-8"))]


def present() -> list:
    machine = Machine()
    return [name for name in (machine.gcc(), machine.clang()) if name]


def shown(entry: Entry, command: str) -> tuple:
    """The lines, and the number of the line that is opened."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder).resolve() / f"{entry.name}.cpp"
        source.write_text(entry.code, encoding="utf-8")
        includes = ["-include", kit.harness(compiler=command) / "shared.hpp",
                    *(f"-I{folder}" for folder in (*reversed(lesson_folders()), ROOT / "tests"))]
        status, _, said = child_processes.run([command, *FLAGS, *includes, source], env={**os.environ, "LC_ALL": "C.UTF-8"})
        if status == 0:
            return ["it compiles"], 0
        lines, place = diagnose.explain(said, [source.parent])
        return lines, place[1] if place and place[0] == source else 0


def problem(entry: Entry, command: str) -> str:
    lines, opened = shown(entry, command)
    wanted = entry.says if entry.says else lines[0]
    if opened in entry.lines() and len(lines) <= 5 and any(wanted in line for line in lines):
        return ""
    text = "\n".join(f"    {line}" for line in lines)
    return f"{entry.name} ({command}), line {opened}:\n{text}\n  expected, in line {entry.lines()}: {wanted}"


def problems() -> list:
    jobs = [(entry, command) for entry in entries() for command in present()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [wrong for wrong in pool.map(lambda job: problem(*job), jobs) if wrong]


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="what a learner is shown for the commonest compile errors")
    parser.add_argument("name", nargs="*", help="of tests/course/compile_errors.md; if none is named, all are checked")
    asked = parser.parse_args(arguments)
    child_processes.refuse_unknown(parser, asked.name, "compile error", lambda name: any(name == entry.name for entry in entries()))
    if not present():
        parser.error("neither g++ nor clang++ is here")
    for entry in entries():
        for command in present() if entry.name in asked.name else []:
            print(f"--- {entry.name} ({command})", *shown(entry, command)[0], sep="\n")
    wrong = [] if asked.name else problems()
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    child_processes.as_command(lambda: main(sys.argv[1:]))
