"""Right answers other than the solution's, each of which the tests must accept.

    answers.py [NN | slug | NN-name/slug …] [-j2]

tests/NN-name/answers/slug.patch is a diff against the solutions, below two lines:

    answer: unpark does all of its work under the lock      what the learner did
    step: 05.1                                              whose tests must be content

Each is applied to a copy of the files it touches, as a mistake is (mistakes.py); all tests of its step are built, and all
their cases must pass.
"""
import argparse
import concurrent.futures
import sys
import tempfile
from pathlib import Path

import kit
import mistakes
import started
from sources import ROOT, name_of

HEADINGS = ("answer", "step")


def all_answers(root: Path = ROOT) -> list:
    return [mistakes.read(path) for path in sorted((root / "tests").glob("[0-9][0-9]-*/answers/*"))]


# What a patch must be, before anything is built.

def headings(root: Path = ROOT) -> list:
    return [f"{name_of(answer.path, root)}: an answer is a .patch with one line each of {', '.join(HEADINGS)} above the diff"
            for answer in all_answers(root)
            if answer.path.suffix != ".patch" or tuple(answer.headings) != HEADINGS or not answer.touched()]


def steps(root: Path = ROOT) -> list:
    return mistakes.steps_of(all_answers(root), root)


def applies(root: Path = ROOT) -> list:
    return mistakes.fits(all_answers(root), root)


# The slow part: build it, and see it pass.

def refused(answer: mistakes.Mistake, made: Path) -> str:
    """Why it does not pass; nothing if it does."""
    with tempfile.TemporaryDirectory(prefix="answer-") as folder:
        copy = Path(folder).resolve()
        complaint = mistakes.make_variant(answer, copy, made)
        if complaint:
            return complaint
        for command in mistakes.cases(answer, copy / "test"):
            status, output = mistakes.run_case(command, copy)
            if status != 0:
                return f"refused by '{command[-1]}'\n{output}"
    return ""


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="Applies each right answer to the solution; the tests must accept it.")
    parser.add_argument("which", nargs="*", metavar="NN|slug", help="a lesson, or an answer; all, if none is named")
    parser.add_argument("-j", dest="jobs", type=int, default=1, metavar="N", help="how many at a time")
    options = parser.parse_args(arguments)
    known = all_answers()
    started.refuse_unknown(parser, options.which, "answer", lambda name: any(mistakes.is_meant(one, [name]) for one in known))
    chosen = [answer for answer in known if mistakes.is_meant(answer, options.which)]
    made = kit.harness(options.jobs)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        found = list(pool.map(lambda answer: refused(answer, made), chosen))
    for answer, problem in zip(chosen, found):
        print(f"{'REFUSED' if problem else 'accepted'}  {answer.name}: {problem or answer.headings['answer']}")
    bad = sum(map(bool, found))
    print(f"{len(chosen)} answers: {len(chosen) - bad} accepted, {bad} not")
    return 1 if bad else 0


if __name__ == "__main__":
    started.as_command(lambda: main(sys.argv[1:]))
