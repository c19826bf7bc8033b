"""Compiling and running one step's tests outside of CMake, quickly: the harness is compiled once and kept, and whatever most
tests include is precompiled. For checks that build many variants of a lesson."""
import concurrent.futures
import fcntl
import functools
import hashlib
import html
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import child_processes
from sources import ROOT, headers, lesson_folders

COMPILER = os.environ.get("PBP_CXX", "g++")
# -Wpedantic is for all: g++ defines other macros with it, and would not take the precompiled header.
FLAGS = ["-std=c++20", "-pthread", "-Wpedantic", "-O0", "-fsanitize=address", "-fno-omit-frame-pointer",
         "-D_GLIBCXX_ASSERTIONS", *shlex.split(os.environ.get("PBP_CXX_FLAGS", ""))]
# g++ exempts the file that it compiles from its warning `subobject-linkage`, but here that file only includes the tests.
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", *([] if "clang" in COMPILER else ["-Wno-subobject-linkage"])]
# LLVM's linker, if clang has it, takes a quarter of the other's time.
HAS_LLD = "clang" in COMPILER and subprocess.run([COMPILER, "-print-prog-name=ld.lld"], capture_output=True).stdout.startswith(b"/")
LIBRARIES = ["-lfmt", *(["-fuse-ld=lld"] if HAS_LLD else [])]
# Test files that can't be compiled as one with others: those that CMakeLists.txt names, because verify does that too.
ALONE = re.findall(r"tests/\S+/(\S+\.cpp)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))
SHARED = ["doctest/doctest.h", "fmt/format.h", "algorithm", "array", "atomic", "chrono", "concepts", "coroutine", "exception",
          "functional", "latch", "memory", "mutex", "condition_variable", "thread", "optional", "span", "stdexcept", "string",
          "string_view", "system_error", "tuple", "type_traits", "utility", "variant", "vector"]


def compile_with(arguments: list, compiler: str = COMPILER) -> str:
    """The compiler's complaint, or nothing."""
    status, _, said = child_processes.run([compiler, *FLAGS, *arguments])
    errors = [line for line in said.splitlines() if "error" in line] or said.splitlines()
    return "" if status == 0 else "\n".join(errors[:5]) or "the compiler failed"


def made_once(what: str, parts: list, make, compiler: str) -> Path:
    """The folder that `make(folder)` fills: once, and anew when one of the files in `parts` has changed."""
    compiler = shutil.which(compiler) or compiler
    parts = [*parts, Path(__file__)]
    key = hashlib.sha256(repr([compiler, FLAGS, SHARED, [part.read_text() for part in parts]]).encode())
    key.update(subprocess.run([compiler, "--version"], capture_output=True).stdout)
    name = f"{what}-{Path(compiler).name}"
    folder = ROOT / "build/kit" / f"{name}-{key.hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one makes it, the others wait
        if not (folder / "made").exists():
            make(folder)
            (folder / "made").touch()
            for old in folder.parent.glob(f"{name}-{'?' * 16}"):  # a precompiled header is large
                if old != folder:
                    shutil.rmtree(old, ignore_errors=True)
    return folder


@functools.cache
def harness(jobs: int = 1, compiler: str = COMPILER) -> Path:
    """The folder with the harness's objects and the precompiled header of SHARED."""
    parts = sorted([*(ROOT / "tests/support").rglob("*.[ch]pp"), *(ROOT / "solutions/00-provided").rglob("*.[ch]pp")])
    return made_once("harness", parts, lambda folder: make_harness(folder, jobs, compiler), compiler)


@functools.cache
def precompiled(lesson: str) -> Path:
    """The folder with the precompiled header of all that comes before `lesson` (NN): SHARED, the headers of the lessons before it,
    and what most tests instantiate of them, with the code of all that. With clang a small test takes half of the time, a large
    one four fifths. With g++ the gain is small, so g++ takes the harness's header."""
    earlier = [folder for folder in lesson_folders() if folder.name[:2] < lesson]
    if "clang" not in COMPILER or lesson < "04":
        return harness()
    theirs = [path.relative_to(folder) for folder in earlier for path in headers(folder)
              if path.parent.name == "rt" and "#include <asio" not in path.read_text(encoding="utf-8")]
    tests = ROOT / "tests"
    instantiated = [path.relative_to(tests) for path in sorted((tests / "support/precompiled").glob("*.hpp"))
                    if uses_only(path, {str(name) for name in theirs})]
    parts = sorted([*(tests / "support").rglob("*.[ch]pp"), *(path for folder in earlier for path in headers(folder))])
    where = [f"-I{folder}" for folder in [*reversed(earlier), tests]]
    return made_once(f"before-{lesson}", parts,
                     lambda folder: precompile(folder, [*SHARED, *instantiated, *theirs], ["-Xclang", "-fmodules-codegen", *where]),
                     COMPILER)


def uses_only(path: Path, known: set) -> bool:
    """Whether a file of tests/support includes no header of a lesson but these, also through other files."""
    used = re.findall(r"#include <((?:rt|support|asio)/.+)>", path.read_text(encoding="utf-8"))
    return all(name in known or name.startswith("support/") and uses_only(ROOT / "tests" / name, known) for name in used)


def header_order(folder: Path, names: list, flags: list, compiler: str) -> list:
    """The compiler's arguments that precompile these headers as one."""
    (folder / "shared.hpp").write_text("".join(f"#include <{name}>\n" for name in names))
    # What the header instantiates, clang would else instantiate in each test.
    return ["-x", "c++-header", *(["-fpch-instantiate-templates"] if "clang" in compiler else []), *flags,
            folder / "shared.hpp", "-o", folder / "shared.hpp.gch"]


def precompile(folder: Path, names: list, flags: list) -> None:
    for order in (header_order(folder, names, flags, COMPILER),
                  ["-Qunused-arguments", "-c", folder / "shared.hpp.gch", "-o", folder / "code.o"]):
        if complaint := compile_with(order):
            sys.exit(f"what a lesson finds does not compile:\n{complaint}")


def make_harness(folder: Path, jobs: int, compiler: str) -> None:
    orders = [header_order(folder, SHARED, [], compiler)]
    support, observe = ROOT / "tests/support", ROOT / "solutions/00-provided/observe"
    observer = observe / "observe.cpp"  # For programs. Tests have a watchdog instead.
    (folder / "program").mkdir(exist_ok=True)
    # main.cpp comes first, because it says how doctest is configured.
    for part, sources in (("support", sorted(support.rglob("*.cpp"), key=lambda source: (source.name != "main.cpp", source))),
                          ("observe", [source for source in sorted(observe.glob("*.cpp")) if source != observer]),
                          ("program/observer", [observer])):
        orders.append(["-c", as_one(sources, folder / f"{part}.cpp"), "-I", ROOT / "tests", "-I", ROOT / "solutions/00-provided",
                       "-o", folder / f"{part}.o"])
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        complaints = [complaint for complaint in pool.map(lambda order: compile_with(order, compiler), orders) if complaint]
    if complaints:
        sys.exit("the harness does not compile:\n" + "\n".join(complaints))


def as_one(sources: list, file: Path) -> Path:
    """A file that includes them all: what they share is compiled once."""
    file.write_text("".join(f'#include "{source}"\n' for source in sources))
    return file


def program_objects() -> list:
    """What reports about tasks: linked into each program."""
    kit = harness()
    return [kit / "observe.o", kit / "program/observer.o"]


def build_test(lesson: str, where: list, sources: list, executable: Path, *flags: str) -> str:
    """The test executable of these sources; `where` are its include folders, in order. No header of a lesson before `lesson` (NN)
    is changed, so those are precompiled. The complaint, or nothing."""
    kit = precompiled(lesson)
    alone = [source for source in sources if source.name in ALONE]
    others = [source for source in sources if source not in alone]
    return compile_with([*flags, *(f"-I{folder}" for folder in where), "-include", kit / "shared.hpp",
                         *alone, as_one(others, Path(f"{executable}.cc")), *sorted({*harness().glob("*.o"), *kit.glob("*.o")}),
                         "-o", executable, *LIBRARIES])


def case_names(executable: Path, suites: str = "*") -> list:
    _, listed, _ = child_processes.run([executable, "--list-test-cases", "--reporters=xml", f"--test-suite={suites}"])
    return [html.unescape(name) for name in re.findall(r'<TestCase name="([^"]*)"', listed)]


def case_command(executable: Path, name: str) -> list:
    return [str(executable), "--no-version=true", f"--test-case={name}"]


def run(command: list, folder: Path, seconds: float, **environment: str) -> tuple:
    """Its status (None: it took too long) and what it said. Whatever it started ends with it."""
    status, output, _ = child_processes.run(command, seconds, cwd=folder, stderr=subprocess.STDOUT, env={**os.environ, **environment})
    return status, output


if __name__ == "__main__":  # so that several checks find it made
    child_processes.as_command(lambda: harness(jobs=2) and 0)
