"""The peers' programs: built where their libraries are, and announced as left out, with the fix, where they are not."""
import re
import shutil
from pathlib import Path

from console import Progress, Stop, green, red, say
from process import last_relevant, run_logged

from . import rust
from .section import Program

BENCH = Path(__file__).resolve().parents[1]
ROOT = BENCH.parent
ELSEWHERE = ("rust",)              # kinds that are not built by the bench's CMakeLists.txt


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


def build(folder: Path, kinds: tuple, cores: int, lto: bool = False) -> list:
    """Builds those kinds and gives all their programs. One that does not compile is left out, the others go on."""
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
    programs = [program for program in programs if program.kind in targets]
    if failed:
        programs = [left_out(program, f"did not build; see {folder}/bench-build.log")
                    if program.path and not is_current(folder, program) else program for program in programs]
    return programs + (rust_programs(folder, lto) if "rust" in kinds else [])


def left_out(program: Program, reason: str) -> Program:
    return Program(program.kind, program.name, "", reason)


def is_current(folder: Path, program: Program) -> bool:
    """True if nothing is left to be built for it."""
    return run_logged(["cmake", "--build", folder, "--target", f"{program.kind}-{program.name}"],
                      folder / "bench-build-one.log", ROOT) == 0


def rust_programs(folder: Path, lto: bool = False) -> list:
    """tokio_echo is of kind echo, tokio_micro and tokio_lto_micro of kind micro, tokio_demo of kind demo."""
    progress = Progress("building rust")
    built = rust.build(folder / "rust")
    if lto:
        built["tokio_lto_micro"] = rust.build_package(folder / "rust", "tokio", "lto")["tokio_micro"]
    progress.done(green("ok") if any(isinstance(found, Path) for found in built.values()) else "left out")
    return [Program(name.rpartition("_")[2], name, str(found)) if isinstance(found, Path) else
            Program(name.rpartition("_")[2], name, "", found) for name, found in sorted(built.items())]
