"""What the tests of a lesson's program found (program_tests.py), in a learner's words: which run, and what differs or hangs."""
import json
import re
import shlex

import failure_report
import holes
from children import Ended
from mine import copy_of

SIDES = {"output": "of its output", "errors": "of its stderr", "": "of what was compared"}
WHY = {"silent": "The program was silent for {:.0f} s and was killed.",
       "endless": "The program was still running after {:.0f} s and was killed.",
       "loud": "The program printed more than 4 MB and was killed."}
NOTHING = "(nothing, because it exits earlier)"


def found_in(output: str) -> dict:
    """The failure that was told, else the run in which the tests themselves came to no end."""
    last: dict = {}
    for line in output.splitlines():
        try:
            told = json.loads(line) if line.startswith("{") else {}
        except ValueError:
            continue
        if "failed" in told:
            return told["failed"]
        last = told if "run" in told else last
    return last


def tell(ended: Ended, lesson: str) -> tuple:
    """(title, lines, place to open)"""
    found = found_in(ended.output)
    run = command_of(lesson, found.get("run"))
    if ended.why or "place" not in found:
        lines = [line for line in ended.output.splitlines() if line.strip() and not line.startswith('{"run"')][-8:]
        return "does not finish its tests", run + (lines or [failure_report.last_word(ended)]), main_of(lesson)
    if "why" in found:
        return "does not exit", run + about_hang(found), main_of(lesson)
    ended_badly = sanitized(found, lesson)
    if ended_badly:
        return "ends badly", run + ended_badly[0], ended_badly[1] or main_of(lesson)
    if "what" in found:
        title = "exits with the wrong status" if found["what"] == "status" else "does not print what it should"
        lines = about_difference(found)
    else:
        title, (number, text) = "does not do what it should", found["place"]
        lines = [f"tests/{lesson}/program.py:{number} says: {text}", *found["words"].splitlines()[:6]]
    return title, run + lines + about_end(found), main_of(lesson)


def command_of(lesson: str, arguments) -> list:
    """As it can be typed."""
    return [] if arguments is None else [f"$ ./learn run {lesson[:2]} {shlex.join(arguments)}".rstrip()]


def about_hang(found: dict) -> list:
    why = WHY[found["why"]].format(found["seconds"])
    lines = [why]
    printed = [line for line in found["printed"] if line.strip()]
    lines += ["Its last output:", *(f"     | {line}" for line in printed)] if printed else ["It printed nothing."]
    report = re.sub(r"^rt: ", "", found["report"].strip())
    if report:
        lines += [line for line in report.splitlines() if line.strip()]
    return lines


def about_difference(found: dict) -> list:
    if found["what"] == "status":
        return [f"expected   status {found['expected']}", f"yours      status {found['yours']}"]
    if not found["line"]:
        return [f"expected   {found['expected']}", f"yours      {found['yours']}"]
    if found["only_its_end"]:
        return [f"line {found['line'] - 1} {SIDES[found['what']]}: only the '\\n' at its end differs."]
    expected, yours = found["expected"], found["yours"]
    if expected is not None and yours is not None and "".join(expected.split()) == "".join(yours.split()):
        expected, yours = repr(expected), repr(yours)      # else they look alike
    return [f"line {found['line']} {SIDES[found['what']]}:",
            f"     | expected   {NOTHING if expected is None else expected}",
            f"     | yours      {NOTHING if yours is None else yours}"]


def sanitized(found: dict, lesson: str) -> tuple:
    """(what a sanitizer or an open hole says, the place that it names), or nothing."""
    status, errors = found["status"] or 0, found["said"][1]
    if not status or not re.search(r"^(TODO\(|==\d+==ERROR: |\S+: runtime error: )", errors, re.M):
        return ()
    told = failure_report.tell(Ended(status, errors), "", copy_of(lesson))
    return told.lines, told.place or (holes.place(lesson, told.todo[:4], told.todo) if told.todo else ())


def about_end(found: dict) -> list:
    """The program's last words, where they are not what was compared."""
    status, errors = found["status"] or 0, found["said"][1]
    lines = [line for line in [failure_report.last_word(Ended(status, errors))] if line]
    last = [line for line in errors.splitlines() if line.strip()][:4]
    if last and found.get("what") != "errors":
        lines += ["on stderr:", *(f"     | {failure_report.relative(line)}" for line in last)]
    if status and found.get("what") != "status" and not lines:
        lines = [f"It exited with status {status}."]
    return lines


def main_of(lesson: str) -> tuple:
    """(file, line) of where the learner's program begins."""
    file = copy_of(lesson) / "main.cpp"
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return file, 1
    return file, next((n for n, line in enumerate(lines, 1) if re.match(r"\s*(int|auto)\s+main\s*\(", line)), 1)
