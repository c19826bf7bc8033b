"""The peers' programs: built where their libraries are, and announced as left out, with the fix, where they are not."""
import re
import shutil
from pathlib import Path

import machine as tools            # tools/learn: what is installed
from process import last_relevant, run_logged
from screen import Progress, Stop, green, red, say

from . import rust
from .section import Program

BENCH = Path(__file__).resolve().parents[1]
ROOT = BENCH.parent
ELSEWHERE = ("rust", "clang")      # kinds that are built by others than the bench's CMakeLists.txt


def configure(folder: Path, words: list) -> None:
    """The C++ side; a build folder of another clone is begun anew."""
    cache = folder / "CMakeCache.txt"
    if cache.exists():
        home = re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache.read_text(errors="replace"), re.M)
        if home and Path(home.group(1)) != BENCH:
            shutil.rmtree(folder)
    log = folder / "bench-configure.log"
    status = run_logged(["cmake", "-S", BENCH, "-B", folder, "-G", "Ninja", *words], log, ROOT)
    if status != 0:
        say(last_relevant(log))
        raise Stop(f"configuring the bench failed; the whole log is {log}", 1)


def build(folder: Path, kinds: tuple, cores: int) -> list:
    """Builds those kinds (or single targets, KIND-NAME) and gives all their programs. One that does not compile is left out, the others go on."""
    targets = [kind for kind in kinds if kind not in ELSEWHERE]
    failed = False
    if targets:
        progress = Progress(f"building {', '.join(targets)}")

        def count(line: str) -> None:
            step = re.match(r"^\[(\d+/\d+)\]", line)
            if step:
                progress.update(step.group(1))

        failed = run_logged(["cmake", "--build", folder, "-j", str(cores), "--target", *targets, "--", "-k", "0"],
                            folder / "bench-build.log", ROOT, on_line=count) != 0
        progress.done(red("failed in part") if failed else green("ok"))
    programs = [Program(*line.split("|")) for line in (folder / "programs.txt").read_text().splitlines()]
    programs = [program for program in programs if {program.kind, f"{program.kind}-{program.name}"} & set(targets)]
    if failed:
        programs = [left_out(program, f"did not build; see {folder}/bench-build.log")
                    if program.path and not is_current(folder, program) else program for program in programs]
    return programs + (rust_programs(folder) if "rust" in kinds else []) + (clang_programs(cores) if "clang" in kinds else [])


def left_out(program: Program, reason: str) -> Program:
    return Program(program.kind, program.name, "", reason)


def is_current(folder: Path, program: Program) -> bool:
    """True if nothing is left to be built for it."""
    return run_logged(["cmake", "--build", folder, "--target", f"{program.kind}-{program.name}"],
                      folder / "bench-build-one.log", ROOT) == 0


def rust_programs(folder: Path) -> list:
    """tokio_echo is of kind echo, tokio_micro of kind micro, tokio_demo of kind demo."""
    progress = Progress("building rust")
    built = rust.build(folder / "rust")
    progress.done(green("ok") if any(isinstance(found, Path) for found in built.values()) else "left out")
    return [Program(name.rpartition("_")[2], name, str(found)) if isinstance(found, Path) else
            Program(name.rpartition("_")[2], name, "", found) for name, found in sorted(built.items())]


def clang_programs(cores: int) -> list:
    """Our micro program once more, compiled by clang: of kind clang, named after the compiler."""
    name = tools.Machine().clang()
    if name is None:
        return [Program("clang", "clang++", "", "needs clang-19")]
    folder = ROOT / "build" / "bench-clang"
    configure(folder, [] if (folder / "CMakeCache.txt").exists() else [f"-DCMAKE_CXX_COMPILER={name}"])
    return [Program("clang", name, one.path, one.reason) for one in build(folder, ("micro-rt",), cores)]
