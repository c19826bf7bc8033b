"""Judges one step: builds its test alone, runs its cases, and says what came of it."""
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import diagnose
import failure_report
import holes
import program_report
from cases import CASE_SECONDS, SANITIZERS, listed, run_cases
from children import alone_in, plain_wait, run_all
from console import say
from contents import freshen
from lessons import PROGRAM, ROOT, Step, shown
from machine import Machine
from mine import copy_of, cure, gone_lines, missing_files

GREEN, RED = "green", "red"
BUILD_SECONDS = 600


@dataclass
class Verdict:
    state: str
    title: str = ""                                  # the failed case's, or what failed
    lines: list = field(default_factory=list)        # why it failed
    place: tuple = ()                                # (file, line) to open
    raw: str = ""                                    # everything, for --raw
    built: bool = True                               # False: it did not even compile
    cases: int = 0                                   # how many the step has
    at: int = 0                                      # the number of the failed one, from 1
    warning: list = field(default_factory=list)
    steps: list = field(default_factory=list)        # of the test, up to its failure
    places: list = field(default_factory=list)       # of more than one hole, where none of them is known to be the guilty one


class Judge:
    """Of one build folder."""

    def __init__(self, folder: Path, machine: Machine, wait: Callable = plain_wait, base: str = "solutions",
                 tell: Callable = say):
        self.folder = folder
        self.machine = machine
        self.wait = wait
        self.base = base
        self.tell = tell          # is called with a sentence where another ./learn must be waited for
        self.listed: dict = {}    # test executable's (path, mtime) -> what it has listed

    def own_folders(self, lesson: str) -> list:
        """Where errors are the learner's own."""
        return [ROOT / "mine"] if self.base == "mine" else [copy_of(lesson)]

    def ninja(self) -> str:
        return "ninja" if self.machine.which("ninja") else "ninja-build"

    def build(self, lesson: str, target: str) -> Verdict:
        gone = missing_files(lesson)
        if gone:
            return Verdict(RED, "a file is missing", gone_lines(lesson, gone), built=False)
        freshen(self.folder)
        command = [self.ninja(), "-C", self.folder, "-j", self.machine.cores(), target]
        with alone_in(self.folder, self.wait, self.tell):
            ended = run_all([command], ROOT, self.wait, seconds=BUILD_SECONDS, environment=SANITIZERS, gently=True)[0]
        folders = self.own_folders(lesson)
        if ended.status == 0 and not ended.why:
            warning = diagnose.first_warning(ended.output, folders)
            return Verdict(GREEN, raw=ended.output, warning=warning.lines()[:1] + [where(warning.place)] if warning else [])
        lines, spot = diagnose.explain(ended.output, folders)
        if -ended.status == signal.SIGXFSZ:
            lines = [diagnose.NO_SPACE]
        elif not lines:
            lines = [failure_report.last_word(ended) or f"Ninja exited with status {ended.status} and printed nothing."]
        if ended.why == "slow":
            lines = [f"The compiler was still running after {BUILD_SECONDS // 60} minutes and was killed. Simplify your last change."]
        return Verdict(RED, "it does not compile" if spot else "it could not be built", lines, spot, ended.output, built=False)

    def cases(self, test: Path) -> tuple:
        """See `listed`. Who was asked in vain is asked again the next time."""
        key = (test, test.stat().st_mtime_ns)
        found = self.listed.get(key) or listed(test, self.wait)
        if found[0]:
            self.listed[key] = found
        return found

    def judge(self, step: Step, seen: Callable = lambda program: None) -> Verdict:
        """A step, or what comes after the last one; `seen` is called with a program that is built, and about to run."""
        if step.id == PROGRAM:
            return self.judge_program(step, seen)
        try:
            return self.build_and_run(step)
        except OSError as error:
            return in_the_way(error)

    def build_and_run(self, step: Step) -> Verdict:
        built = self.build(step.lesson, step.target)
        if built.state == RED:
            there = holes.step_at(step.lesson, *built.place) if built.place else ""
            if there not in ("", step.id):
                built.title += f" (the line belongs to {there})"
            return built
        test = self.folder / "tests" / step.target
        cases, became = self.cases(test)
        failed, became = run_cases(test, cases, self.wait, self.machine.cores()) if cases else (0, became)
        verdict = Verdict(GREEN, cases=len(cases), at=failed, warning=built.warning, raw=built.raw + became.output)
        if failed or not cases:
            title = cases[failed - 1][1] if cases else "its test does not start"
            told = failure_report.tell(became, title, copy_of(step.lesson),
                              lambda file, line: holes.step_at(step.lesson, file, line) == step.id)
            verdict.state, verdict.title, verdict.lines, verdict.steps = RED, title, told.lines, told.steps
            verdict.place = told.place or holes.place(step.lesson, step.id, told.todo)
            if not (told.place or told.todo):
                verdict.places = holes.likely(holes.places(step.lesson, step.id, told.asks), told.steps, failure_report.HERE)
                verdict.place = verdict.places[0] if verdict.places else verdict.place
        return verdict

    # The lesson's program
    def build_program(self, lesson: str) -> tuple:
        """(verdict of the build, the executable)"""
        target = f"lesson-{lesson[:2]}"
        try:
            return self.build(lesson, target), self.folder / "bin" / target
        except OSError as error:
            return in_the_way(error), self.folder

    def run_program(self, lesson: str, program: Path) -> Verdict:
        """Holds what it does against tests/NN-name/program.py."""
        script = ROOT / "tests" / lesson / "program.py"
        environment = {"PBP_PROGRAM": str(program), "PBP_SANITIZERS": "address", "PBP_BUILD_TYPE": "Debug", **SANITIZERS}
        command = [sys.executable, "-B", Path(__file__).with_name("program_tests.py"), script]
        ended = run_all([command], ROOT, self.wait, seconds=BUILD_SECONDS, environment=environment,
                        silence=[2 * CASE_SECONDS])[0]
        if ended.status == 0 and not ended.why:
            return Verdict(GREEN, raw=ended.output)
        title, lines, place = program_report.tell(ended, lesson)
        return Verdict(RED, title, lines, place, ended.output)

    def judge_program(self, step: Step, seen: Callable) -> Verdict:
        built, program = self.build_program(step.lesson)
        if built.state == RED:
            return built
        seen(program)
        verdict = self.run_program(step.lesson, program)
        verdict.warning = built.warning
        return verdict


def in_the_way(error: OSError) -> Verdict:
    what = shown(error.filename) if error.filename else "a file"
    return Verdict(RED, "a file cannot be written", [f"{what}: {error.strerror}.", cure(error)], built=False)


def where(spot: tuple) -> str:
    return f"{shown(spot[0])}:{spot[1]}" if spot else ""
