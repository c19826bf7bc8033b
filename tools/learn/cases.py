"""Runs the cases of a test: at first in a process for each core, which is quick; what does not end well there is run again,
case by case, so that what is told of a case is its own and nobody else's."""
import re
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Callable

from children import Ended, run_all
from lessons import ROOT

CASE_SECONDS = 30             # the last resort: the tests' own watchdog ends them long before
SILENCE = 0.4                 # s without a case passed: such a case is better looked at alone, beside the others
MARK = "\x1e"                 # what the harness prints after each case that passed, when it is asked to
REPORTS = {"UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": "halt_on_error=1"}  # with lines, of the first finding only
SANITIZERS = {**REPORTS, "ASAN_OPTIONS": "detect_leaks=1", "CLICOLOR_FORCE": "0", "LC_ALL": "C.UTF-8"}
QUICKLY = {**SANITIZERS, "PBP_STRESS": "short"}     # see rounds_of() in tests/support/random.hpp


def listed(test: Path, wait: Callable) -> tuple:
    """((suite, name) of each case, in order, or none where it did not get so far; what became of the test that was asked)"""
    ended = run_all([[test, "--list-test-cases", "--reporters=xml"]], ROOT, wait, seconds=CASE_SECONDS)[0]
    report = re.search(r"<\?xml.*</doctest>", ended.output, re.S)      # around it stands what was printed outside of main
    try:
        root = xml.fromstring(report.group() if report else "")
    except xml.ParseError:
        return [], ended
    return [(case.get("testsuite"), case.get("name")) for case in root.iter("TestCase")], ended


def parts(count: int, at_once: int) -> list:
    """(first, last) of each part of 1 … count, none of them empty."""
    edges = [count * part // at_once for part in range(at_once + 1)]
    return [(before + 1, last) for before, last in zip(edges, edges[1:]) if before < last]


def one_by_one(first: int, last: int) -> list:
    return [(number, number) for number in range(first, last + 1)]


def command(test: Path, cases: list, first: int, last: int) -> list:
    if first == last:
        suite, name = cases[first - 1]
        return [test, "--no-version=true", f"--test-suite={suite}", f"--test-case={name}"]
    return [test, "--no-version=true", f"--first={first}", f"--last={last}", "--abort-after=1", "--mark-passed"]


def run_cases(test: Path, cases: list, wait: Callable, at_once: int) -> tuple:
    """(number of the first case that failed, from 1, or 0; what became of it, or of the last that passed).
    A part that failed: the cases that passed in it are run once more, together, beside those that follow, each by itself.
    For what passed may have leaked, which is known only at the end of a process; and if so, each is run by itself."""
    jobs = parts(len(cases), at_once)
    while True:
        ended = run_all([command(test, cases, *job) for job in jobs], ROOT, wait, at_once, CASE_SECONDS, QUICKLY,
                        silence=[SILENCE if first < last else CASE_SECONDS for first, last in jobs])
        first, last = jobs[len(ended) - 1]
        became = ended[-1]
        if became.status == 0 and not became.why:
            return 0, Ended(0, became.output.replace(MARK, ""))
        if first == last:
            return first, became
        passed = became.output.count(MARK)
        guilty = first + passed
        if passed == 0 or guilty > last:
            jobs = one_by_one(first, len(cases))
        else:
            jobs = [(first, guilty - 1), *one_by_one(guilty, len(cases))]
