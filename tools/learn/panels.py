"""Lines that both a key in the loop and a command show: the list, a hint, the difference to the solution."""
import re

import holes
from console import Stop, bold, dim, green, red
from cpp_text import tokens
from hints import hints_of
from lessons import PROGRAM, Step, after_steps, all_lessons, shown, steps_of
from mine import copy_of, files_in, refuse_closed, solution
from paths import lessons_on
from progress import Progress
from terminal import shows_marks, wrapped

LEGEND = "- yours   + the solution's"


def is_finished(progress: Progress, lesson: str) -> bool:
    """Its steps and what is judged after them are right."""
    steps = steps_of(lesson)
    return bool(steps) and all(progress.is_done(lesson, step.id) for step in steps + after_steps(lesson))


def what_is_open(progress: Progress, lesson: str) -> str:
    """Of a lesson that is not finished."""
    step = first_open(progress, lesson)
    if progress.is_done(lesson, step.id):
        step = next((after for after in after_steps(lesson) if not progress.is_done(lesson, after.id)), step)
    return f"The program of lesson {lesson[:2]} is not right yet" if step.id == PROGRAM else f"{step.id} is not green yet"


def first_open(progress: Progress, lesson: str) -> Step:
    """The step to work on: the first that is not green, else the last."""
    steps = steps_of(lesson)
    if not steps:
        raise Stop(f"Lesson {lesson} has no steps yet. Choose another one: ./learn list")
    return next((step for step in steps if not progress.is_done(lesson, step.id)), steps[-1])


def list_lines(progress: Progress) -> list:
    lines, on_path = [], lessons_on(progress.route)
    for lesson in all_lessons():
        steps = steps_of(lesson)
        done = sum(1 for step in steps if progress.is_done(lesson, step.id))
        sign = green("✓" if shows_marks() else "*") if is_finished(progress, lesson) else " "
        here = ">" if lesson == progress.current else " "
        name = bold(f"{lesson:<20}") if here == ">" else f"{lesson:<20}"
        skipped = "".join(f", {step.id} skipped" for step in steps if step.id in progress.skipped)
        remains = what_remains(progress, lesson) if done == len(steps) else ""
        line = f"{here}{sign} {name} {done} of {len(steps)}{skipped}{remains}"
        lines.append(line if lesson in on_path or here == ">" else dim(f"{line}, not on your path"))
    return lines + ["To open another lesson: ./learn goto NN"]


def what_remains(progress: Progress, lesson: str) -> str:
    """Of a lesson whose steps are all green."""
    left = next((step for step in after_steps(lesson) if not progress.is_done(lesson, step.id)), None)
    return "" if not left else ", its program not yet" if left.id == PROGRAM else f", {left.id} not yet"


def hint_lines(progress: Progress, step: str, rung: int, first: int = 1) -> list:
    """From the `first` to `rung`. The loop shows the newest alone. It is remembered."""
    hints = hints_of(step)
    rung = max(1, min(len(hints), rung))
    lines = []
    for number in range(max(1, min(first, rung)), rung + 1):
        lines += ([""] if lines else []) + [bold(f"hint {step}, {number} of {len(hints)}"), *paragraphs(hints[number - 1])]
    progress.rungs[step] = rung
    progress.save()
    return lines


def paragraphs(text: str) -> list:
    """Prose is joined, for the screen to break anew; code stays as it is."""
    lines: list = []
    for line in text.splitlines():
        goes_on = lines and lines[-1] and line and not lines[-1].startswith(" ") and not line.startswith(" ")
        if goes_on:
            lines[-1] += " " + line
        else:
            lines.append(line)
    return lines


def diff_lines(progress: Progress, lesson: str, columns: int = 0) -> list:
    """The learner's holes against the solution's, of the steps that are green, step by step. Lines longer than `columns` go on."""
    refuse_closed(lesson)
    if not copy_of(lesson).is_dir():
        raise Stop(f"Lesson {lesson} is not open yet. Open it with: ./learn goto {lesson[:2]}")
    lines, closed = [], []
    for hole in sorted(holes.holes(lesson), key=lambda hole: hole.step):
        if not progress.is_done(lesson, hole.step):
            if hole.step not in closed:
                closed.append(hole.step)
            continue
        mine = [line.rstrip() for line in hole.mine]
        solved = [line.rstrip() for line in hole.solved]
        head = f"{hole.step} {shown(hole.file)}:{hole.begin + 1}"
        if code_of(mine) == code_of(solved):
            lines.append(f"{bold(head)} the same")
            continue
        lines += [] if LEGEND in lines else [LEGEND, ""]
        lines += [bold(head), *(red(line) for line in marked("-", without_todos(mine), columns)),
                  *(green(line) for line in marked("+", solved, columns)), ""]
    if closed:
        lines.append(f"{', '.join(sorted(closed))}: not green yet, so the solution stays closed.")
    return lines or [f"Lesson {lesson} has no starter, so there is nothing to compare."]


def code_of(lines: list) -> list:
    """Comments and layout make no difference."""
    return [token.text for token in tokens("\n".join(lines))]


def without_todos(lines: list) -> list:
    """Without what the starter said of the hole: a TODO and the comment lines that follow it."""
    kept, inside = [], False
    for line in lines:
        text = line.lstrip()
        inside = text.startswith("//") and (inside or bool(re.match(r"//+ *TODO\(\d\d\.\d+\)", text)))
        if not inside:
            kept.append(line)
    return kept


def marked(sign: str, lines: list, columns: int) -> list:
    parts = [wrapped(line, columns - 2) if columns else [line] for line in lines]
    return [f"{sign if index == 0 else ' '} {part}" for broken in parts for index, part in enumerate(broken)]


def solution_lines(lesson: str) -> list:
    """The solution's holes, each with its place."""
    lines = [f"The whole: {shown(solution(lesson) / name)}" for name in files_in(solution(lesson))]
    for hole in holes.holes(lesson):
        lines += ["", bold(f"{hole.step} {shown(hole.file)}:{hole.begin + 1}"), *hole.solved]
    return lines
