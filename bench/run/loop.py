"""How long a learner waits from saving a file to the verdict of its step: the loop's own judge, on a copy of the course.

The copy is in build/bench-loop/course; its mine/ holds the solutions, as if everything was solved. A save touches all headers
of the lesson. The step's test is compiled with AddressSanitizer and linked, its cases are listed and run. All is warm: the
harness and the precompiled headers are there, as after the lesson's first build. Beside it stands the first step as an
exercise in Rust, run as Rust's courses run theirs: cargo test, after its file was touched.
"""
import os
import shutil
import sys
import time
from pathlib import Path

import lessons                      # tools/learn
from . import build_speed
from .children import Failed
from .programs import ROOT
from .section import Section

FOLDER = ROOT / "build" / "bench-loop"
COURSE = FOLDER / "course"
EXERCISE = ROOT / "bench" / "peers" / "exercise"
PARTS = ("CMakeLists.txt", "CMakePresets.json", "cmake", "lessons", "solutions", "tests", "tools")


def columns_of(compilers: list) -> dict:
    """{column: compiler}"""
    return {"clang" if "clang" in compiler else "g++": compiler for compiler in compilers}


def copy_course() -> None:
    """What has not changed keeps its time, so that a second run need not build everything anew."""
    for part in PARTS:
        source, copy = ROOT / part, COURSE / part
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)
    for part in (*PARTS, "mine"):
        origin = ROOT / ("solutions" if part == "mine" else part)
        for path in (COURSE / part).rglob("*"):
            if path.is_file() and not (origin / path.relative_to(COURSE / part)).exists():
                path.unlink()
    shutil.copytree(ROOT / "solutions", COURSE / "mine", dirs_exist_ok=True)


def steps() -> dict:
    """{01.1: "Ready or Pending"}"""
    return {step.id: step.title for name in lessons.all_lessons() for step in lessons.steps_of(name)}


def judged(bench, folder: Path, step: str) -> dict:
    said = bench.output_of([sys.executable, "-B", Path(__file__).with_name("loop_step.py"), COURSE, folder, step], 900)
    wall, cpu = map(float, said.split()[-2:])
    return {"wall": wall, "CPU": cpu}


def cargo_test(bench, folder: Path) -> dict:
    """rustlings: cargo test for an exercise with tests."""
    os.utime(folder / "src" / "lib.rs")
    begin = time.monotonic()
    bench.output_of(["cargo", "test", "--quiet", "--offline"], 300, cwd=folder)
    return {"wall": time.monotonic() - begin}


def measure(bench) -> None:
    columns = columns_of(build_speed.compilers())
    if not columns:
        raise Failed("there is no compiler that the course can use")
    COURSE.mkdir(parents=True, exist_ok=True)
    copy_course()
    for column, compiler in columns.items():
        bench.output_of(["cmake", "-S", COURSE, "--preset", "learn", "-B", FOLDER / column,
                         f"-DCMAKE_CXX_COMPILER={compiler}", "-DPBP_EDITOR=OFF"], 300, cwd=COURSE)
    for step, title in steps().items():
        for column in columns:
            bench.output_of(["cmake", "--build", FOLDER / column, "--target", f"test-{step}"], 900)
        cells = {column: lambda folder=FOLDER / column: judged(bench, folder, step) for column in columns}
        if step == "01.1" and shutil.which("cargo"):
            exercise = FOLDER / "exercise"
            shutil.copytree(EXERCISE, exercise, dirs_exist_ok=True)
            cargo_test(bench, exercise)
            cells["Rust: cargo test"] = lambda: cargo_test(bench, exercise)
        found = bench.rounds(cells, 3, step)
        bench.row(step, f"{step} {title}", "s", {f"{column}: {metric}": stat for column in found
                                                 for metric, stat in found[column].items()})
    if not shutil.which("cargo"):
        bench.skip("the exercise in Rust: needs cargo")


SECTION = Section("loop", "from saving a file to the verdict of its step", measure, order=48, in_quick=False)
