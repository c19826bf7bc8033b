"""Runs tests/NN-name/program.py for the loop, in a process of its own, and tells what comes of it, a line of JSON each:

    {"run": ["serve", "--help"]}     the program is started with these arguments
    {"failed": {…}}                  the first test that fails: see `failure`

Its tests give a program the time that a slow machine needs. Here somebody waits: a program that gives no sign of life for a
tenth of that is asked what it is doing (SIGUSR1), and ended; so is one that goes on for a quarter of it, or prints without end.
It stands alone: a test imports the standard library, and finds nothing else by the same name.
"""
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

LOOK = 0.1                  # s between two looks at a program that is waited for
TEST_SECONDS = 30           # what a test that names no time-out means
SILENT, ENDLESS = 10, 4     # parts of a test's time-out: without a sign of life, and at all
ANSWER = 5                  # s for the report
MOST_OUTPUT = 1 << 22       # bytes
LAST_LINES = 6

real_popen = subprocess.Popen
real_equal = unittest.TestCase.assertEqual


def tell(**what) -> None:
    print(json.dumps(what), flush=True)


def text_of(output) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


class Stuck(AssertionError):
    """The program does not end: what it has printed, what it says of itself, and why it is not waited for any longer."""

    def __init__(self, why: str, seconds: float, printed: str, report: str):
        super().__init__(why)
        self.told = {"why": why, "seconds": seconds, "printed": printed.splitlines()[-LAST_LINES:], "report": report}


class Watched(real_popen):
    """In place of subprocess.Popen. What a test starts besides the program is left alone."""
    runs: list = []

    def __init__(self, args, *rest, **options):
        words = [os.fspath(word) for word in ([args] if isinstance(args, (str, os.PathLike)) else args)]
        self.is_program = words[0] == os.environ["PBP_PROGRAM"]
        self.arguments = [text_of(word) for word in words[1:]]
        self.said = ("", "")
        if options.get("text") or options.get("universal_newlines") or options.get("encoding"):
            options.setdefault("errors", "replace")      # a learner's program may print any byte
        if self.is_program:
            tell(run=self.arguments)
            Watched.runs.append(self)
        super().__init__(args, *rest, **options)

    def communicate(self, input=None, timeout=None):
        if not self.is_program:
            return super().communicate(input, timeout)
        patience = timeout or TEST_SECONDS
        began = heard = time.monotonic()
        used, size = processor_seconds(self.pid), 0
        while True:
            try:
                self.said = super().communicate(input, LOOK)
                return self.said
            except subprocess.TimeoutExpired as expired:
                still, input = expired, None              # what was passed in has been taken
            now, output = time.monotonic(), (still.output or b"") + (still.stderr or b"")
            if len(output) > size:
                heard, used, size = now, processor_seconds(self.pid), len(output)
            is_loop = processor_seconds(self.pid) - used > patience / SILENT / 3
            if size > MOST_OUTPUT:
                self.give_up("loud", now - began, still)
            if now - heard > patience / SILENT and (is_loop or is_asleep(self.pid)):      # else it is kept waiting itself
                self.give_up("silent", now - heard, still)
            if now - began > patience / ENDLESS and (size or is_loop or is_asleep(self.pid)):
                self.give_up("endless", now - began, still)
            if now - began > patience:
                self.give_up("endless", now - began, still)

    def give_up(self, why: str, seconds: float, still: subprocess.TimeoutExpired) -> None:
        report, output = ("", still.output) if why == "loud" else self.ask(still)
        self.kill()
        raise Stuck(why, seconds, text_of(output), report)

    def ask(self, still: subprocess.TimeoutExpired) -> tuple:
        """(the report that the program gives of itself, what it has printed until then)"""
        before = len(still.stderr or b"")
        self.send_signal(signal.SIGUSR1)
        until = time.monotonic() + ANSWER
        while time.monotonic() < until:
            size = len(still.stderr or b"")
            try:
                output, errors = super().communicate(None, 2 * LOOK)      # it did not survive the question
                return "", output
            except subprocess.TimeoutExpired as again:
                still = again
            if before < len(still.stderr or b"") == size:
                break                                     # it has said something, and has come to an end with it
        return text_of((still.stderr or b"")[before:]), still.output


def stats(pid: int) -> list:
    """Of each of its threads: the fields of /proc's stat that follow its name."""
    found = []
    for path in Path("/proc", str(pid), "task").glob("*/stat"):
        try:
            found.append(path.read_text(errors="replace").rpartition(")")[2].split())
        except OSError:
            pass                                          # it has just ended
    return found


def processor_seconds(pid: int) -> float:
    return sum(int(fields[11]) + int(fields[12]) for fields in stats(pid)) / os.sysconf("SC_CLK_TCK")


def is_asleep(pid: int) -> bool:
    return all(fields[0] not in "RD" for fields in stats(pid))


def assert_equal(case, first, second, msg=None) -> None:
    """What was compared is kept: unittest's own words cut it."""
    try:
        real_equal(case, first, second, msg)
    except AssertionError as error:
        error.compared = (first, second)
        raise


def difference(first, second) -> dict:
    """The first line, or the first part, in which they differ."""
    if isinstance(first, tuple) and isinstance(second, tuple) and len(first) == len(second):
        return next((difference(one, other) for one, other in zip(first, second) if one != other), {})
    what = meaning(first)
    if isinstance(first, bytes) and isinstance(second, bytes):
        first, second = text_of(first), text_of(second)
    if not (isinstance(first, str) and isinstance(second, str)):
        return {"what": what, "line": 0, "yours": repr(first), "expected": repr(second)}
    mine, wanted = first.splitlines(), second.splitlines()
    at = next((n for n, (one, other) in enumerate(zip(mine, wanted)) if one != other), min(len(mine), len(wanted)))
    return {"what": what, "line": at + 1, "yours": mine[at] if at < len(mine) else None,
            "expected": wanted[at] if at < len(wanted) else None, "only_its_end": at == len(mine) == len(wanted)}


def meaning(value) -> str:
    """What of the program's last run was looked at."""
    last = Watched.runs[-1] if Watched.runs else None
    if last and value == last.said[0]:
        return "output"
    if last and value == last.said[1]:
        return "errors"
    return "status" if last and type(value) is int and value == last.returncode else ""


def failure(error: BaseException, test: str = "") -> dict:
    """All that is known: the run; what it compared, or why it was ended; else the test's own words and where they stand."""
    last = Watched.runs[-1] if Watched.runs else None
    found = {"test": test, "run": last.arguments if last else None, "status": last.returncode if last else 0,
             "said": [text_of(part) for part in last.said] if last else ["", ""], "words": f"{error}" or type(error).__name__,
             "place": place_in_test(error)}
    if isinstance(error, Stuck):
        return {**found, **error.told}
    return {**found, **(difference(*error.compared) if hasattr(error, "compared") else {})}


def place_in_test(error: BaseException) -> list:
    """The innermost line of the test itself: [number, its text]."""
    trace, place = error.__traceback__, [0, ""]
    while trace:
        if trace.tb_frame.f_code.co_filename == SCRIPT:
            lines = Path(SCRIPT).read_text(encoding="utf-8", errors="replace").splitlines()
            place = [trace.tb_lineno, lines[trace.tb_lineno - 1].strip()]
        trace = trace.tb_next
    return place


class Result(unittest.TestResult):
    """Knows the first failure, with its exception."""
    first: dict = {}

    def note(self, test, error) -> None:
        self.first = self.first or failure(error[1], test.shortDescription() or test.id().rpartition(".")[2])

    def addFailure(self, test, error):
        self.note(test, error)
        super().addFailure(test, error)

    def addError(self, test, error):
        self.note(test, error)
        super().addError(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.note(test, error)
        super().addSubTest(test, subtest, error)


def end_all_others() -> None:
    """What a program has started, and its test does not know of. (By hand, the session is somebody else's.)"""
    own = os.getpid()
    for entry in Path("/proc").iterdir() if os.getsid(0) == own else ():
        try:
            if entry.name.isdigit() and int(entry.name) != own and os.getsid(int(entry.name)) == own:
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            pass                                          # it has just ended


def main(script: str) -> int:
    subprocess.Popen = Watched
    unittest.TestCase.assertEqual = assert_equal
    sys.path[0] = str(Path(script).parent)
    specification = importlib.util.spec_from_file_location("program", script)
    module = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        tell(failed=failure(error))
        return 1
    result = Result()
    result.failfast = True
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    if result.first:
        tell(failed=result.first)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    SCRIPT = sys.argv[1]
    try:
        status = main(SCRIPT)
    finally:
        end_all_others()
    sys.exit(status)
