"""What a test that failed has to say, cut to what a learner needs: its story, why it ended, the line to open."""
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from children import Ended
from diagnose import is_in, source_line
from lessons import ROOT, shown

SIGNALS = {signal.SIGABRT: "It called abort().", signal.SIGSEGV: "It crashed because it used a pointer that points nowhere.",
           signal.SIGBUS: "It crashed because it used memory that does not exist.", signal.SIGFPE: "It crashed. Does it divide by zero?",
           signal.SIGILL: "It crashed on an invalid instruction.", signal.SIGKILL: "It was killed. Is there enough free memory?",
           signal.SIGXFSZ: "It wrote a file that is larger than this machine allows."}
FRAME = re.compile(r"^\s+#\d+ 0x[0-9a-f]+ in (?P<what>.*?) (?P<file>/[^ ]+?):(?P<line>\d+)(?::\d+)?$")
REPORT = re.compile(r"^(?:==\d+==)?ERROR: (AddressSanitizer|LeakSanitizer): (.*)$")
ASSERTION = re.compile(r"^/\S*/[\w.]+:\d+: .*Assertion '(?P<what>.*)' failed\.$")
RUNTIME_ERROR = re.compile(r"^(?P<file>/[^ ]+?):(?P<line>\d+):\d+: runtime error: (?P<what>.*)$")
CRASHES = {"SEGV": "It read or wrote memory that does not exist", "heap-use-after-free": "It used memory after it was freed",
           "stack-use-after-scope": "It used a variable after its scope had ended",
           "stack-use-after-return": "It used a variable of a function that had returned",
           "heap-buffer-overflow": "It went past the end of a block of memory",
           "stack-buffer-overflow": "It went past the end of a variable",
           "attempting double-free": "It freed the same memory twice", "stack-overflow": "A function calls itself without end",
           "alloc-dealloc-mismatch": "It freed memory with the wrong function",
           "new-delete-type-mismatch": "It deleted an object as another type",
           "detected memory leaks": "It leaked memory: nothing freed it"}
# What a report says above a stack, and so of each of its lines.
STACKS = {"freed": "freed in", "previously allocated": "allocated in", "Direct leak": "allocated in", "Indirect leak": "allocated in",
          "READ": "in", "WRITE": "in"}
STACK = re.compile(rf"\s*({'|'.join(STACKS)})")
STEP = re.compile(r" *(\d+\. |…  \d+ steps before)")      # of the harness: see tests/support/story.cpp
LAST_LINES = 3
HERE = "<-- here"                 # the harness marks the step that failed so
IS_EMPTY = "An empty optional was dereferenced, by `*` or `->`. Check has_value() first, or find out why it is empty."
BAD_ORDER = "This memory order is impossible. A load, and a compare_exchange that fails, takes relaxed, acquire, or seq_cst, and a " \
            "store takes relaxed, release, or seq_cst."
# What the standard library's assertions look like, what they mean, and what is written in a hole that can be guilty.
ASSERTIONS = [(r"_M_is_engaged\(\)", IS_EMPTY, r"(?<![\w)\]] )\*\w|\w->"),
              (r"is_valid_cmpexch_failure_order|memory_order_", BAD_ORDER, r"\b(release|acquire|acq_rel)\b")]
SWAPS_WHOLE = "std::swap calls the very assignment that is being written here. Swap the members instead."
BY_VALUE = "This line calls operator=, which calls the function that the line is in. Set the members instead."


@dataclass
class Story:
    lines: list = field(default_factory=list)     # why it failed
    steps: list = field(default_factory=list)     # what the test did until then
    todo: str = ""                    # the sentence of an open hole: "01.1 keep the value of Ready"
    place: tuple = ()                 # (file, line) in the learner's copy, where it is known
    asks: str = ""                    # else what is written in the hole that is guilty


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
        story.lines, story.steps = [last_word(ended), "Its last output:", *last], []
        return story
    if report:
        explain_report(report, story, folder)
        # Where leaked memory was made is seldom where it was forgotten.
        is_leak = "detected memory leaks" in report[0]
        story.place = innermost(report, is_in_the_step) or (() if is_leak else story.place)
    story.asks = next((asks for _, meaning, asks in ASSERTIONS if meaning in story.lines), "")
    if not story.asks:
        story.lines += [line for line in [last_word(ended)] if line]
    if not story.lines:
        story.lines = [f"It exited with status {ended.status} and printed nothing."]
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
        line = assertion_in_words(line) or relative(line).rstrip()
        (steps if STEP.match(line) else why if line.startswith("  why ") else kept).append(line)
    return why + kept, steps


def assertion_in_words(line: str) -> str:
    """'' if it is none of the standard library's, or an unknown one."""
    found = ASSERTION.match(line)
    return next((words for sign, words, _ in ASSERTIONS if found and re.search(sign, found["what"])), "")


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
        words = next((words for kind, words in CRASHES.items() if head.group(2).startswith(kind)), "It crashed")
        story.lines.append(f"{words} ({head.group(1)}: {re.split(r' on | [(]', head.group(2))[0]})")
    elif undefined:
        story.lines.append(f"Undefined behavior: {undefined.group('what')}")
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
            if sentence not in story.lines and sum(known.startswith("  ") and "in " in known[:15] for known in story.lines) < 4:
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
        return "It timed out and was killed. Is it waiting for something that never happens?"
    if ended.why == "loud":
        return "It printed more than 1 MB and was killed. Look for a loop that never ends."
    if ended.status == 127 and not ended.output:
        return "It could not be started."
    number = -ended.status if ended.status < 0 else ended.status - 128 if 128 < ended.status < 160 else 0
    thrown = re.search(r"terminate called after throwing an instance of '([^']*)'", ended.output)
    if number == signal.SIGABRT and thrown and thrown[1] == "std::system_error" and "Operation not permitted" in ended.output:
        return "A lock was unlocked by a function that did not hold it. Return to the caller with the lock held, as it came."
    if number == signal.SIGABRT and thrown:
        return f"An exception ({thrown.group(1)}) left a noexcept function or a thread, which ends the program. Catch it there."
    if number == signal.SIGABRT and re.search(r"rt: |violation", ended.output):
        return ""
    return SIGNALS.get(number, f"It was killed by signal {number}.") if number else ""
