"""./learn doctor: what is installed, what is missing, and how to get it."""
import sys
import tempfile
from pathlib import Path

from console import bold, green, red, say
from machine import Machine
from needs import LEARNING, VERIFYING, packages_of
from process import output_of
from setup import one_command

ENOUGH_DESCRIPTORS = 4096     # the demo's thousand clients need two each
MOST_RANDOM_BITS = 28         # above it the sanitizers of g++ 12 and 13 can crash at their start
FEWER_RANDOM_BITS = f"sysctl vm.mmap_rnd_bits={MOST_RANDOM_BITS}"


def sanitizer_problem(machine: Machine, kinds: tuple = ("address",)) -> str:
    """Builds and starts an empty program under each sanitizer: what went wrong, or nothing."""
    compiler = machine.gcc() or machine.clang()
    if not compiler:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "empty.cpp"), Path(folder, "empty")
        source.write_text("int main() {}\n")
        for kind in kinds:
            if output_of([compiler, f"-fsanitize={kind}", str(source), "-o", str(program)], 60) is None:
                runtime = "its runtime, libclang-rt" if "clang" in compiler else f"its runtime, lib{kind[0]}san"
                return f"{compiler} can't link with -fsanitize={kind}. Install {runtime}."
            if any(output_of([str(program)]) is None for _ in range(5)):
                return (f"A program built with -fsanitize={kind} does not start here. "
                        f"Try: {machine.as_root(FEWER_RANDOM_BITS)}")
    return ""


def problems(machine: Machine) -> list:
    """What no package can mend, each with what to do."""
    found = []
    if machine.system() != "Linux":
        found.append("This is not Linux. On Windows, use WSL2.")
    if machine.is_wsl1():
        found.append("This is WSL1, which has no epoll. Type in PowerShell: wsl --set-version <distribution> 2")
    if machine.architecture() not in ("x86_64", "aarch64"):
        found.append(f"The course is not tested on {machine.architecture()}. If something fails, try x86_64 or aarch64.")
    bits = machine.kernel_number("vm/mmap_rnd_bits")
    if bits is not None and bits > MOST_RANDOM_BITS and machine.gcc():
        found.append(f"vm.mmap_rnd_bits is {bits}, and the sanitizers of g++ can crash above {MOST_RANDOM_BITS}. "
                     f"Lower it with: {machine.as_root(FEWER_RANDOM_BITS)}")
    if machine.descriptor_limit() < ENOUGH_DESCRIPTORS:
        found.append(f"A process may open {machine.descriptor_limit()} descriptors, and the last lesson's demo needs "
                     f"{ENOUGH_DESCRIPTORS}. Raise the limit with: ulimit -Hn {ENOUGH_DESCRIPTORS} (as root), or with nofile in "
                     "/etc/security/limits.conf")
    return found


def show(needs: list, machine: Machine) -> list:
    """Prints one line per need; gives those that are missing."""
    absent = []
    for need in needs:
        what = need.found(machine)
        if what:
            say(f"  {green('ok')}       {need.title}" + ("" if what == "found" else f": {what}"))
        else:
            absent.append(need)
            say(f"  {red('missing')}  {need.title}" + (" (or CMake fetches it)" if need.fetched else ""))
    return absent


def fix(absent: list, machine: Machine) -> None:
    packages = packages_of(absent)
    if packages and machine.which("apt-get"):
        say(f"  Install with: {one_command(machine, packages)}")
    elif packages:
        say("  Install with this system's package manager (these are Debian's names): " + " ".join(packages))


def doctor(machine: Machine) -> int:
    version = ".".join(map(str, sys.version_info[:3]))
    say(bold("For learning"))
    say(f"  {green('ok')}       Python 3.9 or newer: {version}")
    absent = show(LEARNING, machine)
    fix(absent, machine)
    say(bold("For ./learn verify"))
    fix(show(VERIFYING, machine), machine)
    say(bold("This machine"))
    found = problems(machine)
    broken = sanitizer_problem(machine)
    found += [broken] if broken else []
    for sentence in found:
        say(f"  {red('look')}     {sentence}")
    if not found:
        sanitizers = "sanitizers start, " if machine.gcc() or machine.clang() else ""
        say(f"  {green('ok')}       Linux on {machine.architecture()}, {machine.cores()} cores, {sanitizers}"
            f"{machine.descriptor_limit()} descriptors")
    return 2 if found or any(not (need.fetched and machine.which("git")) for need in absent) else 0
