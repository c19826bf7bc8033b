"""A starter is its solution with holes, and its tests wait for just those.

A starter has the files with holes, and main.cpp. What else a lesson has comes from its solution.

A hole is where starter and solution differ, as difflib compares them line by line. In the starter it is a comment
`// TODO(NN.s) what to write` and, below, a call `todo("NN.s …", …)` of the same id; around them may stand a block's first line,
which must begin a line of the solution (or be an `if`, that the learner replaces), and its brace. Besides, a starter may include
<rt/todo.hpp>. Nothing else differs. A step's id names a hole, a test suite, three hints and, where there is one, a section of
the chapter.

Of a lesson of n steps, n variants are built: with the holes of the first 0, 1, … n-1 steps filled from the solution. In each, the
cases of the last step filled pass, so that they need no later hole; and every case of the next step ends with that step's own
sentence, status 3, so that it needs its hole. The cases of NN.0, which tests what is given, pass in each. All without a warning.
Nothing is asked of NN.9, all steps together, before the solution.

The untouched program must end with status 3, too, and name a step. Where it needs arguments to come so far, main.cpp begins with
`// starter: demo --clients 2`. Where it needs a client, it begins with `// starter: needs a peer`, and the first test of
program.py, which brings one, must show the step's sentence when it fails.
"""
import re
import shlex
import sys
import tempfile
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import kit
from names import named_parts
from pages import QUOTE
from sources import ROOT, lesson_folders, name_of

sys.path.insert(0, str(ROOT / "tools/learn"))
from hints import hints_in  # noqa: E402
from lessons import GIVEN, NEEDS_A_PEER, is_step, starter_says  # noqa: E402

MARK = re.compile(r"^\s*// TODO\((\d\d\.\d+)\) \S")
ANY_MARK = re.compile(r"TODO\(")
CALL = re.compile(r'^\s*(?:rt::)?todo\("(\d\d\.\d+) \S')
BRACE = re.compile(r"^\s*\}[,;]?$")
NO_HOLE = ("starter and solution differ here, and it is no hole: a hole has `// TODO(NN.s) what to write` and then "
           "`todo(\"NN.s …\")`, of one step")
INCLUDE = "#include <rt/todo.hpp>"
TODO_STATUS = 3
SECONDS = 30  # a case that hangs is ended by the harness's own watchdog long before


@dataclass(frozen=True)
class Run:
    """Where the two differ, or not: `step` is empty where they are equal, or may differ."""
    step: str
    line: int  # in the starter, from 1
    starter: list
    solution: list
    problem: str = ""


def lessons(root: Path = ROOT) -> list:
    return lesson_folders(root, "lessons")


def runs(starter: str, solution: str) -> list:
    """The whole starter, piece by piece, with what the solution has in its place."""
    mine, solved = starter.splitlines(), solution.splitlines()
    return [judged(tag, begin + 1, mine[begin:end], solved[there:there_end])
            for tag, begin, end, there, there_end in SequenceMatcher(None, mine, solved, autojunk=False).get_opcodes()]


def judged(tag: str, line: int, mine: list, solved: list) -> Run:
    if tag == "equal":
        stray = [number for number, text in enumerate(mine) if ANY_MARK.search(text) or CALL.match(text)]
        return Run("", line + (stray[0] if stray else 0), mine, solved, "a marker where there is no hole" if stray else "")
    if not solved and {text.strip() for text in mine} <= {INCLUDE, ""}:
        return Run("", line, mine, mine)
    steps = {match.group(1) for text in mine for match in (MARK.match(text), CALL.match(text)) if match}
    if len(steps) != 1 or not made_of_holes(mine, solved):
        return Run("", line, mine, solved, NO_HOLE)
    return Run(steps.pop(), line, mine, solved, "" if solved else "the solution has nothing to fill this hole with")


def made_of_holes(mine: list, solved: list) -> bool:
    """[first line of a block] comment call [brace], once or more."""
    expected = "comment"
    for text in mine:
        if expected == "comment" and MARK.match(text):
            expected = "call"
        elif expected == "call" and CALL.match(text):
            expected = "comment" if text.endswith(");") else "end of call"
        elif expected == "end of call":
            expected = "comment" if text.endswith(");") else expected
        elif expected == "call" and text.lstrip().startswith("//") or expected == "comment" and BRACE.match(text):
            continue
        elif not (expected == "comment" and is_head(text, solved)):
            return False
    return expected == "comment"


def is_head(text: str, solved: list) -> bool:
    head = text.rstrip()
    return head.endswith("{") and (head.lstrip().startswith("if (")
                                   or any(line.startswith(head[:-1].rstrip()) for line in solved))


def filled(pieces: list, steps: list) -> str:
    """A starter with the holes of these steps filled."""
    return "".join(f"{line}\n" for run in pieces for line in (run.solution if run.step in steps else run.starter))


def files(folder: Path) -> list:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def runs_of(path: Path, root: Path = ROOT) -> list:
    """Of a file under lessons/."""
    solution = root / "solutions" / path.relative_to(root / "lessons")
    return runs(path.read_text(encoding="utf-8"), solution.read_text(encoding="utf-8"))


def differ_in_holes_only(root: Path = ROOT) -> list:
    wrong = []
    for folder in lessons(root):
        solved = root / "solutions" / folder.name
        names = [sorted(name_of(path, top) for path in files(top)) for top in (folder, solved)]
        if strangers := sorted(set(names[0]) - set(names[1])):
            wrong.append(f"{name_of(folder, root)} has {strangers}, which its solution has not")
            continue
        wrong += [f"{name_of(path, root)} has no hole: leave it to the solution" for path in files(folder)
                  if path.suffix == ".hpp" and not any(run.step for run in runs_of(path, root))]
        wrong += [f"{name_of(path, root)}:{run.line}: {run.problem}"
                  for path in files(folder) for run in runs_of(path, root) if run.problem]
    return wrong


# The ids

def steps_of_holes(folder: Path, root: Path = ROOT) -> list:
    return sorted({run.step for path in files(folder) for run in runs_of(path, root) if run.step})


def test_files(lesson: str, step: str, root: Path = ROOT) -> list:
    return sorted((root / "tests" / lesson).glob(f"{step}-*.cpp"))


def steps_of_suites(lesson: str, root: Path = ROOT) -> list:
    """Without NN.0, what is given, and NN.9, all together."""
    ids = {name.split(" ")[0] for path in (root / "tests" / lesson).glob("[0-9]*.cpp")
           for kind, name, _ in named_parts(path.read_text(encoding="utf-8")) if kind == "TEST_SUITE"}
    return sorted(filter(is_step, ids))


def ids_agree(root: Path = ROOT) -> list:
    """Holes, suites, hints and, where there is one, the chapter know the same steps, one to four of them."""
    wrong = []
    for folder in lessons(root):
        lesson = folder.name
        known = steps_of_suites(lesson, root)
        if not 1 <= len(known) <= 4:
            wrong.append(f"tests/{lesson}: {len(known)} steps; there are to be one to four")
        hints, chapter = root / f"book/hints/{lesson}.md", root / f"book/{lesson}.md"
        places = {f"lessons/{lesson}: the holes": steps_of_holes(folder, root),
                  f"book/hints/{lesson}.md": list(hints_in(hints.read_text(encoding="utf-8"))) if hints.exists() else []}
        if chapter.exists():
            places[f"book/{lesson}.md"] = re.findall(r"^## (\d\d\.\d+) ", chapter.read_text(encoding="utf-8"), re.M)
        wrong += [f"{place}: the steps are {found}; the test suites say {known}"
                  for place, found in places.items() if found != known]
    return wrong


def chapters_leave_the_writing(root: Path = ROOT) -> list:
    """No quote in a chapter holds two lines in a row of what fills a hole of its lesson."""
    wrong = []
    for folder in lessons(root):
        chapter = root / f"book/{folder.name}.md"
        blocks = [block for _, block in QUOTE.findall(chapter.read_text(encoding="utf-8"))] if chapter.exists() else []
        quoted = {pair for block in blocks for pair in pairs(block.splitlines())}
        wrong += [f"{name_of(chapter, root)} quotes what step {run.step} is to write: {pair[0]} {pair[1]}"
                  for path in files(folder) for run in runs_of(path, root) if run.step
                  for pair in pairs(run.solution) if pair in quoted]
    return wrong


def pairs(lines: list) -> list:
    """Each line with the next, of those that say something."""
    said = [line.strip() for line in lines if re.search(r"\w", line)]
    return list(zip(said, said[1:]))


GIVEN_LINES = re.compile(r"\btrace::|\bchecks_enabled\b|\bviolation\(|\bcontract_\.begin\b|\bexpect_a_wake\b")
VIOLATIONS_WRITTEN = {"03.1"}     # what this step writes are violations


def holes_hold_no_bookkeeping(root: Path = ROOT) -> list:
    """Traces and checks are given: a learner who forgets one would hang the tests, and learn nothing from it."""
    return [f"{name_of(path, root)}:{run.line}: the hole of {run.step} holds '{found.group()}'; move that line out of the hole"
            for folder in lessons(root) for path in files(folder) for run in runs_of(path, root)
            if run.step and run.step not in VIOLATIONS_WRITTEN
            for found in map(GIVEN_LINES.search, run.solution) if found]


def hints_have_their_rungs(root: Path = ROOT, shortest: int = 30, longest: int = 80) -> list:
    wrong = []
    for page in sorted((root / "book/hints").glob("*.md")):
        for step, rungs in hints_in(page.read_text(encoding="utf-8")).items():
            if not 3 <= len(rungs) <= 4:
                wrong.append(f"{name_of(page, root)}: {step} has {len(rungs)} rungs; there are to be three or four")
            wrong += [f"{name_of(page, root)}: {step}, rung {number} has {words(rung)} words; {shortest} to {longest} are right"
                      for number, rung in enumerate(rungs, 1) if not shortest <= words(rung) <= longest]
            if rungs and "?" not in rungs[0]:
                wrong.append(f"{name_of(page, root)}: {step}, rung 1 asks no question")
    return wrong


def words(text: str) -> int:
    return len(re.findall(r"[\w’'-]*\w", text))


# The slow part: build them.

def complains(lesson: str) -> list:
    """What the compiler says of the starter as it is, with the tests of its first step and with its program."""
    folder = ROOT / "lessons" / lesson
    sources = [*test_files(lesson, f"{lesson[:2]}.{GIVEN}"), *test_files(lesson, steps_of_suites(lesson)[0])]
    with tempfile.TemporaryDirectory(prefix="starter-") as name:
        complaint = kit.build_test(lesson[:2], include_folders(lesson, folder), sources, Path(name, "tests"),
                                   *kit.WARNINGS, "-fsyntax-only", *programs(lesson, folder))
    return [f"the starter of {lesson} does not compile:\n{complaint}"] if complaint else []


def announces(lesson: str) -> list:
    """What is wrong with the starter's tests; needs a compiler."""
    folder, steps = ROOT / "lessons" / lesson, steps_of_suites(lesson)
    wrong = []
    for solved, waiting in enumerate(steps):
        with tempfile.TemporaryDirectory(prefix="starter-") as name:
            variant = Path(name).resolve()
            for path in files(folder):
                copy = variant / path.relative_to(folder)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(filled(runs_of(path), steps[:solved]), encoding="utf-8")
            if solved == 0:
                wrong += program_says(lesson, variant)
            given = f"{lesson[:2]}.{GIVEN}"
            passing = [given] * bool(test_files(lesson, given)) + steps[:solved][-1:]
            wrong += tests_say(lesson, passing, waiting, variant)
    return wrong


def include_folders(lesson: str, variant: Path) -> list:
    """The starter comes first. Its solution has the headers without holes."""
    solutions = [folder for folder in reversed(lesson_folders()) if folder.name <= lesson]
    return [variant, *solutions, ROOT / "tests"]


def tests_say(lesson: str, passing: list, waiting: str, variant: Path) -> list:
    """The tests of all these steps are one executable, because they share most of what the compiler reads."""
    executable = variant / "tests"
    sources = [path for step in [*passing, waiting] for path in test_files(lesson, step)]
    complaint = kit.build_test(lesson[:2], include_folders(lesson, variant), sources, executable, *kit.WARNINGS)
    if complaint:
        return [f"the starter of {lesson}, before {waiting}, does not compile:\n{complaint}"]
    wrong = []
    for step in passing:
        status, output = kit.run([str(executable), "--no-version=true", f"--test-suite={step}*"], variant, SECONDS)
        if status != 0:
            wrong.append(f"{step} fails though its holes and those before it are filled:\n{output}")
    cases = kit.case_names(executable, f"{waiting}*")
    for case in cases:
        status, output = kit.run([*kit.case_command(executable, case), f"--test-suite={waiting}*"], variant, SECONDS)
        if status != TODO_STATUS or f"TODO({waiting} " not in output:
            ending = "passes" if status == 0 else f"ends with status {status}"
            wrong.append(f"{waiting}/{case}: does not wait for TODO({waiting} …) but {ending}" + (f":\n{output}" if status else ""))
    return wrong if cases else [*wrong, f"{waiting} has no case"]


def first_test(script: Path) -> str:
    """As unittest is told of it: Class.test_method."""
    before, name, _ = re.split(r"^    def (test_\w+)", script.read_text(encoding="utf-8"), maxsplit=1, flags=re.M)
    return re.findall(r"^class (\w+)", before, re.M)[-1] + f".{name}"


def programs(lesson: str, variant: Path) -> list:
    """The sources of its program: those of the solution that the variant doesn't have, too."""
    return list({path.name: path for folder in (ROOT / "solutions" / lesson, variant)
                 for path in sorted(folder.glob("*.cpp"))}.values())


def program_says(lesson: str, variant: Path) -> list:
    """The untouched program must run, and say which step is missing."""
    program = variant / "program"
    complaint = kit.compile_with([*kit.WARNINGS, *(f"-I{folder}" for folder in include_folders(lesson, variant)),
                                  *programs(lesson, variant), "-o", program, *kit.LIBRARIES])
    if complaint:
        return [f"the starter of {lesson} does not compile:\n{complaint}"]
    words = starter_says(variant)
    if words == NEEDS_A_PEER:
        script = ROOT / "tests" / lesson / "program.py"
        status, output = kit.run([sys.executable, "-B", str(script), first_test(script)], variant, SECONDS,
                                 PBP_PROGRAM=str(program), PBP_SANITIZERS="address", PBP_BUILD_TYPE="Debug")
        names_the_step = status not in (0, None) and re.search(rf"TODO\({lesson[:2]}\.\d+ .+\)", output)
    else:
        status, output = kit.run([str(program), *shlex.split(words)], variant, SECONDS)
        names_the_step = status == TODO_STATUS and re.search(rf"^TODO\({lesson[:2]}\.\d+ .+\)$", output, re.M)
    if names_the_step:
        return []
    return [f"the untouched program of {lesson} ends with status {status}, and should name the missing step:\n{output}"]
