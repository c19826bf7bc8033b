"""What the loop shows: a frame of at most one screen, from what is known."""
import re
from dataclasses import dataclass, field

from console import bold, dim, green, red, yellow
from failure_report import HERE
from holes import MOST_PLACES
from judge import GREEN, RED, Verdict
from lessons import Step, shown
from terminal import clipped, link, shows_marks, wrapped

# Of lines that do not fit in a terminal, those with the highest of these are left out first.
BLANK, ROW, STEP, NOTE, REASON = 5, 4, 3, 2, 1
KEYS = "[h]int  [b]ook  [p]rediction  [r]un  [d]iff  [n]ext  [l]ist  [q]uit"
BAR = 20
SHORT = 16      # rows
WIDE = 60       # columns: with fewer, what follows a label's first line doesn't stand below it


@dataclass
class Line:
    """One line of a frame, and whether it may be left out. 0: never."""
    text: str
    spare: int = 0


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
    guide: list = field(default_factory=list)          # what to read first
    misplaced: list = field(default_factory=list)      # files that were saved in the wrong place
    notes: list = field(default_factory=list)          # what must be said: read-only, house rules
    panel: list = field(default_factory=list)           # a hint, a list, the program's output
    ends: bool = False                                 # of a panel that is too long, the end counts: the program's output
    at: int = 0                                        # its first line that is shown
    turn: int = 0                                      # the first line that is not: space goes there
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
    lines, red_comes = [], False
    for step in rows(frame):
        verdict = frame.verdicts.get(step.id)
        title = step.title + (" (skipped)" if step.id in frame.skipped else "")
        if not verdict or step.id in frame.stale:
            title = dim(title)
        elif verdict.state == RED:
            title = bold(title)
        is_first_red = state_of(frame, step) == RED and not red_comes
        red_comes = red_comes or is_first_red
        lines.append(Line(f" {mark(state_of(frame, step))} {step.id} {title}", 0 if is_first_red else ROW))
    return lines


def place_line(place: tuple) -> str:
    return link(place[0], f"{shown(place[0])}:{place[1]}") if place else ""


def story_lines(frame: Frame, columns: int) -> list:
    """Of the first red step."""
    for step in rows(frame):
        verdict = frame.verdicts.get(step.id)
        if verdict and verdict.state == RED:
            return failure(step, verdict, columns)
    return []


def failure_lines(step: Step, verdict: Verdict, columns: int) -> list:
    """Without a frame, which has a place for the warning."""
    warning = ["", "warning: " + ", ".join(verdict.warning)] if verdict.warning else []
    return [line.text for line in failure(step, verdict, columns)] + warning


def failure(step: Step, verdict: Verdict, columns: int) -> list:
    """The case, why it failed, the steps that led there, and the line to open."""
    lines = [Line(text) for text in title_lines(step, verdict, columns)]
    first = len(lines)
    for text in verdict.lines:
        code = text.lstrip()[:1] == "|" or text[5:8] == " | "
        label = re.match(r"  (\w+ {2,})", text)
        hang = " " * len(label[1]) if label and columns >= WIDE else "  "
        lines += [Line(clipped(text, columns), STEP)] if code else [Line(part, REASON) for part in wrapped(text, columns, hang)]
    for line in lines[first:]:
        if line is lines[first] or not verdict.built and line.spare == REASON and line.text.startswith("  "):
            line.spare = 0                    # the sentence, and our own advice below a compiler's
    for text in verdict.steps:
        here = text.rstrip().endswith(HERE)
        lines += [Line(part, NOTE if here else STEP) for part in kept_together(text, HERE, columns)]
    places = place_lines(verdict, columns)
    return lines + ([Line("", BLANK)] if places else []) + [Line(text) for text in places]


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
    """What to open: one line, else all in which it may be, or only their files where those are many."""
    if len(verdict.places) < 2:
        return [f"open  {place_line(verdict.place)}"] if verdict.place else []
    if len(verdict.places) > MOST_PLACES:
        files = dict.fromkeys(shown(file) for file, _ in verdict.places)
        return wrapped(f"open  {'one of: ' if len(files) > 1 else ''}{', '.join(files)}", columns, "      ")
    numbers: dict = {}
    for file, line in verdict.places:
        numbers.setdefault(file, []).append(str(line))
    text = "; ".join(f"{shown(file)}:{', '.join(lines)}" for file, lines in numbers.items())
    return wrapped(f"open  in one of: {text}", columns, "      ")


def drawn(frame: Frame, columns: int, height: int) -> list:
    """The frame's lines. In a short terminal, what teaches stays: the red step, why it is red, and the line to open."""
    room = height - 1
    lines = [Line(header(frame)), *(Line(part, NOTE) for line in frame.guide for part in wrapped(line, columns))]
    lines += [Line("", BLANK), *step_lines(frame), Line("", BLANK), *story_lines(frame, columns)]
    finished = [part for line in frame.finished.split("\n") for part in wrapped(line, columns)] if frame.finished else []
    lines += [Line(green(part) if index == 0 else part, NOTE if frame.panel else 0) for index, part in enumerate(finished)]
    lines += [Line("", BLANK)] if frame.misplaced + frame.notes and not frame.finished else []
    lines += [Line(yellow(part), NOTE) for note in frame.misplaced + frame.notes for part in wrapped(note, columns)]
    keys = ([Line(dim(frame.doing))] if frame.doing or height > SHORT else []) + [Line(KEYS)]
    panel = [part for line in frame.panel for part in ([line] if "\x1b" in line else wrapped(line, columns, "") if line else [""])]
    if panel:
        panel = turned(frame, panel, max(4, min(room * 2 // 3, room - sum(line.spare == 0 for line in lines + keys))))
        lines.append(Line("", BLANK))
    return [line.text for line in fitting(lines, room - len(panel) - len(keys))] + panel + [line.text for line in keys]


def fitting(lines: list, room: int) -> list:
    """The steps of a story go from its first on, and everything else from its end."""
    left = list(lines)
    for spare in (BLANK, ROW, STEP, NOTE, REASON):
        while len(left) > room and any(line.spare == spare for line in left):
            places = [at for at, line in enumerate(left) if line.spare == spare]
            del left[places[0] if spare == STEP else places[-1]]
    return left


def turned(frame: Frame, panel: list, room: int) -> list:
    """The part of a panel that is shown: from `frame.at` on, or its end where that is what counts."""
    if len(panel) <= room:
        frame.turn = 0
        return panel
    if frame.ends:
        return [dim(f"… {len(panel) - room + 1} lines above")] + panel[-(room - 1):]
    frame.at = frame.at if frame.at < len(panel) else 0
    shown_now = panel[frame.at:frame.at + room - 1]
    frame.turn = frame.at + len(shown_now)
    more = len(panel) - frame.turn
    return shown_now + [dim(f"… {more} more line{'s' * (more != 1)}: press space" if more else "(end: press space to start again)")]
