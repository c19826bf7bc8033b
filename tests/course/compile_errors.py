"""What a learner is shown for the commonest compile errors.

    compile_errors.py [--write] [NAME ...]

Each tests/course/compile_errors/NAME.cpp must not compile; NAME.txt holds what is shown for it: of both compilers, or of
each under a line `g++:` or `clang++:`. --write takes it anew. (The words are those of g++ 12 and clang 19.)
"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import PROVIDED, ROOT, lesson_folders

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
    includes = [f"-I{folder}" for folder in (*reversed(lesson_folders()), ROOT / "lessons" / PROVIDED)]
    run = subprocess.run([command, *FLAGS, *includes, source], capture_output=True, text=True,
                         env={**os.environ, "LC_ALL": "C.UTF-8"})
    if run.returncode == 0:
        return "it compiles\n"
    lines, place = diagnose.explain(run.stderr, [FOLDER])
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


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--write"]
    if "--write" in sys.argv:
        write(words)
    else:
        for (name, compiler), text in all_shown(words).items():
            print(f"--- {name} ({compiler})\n{text}", end="")
