"""./learn without an argument: watches the lesson, judges each save, shows what to do next."""
import shlex
from pathlib import Path
from typing import Optional

import failure_report
import house_rules
import panels
from building import Build
from children import MOST_OUTPUT, TICK, Child, Ended
from judge import GREEN, RED, Judge, Verdict, where
from lessons import (EXERCISE, NEEDS_A_PEER, PROGRAM, ROOT, after_steps, all_lessons, exercise_of, shown, starter_says,
                     steps_of)
from console import Stop, say
from machine import Machine
from mine import can_be_opened, copy_of, exercise_file, files_in, starter
from paths import WHOLE, after, lessons_on, open_on_path
from progress import Progress
from terminal import Terminal, size
from view import Frame, drawn, failure_lines, mark
from watch import Watch

PROGRAM_LINES = 400
NOTES = 3


class Saved(Exception):
    """A file was saved: judge anew."""


class Leave(Exception):
    """q was pressed."""


class Turn(Exception):
    """On to another lesson: the one named, else the next."""


def lesson_to_open(progress: Progress) -> str:
    """Where the learner was; a new learner begins at the beginning."""
    if progress.current in all_lessons() and can_be_opened(progress.current):
        return progress.current
    lessons = [lesson for lesson in lessons_on(progress.route) if can_be_opened(lesson)]
    if not lessons:
        raise Stop("No lesson has a starter here. Clone the course again.", 1)
    return lessons[0]


def to_read(lesson: str) -> str:
    """What there is of the lessons from this one on, as long as they have no starter."""
    pages = [folder for folder in ("book", "solutions", "tests") if any((ROOT / folder).glob(f"{lesson}*"))]
    last = all_lessons()[-1]
    which = f"Lessons {lesson[:2]} to {last[:2]} have" if last > lesson else f"Lesson {lesson} has"
    return f"{which} no starter yet; what there is to read: {', '.join(f'{folder}/' for folder in pages)}."


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


def exercise_offered(lesson: str) -> str:
    if not exercise_of(lesson) or exercise_file(lesson).exists():
        return ""
    (about,) = [shown(path) for path in sorted((ROOT / "tests" / lesson).glob("exercise-*.cpp"))][:1]
    return f"\nAn exercise, if you like: {about} says what to write into {shown(exercise_file(lesson))}."


def some(notes: list) -> list:
    """As many as leave room for the rest of a frame."""
    more = len(notes) - NOTES
    return notes[:NOTES] + ([f"… and {more} more: ./learn --raw shows all"] if more > 0 else [])


class Loop:
    def __init__(self, progress: Progress, machine: Machine, terminal: Terminal):
        self.progress, self.machine, self.terminal = progress, machine, terminal
        self.judge = Judge(Build("learn", machine).folder, machine, self.wait, tell=self.tell)
        self.program: Optional[Child] = None
        self.wants_program = False
        self.built: Optional[Path] = None   # the program while it is judged: r starts one more
        self.skip = False                   # n was pressed once on an open lesson
        self.begin(lesson_to_open(progress))

    def begin(self, name: str) -> None:
        open_on_path(self.progress, name)
        self.progress.current = name
        self.progress.save()
        self.lesson = Lesson(name, self.progress, self.judge)
        self.frame = self.lesson.frame
        self.judge.base = self.progress.base
        own = all_lessons() if self.judge.base == "mine" else [name]
        self.watch = Watch([*map(copy_of, own), ROOT / "tests" / name])

    def show(self) -> None:
        columns, rows = size()
        self.terminal.draw(drawn(self.frame, min(columns, 100), rows))

    def tell(self, sentence: str) -> None:
        """Why the judge waits."""
        self.frame.doing += f" ({sentence})"
        self.show()

    def wait(self, descriptors: list, seconds: float) -> None:
        """Every wait of the loop passes here: keys, saves and the program's output are seen while code runs."""
        watched = descriptors + ([self.program.output] if self.program else [])
        keys = self.terminal.wait(watched, min(seconds, TICK))
        if self.program:
            self.read_program()
        for key in keys:
            self.press(key)
        if self.terminal.resized:
            self.terminal.resized = False
            self.show()
        if self.watch.changed():
            raise Saved
        if self.progress.was_changed():                 # ./learn goto, base or hint, in another terminal
            if self.progress.current not in all_lessons():
                self.progress.current = self.lesson.name
            if (self.progress.current, self.progress.base) != (self.lesson.name, self.judge.base):
                raise Turn(self.progress.current)
            raise Saved

    def run(self) -> int:
        saved = True
        while True:
            try:
                if saved:
                    saved = False
                    self.judge_all()
                if self.wants_program:
                    self.wants_program = False
                    self.start_program()
                self.wait([], TICK)
            except Saved:
                self.end_program()
                self.frame.panel, self.skip, saved = [], False, True
            except Turn as turn:
                self.turn(str(turn))
                saved = True
            except Leave:
                return 0 if self.lesson.is_finished() else 1

    def judge_all(self) -> None:
        self.frame.finished = ""
        self.lesson.judge_all(self.show)
        if not self.lesson.is_red():
            self.judge_after()
        if self.lesson.is_finished():
            self.frame.finished = self.what_now()
        self.lesson.count()
        self.frame.doing = ""
        self.show()

    def judge_after(self) -> None:
        """All steps are green: what comes after them must be too, but for an exercise, which is judged if there is any."""
        for step in self.frame.after:
            if step.id == EXERCISE and not exercise_file(step.lesson).exists():
                continue
            self.frame.doing = "building the program …" if step.id == PROGRAM else f"checking {step.id} …"
            self.show()
            try:
                verdict = self.judge.judge(step, self.see_program)
            finally:
                self.built = None
            self.frame.verdicts[step.id] = verdict
            self.progress.mark(step.lesson, step.id, verdict.state == GREEN)
            self.progress.save()
            if verdict.state == RED:
                return

    def see_program(self, program: Path) -> None:
        """It is built, and about to be judged."""
        self.built = program
        self.frame.doing = "running the program …"
        if self.wants_program:
            self.launch(program)
        self.show()

    def what_now(self) -> str:
        """The lesson is finished."""
        return self.what_follows() + exercise_offered(self.lesson.name)

    def what_follows(self) -> str:
        name = self.lesson.name
        following = after(self.progress.route, name)
        if not following:
            more = " of your path. ./learn path whole goes on with the others" if self.progress.route != WHOLE else ""
            return f"That was the last lesson{more}. ./learn demo shows the finished server."
        if not can_be_opened(following):
            return (f"Lesson {name} is done, and with it all that have a starter so far. r runs its program, d compares with "
                    f"the solution. {to_read(following)} ./learn demo shows the finished server.")
        return f"Lesson {name} is done. r runs its program, d compares with the solution, n opens {following}."

    # Keys
    def press(self, key: str) -> None:
        if key == "q":
            raise Leave
        try:
            self.act(key)
        except Stop as stop:
            self.frame.panel = [str(stop)]
        self.show()

    def act(self, key: str) -> None:
        skip, self.skip = self.skip, False
        self.frame.whole = ""
        if key == "h":
            step = panels.first_open(self.progress, self.lesson.name).id
            if self.progress.is_done(self.lesson.name, step) and self.lesson.is_red():
                program = shown(starter(self.lesson.name) / "main.cpp")
                raise Stop("hints are for steps, and these are green."
                           + (f" The starter's program: {program}" if PROGRAM in self.frame.verdicts else ""))
            self.frame.panel = panels.hint_lines(self.progress, step, self.progress.rungs.get(step, 0) + 1)
        elif key == "d":
            self.frame.panel = panels.diff_lines(self.progress, self.lesson.name, columns=min(size()[0], 100))
            self.frame.whole = f"./learn diff {self.lesson.name[:2]}"
        elif key == "l":
            self.frame.panel = panels.list_lines(self.progress)
        elif key == "r":
            running = self.program is not None
            self.end_program()
            if self.built and not running:
                self.launch(self.built)
            else:
                self.wants_program = not running
        elif key == "n":
            following = after(self.progress.route, self.lesson.name)
            if following and not can_be_opened(following):
                raise Stop(to_read(following))
            if skip or panels.is_finished(self.progress, self.lesson.name):
                raise Turn
            self.skip = True
            self.frame.panel = [f"{panels.what_is_open(self.progress, self.lesson.name)}. To go on anyway, press n again."]
        elif key == "\n":
            raise Saved                     # as good as a save: look again

    def turn(self, following: str) -> None:
        """On to another lesson, or why not."""
        following = following or after(self.progress.route, self.lesson.name)
        try:
            if not following:
                raise Stop("This is the last lesson.")
            if not can_be_opened(following):
                raise Stop(to_read(following))
            self.end_program()
            self.begin(following)
        except Stop as stop:
            self.frame.panel = [str(stop)]
            self.show()

    # The program
    def start_program(self) -> None:
        name = self.lesson.name
        self.frame.panel, self.frame.doing = [], "building the program …"
        self.show()
        built, program = self.judge.build_program(name)
        self.frame.doing = ""
        if built.state == RED:
            self.frame.panel = [f"The program: {built.title}", *built.lines,
                               *([f"open  {where(built.place)}"] if built.place else [])]
        else:
            self.launch(program)
        self.show()

    def launch(self, program: Path) -> None:
        self.frame.panel = []
        self.wants_program = False          # r may have been pressed again while it was built
        said = starter_says(copy_of(self.lesson.name))
        try:
            self.program = Child([program, *(shlex.split(said) if said != NEEDS_A_PEER else [])], ROOT, terminal=size())
        except OSError as error:
            self.frame.panel = [f"The program could not be started: {error.strerror}."]

    def read_program(self) -> None:
        before, over = len(self.program.bytes), self.program.is_over()
        if len(self.program.bytes) == before and not over:
            return
        lines = self.program.text().rstrip("\n").split("\n")[-PROGRAM_LINES:]
        command = f"$ {shlex.join([shown(self.program.command[0]), *self.program.command[1:]])}"
        self.frame.panel = [command, *lines]
        if over:
            ended = Ended(self.program.process.returncode, self.program.text())
            plain = f"it ended with status {ended.status}" if ended.status else "it ended"
            self.end_program(failure_report.last_word(ended) or plain)
        elif len(self.program.bytes) > MOST_OUTPUT:
            self.end_program("it printed more than a megabyte, and was ended")
        self.show()

    def end_program(self, why: str = "it was ended") -> None:
        if self.program:
            self.program.end()
            self.program = None
            self.frame.panel.append(f"({why})")


def watch_lesson(progress: Progress, machine: Machine) -> int:
    """At a terminal."""
    with Terminal() as terminal:
        loop = Loop(progress, machine, terminal)
        try:
            return loop.run()
        finally:
            loop.end_program()
            progress.save()


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
