"""What a learner is shown for the commonest compile errors.

    compile_errors.py [--write] [NAME ...]

Each tests/course/compile_errors/NAME.cpp must not compile; NAME.txt holds what is shown for it: of both compilers, or of
each under a line `g++:` or `clang++:`. --write takes it anew. (The words are those of g++ 12 and clang 19.)
"""
import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import started
from sources import ROOT, lesson_folders

import diagnose

FOLDER = ROOT / "tests/course/compile_errors"
FLAGS = ["-std=c++20", "-c", "-o", "/dev/null", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion",
         "-Werror=return-type", "-Werror=uninitialized", *os.environ.get("PBP_CXX_FLAGS", "").split()]
COMPILERS = {"g++": ("g++", "12."), "clang++": ("clang++-19", "19.")}


def present() -> dict:
    """The compilers whose words are known: {"g++": command}"""
    found = {}
    for name, (command, version) in COMPILERS.items():
        try:
            said = subprocess.run([command, "-dumpfullversion" if name == "g++" else "-dumpversion"],
                                  capture_output=True, text=True).stdout
        except OSError:
            continue
        if said.startswith(version):
            found[name] = command
    return found


def shown(source: Path, command: str) -> str:
    includes = [f"-I{folder}" for folder in reversed(lesson_folders())]
    status, _, said = started.run([command, *FLAGS, *includes, source], env={**os.environ, "LC_ALL": "C.UTF-8"})
    if status == 0:
        return "it compiles\n"
    lines, place = diagnose.explain(said, [FOLDER])
    return "\n".join([*lines, f"open  {place[0].name}:{place[1]}" if place else "open  nothing"]) + "\n"


def expected(text: str, compiler: str) -> str:
    if "g++:\n" not in text:
        return text
    one, _, other = text.partition("clang++:\n")
    return other if compiler == "clang++" else one.partition("g++:\n")[2]


def all_shown(names: list) -> dict:
    """{(name, compiler): text}"""
    sources = [source for source in sorted(FOLDER.glob("*.cpp")) if not names or source.stem in names]
    jobs = [(source, compiler, command) for source in sources for compiler, command in present().items()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        texts = pool.map(lambda job: shown(job[0], job[2]), jobs)
        return {(source.stem, compiler): text for (source, compiler, _), text in zip(jobs, texts)}


def write(names: list) -> None:
    found = all_shown(names)
    for name in sorted({name for name, _ in found}):
        gcc, clang = found[name, "g++"], found[name, "clang++"]
        (FOLDER / f"{name}.txt").write_text(gcc if gcc == clang else f"g++:\n{gcc}clang++:\n{clang}", encoding="utf-8")


def absent() -> str:
    """The compilers that are not here, or not in the version whose words are held; '' if both are."""
    return " and ".join(f"{command} {version[:-1]}" if name == "g++" else command
                        for name, (command, version) in COMPILERS.items() if name not in present())


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="what a learner is shown for the commonest compile errors")
    parser.add_argument("--write", action="store_true", help="take it anew")
    parser.add_argument("name", nargs="*", help="of tests/course/compile_errors/NAME.cpp; all, if none is named")
    asked = parser.parse_args(arguments)
    started.refuse_unknown(parser, asked.name, "compile error", lambda name: (FOLDER / f"{name}.cpp").is_file())
    if not present() or asked.write and absent():
        parser.error(f"the words that are held are those of g++ 12 and clang++-19, and {absent()} is not here")
    if asked.write:
        write(asked.name)
    else:
        for (name, compiler), text in all_shown(asked.name).items():
            print(f"--- {name} ({compiler})\n{text}", end="")
    return 0


if __name__ == "__main__":
    started.as_command(lambda: main(sys.argv[1:]))
