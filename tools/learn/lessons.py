"""The lessons and their steps, as the folders tell them."""
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from console import Stop

ROOT = Path(__file__).resolve().parents[2]
MINE = ROOT / "mine"


PROGRAM = "program"           # the id of what comes after the last step: the lesson's program does what it should
EXERCISE = "exercise"         # the id of what a learner may add, and need not
STARTER, NEEDS_A_PEER = "// starter:", "needs a peer"
GIVEN, TOGETHER = "0", "9"    # NN.0 tests what is given, NN.9 all steps together: neither is a step


@dataclass(frozen=True)
class Step:
    """One step of a lesson: `01.2`, "map"."""
    lesson: str
    id: str
    title: str

    @property
    def target(self) -> str:
        return f"test-{self.lesson[:2]}.{EXERCISE}" if self.id == EXERCISE else f"test-{self.id}"


def all_lessons() -> list:
    """Names in order, as in `05-block-on`."""
    names = {folder.name for base in ("lessons", "solutions") for folder in (ROOT / base).glob("[0-9][0-9]-*")
             if folder.is_dir() and not folder.name.startswith("00-")}
    return sorted(names)


def lesson_named(word: str) -> str:
    """5, 05 and 05-block-on name the same lesson."""
    names = all_lessons()
    number = re.match(r"^(\d{1,2})(?:-|$)", word)
    if number:
        for name in names:
            if name.startswith(f"{int(number.group(1)):02d}-") and (word.isdigit() or word in name):
                return name
    if not names:
        raise Stop("This checkout has no lessons. Clone the course again.")
    if any(re.fullmatch(rf"0?{int(name[:2])}\.\w+", word) for name in names):
        raise Stop(f"'{word}' is a step, not a lesson. Name its lesson instead: {word.split('.')[0]}")
    raise Stop(f"There is no lesson '{word}'. Name one from {names[0][:2]} to {names[-1][:2]}.")


def suites_of(lesson: str) -> list:
    """The steps, and what is tested besides, in order. A step's title is its test suite's."""
    titles = {}
    for source in sorted((ROOT / "tests" / lesson).glob(f"{lesson[:2]}.[0-9]*-*.cpp")):
        number = source.name.split("-")[0]
        suite = re.search(rf'TEST_SUITE\("{re.escape(number)} ([^"]*)"', source.read_text(encoding="utf-8"))
        if number not in titles or not titles[number]:
            titles[number] = suite.group(1) if suite else ""
    return [Step(lesson, number, title) for number, title in titles.items()]


def is_step(id: str) -> bool:
    """05.2 is one; 05.0 and 05.9 are not."""
    return id.partition(".")[2] not in (GIVEN, TOGETHER)


def steps_of(lesson: str) -> list:
    return [suite for suite in suites_of(lesson) if is_step(suite.id)]


def after_steps(lesson: str) -> list:
    """What is judged when all steps are green: all of them together, then the lesson's program, as far as these are tested."""
    together = [suite for suite in suites_of(lesson) if suite.id.endswith(f".{TOGETHER}")]
    has_program = (ROOT / "tests" / lesson / "program.py").exists()
    return together + ([Step(lesson, PROGRAM, "does what it should")] if has_program else [])


def exercise_of(lesson: str) -> list:
    """What a learner may write besides, from nothing, into mine/NN-name/exercise.hpp; tests/NN-name/exercise-*.cpp says what."""
    source = exercise_test(lesson)
    if not source:
        return []
    suite = re.search(rf'TEST_SUITE\("{lesson[:2]} exercise ([^"]*)"', source.read_text(encoding="utf-8"))
    return [Step(lesson, EXERCISE, suite.group(1) if suite else "")]


def exercise_test(lesson: str) -> Optional[Path]:
    return next(iter(sorted((ROOT / "tests" / lesson).glob("exercise-*.cpp"))), None)


def exercise_named(word: str) -> Step:
    """11.exercise."""
    lesson = lesson_named(word.removesuffix(f".{EXERCISE}"))
    if not exercise_of(lesson):
        raise Stop(f"Lesson {lesson} has no exercise. Choose another lesson.")
    return exercise_of(lesson)[0]


def starter_says(folder: Path) -> str:
    """What the first line of its main.cpp says of running it untouched: arguments, NEEDS_A_PEER, or nothing."""
    try:
        with open(folder / "main.cpp", encoding="utf-8", errors="replace") as file:
            first = file.readline()
    except OSError:
        return ""
    return first[len(STARTER):].strip() if first.startswith(STARTER) else ""


def step_named(word: str, among: Callable[[str], list] = steps_of) -> Step:
    """05.2 and 5.2 name the same step."""
    match = re.match(r"^(\d{1,2})\.(\d{1,2})$", word)
    if not match:
        raise Stop(f"'{word}' is not a step. Name one, as in: 05.2")
    lesson = lesson_named(match.group(1))
    for step in among(lesson):
        if step.id == f"{lesson[:2]}.{int(match.group(2))}":
            return step
    found = steps_of(lesson)
    if not found:
        raise Stop(f"Lesson {lesson} has no steps yet. Choose another one: ./learn list")
    raise Stop(f"Lesson {lesson} has no step '{word}'. Name one from {found[0].id} to {found[-1].id}.")


def shown(path: Path) -> str:
    """As a person types it: from the top of the course."""
    path = Path(path)
    return str(path.relative_to(ROOT)) if path.is_absolute() and ROOT in path.parents else str(path)
