"""How long a learner waits from saving a file to the verdict of its step: the loop's own judge, on a copy of the course.

The copy is in build/bench-loop/course, and its mine/ holds the solutions, as if everything was solved. A save touches all headers
of the lesson. The step's test is compiled and linked, and its cases are listed and run. All is warm: the harness and the
precompiled headers are there, as after the lesson's first build.
"""
import shutil
import sys
from pathlib import Path

import lessons                      # tools/learn
import machine as tools             # tools/learn
from .children import Failed
from .programs import ROOT
from .section import Section

FOLDER = ROOT / "build" / "bench-loop"
COURSE = FOLDER / "course"
PARTS = ("CMakeLists.txt", "CMakePresets.json", "cmake", "lessons", "solutions", "tests", "tools")
ROUNDS = 3


def copy_course() -> None:
    """What has not changed keeps its time, so that a second run need not build everything anew."""
    for part in PARTS:
        source, copy = ROOT / part, COURSE / part
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)
    shutil.copytree(ROOT / "solutions", COURSE / "mine", dirs_exist_ok=True, ignore=shutil.ignore_patterns("00-provided"))
    for part in (*PARTS, "mine"):
        origin = ROOT / ("solutions" if part == "mine" else part)
        for path in (COURSE / part).rglob("*"):
            if path.is_file() and not (origin / path.relative_to(COURSE / part)).exists():
                path.unlink()


def judged(bench, folder: Path, step: str) -> float:
    said = bench.output_of([sys.executable, "-B", Path(__file__).with_name("loop_step.py"), COURSE, folder, step], 900)
    return float(said.split()[-1])


def measure(bench) -> None:
    here = tools.Machine()
    compiler = here.clang(tools.VERIFIED_CLANG) or here.clang() or here.gcc()
    if not compiler:
        raise Failed("there is no compiler that the course can use")
    COURSE.mkdir(parents=True, exist_ok=True)
    copy_course()
    folder = FOLDER / compiler
    bench.output_of(["cmake", "-S", COURSE, "--preset", "learn", "-B", folder, f"-DCMAKE_CXX_COMPILER={compiler}",
                     "-DPBP_EDITOR=OFF"], 300, cwd=COURSE)
    bench.note(f"Compiled with {compiler}. The goal is one second in lessons 01 to 07 and two seconds after them.")
    for name in lessons.all_lessons():
        for number, step in enumerate(lessons.steps_of(name), 1):
            bench.output_of(["cmake", "--build", folder, "--target", f"test-{step.id}"], 900)
            found = bench.rounds({step.id: lambda step=step: judged(bench, folder, step.id)}, ROUNDS, step.id)
            bench.row(name, name, "s", {f"step {number}": found[step.id][""]})


SECTION = Section("loop", "from saving a file to the verdict of its step", measure, order=50, in_quick=False)
