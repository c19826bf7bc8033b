"""One lesson as it is judged: its steps in the order in which a learner works, up to the first that is red."""
import house_rules
import panels
from building import Build
from chapter import to_read
from console import Stop, say
from judge import GREEN, RED, Judge, Verdict
from lessons import EXERCISE, after_steps, all_lessons, exercise_of, shown, steps_of
from machine import Machine
from mine import can_be_opened, copy_of, exercise_file, files_in
from paths import lessons_on, open_on_path
from progress import Progress
from view import Frame, failure_lines, mark

NOTES = 3


def lesson_to_open(progress: Progress) -> str:
    """Where the learner was; a new learner begins at the beginning."""
    if progress.current in all_lessons() and can_be_opened(progress.current):
        return progress.current
    lessons = [lesson for lesson in lessons_on(progress.route) if can_be_opened(lesson)]
    if not lessons:
        raise Stop("No lesson has a starter here. Clone the course again.", 1)
    return lessons[0]


class Lesson:
    """A lesson being judged: its steps, what is known of each, and the order in which to look."""

    def __init__(self, name: str, progress: Progress, judge: Judge):
        self.name, self.progress, self.judge = name, progress, judge
        self.steps = steps_of(name)
        self.frame = Frame(name, self.steps, lessons=len(all_lessons()), after=after_steps(name) + exercise_of(name))
        self.frame.verdicts = {step.id: Verdict(GREEN) for step in self.steps if progress.is_done(name, step.id)}
        self.count()

    def count(self) -> None:
        self.frame.done_lessons = sum(1 for lesson in all_lessons() if panels.is_finished(self.progress, lesson))

    def is_red(self) -> bool:
        return any(verdict.state == RED for id, verdict in self.frame.verdicts.items() if id != EXERCISE)

    def is_finished(self) -> bool:
        return not self.is_red() and panels.is_finished(self.progress, self.name)

    def look(self, step, show) -> Verdict:
        self.frame.doing = f"checking {step.id} …"
        show()
        verdict = self.judge.judge(step)
        self.frame.verdicts[step.id] = verdict
        self.frame.stale.discard(step.id)
        self.progress.mark(self.name, step.id, verdict.state == GREEN)
        return verdict

    def judge_all(self, show) -> None:
        """The step being worked on first, what follows while it is green, then what came before it."""
        self.frame.notes = some(house_notes(self.name))
        self.frame.skipped = self.progress.skipped
        self.frame.stale = {step.id for step in self.steps if self.frame.verdicts.get(step.id, Verdict(RED)).state == GREEN}
        self.frame.verdicts = {id: verdict for id, verdict in self.frame.verdicts.items() if id in self.frame.stale}
        at = next((index for index, step in enumerate(self.steps) if step.id not in self.frame.stale), 0)
        for step in self.steps[at:]:
            verdict = self.look(step, show)
            if verdict.state == RED:
                break
        if verdict.built:
            for step in self.steps[:at]:
                if self.look(step, show).state == RED:
                    break
        self.frame.doing = ""
        self.progress.save()
        if self.progress.complaint:
            self.frame.notes.append(self.progress.complaint)
        for step in self.steps:
            verdict = self.frame.verdicts.get(step.id)
            if verdict and verdict.warning and step.id not in self.frame.stale:     # else it is of an older text
                self.frame.notes.append("warning: " + ", ".join(verdict.warning))
                break


def house_notes(lesson: str) -> list:
    """What g++ 12 would compile wrongly, and what would dangle, in the learner's own files."""
    folder, found = copy_of(lesson), []
    if folder.is_dir():
        for name in files_in(folder):
            try:
                found += house_rules.check(folder / name, shown(folder / name))
            except OSError:
                pass                        # it went while we looked
    return found


def some(notes: list) -> list:
    """As many as leave room for the rest of a frame."""
    more = len(notes) - NOTES
    return notes[:NOTES] + ([f"… and {more} more. To see all: ./learn --raw"] if more > 0 else [])


def one_pass(progress: Progress, machine: Machine, raw: bool = False) -> int:
    """Without a terminal: the steps in order, up to the first that is red."""
    name = lesson_to_open(progress)
    open_on_path(progress, name)
    progress.current = name
    judge = Judge(Build("learn", machine).folder, machine, base=progress.base)
    say(name)
    for note in house_notes(name):
        say(f"look: {note}")
    for step in steps_of(name) + after_steps(name):
        verdict = judge.judge(step)
        progress.mark(name, step.id, verdict.state == GREEN)
        say(f" {mark(verdict.state)} {step.id} {step.title}{' (skipped)' if step.id in progress.skipped else ''}")
        if verdict.state == RED:
            say("\n".join(["", *([verdict.raw] if raw and verdict.raw.strip() else failure_lines(step, verdict, 100))]))
            page = to_read(name, progress.route)
            if page and not any(progress.is_done(name, one.id) for one in steps_of(name)):
                say(f"read  {page}: ./learn read {name[:2]}")
            progress.save()
            return 1
    for exercise in exercise_of(name) if exercise_file(name).exists() else []:
        verdict = judge.judge(exercise)
        progress.mark(name, exercise.id, verdict.state == GREEN)
        say(f" {mark(verdict.state)} {exercise.id} {exercise.title}")
        if verdict.state == RED:
            say("\n".join(["", *failure_lines(exercise, verdict, 100)]))
    progress.save()
    return 0
