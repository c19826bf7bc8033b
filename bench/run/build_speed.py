"""How long the compiler takes: for everything, from nothing, and for each header.

The builds are in folders of their own, build/bench-speed/, on the solutions, with the presets' settings. (What a learner waits
for at each save: loop.py.) A header's cost is the time the compiler's front end takes for a program of that one
line, over the time it takes for the standard headers alone which come with it: CPU time, the lower quartile of its rounds,
as what disturbs a compiler only ever makes it slower. One compiler tells which header is heavy; builds are timed with both.
"""
import re
import resource
import shutil
import tempfile
import time
from pathlib import Path

import machine as tools            # tools/learn
from . import header_weight
from .children import Failed
from .programs import ROOT
from .section import Section

FOLDER = ROOT / "build" / "bench-speed"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*<([^>]+)>', re.M)
QUICK_HEADERS = ("rt/poll.hpp", "rt/async.hpp", "rt/current_thread.hpp", "rt/tcp.hpp")


def compilers() -> list:
    here = tools.Machine()
    return [name for name in (here.gcc(), here.clang(tools.VERIFIED_CLANG) or here.clang()) if name]


class Timed:
    """Wall and CPU seconds of what is run inside of `with`; CPU of the children that have ended."""

    def __enter__(self) -> "Timed":
        self.wall, self.cpu = time.monotonic(), self.of_children()
        return self

    def __exit__(self, *_) -> None:
        self.wall, self.cpu = time.monotonic() - self.wall, self.of_children() - self.cpu

    @staticmethod
    def of_children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime


# Headers
def standard_headers(name: str, paths: dict) -> list:
    """Those of no lesson that come with a header, in the order in which they come."""
    found: dict = {}
    seen: set = set()

    def visit(header: str) -> None:
        if header in paths and header not in seen:
            seen.add(header)
            for used in INCLUDE.findall(paths[header].read_text(encoding="utf-8")):
                visit(used)
        elif header not in paths and not header.startswith("asio"):
            found.setdefault(header)

    visit(name)
    return list(found)


def only_there(headers: list) -> str:
    """A text that includes them; one that another system lacks is asked for first."""
    return "".join(f"#if __has_include(<{header}>)\n#include <{header}>\n#endif\n" for header in headers)


def front_end(bench, compiler: str, text: str) -> float:
    """CPU milliseconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as source:
        source.write(text)
        source.flush()
        with Timed() as timed:
            bench.output_of([compiler, *header_weight.FLAGS, "-fsyntax-only", *header_weight.include_flags(), source.name])
    return 1000 * timed.cpu


def measure_headers(bench, name: str) -> None:
    paths, weights = header_weight.headers(), header_weight.weigh_all()
    for header in QUICK_HEADERS if bench.quick else paths:
        texts = {"whole": f"#include <{header}>\n", "std": only_there(standard_headers(header, paths))}
        cells = {which: lambda text=text: front_end(bench, name, text) for which, text in texts.items()}
        found = bench.rounds(cells, 1 if bench.quick else 3, header)
        ours, beside = weights[header]
        whole, std = found["whole"][""], found["std"][""]
        bench.row(f"header {header}", f"<{header}>, {ours:,} lines, {beside:g} × <string>", "ms CPU",
                  {f"{name}: it adds": max(0.0, whole.low - std.low), f"{name}: with std's": whole})


# Builds
def configure(bench, folder: Path, preset: str, compiler: str) -> None:
    bench.output_of(["cmake", "-S", ROOT, "--preset", preset, "-B", folder, f"-DCMAKE_CXX_COMPILER={compiler}",
                     "-DPBP_LEARNER=OFF", "-DPBP_COURSE_CHECKS=OFF", "-DPBP_EDITOR=OFF"], 300, cwd=ROOT)


def build(bench, folder: Path, *targets: str) -> str:
    words = ["--target", *targets] if targets else []
    return bench.output_of(["cmake", "--build", folder, "-j", str(tools.Machine().cores()), *words], 7200)


def clean_build(bench, preset: str, compiler: str) -> None:
    """Everything, from nothing."""
    folder = FOLDER / f"{preset}-{compiler}"
    shutil.rmtree(folder, ignore_errors=True)
    with Timed() as timed:
        configure(bench, folder, preset, compiler)
        said = build(bench, folder)
    steps = max(map(int, re.findall(r"^\[\d+/(\d+)\]", said, re.M)), default=0)
    programs = sum(path.is_file() and not path.suffix for place in ("bin", "tests") for path in (folder / place).glob("*"))
    bench.row(f"clean {preset}", f"clean build, {preset}: {steps} build steps, {programs} programs", "s",
              {f"{compiler}: wall": timed.wall, f"{compiler}: CPU": timed.cpu})


def measure(bench) -> None:
    names = compilers()
    if not names:
        raise Failed("there is no compiler that the course can use")
    for compiler in () if bench.quick else names:
        clean_build(bench, "learn", compiler)
    measure_headers(bench, names[0])
    bench.note("A header's lines are those of the course's headers, preprocessed; their budget is bench/build_budget.json, and "
               "./learn test course fails where one has doubled.")


SECTION = Section("build_speed", "what the compiler takes: clean builds, headers", measure, order=50, in_quick=False)
