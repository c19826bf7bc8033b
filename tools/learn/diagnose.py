"""Compile errors that a learner can read: the first that lies in their file, its line, and our own advice alone.

Both compilers' text is read (clang has no JSON): an error, the lines before it that say where it was asked for (g++),
the notes after it (both). The source line is drawn from the file, so that both look alike.
"""
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from compile_advice import advice_on
from lessons import ROOT, shown

ERROR = re.compile(r"^(?P<file>[^\s:][^:]*):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<kind>fatal error|error|warning): (?P<words>.*)$")
ASKED = re.compile(r"^(?P<file>[^\s:][^:]*):(?P<line>\d+):(?P<column>\d+): +(?:required (?:from|by)|note: (?:in instantiation of|"
                   r"while substituting|in call to))")
PREAMBLE = re.compile(r"^(In file included from|\s+from .*[,:]$|[^\s:][^:]*: (In |At )|[^\s:][^:]*:\d+:\d+: +required )")
ASSERTION = re.compile(r"static assertion failed(?: due to requirement '.*?')?: (.*)$")
DELETED = re.compile(r"= delete;\s*//\s*(\S.*)$")

NO_SPACE = "There is no space left on this disk. Make room, then save again."
# The library's and the harness's inner names, and what a learner calls them. The tests' names are those that replace a class of
# a lesson by `#define`.
SHORTER = [
    (r"(?:typename )?std::remove_reference<(.*?)\s*&{0,2}>::type", r"\1"),
    (r"(?:DOCTEST_ANON_\w+(?:\(\))?::)+", ""),
    (r"\(lambda at [^)]*?([^/)]+?):(\d+):\d+\)", r"(lambda at \1:\2)"),
    (r"(?<![\w>])\((?:\b[\w:]+\([^()]*\)::)?<lambda\(([^()]*)\)>\)", r"<lambda(\1)>"),
    (r"(?:\b[\w:]+\([^()]*\)::)?<lambda\(([^()]*)\)>", r"<lambda(\1)>"),
    (r"\bstd::__n4861::", "std::"),
    (r"(unique_ptr|shared_ptr|optional|vector)<_Tp(, _\w+)?>", r"\1<T>"),
    (r"std::unique_ptr<([^<>,]+), std::default_delete<\1 ?> ?>", r"std::unique_ptr<\1>"),
    (r"(?<=[\w>]) >", ">"),
    (r"\bSteppedQueue\b", "TaskQueue"),
    (r"\b(Stepped|Driven|Seen|Explored)(?=[A-Z])|\b(Full|Interrupted)(?=(Reactor|IoSource)\b)|\b(Idle|Remote)(?=(Lock|Mutex)\b)", ""),
    (r"\bUnwatchedHeap\b", "TimerHeap"),
    (r"\bUnwatchedList\b", "WaitList"),
    (r"\bmake_stepped_task\b", "make_task"),
    (r"\bstepped_(?=(mpsc|oneshot|sys|signal|ctrl_c|shutdown_signal)\b)", ""),
    (r"\binterrupted_sys\b", "sys"),
]


@dataclass
class Problem:
    """One error or warning: what it says, and where the learner should look."""
    words: str
    place: tuple                     # (file, line, column)
    ours: bool = False               # advice of a static_assert or a deleted function: it speaks for itself
    asked_at: tuple = ()             # where a test asked for it, if the place is not the learner's
    notes: str = ""                  # why no function fits, where only a note says it

    def lines(self) -> list:
        file, line, column = self.place
        result = [self.words]
        source = source_line(file, line)
        if source.strip():
            cut = len(source) - len(source.lstrip())
            number = f"{line:>5} | "
            result += [number + source.strip(), " " * (len(number) - 2) + "| " + " " * max(0, column - 1 - cut) + "^"]
        said = f"{self.words}\n{self.notes}"
        plain = "" if self.ours else advice_on(said, source)
        return result + ([f"  {plain}"] if plain else [])


@dataclass
class Block:
    """One diagnostic with what belongs to it."""
    kind: str
    words: str
    place: tuple
    before: list = field(default_factory=list)
    after: list = field(default_factory=list)

    def asked(self) -> list:
        """Where it was asked for, innermost first."""
        return [place_in(found) for found in map(ASKED.match, self.before + self.after) if found]

    def advice(self) -> str:
        found = ASSERTION.search(self.words)
        if found:
            return found.group(1).strip().strip('"')
        deleted = next((mark for mark in map(DELETED.search, self.after) if mark), None)
        return deleted.group(1).strip() if deleted and re.search(r"\bdeleted\b", self.words) else ""

    def is_explained_by_the_next(self) -> bool:
        """g++ says why a function is implicitly deleted in an error of its own."""
        return any("is implicitly deleted because" in line for line in self.after)


def place_in(found) -> tuple:
    path = Path(found.group("file"))
    return (path if path.is_absolute() else ROOT / path, int(found.group("line")), int(found.group("column") or 1))


def source_line(file: Path, line: int) -> str:
    try:
        lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[line - 1].replace("\t", " ") if 0 < line <= len(lines) else ""


def blocks(text: str) -> list:
    found: list = []
    before: list = []
    for line in text.splitlines():
        head = ERROR.match(line)
        if head:
            found.append(Block(head.group("kind"), head.group("words"), place_in(head), before))
            before = []
        elif PREAMBLE.match(line):
            before.append(line)
        elif found:
            found[-1].after.append(line)
    for block, following in zip(reversed(found[:-1]), reversed(found[1:])):
        if block.is_explained_by_the_next():
            block.after += following.after
    return found


def tidy(words: str) -> str:
    """The compiler's sentence without its options, its aliases, and the library's inner names."""
    words = words.replace("‘", "'").replace("’", "'")
    words = re.sub(r" \[(-W[^\]]*|-fpermissive|with [^\]]*)\]", "", words)
    words = re.sub(r"'[^']*' [{(]aka ('[^']*')[})]", r"\1", words)
    words = words.replace("std::__cxx11::basic_string<char>", "std::string").replace("std::__cxx11::", "std::")
    words = words.replace("std::basic_string<char>", "std::string")
    for pattern, short in SHORTER:
        words = re.sub(pattern, short, words)
    return words


def is_in(place: tuple, folders: list) -> bool:
    return any(folder in Path(place[0]).parents for folder in folders)


def problem_of(block: Block, folders: list) -> Problem:
    advice = block.advice()
    asked = block.asked()
    own = [place for place in asked if is_in(place, folders)]
    outermost = asked[-1:] if asked else []
    words = advice or tidy(block.words)
    if advice and ASSERTION.search(block.words):
        # It speaks to whoever wrote the call, not to whoever wrote the check: in the outermost file, the line that called the check.
        calls = [place for place in own if place[0] == own[-1][0]]
        place = calls[-1 if is_in(block.place, folders) else 0] if own else (outermost[0] if outermost else block.place)
    else:
        place = block.place if is_in(block.place, folders) or not own else own[0]
    elsewhere = () if is_in(place, folders) else (outermost[0] if outermost and outermost[0] != place else ())
    ours = bool(advice) and "/c++/" not in str(block.place[0])
    return Problem(words, place, ours, elsewhere, notes=tidy(reasons(block)))


def reasons(block: Block) -> str:
    """clang calls the callee by its place alone: what was passed to it stands in the note."""
    is_of_a_lambda = re.search(r"no matching function for call to object of type '.*\(lambda", block.words)
    told = ("note: candidate",) if is_of_a_lambda else ("dereference the argument with *", "take the address of the argument with &")
    return "\n".join(line for line in block.after if any(words in line for words in told))


def first_problem(text: str, folders: list, kinds: tuple = ("error", "fatal error")) -> Optional[Problem]:
    """The first that lies in the learner's files, else the first of all."""
    found = [block for block in blocks(text) if block.kind in kinds]
    if not found:
        return None
    problems = [problem_of(block, folders) for block in found]
    first = next((problem for problem in problems if is_in(problem.place, folders)), problems[0])
    if "cannot be a coroutine" in first.words:  # a check of ours then only sees that the lambda can't be called
        return first
    return next((problem for problem in problems if problem.ours and problem.place[:2] == first.place[:2]), first)


def first_warning(text: str, folders: list) -> Optional[Problem]:
    """Only the learner's own: others' are none of theirs."""
    problem = first_problem(text, folders, ("warning",))
    return problem if problem and is_in(problem.place, folders) else None


def other_failure(text: str) -> list:
    """A build that failed without a compile error: what happened, and what to do."""
    plain = re.sub(r"^(FAILED:|\[\d+/\d+\]|ninja: (Entering|build stopped)|: && ).*$", "", text, flags=re.M)
    if re.search(r"No space left on device|Disk quota exceeded|File size limit exceeded|File too large|\(os error 28\)", text):
        return [NO_SPACE]
    if re.search(r"Read-only file system|Permission denied", text):
        return ["build/ can't be written, because this checkout is read-only. Work in a copy of your own:",
                f"cp -r {ROOT} ~/poll-by-poll"]
    missing = re.search(r"undefined reference to [`'](.*?)'", text)
    if missing:
        return [f"{missing.group(1)} is called but never defined. Write its body."]
    if re.search(r"multiple definition of", text):
        return ["A function is defined twice. Write `inline` before a function in a header."]
    if re.search(r"internal compiler error|PLEASE submit a bug report", text):
        return ["The compiler itself crashed on this code. Undo the last change, or write it in another way."]
    if re.search(r"Killed signal|terminated by signal|out of memory", text):
        return ["The compiler was killed. Is there enough free memory?"]
    kept = [line for line in plain.splitlines() if line.strip()]
    errors = [index for index, line in enumerate(kept) if re.search(r"[Ee]rror", line)]
    return kept[errors[0]:errors[0] + 6] if errors else kept[-6:]


def explain(text: str, folders: list) -> tuple:
    """(lines to show, (file, line) to open or ())."""
    problem = first_problem(text, folders)
    if not problem:
        return other_failure(text), ()
    lines = problem.lines()
    if problem.asked_at:
        lines.append(f"  asked for by {shown(problem.asked_at[0])}:{problem.asked_at[1]}")
    return lines, problem.place[:2]
