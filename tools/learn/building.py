"""Configure, build and test one preset, each with its log under build/<preset>/."""
import os
import re
import shutil
import sys
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import diagnose
from children import alone_in
from console import Progress, Stop, green, red, say
from lessons import ROOT, shown
from machine import VERIFIED_CLANG, Machine
from process import last_relevant, run_logged


@dataclass
class Outcome:
    """What a run of ctest came to."""
    passed: int = 0
    failed: list = field(default_factory=list)   # (name, output)
    skipped: int = 0
    names: list = field(default_factory=list)    # of those that passed
    outputs: list = field(default_factory=list)  # of all that ran


class Build:
    """The build folder of one preset."""

    def __init__(self, preset: str, machine: Machine):
        self.preset = preset
        self.machine = machine
        self.folder = ROOT / "build" / preset

    def log(self, step: str) -> Path:
        return self.folder / f"learn-{step}.log"

    def compiler(self) -> list:
        """Only where the preset's own choice is not what this machine has."""
        cache = self.folder / "CMakeCache.txt"
        if cache.exists():
            return []
        if "clang" in self.preset:
            name = self.machine.clang(VERIFIED_CLANG) or self.machine.clang()
            return [] if name in (None, "clang++-19") else [f"-DCMAKE_CXX_COMPILER={name}"]
        if self.preset.startswith("verify"):
            name = self.machine.gcc()
            return [] if name in (None, "g++") else [f"-DCMAKE_CXX_COMPILER={name}"]
        name = None if os.environ.get("CXX") else self.quickest()
        return [f"-DCMAKE_CXX_COMPILER={name}"] if name else []

    def quickest(self) -> Optional[str]:
        """For the learner's own build: clang, where it is whole, compiles a step in three quarters of g++'s time."""
        gcc, clang = self.machine.gcc(), self.machine.clang()
        if not gcc:
            return clang
        whole = clang and self.machine.symbolizer(clang) and self.machine.has_clang_runtime(clang)
        return clang if whole and self.preset == "learn" else gcc

    def setting(self, name: str) -> str:
        """What a configured build was told, '' before that."""
        self.forget_if_moved()
        cache, ninja = self.folder / "CMakeCache.txt", self.folder / "build.ninja"
        if not (cache.exists() and ninja.exists()):
            return ""
        found = re.search(rf"^{re.escape(name)}:[A-Z]+=(.*)$", cache.read_text(errors="replace"), re.M)
        return found.group(1) if found else ""

    def forget_if_moved(self) -> None:
        """A build folder that came along with a copied or moved clone belongs to the old place."""
        cache = self.folder / "CMakeCache.txt"
        if cache.exists():
            home = re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache.read_text(errors="replace"), re.M)
            if home and Path(home.group(1)) != ROOT:
                shutil.rmtree(self.folder)

    def configure(self, *extra: str) -> None:
        self.forget_if_moved()
        with alone_in(self.folder):
            progress = Progress(f"configuring {self.preset}")
            # CMake would take the first python3 of PATH, which may be a script that looks for the real one each time.
            words = ["cmake", "--preset", self.preset, f"-DPython3_EXECUTABLE={sys.executable}", *self.compiler(), *extra]
            status = run_logged(words, self.log("configure"), ROOT)
        progress.done(green("ok") if status == 0 else red("failed"))
        if status != 0:
            self.give_up("Configuring", "configure")

    def build(self, *targets: str, keep_going: bool = False, raw: bool = False) -> bool:
        """Builds, showing how far it is. With keep_going a failure is the caller's to count; raw: all is said of it."""
        def count(line: str) -> None:
            step = re.match(r"^\[(\d+/\d+)\]", line)
            if step:
                progress.update(step.group(1))

        words = ["cmake", "--build", self.folder, "-j", str(self.machine.cores())]
        words += ["--target", *targets] if targets else []
        words += ["--", "-k", "0"] if keep_going else []
        with alone_in(self.folder):
            progress = Progress(f"building {', '.join(targets) or self.preset}")
            status = run_logged(words, self.log("build"), ROOT, on_line=count)
        progress.done(green("ok") if status == 0 else red("failed"))
        if status != 0 and not keep_going:
            self.give_up("Building", "build", raw)
        return status == 0

    def has_target(self, name: str) -> bool:
        ninja = self.folder / "build.ninja"
        text = ninja.read_text(errors="replace") if ninja.exists() else ""
        return re.search(rf"^build {re.escape(name)}: phony", text, re.M) is not None

    def test(self, *filters: str) -> Outcome:
        report = self.folder / "learn-test.xml"
        report.unlink(missing_ok=True)
        progress = Progress(f"testing {self.preset}")

        def count(line: str) -> None:
            step = re.match(r"^\s*(\d+/\d+) Test\s", line)
            if step:
                progress.update(step.group(1))

        # One more than there are cores, because some tests wait: for a time limit, a terminal, or a process.
        # A test's last words tell most, so a long output loses its beginning.
        status = run_logged(["ctest", "--output-on-failure", "--output-junit", report, "--test-output-truncation", "head",
                             "-j", str(self.machine.cores() + 1), *filters], self.log("test"), self.folder, on_line=count)
        outcome = read_report(report)
        if status != 0 and not outcome.failed:
            outcome.failed.append((f"{self.preset}: ctest ended with status {status}", last_relevant(self.log("test"))))
        progress.done(f"{outcome.passed} passed" + (red(f", {len(outcome.failed)} failed") if outcome.failed else ""))
        return outcome

    def give_up(self, doing: str, step: str, raw: bool = False) -> None:
        log = self.log(step)
        text = log.read_text(encoding="utf-8", errors="replace")
        if "Failed to clone repository" in text:
            raise Stop("fmt and doctest are not installed, and could not be fetched. Go online, or install Debian's "
                       f"libfmt-dev and doctest-dev. The whole log is in {log.relative_to(ROOT)}", 1)
        say(text.rstrip() if raw else own_error(log) or last_relevant(log))
        raise Stop(f"{doing} {self.preset} failed. The whole log is in {log.relative_to(ROOT)}", 1)


def own_error(log: Path) -> str:
    """What the loop would show of a compile error, if that lies in the learner's own files."""
    text, folders = log.read_text(encoding="utf-8", errors="replace"), [ROOT / "mine"]
    problem = diagnose.first_problem(text, folders)
    if not problem or not diagnose.is_in(problem.place, folders):
        return ""
    lines, spot = diagnose.explain(text, folders)
    return "\n".join([*lines, "", f"open  {shown(spot[0])}:{spot[1]}"])


def read_report(report: Path) -> Outcome:
    """CTest's JUnit file: every case is passed, failed or skipped. Where it is missing or cut short, nothing was counted."""
    outcome = Outcome()
    try:
        cases = list(xml.parse(report).iter("testcase"))
    except (FileNotFoundError, xml.ParseError):
        return outcome
    for case in cases:
        status, output = case.get("status"), case.findtext("system-out") or ""
        outcome.outputs.append(output)
        if status == "run":
            outcome.passed += 1
            outcome.names.append(case.get("name"))
        elif status in ("disabled", "notrun") and case.find("failure") is None and case.find("skipped") is not None \
                and "SKIP" in (case.find("skipped").get("message") or ""):
            outcome.skipped += 1
        else:
            said = output if output.strip() else f"It printed nothing, and ended after {float(case.get('time') or 0):.0f} s."
            outcome.failed.append((case.get("name"), said))
    return outcome
