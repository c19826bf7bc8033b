"""The chapters: their skeleton, their pictures, and the output they show.

    book.py --write [CHAPTER ...]      captures the shown output anew, from the programs in build/learn, which it builds first
    book.py --check [CHAPTER ...]      compares instead, and builds nothing

With --build FOLDER both take the programs as they are there.

A chapter is book/NN-name.md; the opening is book/README.md. What a program prints stands below a comment that says how to run it:

    <!-- output: solution-05 -->                        bin/solution-05 of the build, exit status 0
    <!-- output: lesson-01 [status 3] -->               another exit status; arguments stand before the bracket
    <!-- output: solution-05 [figures vary] -->         numbers are not compared
    <!-- output: solution-11 [order varies] -->         the order of the lines is not compared
    <!-- output: mistake 06-join/stops-at-the-first-pending -->          what the failing case says of that wrong answer
    <!-- output: mistake-program 07-yield-now/no-wake [status 134] -->   what the lesson's program prints with it
    <!-- output: mistake-run 11-spawn-blocking/runs-inline -->           what the loop says of that program, which hangs
    <!-- output: compile-error await-a-function -->      what ./learn shows for that block of compile_errors.md
    <!-- output: trouble hangs [figures vary] -->        the report on tests/course/troubles/hangs.cpp

The last five are built for it, which takes a while, so --check leaves them to --check-mistakes.
"""
import argparse
import dataclasses
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import child_processes
import compile_errors
import kit
import mistakes
import troubles
from names import registered_lessons
from sources import ROOT, name_of

import failure_report
import program_report
from building import Build
from children import Ended
from console import Stop
from lessons import is_step
from machine import Machine

OUTPUT = re.compile(r"<!-- output: ([^\n\[]*?)(?: \[status (\d+)\])?( \[(?:figures vary|order varies)\])? -->\s*\n```text\n(.*?)^```", re.S | re.M)
TEXT_BLOCK = re.compile(r"^```text\n", re.M)
FENCED = re.compile(r"^```.*?^```", re.S | re.M)
COMMENT = re.compile(r"<!--.*?-->", re.S)
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+\.svg)\)")
STEP = re.compile(r"^## (\d\d\.\d+) ", re.M)
BOX = "C++ you need today"
SKELETON = ["You will be able to", "Where we are", "Predict", BOX, "STEPS", "The same in Rust", "What C++ does not check for you",
            "Check yourself", "Where the professionals do it"]
LONGEST_BOX = 5
ROW = re.compile(r"^\| `(?P<file>[\w./-]+\.[hc]pp)` \| (?P<lines>\d+) \| \S.* \|$", re.M)
TOLERANCE = 10  # lines
SHORTEST, LONGEST = 900, 1800
SECONDS = 60  # for a program


def chapters(root: Path) -> list:
    return sorted((root / "book").glob("[0-9][0-9]-*.md"))


def words(text: str) -> int:
    """Prose only: no code, no comments."""
    return len(re.findall(r"[\w’'-]*\w", COMMENT.sub("", FENCED.sub("", text))))


def steps_of_tests(root: Path, name: str) -> list:
    return sorted(filter(is_step, {path.name.split("-")[0] for path in (root / "tests" / name).glob(f"{name[:2]}.[0-9]*-*.cpp")}))


def skeleton(root: Path = ROOT) -> list:
    wrong = []
    for page in chapters(root):
        text, name = page.read_text(encoding="utf-8"), page.stem
        where = name_of(page, root)
        if name not in registered_lessons(root):
            wrong.append(f"{where}: there is no lesson {name}")
        if not re.match(rf"# {name[:2]} \S", text):
            wrong.append(f"{where}: the first line is not '# {name[:2]} Title'")
        if not re.search(r"^<!-- minutes: \d+(, on the short path: \d+)? -->$", text, re.M):
            wrong.append(f"{where}: no <!-- minutes: N --> says how long it takes")
        headings = re.findall(r"^## (.*)$", FENCED.sub("", text), re.M)
        shape = []
        for heading in headings:
            kind = "STEPS" if re.match(r"\d\d\.\d+ ", heading) else heading
            if shape[-1:] != [kind]:
                shape.append(kind)
        if shape != SKELETON:
            wrong.append(f"{where}: the sections are {headings}, the skeleton is {SKELETON}")
        found, expected = STEP.findall(text), steps_of_tests(root, name)
        if found != expected:
            wrong.append(f"{where}: sections for the steps {found}, tests for {expected}")
        if not SHORTEST <= words(text) <= LONGEST:
            wrong.append(f"{where}: {words(text)} words; {SHORTEST} to {LONGEST} are asked for")
        if not re.search(r"^```rust\n", text, re.M):
            wrong.append(f"{where}: no Rust to compare with")
        if text.count("<details>") < 3 or text.count("<details>") != text.count("</details>"):
            wrong.append(f"{where}: at least three questions, each with its answer in <details>")
    return wrong


def boxes(root: Path = ROOT) -> list:
    """`C++ you need today` is a list of at most five items."""
    wrong = []
    for page in chapters(root):
        text = FENCED.sub("", page.read_text(encoding="utf-8"))
        for box in re.findall(rf"^## {re.escape(BOX)}\n(.*?)(?=^## |\Z)", text, re.S | re.M):
            items = len(re.findall(r"^- ", box, re.M))
            if not 1 <= items <= LONGEST_BOX:
                wrong.append(f"{name_of(page, root)}: '{BOX}' has {items} items; 1 to {LONGEST_BOX} are asked for")
    return wrong


def file_tables(root: Path = ROOT) -> list:
    """A row `| `rt/poll.hpp` | 170 | write |` says about how long the learner's file is."""
    wrong = []
    for page in chapters(root):
        for row in ROW.finditer(page.read_text(encoding="utf-8")):
            copies = [root / top / page.stem / row["file"] for top in ("lessons", "solutions")]
            found = next(filter(Path.is_file, copies), None)
            lines = len(found.read_text(encoding="utf-8").splitlines()) if found else None
            if lines is None:
                wrong.append(f"{name_of(page, root)}: the lesson has no file {row['file']}")
            elif abs(lines - int(row["lines"])) > TOLERANCE:
                wrong.append(f"{name_of(page, root)}: {row['file']} has {lines} lines, and not {row['lines']}")
    return wrong


def pictures(root: Path = ROOT) -> list:
    """Each chapter has its own, with words for those who do not see it, and fit for a light and a dark page."""
    wrong = []
    for page in chapters(root):
        shown = PICTURE.findall(page.read_text(encoding="utf-8"))
        if not any(Path(target).stem == page.stem for _, target in shown):
            wrong.append(f"{name_of(page, root)}: no picture pictures/{page.stem}.svg")
        for alt, target in shown:
            picture = page.parent / target
            if len(alt.split()) < 5:
                wrong.append(f"{name_of(page, root)}: {target} needs a text that tells what it shows")
            if not picture.is_file():
                continue                    # a dead link: that check says so
            drawing = picture.read_text(encoding="utf-8")
            for needed in ("<title", "<desc", "prefers-color-scheme: dark", "viewBox"):
                if needed not in drawing:
                    wrong.append(f"{name_of(picture, root)}: {needed} is missing")
    return wrong


def captured(root: Path = ROOT) -> list:
    """No output is typed: each text block of the book says which program printed it."""
    wrong = []
    for page in sorted((root / "book").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if len(TEXT_BLOCK.findall(text)) != len(OUTPUT.findall(text)):
            wrong.append(f"{name_of(page, root)}: a text block without <!-- output: program --> above it")
    return wrong


def is_mistake(command: str) -> bool:
    return command.startswith(("mistake ", "mistake-program ", "mistake-run ", "compile-error ", "trouble "))


def digest(output: str, copy: Path) -> str:
    """As a learner is told: the case, its steps, why it failed, and of a sanitizer's report what matters."""
    story = failure_report.tell(Ended(1, output), "", copy)
    case = [line for line in story.lines if re.match(r"\d\d\.\d ", line)]
    lines = [*case, *story.steps, *(line for line in story.lines if line not in case)]
    return "".join(f"{line.replace(f'{copy}/', '')}\n" for line in lines)


def run_mistake(kind: str, name: str) -> tuple:
    if kind == "trouble":
        return troubles.report_of(name)
    if kind == "compile-error":
        entry = next((one for one in compile_errors.entries() if one.name == name), None)
        lines = compile_errors.shown(entry, kit.COMPILER)[0] if entry else []
        return (0, "".join(f"{line.removesuffix(compile_errors.HERE)}\n" for line in lines)) if lines else (None, f"there is no compile error {name}")
    answer = next((one for one in mistakes.all_answers() if one.name == name and not one.is_right), None)
    if not answer:
        return None, f"there is no mistake {name}"
    with tempfile.TemporaryDirectory(prefix="answer-") as folder:
        copy = Path(folder).resolve()
        if kind == "mistake":
            problem, output = mistakes.run_tests(answer, copy)
            return (None, f"{name}: {problem}\n{output}") if problem else (0, digest(output, copy))
        program = dataclasses.replace(answer, step=f"{name[:2]} program")
        complaint = mistakes.build(program, copy)
        if complaint:
            return None, f"{name} {complaint}"
        if kind == "mistake-run":
            return 0, as_the_loop_says(program, copy)
        status, output = kit.run([copy / "test"], copy, SECONDS, NO_COLOR="1")
        report, rest = failure_report.split_report(output.splitlines())
        printed = "".join(f"{line}\n" for line in rest)
        return 128 - status if status and status < 0 else status, printed + (digest("\n".join(report), copy) if report else "")


def as_the_loop_says(program: mistakes.Answer, copy: Path) -> str:
    """What the loop shows below the name of a program whose tests fail."""
    command = [sys.executable, "-B", ROOT / "tools/learn/program_tests.py", *mistakes.test_files(program)]
    status, output = kit.run(command, copy, SECONDS, PBP_PROGRAM=str(copy / "test"), NO_COLOR="1")
    title, lines, _ = program_report.tell(Ended(status or 0, output, "slow" if status is None else ""), program.lesson)
    return "".join(f"{line}\n" for line in [f"The program {title}.", *lines])


def run(build: Path, command: str) -> tuple:
    """(its status, what it printed); (None, why not) if it couldn't be run."""
    program, *arguments = shlex.split(command)
    if is_mistake(command):
        return run_mistake(program, *arguments)
    path = next((folder / program for folder in (build / "bin", build / "tests") if (folder / program).is_file()), None)
    if path is None:
        return None, f"{build} has no program {program}: build it first"
    done = subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, encoding="utf-8", env={"PATH": "/usr/bin:/bin", "NO_COLOR": "1"})
    return done.returncode, done.stdout


def selected(root: Path, names: list) -> list:
    return [page for page in sorted((root / "book").glob("*.md")) if not names or page.stem in names or page.name[:2] in names]


def compared(text: str, vary: str) -> str:
    """Without what may differ from run to run."""
    if "figures" in vary:
        return re.sub(r" *\d+", "#", text)  # and the blanks that align them
    return "\n".join(sorted(text.splitlines())) if vary else text


def outputs(root: Path, build: Path, names: list, of_mistakes: bool = False) -> list:
    """What the pages show is what the programs print."""
    wrong = []
    for page in selected(root, names):
        for command, status, vary, text in OUTPUT.findall(page.read_text(encoding="utf-8")):
            if is_mistake(command) != of_mistakes:
                continue
            code, printed = run(build, command)
            if code is None:
                wrong.append(f"{name_of(page, root)}: {printed}")
            elif code != int(status or 0):
                wrong.append(f"{name_of(page, root)}: {command} ended with status {code}\n{printed}")
            elif compared(printed, vary) != compared(text, vary):
                wrong.append(f"{name_of(page, root)}: {command} prints now:\n{printed}"
                             f"PBP_CXX={kit.COMPILER} python3 -B tests/course/book.py --write {page.stem} takes it over")
    return wrong


def rewritten(text: str, build: Path) -> str:
    def anew(match) -> str:
        code, printed = run(build, match.group(1))
        if code is None:
            raise Stop(printed, 1)
        if code != int(match.group(2) or 0):
            raise Stop(f"{match.group(1)} ended with status {code}\n{printed}", 1)
        begin = match.start(4) - match.start(0)
        return match.group(0)[:begin] + printed + "```"
    return OUTPUT.sub(anew, text)


def build_programs(pages: list) -> None:
    """In build/learn, as ./learn does."""
    commands = [found[0] for page in pages for found in OUTPUT.findall(page.read_text(encoding="utf-8"))]
    programs = sorted({shlex.split(command)[0] for command in commands if not is_mistake(command)})
    if programs:
        build = Build("learn", Machine())
        build.configure()
        build.build(*programs)


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="the output that the chapters show")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="capture it anew")
    what.add_argument("--check", action="store_true", help="compare it with what is printed now")
    what.add_argument("--check-mistakes", action="store_true", help="the same for what mistakes print, which are built first")
    parser.add_argument("--build", type=Path, help="the build folder whose programs are run, as they are")
    parser.add_argument("chapter", nargs="*", help="README, 01, 01-poll, …; all if none is named")
    asked = parser.parse_args(arguments)
    child_processes.refuse_unknown(parser, asked.chapter, "chapter", lambda name: bool(selected(ROOT, [name])))
    folder = asked.build or ROOT / "build/learn"
    try:
        if asked.write:
            pages = selected(ROOT, asked.chapter)
            if not asked.build:
                build_programs(pages)
            for page in pages:
                page.write_text(rewritten(page.read_text(encoding="utf-8"), folder), encoding="utf-8")
            return 0
    except Stop as stop:
        print(f"book.py: {stop}", file=sys.stderr)
        return stop.status
    wrong = outputs(ROOT, folder, asked.chapter, asked.check_mistakes)
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    child_processes.as_command(lambda: main(sys.argv[1:]))
