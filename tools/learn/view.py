"""What the loop shows: a frame of at most one screen, from what is known."""
from dataclasses import dataclass, field

from console import bold, dim, green, red, yellow
from failure_report import HERE
from judge import GREEN, RED, Verdict
from lessons import Step, shown
from terminal import clipped, link, shows_marks, wrapped

KEYS = "[h]int  [r]un  [d]iff  [n]ext  [l]ist  [q]uit"
BAR = 20


@dataclass
class Frame:
    """Everything that a frame is drawn from."""
    lesson: str
    steps: list
    verdicts: dict = field(default_factory=dict)       # step id -> Verdict
    stale: set = field(default_factory=set)            # green before this save, not looked at again yet
    skipped: set = field(default_factory=set)          # ids of steps that ./learn skip has filled
    doing: str = ""                                    # "building 01.2"
    done_lessons: int = 0
    lessons: int = 0
    notes: list = field(default_factory=list)          # what must be said: read-only, house rules
    panel: list = field(default_factory=list)           # a hint, a list, the program's output
    whole: str = ""                                    # the command that shows all of a panel of which the beginning counts
    after: list = field(default_factory=list)          # what is judged after the last step: all together, the program
    finished: str = ""                                 # what to do after the last step


def mark(state: str) -> str:
    good, bad, waiting = ("✓", "✗", "·") if shows_marks() else ("ok", "NO", "..")
    return {GREEN: green(good), RED: red(bad)}.get(state, dim(waiting))


def bar(done: int, all_of_them: int) -> str:
    full, empty = ("━", "─") if shows_marks() else ("#", "-")
    filled = BAR * done // max(1, all_of_them)
    return green(full * filled) + dim(empty * (BAR - filled))


def header(frame: Frame) -> str:
    done = sum(1 for step in frame.steps if state_of(frame, step) == GREEN)
    return (f"{bold(frame.lesson)}  {bar(done, len(frame.steps))}  {done} of {len(frame.steps)} steps"
            f"{dim(f' · {frame.done_lessons} of {frame.lessons} lessons')}")


def state_of(frame: Frame, step: Step) -> str:
    verdict = frame.verdicts.get(step.id)
    return verdict.state if verdict else "waiting"


def rows(frame: Frame) -> list:
    """The steps, and what comes after them once it is looked at."""
    return frame.steps + [step for step in frame.after if step.id in frame.verdicts]


def step_lines(frame: Frame) -> list:
    lines = []
    for step in rows(frame):
        verdict = frame.verdicts.get(step.id)
        title = step.title + (" (skipped)" if step.id in frame.skipped else "")
        if not verdict or step.id in frame.stale:
            title = dim(title)
        elif verdict.state == RED:
            title = bold(title)
        lines.append(f" {mark(state_of(frame, step))} {step.id} {title}")
    return lines


def place_line(place: tuple) -> str:
    return link(place[0], f"{shown(place[0])}:{place[1]}") if place else ""


def story_lines(frame: Frame, columns: int) -> list:
    """Of the first red step."""
    for step in rows(frame):
        verdict = frame.verdicts.get(step.id)
        if verdict and verdict.state == RED:
            return failure_lines(step, verdict, columns)
    return []


def failure_lines(step: Step, verdict: Verdict, columns: int) -> list:
    lines = title_lines(step, verdict, columns)
    for line in verdict.lines:
        code = line.lstrip()[:1] == "|" or line[5:8] == " | "
        lines += [clipped(line, columns)] if code else kept_together(line, HERE, columns)
    return lines + place_lines(verdict, columns)


def title_lines(step: Step, verdict: Verdict, columns: int) -> list:
    """Whole, whatever its length: it says what the case is about."""
    count = f"(case {verdict.at} of {verdict.cases})" if verdict.at else ""
    text = f"{step.id} {verdict.title}" + (f"  {count}" if count else "")
    first, *more = kept_together(text, count, columns, "     ")
    return [f"{red(step.id)} {emphasized(first[len(step.id) + 1:], count)}", *(emphasized(part, count) for part in more)]


def emphasized(part: str, count: str) -> str:
    return bold(part[:-len(count)]) + dim(count) if count and part.endswith(count) else bold(part)


def kept_together(line: str, words: str, columns: int, hang: str = "  ") -> list:
    """Prose, broken between words, but not within these."""
    if not words:
        return wrapped(line, columns, hang)
    return [part.replace("\xa0", " ") for part in wrapped(line.replace(words, words.replace(" ", "\xa0")), columns, hang)]


def place_lines(verdict: Verdict, columns: int) -> list:
    """What to open: one line, else all in which it may be."""
    if len(verdict.places) < 2:
        return ["", f"open  {place_line(verdict.place)}"] if verdict.place else []
    numbers: dict = {}
    for file, line in verdict.places:
        numbers.setdefault(file, []).append(str(line))
    text = "; ".join(f"{shown(file)}:{', '.join(lines)}" for file, lines in numbers.items())
    return ["", *wrapped(f"open  in one of: {text}", columns, "      ")]


def drawn(frame: Frame, columns: int, height: int) -> list:
    """The frame's lines. What does not fit is cut out of the story's middle, never the keys or the place to open."""
    top = [header(frame), "", *step_lines(frame), ""]
    story = story_lines(frame, columns)
    notes = [line for note in frame.notes for line in wrapped(note, columns)]
    end = []
    if frame.finished:
        end += [green(line) if index == 0 else line
                for index, line in enumerate(part for line in frame.finished.split("\n") for part in wrapped(line, columns))]
    end += [yellow(note) for note in notes]
    panel = [part for line in frame.panel for part in ([line] if "\x1b" in line else wrapped(line, columns, "") if line else [""])]
    keys = [dim(frame.doing) if frame.doing else "", KEYS]
    room = height - 1 - len(top) - len(end) - len(keys) - 1
    if panel:
        least = min(len(story), 8)
        panel = cut(panel, max(4, room - least - 1), from_top=True, whole=frame.whole)
        room -= len(panel) + 1
    story = cut(story, max(5, room))
    return top + story + ([""] if end and story else []) + end + (["", *panel] if panel else []) + keys


def cut(lines: list, room: int, from_top: bool = False, whole: str = "") -> list:
    if len(lines) <= room:
        return lines
    if whole:
        return lines[:room - 1] + [dim(f"… {len(lines) - room + 1} lines more: {whole} shows all")]
    if from_top:
        return [dim(f"… {len(lines) - room + 1} lines above")] + lines[-(room - 1):]
    tail = 2                                            # the empty line and the place
    while tail < min(5, room - 2) and lines[-tail]:
        tail += 1
    return lines[:room - tail - 1] + [dim(f"… {len(lines) - room + 1} lines more")] + lines[-tail:]
