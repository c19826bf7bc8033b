"""Wrong answers that learners give, each of which the tests must catch, in words.

    mistakes.py [NN | slug | NN-name/slug …] [-j2] [-v] [--unchanged]

tests/NN-name/mistakes/slug.patch is a diff against the solutions, below three lines:

    mistake: the clone is not counted            what the learner did
    step: 02.1                                   whose tests must notice (or `20 program`, for tests/20-…/program.py)
    says: a copy takes one more reference        what they must print: the case's name, or better what is wrong

Each is applied to a copy of the files it touches, which come first in the include path; only the test files that know the
sentence are built, and their cases run one by one, those that know it first. A mistake is caught if a case fails, says that
sentence, and needs no more than 5 s. With --unchanged the same cases are run on the solutions as they are: each must pass,
or what they say of the mistake would mean nothing.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import kit
import started
from names import named_parts
from sources import ROOT, lesson_folders, name_of

LIMIT = 5  # seconds that a case has to fail
HEADINGS = ("mistake", "step", "says")
STEP = re.compile(r"(\d\d)(?:\.(\d+)| program)")
TOUCHED = re.compile(r"^\+\+\+ b/(\S+)", re.M)
PROGRAM = "program.py"

FLAGS = ["-w"]


@dataclass(frozen=True)
class Mistake:
    path: Path
    headings: dict
    diff: str

    @property
    def name(self) -> str:
        return f"{self.path.parent.parent.name}/{self.path.stem}"

    @property
    def says(self) -> str:
        return self.headings.get("says", "")

    @property
    def step(self) -> str:
        return self.headings.get("step", "")

    def touched(self) -> list:
        return TOUCHED.findall(self.diff)


def read(path: Path) -> Mistake:
    head, mark, diff = path.read_text(encoding="utf-8").partition("\n--- a/")
    headings = dict(re.findall(r"^(\w+): *(.*\S)", head, re.M))
    return Mistake(path, headings, mark.lstrip("\n") + diff)


def all_mistakes(root: Path = ROOT) -> list:
    return [read(path) for path in sorted((root / "tests").glob("[0-9][0-9]-*/mistakes/*"))]


# What a patch must be, before anything is built.

def as_printed(code: str) -> str:
    """Neighbouring literals are one."""
    return re.sub(r'(?<!\\)"\s*\n\s*"', "", code).replace('\\"', '"')


def text_of(path: Path) -> str:
    return as_printed(path.read_text(encoding="utf-8"))


def test_files(mistake: Mistake, root: Path = ROOT) -> list:
    match = STEP.fullmatch(mistake.step)
    if not match:
        return []
    pattern = f"{mistake.step}-*.cpp" if match.group(2) else PROGRAM
    return sorted((root / "tests").glob(f"{match.group(1)}-*/{pattern}"))


def knows(mistake: Mistake, root: Path = ROOT) -> list:
    """The test files of the step in which the sentence stands."""
    return [path for path in test_files(mistake, root) if mistake.says and mistake.says in text_of(path)]


def headings(root: Path = ROOT) -> list:
    return [f"{name_of(mistake.path, root)}: a mistake is a .patch with one line each of {', '.join(HEADINGS)} above the diff"
            for mistake in all_mistakes(root)
            if mistake.path.suffix != ".patch" or tuple(mistake.headings) != HEADINGS or not mistake.touched()]


def steps(root: Path = ROOT) -> list:
    return steps_of(all_mistakes(root), root)


def steps_of(patches: list, root: Path) -> list:
    return [f"{name_of(patch.path, root)}: there is no test of step '{patch.step}' in its lesson" for patch in patches
            if patch.path.parents[1] not in {path.parent for path in test_files(patch, root)}]


def sentences(root: Path = ROOT) -> list:
    where = (("lessons/00-provided", "*.hpp"), ("solutions", "*.hpp"), ("tests", "*.hpp"), ("tests/support", "*.cpp"))
    given = [path for top, files in where for path in (root / top).rglob(files)]
    texts: list = []
    wrong = []
    for mistake in all_mistakes(root):
        if knows(mistake, root):
            continue
        texts = texts or [text_of(path) for path in given]
        if not mistake.says or not any(mistake.says in text for text in texts):
            wrong.append(f"{name_of(mistake.path, root)}: neither the tests of {mistake.step} nor a header can say "
                         f"'{mistake.says}'")
    return wrong


def git_apply(folder: Path, patch: Path, *options: str) -> str:
    """What git says against it; nothing if the patch fits."""
    run = subprocess.run(["git", "apply", *options, str(patch)], cwd=folder, capture_output=True, text=True,
                         env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)})
    return "" if run.returncode == 0 else (run.stderr.strip() or "git apply failed")


def applies(root: Path = ROOT) -> list:
    return fits(all_mistakes(root), root)


def fits(patches: list, root: Path) -> list:
    wrong = []
    for patch in patches:
        complaint = git_apply(root, patch.path, "--check")
        astray = [path for path in patch.touched() if not path.startswith("solutions/")]
        if astray:
            complaint = f"it changes {astray[0]}, which is no solution"
        if complaint:
            wrong.append(f"{name_of(patch.path, root)} does not fit the solutions any more: {complaint}")
    return wrong


def at_least(count: int, lessons: list, root: Path = ROOT) -> list:
    found = [mistake.path.parents[1].name for mistake in all_mistakes(root)]
    return [f"tests/{lesson}/mistakes: {found.count(lesson)} mistakes; there are to be {count}"
            for lesson in lessons if found.count(lesson) < count]


# The slow part: build it, and see it caught.

def includes(mistake: Mistake, copy: Path) -> list:
    """The changed headers first; then as CMake has it: the lesson's, the earlier ones', what is given."""
    folders = [folder for folder in reversed(lesson_folders()) if folder.name[:2] <= mistake.step[:2]]
    changed = [copy / name_of(folder) for folder in folders if (copy / name_of(folder)).exists()]
    return [*changed, *folders, ROOT / "lessons/00-provided", ROOT / "tests"]


def build(mistake: Mistake, copy: Path, made: Path) -> str:
    where = includes(mistake, copy)
    executable = copy / "test"
    if mistake.step.endswith(" program"):
        (folder,) = [folder for folder in lesson_folders() if folder.name[:2] == mistake.step[:2]]
        sources = [path if not (copy / name_of(path)).exists() else copy / name_of(path) for path in folder.glob("*.cpp")]
        return kit.compile_with([*FLAGS, *(f"-I{folder}" for folder in where), *sources, "-o", executable, *kit.LIBRARIES])
    return kit.build_test(made, where, knows(mistake) or test_files(mistake), executable, *FLAGS)


def cases(mistake: Mistake, executable: Path) -> list:
    """The commands to run, the likeliest first."""
    if mistake.step.endswith(" program"):
        return [[sys.executable, "-B", str(test_files(mistake)[0]), "-k", mistake.says]]
    found = kit.case_names(executable)
    if mistake.says in found:
        found = [mistake.says]
    else:
        knowing = cases_that_know(mistake)
        found.sort(key=lambda name: name not in knowing)
    return [kit.case_command(executable, name) for name in found]


def cases_that_know(mistake: Mistake, root: Path = ROOT) -> list:
    found = []
    for path in knows(mistake, root):
        text = path.read_text(encoding="utf-8")
        parts = [(name, line) for kind, name, line in named_parts(text) if kind == "TEST_CASE"]
        lines = text.split("\n")
        ends = [line - 1 for _, line in parts[1:]] + [len(lines)]
        for (name, line), end in zip(parts, ends):
            if mistake.says in as_printed("\n".join(lines[line - 1:end])):
                found.append(name)
    return found


def run_case(command: list, folder: Path) -> tuple:
    return kit.run(command, folder, LIMIT, PBP_PROGRAM=str(folder / "test"), PBP_SANITIZERS="address", PBP_BUILD_TYPE="Debug")


@dataclass(frozen=True)
class Verdict:
    mistake: Mistake
    problem: str  # nothing if it was caught
    output: str
    seconds: float


def judge(mistake: Mistake, made: Path, unchanged: bool = False) -> Verdict:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mistake-") as folder:
        see = see_it_pass if unchanged else see_it_caught
        problem, output = see(mistake, Path(folder).resolve(), made)
    return Verdict(mistake, problem, output, time.monotonic() - began)


def see_it_pass(mistake: Mistake, copy: Path, made: Path) -> tuple:
    complaint = build(mistake, copy, made)
    if complaint:
        return f"does not compile:\n{complaint}", ""
    command = cases(mistake, copy / "test")[0]
    status, output = run_case(command, copy)
    return "" if status == 0 else f"fails on the solution: {command[-1]}", output


def make_variant(mistake: Mistake, copy: Path, made: Path) -> str:
    """Applied to a copy, and built; the complaint, if that fails."""
    for name in mistake.touched():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    complaint = git_apply(copy, mistake.path)
    if complaint:
        return f"does not apply: {complaint}"
    complaint = build(mistake, copy, made)
    return f"does not compile:\n{complaint}" if complaint else ""


def see_it_caught(mistake: Mistake, copy: Path, made: Path) -> tuple:
    complaint = make_variant(mistake, copy, made)
    if complaint:
        return complaint, ""
    problem, shown = "no test notices", ""
    for command in cases(mistake, copy / "test"):
        status, output = run_case(command, copy)
        output = output.replace(str(ROOT) + "/", "")
        if status is None:
            problem, shown = f"a test needs more than {LIMIT} s to notice: {command[-1]}", output
        elif status != 0 and mistake.says in output:
            return "", output
        elif status != 0:
            problem, shown = "a test fails, but does not say so", output
    return problem, shown


def is_meant(mistake: Mistake, which: list) -> bool:
    """Named by slug, by lesson and slug, or by its lesson's number; if nobody is, all are."""
    return not which or bool({mistake.name, mistake.path.stem, mistake.path.parents[1].name[:2]} & set(which))


def tell(verdict: Verdict, options: argparse.Namespace) -> None:
    word = "MISSED" if verdict.problem else "passed" if options.unchanged else "caught"
    print(f"{word}  {verdict.seconds:5.1f} s  {verdict.mistake.name}: {verdict.problem or verdict.mistake.says}")
    if options.verbose or verdict.problem:
        lines = [line for line in verdict.output.splitlines() if line.strip() and not line.startswith("=====")]
        print("".join(f"          {line}\n" for line in lines[:25]), end="")
    sys.stdout.flush()


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="Applies each mistake to the solution; the tests must catch it, in words.")
    parser.add_argument("which", nargs="*", metavar="NN|slug", help="a lesson, or a mistake; all, if none is named")
    parser.add_argument("-j", dest="jobs", type=int, default=1, metavar="N", help="how many at a time")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show what the tests said")
    parser.add_argument("--unchanged", action="store_true", help="run the same tests on the solutions, where they must pass")
    options = parser.parse_args(arguments)
    known = all_mistakes()
    started.refuse_unknown(parser, options.which, "mistake", lambda name: any(is_meant(one, [name]) for one in known))
    chosen = [mistake for mistake in known if is_meant(mistake, options.which)]
    made = kit.harness(options.jobs)
    survivors = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for verdict in pool.map(lambda mistake: judge(mistake, made, options.unchanged), chosen):
            tell(verdict, options)
            survivors += bool(verdict.problem)
    good = "passed" if options.unchanged else "caught"
    print(f"{len(chosen)} mistakes: {len(chosen) - survivors} {good}, {survivors} not")
    return 1 if survivors else 0


if __name__ == "__main__":
    started.as_command(lambda: main(sys.argv[1:]))
