"""Wrong answers that learners give, which the tests must catch, and right answers of another kind, which they must accept.

    mistakes.py [NN | slug | NN-name/slug …] [--of-each-step N] [-j2] [-v]

They stand in tests/NN-name/mistakes.md, below `## Mistakes` and below `## Right answers that are not the solution's`:

    ### clone-not-counted

    Step 02.1. What the learner was thinking. (`Step 20 program.` if tests/20-…/program.py is to notice,
        `Step 13 exercise.` for tests/13-…/exercise-….cpp.)

    ```diff
    --- solutions/02-waker/rt/waker.hpp
         Waker(const Waker& other) noexcept : data_(other.data_), vtable_(other.vtable_) {
    -        vtable_->clone(data_);
         }
    ```

    > a copy takes one more reference

The diff has no line numbers. It applies where its lines occur in the file, which must be exactly one place. `@@` begins the
next place. The output of `git diff solutions/` can be pasted as it is. The quoted sentence is what a failing test must print:
its own name, or better what is wrong. A right answer has no such sentence.

Each diff is applied to a copy of the files it touches, and the copy comes first in the include path. Of a mistake, only the
test files that contain the sentence are built. If cases contain it, only those are built, and otherwise all cases of the file. They
run one by one. A mistake is caught if a case fails within 5 s and prints the sentence. Of a right answer, all tests of its step must
pass.
"""
import argparse
import collections
import concurrent.futures
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import child_processes
import kit
from names import named_parts
from sources import ROOT, lesson_folders, name_of

LIMIT = 5  # seconds that a case has to fail
SECTIONS = {"Mistakes": False, "Right answers that are not the solution's": True}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ENTRY = re.compile(r"\s*Step (\d\d(?:\.\d+| program| exercise))\.\s+(\S.*?)\n\n```diff\n(.*?)^```\n\s*((?:^> [^\n]*\n)*)\s*", re.S | re.M)
FILE = re.compile(r"--- (?:a/)?(solutions/\S+)")
NOT_READ = ("diff --git ", "index ", "+++ b/")   # git diff's own lines
FLAGS = ["-w"]
HAS_ASIO = Path("/usr/include/asio.hpp").exists()
ASIO = ["-DPBP_HAS_ASIO=1", "-DASIO_STANDALONE", "-DASIO_NO_DEPRECATED"]


@dataclass(frozen=True)
class Answer:
    """One entry of a page, right or wrong. Without a step, it isn't in the form above."""
    page: Path
    slug: str
    is_right: bool
    step: str = ""
    thinking: str = ""
    diff: str = ""
    says: str = ""

    @property
    def lesson(self) -> str:
        return self.page.parent.name

    @property
    def name(self) -> str:
        return f"{self.lesson}/{self.slug}"


def read(page: Path) -> list:
    found = []
    for section in page.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, *entries = section.split("\n### ")
        is_right = SECTIONS.get(heading.partition("\n")[0], False)
        for entry in entries:
            slug, _, rest = entry.partition("\n")
            match = ENTRY.fullmatch(rest + "\n")
            if match:
                step, thinking, diff, quote = match.groups()
                says = " ".join(line[2:] for line in quote.splitlines())
                found.append(Answer(page, slug, is_right, step, " ".join(thinking.split()), diff, says))
            else:
                found.append(Answer(page, slug, is_right))
    return found


def all_answers(root: Path = ROOT) -> list:
    return [answer for page in sorted((root / "tests").glob("[0-9][0-9]-*/mistakes.md")) for answer in read(page)]


# The diff.

def changes(diff: str) -> dict:
    """For each file that it names, the (old, new) text of each place."""
    found: dict = {}
    places, place = None, None
    for line in diff.splitlines():
        match = FILE.fullmatch(line)
        if match:
            places, place = found.setdefault(match.group(1), []), None
        elif line.startswith("@@"):
            place = None
        elif places is not None and not line.startswith(NOT_READ):
            if place is None:
                place = ([], [])
                places.append(place)
            if line[:1] != "+":
                place[0].append(line[1:] + "\n")
            if line[:1] != "-":
                place[1].append(line[1:] + "\n")
    return {path: [("".join(old), "".join(new)) for old, new in places] for path, places in found.items()}


def change(text: str, places: list) -> tuple:
    """The changed text, and nothing; or why it can't be changed."""
    text = "\n" + text
    for old, new in places:
        count = text.count("\n" + old) if old else 0
        if count > 1:
            return text, f"its lines occur {count} times in the file; show more lines around the change:\n{old}"
        if count == 0:
            lost = [line for line in old.splitlines() if line not in text.splitlines()] or ["none of them is missing, but the order is"]
            return text, f"its lines don't occur in the file one after the other: {lost[0].strip()}"
        text = text.replace("\n" + old, "\n" + new)
    return text[1:], ""


def apply(answer: Answer, copy: Path, root: Path = ROOT) -> str:
    """Writes the changed files to `copy`; the complaint, if the diff doesn't fit."""
    found = changes(answer.diff)
    for path, places in found.items():
        if not (root / path).is_file():
            return f"there is no {path}"
        text, complaint = change((root / path).read_text(encoding="utf-8"), places)
        if complaint:
            return f"{path}: {complaint}"
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text(text, encoding="utf-8")
    return "" if found else "its diff names no file: it begins with `--- solutions/…`"


# What an entry must be, before anything is built.

def as_printed(code: str) -> str:
    """Neighboring literals are one."""
    return re.sub(r'(?<!\\)"\s*\n\s*"', "", code).replace('\\"', '"')


def text_of(path: Path) -> str:
    return as_printed(path.read_text(encoding="utf-8"))


def test_files(answer: Answer) -> list:
    what = {"program": "program.py", "exercise": "exercise-*.cpp"}
    return sorted(answer.page.parent.glob(what.get(answer.step[3:], f"{answer.step}-*.cpp")))


def knows(answer: Answer) -> list:
    """The test files of the step that contain the sentence."""
    return [path for path in test_files(answer) if answer.says and answer.says in text_of(path)]


def complaints(root: Path = ROOT) -> list:
    answers = all_answers(root)
    names = [answer.name for answer in answers]
    texts: list = []
    wrong = []
    for answer in answers:
        problem = ""
        if not SLUG.fullmatch(answer.slug) or names.count(answer.name) > 1:
            problem = "an entry's heading is a name of its own, of small letters and hyphens"
        elif not answer.step or bool(answer.says) == answer.is_right:
            problem = "an entry is `Step NN.s. What the learner was thinking.`, a ```diff block, and for a mistake `> the sentence`"
        elif not answer.step.startswith(answer.lesson[:2]) or not test_files(answer):
            problem = f"there is no test of step '{answer.step}' in its lesson"
        else:
            with tempfile.TemporaryDirectory() as copy:
                problem = apply(answer, Path(copy), root)
        if not problem and answer.says and not knows(answer):
            texts = texts or [text_of(path) for top in ("solutions", "tests") for path in (root / top).rglob("*.[hc]pp")
                              if path.suffix == ".hpp" or "support" in path.parts]
            if not any(answer.says in text for text in texts):
                problem = f"neither the tests of {answer.step} nor a header can say '{answer.says}'"
        if problem:
            wrong.append(f"{name_of(answer.page, root)}, {answer.slug}: {problem}")
    return wrong


def too_few(count: int, lessons: list, root: Path = ROOT) -> list:
    found = [answer.lesson for answer in all_answers(root) if not answer.is_right]
    return [f"tests/{lesson}/mistakes.md: {found.count(lesson)} mistakes; there must be {count}"
            for lesson in lessons if found.count(lesson) < count]


# The slow part: build it, and run the tests.

def includes(answer: Answer, copy: Path) -> list:
    """The changed headers first; then as CMake has it: the lesson's, the earlier ones', what is given."""
    folders = [folder for folder in reversed(lesson_folders()) if folder.name[:2] <= answer.lesson[:2]]
    changed = [copy / name_of(folder) for folder in folders if (copy / name_of(folder)).exists()]
    return [*changed, *folders, ROOT / "tests"]


def needs_asio(answer: Answer) -> bool:
    return "asio_host.hpp" in answer.diff


def build(answer: Answer, copy: Path) -> str:
    """Applied to a copy, and built; the complaint, if that fails."""
    complaint = apply(answer, copy)
    if complaint:
        return f"does not apply: {complaint}"
    where = includes(answer, copy)
    executable = copy / "test"
    if answer.step.endswith("program"):
        sources = [path if not (copy / name_of(path)).exists() else copy / name_of(path)
                   for path in (ROOT / "solutions" / answer.lesson).glob("*.cpp")]
        complaint = kit.compile_with([*FLAGS, *(f"-I{folder}" for folder in where), *sources, *kit.program_objects(),
                                      "-o", executable, *kit.LIBRARIES])
    else:
        sources = [narrowed(path, answer.says, copy) for path in knows(answer)] or test_files(answer)
        first = min(path.split("/")[1][:2] for path in changes(answer.diff))
        complaint = kit.build_test(first, [*where, answer.page.parent], sources, executable,
                                   *FLAGS, *(ASIO if needs_asio(answer) else []))
    return f"does not compile:\n{complaint}" if complaint else ""


def cases(answer: Answer, executable: Path) -> list:
    """The commands to run, the likeliest to fail first."""
    if answer.step.endswith("program"):
        return [[sys.executable, "-B", str(test_files(answer)[0]), *(["-k", answer.says] if answer.says else [])]]
    found = kit.case_names(executable)
    return [kit.case_command(executable, name) for name in ([answer.says] if answer.says in found else found)]


def narrowed(path: Path, says: str, copy: Path) -> Path:
    """A test file with no other cases than those that contain the sentence, if any does: half of the time to build it.
    A failure names the line of the whole file."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    others = []
    knowing = 0
    for kind, _, line in named_parts(text):
        if kind != "TEST_SUITE":
            indent = lines[line - 1][:-len(lines[line - 1].lstrip())]
            end = line - 1 if lines[line - 1].endswith("}") else lines.index(indent + "}", line)
            if says in as_printed("\n".join(lines[line - 1:end])):
                knowing += 1
            else:
                others.append(range(line - 1, end + 1))
    if not knowing:
        return path
    gone = {line for other in others for line in other}
    kept = ["" if number in gone else line for number, line in enumerate(lines)]
    (copy / path.name).write_text("\n".join([f'#line 1 "{path}"', *kept]), encoding="utf-8")
    return copy / path.name


@dataclass(frozen=True)
class Verdict:
    answer: Answer
    problem: str  # nothing if the tests do as they should
    output: str
    seconds: float


def judge(answer: Answer) -> Verdict:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="answer-") as folder:
        problem, output = run_tests(answer, Path(folder).resolve())
    return Verdict(answer, problem, output, time.monotonic() - began)


def run_tests(answer: Answer, copy: Path) -> tuple:
    """(the problem, what the tests printed)"""
    complaint = build(answer, copy)
    if complaint:
        return complaint, ""
    problem, shown = "" if answer.is_right else "no test notices", ""
    for command in cases(answer, copy / "test"):
        status, output = kit.run(command, copy, LIMIT, PBP_PROGRAM=str(copy / "test"), PBP_SANITIZERS="address",
                                 PBP_BUILD_TYPE="Debug")
        output = output.replace(str(ROOT) + "/", "")
        if status == 0:
            continue
        if answer.is_right:
            return f"refused by '{command[-1]}'", output
        if status is None:
            problem, shown = f"a test needs more than {LIMIT} s to notice: {command[-1]}", output
        elif answer.says in output:
            return "", output
        else:
            problem, shown = "a test fails, but does not say so", output
    return problem, shown


def is_meant(answer: Answer, which: list) -> bool:
    """Named by slug, by lesson and slug, or by its lesson's number; if nothing is named, all are."""
    return not which or bool({answer.name, answer.slug, answer.lesson[:2]} & set(which))


def first_of_each_step(answers: list, count: int) -> list:
    """All right answers, and the first `count` wrong ones of each step."""
    chosen, seen = [], collections.Counter()
    for answer in answers:
        seen[answer.step] += not answer.is_right
        if answer.is_right or seen[answer.step] <= count:
            chosen.append(answer)
    return chosen


def tell(verdict: Verdict, verbose: bool) -> None:
    good, bad = ("accepted", "REFUSED") if verdict.answer.is_right else ("caught", "MISSED")
    answer = verdict.answer
    print(f"{bad if verdict.problem else good}  {verdict.seconds:5.1f} s  {answer.name}: "
          f"{verdict.problem or answer.says or answer.thinking}")
    if verbose or verdict.problem:
        lines = [line for line in verdict.output.splitlines() if line.strip() and not line.startswith("=====")]
        print("".join(f"          {line}\n" for line in lines[:25]), end="")
    sys.stdout.flush()


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="Applies each answer of tests/*/mistakes.md to the solution. The tests must "
                                                 "catch the wrong ones, in words, and accept the right ones.")
    parser.add_argument("which", nargs="*", metavar="NN|slug", help="a lesson, or an answer; all, if none is named")
    parser.add_argument("--of-each-step", type=int, metavar="N",
                        help="judge the right answers, and only the first N wrong ones of each step")
    parser.add_argument("-j", dest="jobs", type=int, default=1, metavar="N", help="how many at a time")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show what the tests said")
    options = parser.parse_args(arguments)
    known = all_answers()
    child_processes.refuse_unknown(parser, options.which, "mistake", lambda name: any(is_meant(one, [name]) for one in known))
    chosen = [answer for answer in known if is_meant(answer, options.which) and (HAS_ASIO or not needs_asio(answer))]
    if options.of_each_step:
        chosen = first_of_each_step(chosen, options.of_each_step)
    kit.harness(options.jobs)
    verdicts = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for verdict in pool.map(judge, chosen):
            tell(verdict, options.verbose)
            verdicts.append(verdict)
    for is_right, good in ((False, "mistakes are caught by their sentence"),
                           (True, "right answers that are not the solution's are accepted")):
        problems = [verdict.problem for verdict in verdicts if verdict.answer.is_right == is_right]
        if problems:
            print(f"{problems.count('')} of {len(problems)} {good}")
    bad = [verdict.answer.name for verdict in verdicts if verdict.problem]
    if bad:
        print("Not judged rightly: " + ", ".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    child_processes.as_command(lambda: main(sys.argv[1:]))
