"""What a test that failed has to say, cut to what a learner needs: its story, why it ended, the line to open."""
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from children import Ended
from diagnose import is_in, source_line
from lessons import ROOT, shown

SIGNALS = {signal.SIGABRT: "it called abort()", signal.SIGSEGV: "it crashed: a pointer that points nowhere",
           signal.SIGBUS: "it crashed: memory that is not there", signal.SIGFPE: "it crashed: a division by zero?",
           signal.SIGILL: "it crashed: an instruction that is none", signal.SIGKILL: "it was killed: out of memory?",
           signal.SIGXFSZ: "it wrote a file larger than this machine allows"}
FRAME = re.compile(r"^\s+#\d+ 0x[0-9a-f]+ in (?P<what>.*?) (?P<file>/[^ ]+?):(?P<line>\d+)(?::\d+)?$")
REPORT = re.compile(r"^(?:==\d+==)?ERROR: (AddressSanitizer|LeakSanitizer): (.*)$")
EMPTY_OPTIONAL = re.compile(r"^/\S*/optional:\d+: .*Assertion '.*_M_is_engaged\(\)' failed\.$")
RUNTIME_ERROR = re.compile(r"^(?P<file>/[^ ]+?):(?P<line>\d+):\d+: runtime error: (?P<what>.*)$")
CRASHES = {"SEGV": "it read or wrote where no memory is", "heap-use-after-free": "it used memory after it was freed",
           "stack-use-after-scope": "it used a variable after its scope had ended",
           "stack-use-after-return": "it used a variable of a function that had returned",
           "heap-buffer-overflow": "it went past the end of a block of memory",
           "stack-buffer-overflow": "it went past the end of a variable",
           "attempting double-free": "it freed the same memory twice", "stack-overflow": "it called itself without end",
           "alloc-dealloc-mismatch": "it freed memory in another way than it was made",
           "new-delete-type-mismatch": "it deleted an object as another type than it was made",
           "detected memory leaks": "memory was made and never freed"}
# What a report says above a stack, and so of each of its lines.
STACKS = {"freed": "freed in", "previously allocated": "made in", "Direct leak": "made in", "Indirect leak": "made in",
          "READ": "in", "WRITE": "in"}
STACK = re.compile(rf"\s*({'|'.join(STACKS)})")
STEP = re.compile(r" *(\d+\. |…  \d+ steps before)")      # of the harness: see tests/support/story.cpp
LAST_LINES = 3
HERE = "<-- here"                 # the harness marks the step that failed so
IS_EMPTY = "an empty optional was asked for its value, by `*` or `->`: nobody asked has_value(), or nothing was put into it"
ASKS_AN_OPTIONAL = r"(?<![\w)\]] )\*\w|\w->"
SWAPS_WHOLE = "std::swap of two of them assigns them, and that is what is being written here: swap the members"
BY_VALUE = "operator= takes its argument by value, and making that argument calls the constructor again"


@dataclass
class Story:
    lines: list = field(default_factory=list)     # why it failed
    steps: list = field(default_factory=list)     # what the test did until then
    todo: str = ""                    # the sentence of an open hole: "01.1 keep the value of Ready"
    place: tuple = ()                 # (file, line) in the learner's copy, where it is known


def place_of(found) -> tuple:
    """(file, line) of a FRAME or a RUNTIME_ERROR."""
    return Path(found.group("file")), int(found.group("line"))


def relative(line: str) -> str:
    """Paths as a person types them."""
    return line.replace(f"{ROOT}/", "")


def tell(ended: Ended, title: str, folder: Path, is_in_the_step: Callable = lambda path, line: False) -> Story:
    """`title` is the test case's, `folder` the learner's copy; the step is the one that the case judges."""
    story = Story()
    text = re.sub(r"\x1b\[[0-9;]*m", "", ended.output)
    todo = re.search(r"^TODO\((\d\d\.\d+ [^\n]*)\)$", text, re.M)
    if ended.status == 3 and todo:
        story.todo = todo.group(1)
        story.lines = [f"still to write: {todo.group(1)[5:]}"]
        return story
    report, rest = split_report(text.splitlines())
    story.lines, story.steps = first_failure(rest, title)
    if ended.why == "loud":
        last = [f"     | {line}" for line in story.lines[-LAST_LINES:]]
        story.lines, story.steps = [last_word(ended), "printed last:", *last], []
        return story
    if report:
        explain_report(report, story, folder)
        # Where leaked memory was made is seldom where it was forgotten.
        is_leak = "detected memory leaks" in report[0]
        story.place = innermost(report, is_in_the_step) or (() if is_leak else story.place)
    if IS_EMPTY not in story.lines:
        story.lines += [line for line in [last_word(ended)] if line]
    if not story.lines:
        story.lines = [f"it ended with status {ended.status} and said nothing"]
    return story


def first_failure(lines: list, title: str) -> tuple:
    """(why it failed, the steps that led there): the first block of doctest's report. The rest is of the same case."""
    why: list = []
    kept: list = []
    steps: list = []
    for line in lines:
        if line.startswith(("=====", "[doctest]")):
            break
        if line.endswith(f": {title}") or line.startswith("AddressSanitizer:DEADLYSIGNAL"):
            continue
        if not line.strip():
            if any(word.startswith(("  in  ", "  found")) for word in kept):
                break
            continue
        line = IS_EMPTY if EMPTY_OPTIONAL.match(line) else relative(line).rstrip()
        (steps if STEP.match(line) else why if line.startswith("  why ") else kept).append(line)
    return why + kept, steps


def split_report(lines: list) -> tuple:
    """A sanitizer's report, and what was said besides."""
    report, rest, inside = [], [], False
    for line in lines:
        found = RUNTIME_ERROR.match(line)
        if REPORT.match(line) or found:
            inside = True
        if inside:
            report.append(line)
            inside = not re.match(r"^(==\d+==ABORTING|SUMMARY: UndefinedBehaviorSanitizer|SUMMARY: .*leaked)", line)
        elif not re.match(r"^=+$", line):
            rest.append(line)
    return report, rest


def innermost(report: list, is_in_the_step: Callable) -> tuple:
    """The first line of the step's own that the report names: what it calls is finished, and was green."""
    for frame in filter(None, map(FRAME.match, report)):
        place = place_of(frame)
        if is_in_the_step(*place):
            return place
    return ()


def explain_report(report: list, story: Story, folder: Path) -> None:
    head = REPORT.match(report[0])
    undefined = RUNTIME_ERROR.match(report[0])
    if head:
        words = next((words for kind, words in CRASHES.items() if head.group(2).startswith(kind)), "it crashed")
        story.lines.append(f"{words} ({head.group(1)}: {re.split(r' on | [(]', head.group(2))[0]})")
    elif undefined:
        story.lines.append(f"undefined behavior: {undefined.group('what')}")
        if is_in(place_of(undefined), [folder]):
            story.place = place_of(undefined)
    frames = [FRAME.match(line) for line in report]
    if head and head.group(2).startswith("stack-overflow"):
        explain_recursion(list(filter(None, frames)), story, folder)
    for index, frame in enumerate(frames):
        if frame and is_in(place_of(frame), [folder]):
            story.place = story.place or place_of(frame)
            before = next(filter(None, map(STACK.match, reversed(report[:index]))), None)
            where = STACKS[before.group(1)] if before else "in"
            sentence = f"  {where} {shown(Path(frame.group('file')))}:{frame.group('line')}"
            if sentence not in story.lines and sum(known.startswith("  ") and "in " in known[:10] for known in story.lines) < 4:
                story.lines.append(sentence)


def explain_recursion(frames: list, story: Story, folder: Path) -> None:
    """The two ways in which an assignment calls itself; what is opened is the line that has the call."""
    for inner, outer in zip(frames, frames[1:]):
        if is_in(place_of(outer), [folder]) and "std::swap<" in inner.group("what"):
            story.lines.append(f"  {SWAPS_WHOLE}")
            story.place = place_of(outer)
            return
    calls = [frame for frame in frames if is_in(place_of(frame), [folder]) and "*this =" in source_line(*place_of(frame))]
    if calls:
        story.lines.append(f"  {BY_VALUE}")
        story.place = place_of(calls[0])


def last_word(ended: Ended) -> str:
    if ended.why == "slow":
        return "it did not end, and was ended"
    if ended.why == "loud":
        return "it printed more than a megabyte, and was ended: a loop without end?"
    if ended.status == 127 and not ended.output:
        return "it could not be started"
    number = -ended.status if ended.status < 0 else ended.status - 128 if 128 < ended.status < 160 else 0
    thrown = re.search(r"terminate called after throwing an instance of '([^']*)'", ended.output)
    if number == signal.SIGABRT and thrown:
        return f"an exception ({thrown.group(1)}) left a function that promises none, or a thread: that ends the program"
    if number == signal.SIGABRT and re.search(r"rt: |violation", ended.output):
        return ""
    return SIGNALS.get(number, f"it was ended by signal {number}") if number else ""
