"""Instructions with a lock prefix, of any program: callgrind counts how often each instruction ran, objdump says which those are.

On x86 every atomic read-modify-write is one, the C library's mutexes included, whoever compiled it: so it is the one figure of
contention in which ours and Tokio's can be compared. Valgrind lets one thread run at a time, so nobody waits for a lock here:
it is what the operations ask for, not what they meet.
"""
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .children import Failed

OBJECT = re.compile(r"ob=(.*)")
COST = re.compile(r"0x([0-9a-f]+) \d+ (\d+)")
# xchg with memory locks by itself. The address stands in front, the operands behind.
LOCKED = re.compile(r"^ *([0-9a-f]+):\s+(?:lock\b|xchg\b[^#\n]*\()", re.M)


def why_not() -> str:
    """What is missing; empty if nothing is."""
    if platform.machine() != "x86_64":
        return "locked instructions are counted on x86-64 only"
    missing = [word for word in ("valgrind", "objdump") if not shutil.which(word)]
    return f"locked instructions: needs {' '.join(missing)}" if missing else ""


def costs(profile: str) -> dict:
    """{object: {address: how often it ran}} of a callgrind profile with instructions, nothing abbreviated."""
    found: dict = {}
    here: dict = {}
    skip = False
    for line in profile.splitlines():
        name = OBJECT.match(line)
        cost = COST.match(line)
        if name:
            here = found.setdefault(name.group(1), {})
        elif line.startswith("calls="):
            skip = True         # the next line is what the called function cost
        elif cost and not skip:
            address = int(cost.group(1), 16)
            here[address] = here.get(address, 0) + int(cost.group(2))
        elif cost:
            skip = False
    return found


def locked_addresses(disassembly: str) -> set:
    return {int(address, 16) for address in LOCKED.findall(disassembly)}


class Counter:
    """Counts for programs; an object is disassembled once."""

    def __init__(self, bench):
        self.bench = bench
        self.known: dict = {}

    def addresses(self, name: str) -> set:
        if name not in self.known:
            text = self.bench.output_of(["objdump", "-d", "--no-show-raw-insn", name]) if Path(name).is_file() else ""
            self.known[name] = locked_addresses(text)
        return self.known[name]

    def count(self, command: list) -> int:
        """How many of them the whole run had, all threads."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "profile")
            self.bench.output_of(["valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no", "--compress-strings=no",
                                  "--fair-sched=try", f"--callgrind-out-file={out}", *command], 300, stderr=subprocess.STDOUT)
            if not out.exists():
                raise Failed(f"callgrind wrote no profile of {command[0]}")
            found = costs(out.read_text(errors="replace"))
        return sum(times for name, ran in found.items() for address, times in ran.items() if address in self.addresses(name))

    def per_operation(self, program: str, measure: str, runtime: str, few: int = 2_000, many: int = 12_000) -> float:
        """What start-up takes cancels."""
        def run(count: int) -> int:
            return self.count([program, measure, count, "--runtime", runtime])
        return (run(many) - run(few)) / (many - few)
