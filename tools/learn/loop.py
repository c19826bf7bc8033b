"""./learn without an argument: watches the lesson, judges each save, shows what to do next."""
import shlex
from pathlib import Path
from typing import Optional

import chapter
import failure_report
import panels
from building import Build
from children import MOST_OUTPUT, TICK, Child, Ended
from console import Stop
from judge import GREEN, RED, Judge, where
from lesson import Lesson, lesson_to_open
from lessons import EXERCISE, NEEDS_A_PEER, PROGRAM, ROOT, all_lessons, exercise_of, exercise_test, shown, starter_says
from machine import Machine
from mine import copy_of, exercise_file, refuse_closed, solution, starter
from paths import WHOLE, after, open_on_path
from progress import Progress
from terminal import Terminal, size
from view import drawn, story_lines
from watch import Watch

PROGRAM_LINES = 400
MOST_TYPED = 300


class Saved(Exception):
    """A file was saved: judge anew."""


class Leave(Exception):
    """q was pressed."""


class Turn(Exception):
    """On to another lesson: the one named, else the next."""


def exercise_offered(lesson: str) -> str:
    if not exercise_of(lesson) or exercise_file(lesson).exists():
        return ""
    return f"\nAn exercise, if you like: write what {shown(exercise_test(lesson))} asks for in {shown(exercise_file(lesson))}."


class Loop:
    def __init__(self, progress: Progress, machine: Machine, terminal: Terminal):
        self.progress, self.machine, self.terminal = progress, machine, terminal
        self.judge = Judge(Build("learn", machine).folder, machine, self.wait, tell=self.tell)
        self.program: Optional[Child] = None
        self.wants_program = False
        self.built: Optional[Path] = None   # the program while it is judged: r starts one more
        self.skip = False                   # n was pressed once on an open lesson
        self.typed: Optional[str] = None    # the prediction that is being typed
        self.hinted: set = set()            # steps for which a hint was shown since ./learn was started
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
        self.elsewhere = Watch([starter(name), solution(name)])
        self.typed = None
        self.frame.guide = self.guide()

    def guide(self) -> list:
        """What to do first, until it is done."""
        page, name = chapter.to_read(self.lesson.name, self.progress.route), self.lesson.name
        if not page or any(self.progress.is_done(name, step.id) for step in self.lesson.steps):
            return []
        predict = "" if name in self.progress.predictions else " Then press p and write down your prediction."
        return [f"Read {page} first: press b.{predict}"]

    def show(self) -> None:
        if self.typed is not None:
            question = chapter.question(self.lesson.name) or "What will the program print?"
            self.panel([question, "Type your answer, then press Enter.", f"> {self.typed}▏"], ends=True)
        columns, rows = size()
        self.terminal.draw(drawn(self.frame, min(columns, 100), rows))

    def panel(self, lines: list, ends: bool = False) -> None:
        self.frame.panel, self.frame.ends, self.frame.at = lines, ends, 0

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
        before = set(self.elsewhere.told)
        if self.elsewhere.changed():
            self.note_misplaced({one[0] for one in before ^ set(self.elsewhere.told)})
        if self.watch.changed():
            raise Saved
        if self.progress.was_changed():                 # ./learn goto, base or hint, in another terminal
            if self.progress.current not in all_lessons():
                self.progress.current = self.lesson.name
            if (self.progress.current, self.progress.base) != (self.lesson.name, self.judge.base):
                raise Turn(self.progress.current)
            raise Saved

    def note_misplaced(self, paths: set) -> None:
        """Editors offer a file of that name in several folders. More than two at once are no save: perhaps git was there."""
        if len(paths) <= 2:
            names = [shown(Path(path)) for path in sorted(paths)]
            self.frame.misplaced = [f"You saved {name}, which ./learn does not check. Edit mine/{name.split('/', 1)[1]} instead."
                                    for name in names]
            self.show()

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
                self.panel([])
                self.frame.misplaced, self.skip, saved = [], False, True
            except Turn as turn:
                self.turn(str(turn))
                saved = True
            except Leave:
                return 0 if self.lesson.is_finished() else 1

    def judge_all(self) -> None:
        self.frame.finished = ""
        self.lesson.judge_all(self.show)
        self.frame.guide = self.guide()
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
            others = " of your path. ./learn list shows the others, and ./learn goto NN opens one."
            others = others if self.progress.route != WHOLE else "."
            demo = "To see the finished server: ./learn demo"
            return "\n".join(filter(None, [f"That was the last lesson{others}", chapter.to_try(name), demo]))
        return f"{self.praise()} To open {following}, press n."

    def praise(self) -> str:
        name = self.lesson.name
        check = "Answer the questions at the end of its chapter: press b. " if chapter.section(name, "Check yourself") else ""
        return f"Lesson {name} is done. {check}Press r to run its program, and d to compare your code with the solution."

    # Keys
    def press(self, key: str) -> None:
        if self.typed is not None:
            self.type(key)
        elif key == "q":
            raise Leave
        else:
            try:
                self.act(key)
            except Stop as stop:
                self.panel([str(stop)])
        self.show()

    def type(self, key: str) -> None:
        """A line of a prediction. It is kept, and shown again beside the program's output."""
        if key == "\n":
            text, self.typed = " ".join(self.typed.split()), None
            self.panel([])
            if text:
                self.progress.predictions[self.lesson.name] = text
                self.progress.save()
                self.frame.guide = self.guide()
                self.panel(["Your prediction is kept. You will see it again beside the program's output."])
        elif key in "\x7f\b":
            self.typed = self.typed[:-1]
        elif key.isprintable() and len(self.typed) < MOST_TYPED:
            self.typed += key

    def act(self, key: str) -> None:
        skip, self.skip = self.skip, False
        if key == "h":
            step = panels.first_open(self.progress, self.lesson.name).id
            if self.progress.is_done(self.lesson.name, step) and self.lesson.is_red():
                program = shown(starter(self.lesson.name) / "main.cpp")
                raise Stop("There are no hints for what comes after the steps."
                           + (f" The starter's program: {program}" if PROGRAM in self.frame.verdicts else ""))
            rung = self.progress.rungs.get(step, 0) + (step in self.hinted)      # at first the one that was seen last
            self.hinted.add(step)
            self.panel(panels.hint_lines(self.progress, step, rung, first=rung))
        elif key == " ":
            self.turn_page()
        elif key == "b":
            self.read_chapter()
        elif key == "p":
            self.typed = self.progress.predictions.get(self.lesson.name, "")
        elif key == "d":
            self.panel(panels.diff_lines(self.progress, self.lesson.name, columns=min(size()[0], 100)))
        elif key == "l":
            self.panel(panels.list_lines(self.progress))
        elif key == "r":
            running = self.program is not None
            self.end_program()
            if self.built and not running:
                self.launch(self.built)
            else:
                self.wants_program = not running
        elif key == "n":
            if skip or panels.is_finished(self.progress, self.lesson.name):
                raise Turn
            self.skip = True
            self.panel([f"{panels.what_is_open(self.progress, self.lesson.name)}. To go on anyway, press n again."])
        elif key == "\n":
            raise Saved                     # as good as a save: look again

    def turn_page(self) -> None:
        """Of the panel. Without one it is what the frame may have had no room for: why the step is red, and the test's steps."""
        if self.frame.panel:
            self.frame.at = self.frame.turn
        else:
            columns = min(size()[0], 100)
            self.panel([line.text for line in story_lines(self.frame, columns)])

    def read_chapter(self) -> None:
        chapter.raise_if_missing(self.lesson.name)
        page = chapter.chapter_of(self.lesson.name)
        if chapter.pager():
            with self.terminal.given_away():
                chapter.show(page)
        else:
            self.panel(chapter.rendered(page.read_text(encoding="utf-8")))

    def turn(self, following: str) -> None:
        """On to another lesson, or why not."""
        following = following or after(self.progress.route, self.lesson.name)
        try:
            if not following:
                raise Stop(self.what_follows())
            refuse_closed(following)
            self.end_program()
            self.begin(following)
        except Stop as stop:
            self.panel(str(stop).splitlines())
            self.show()

    # The program
    def start_program(self) -> None:
        name = self.lesson.name
        self.panel([])
        self.frame.doing = "building the program …"
        self.show()
        built, program = self.judge.build_program(name)
        self.frame.doing = ""
        if built.state == RED:
            self.panel([f"The program: {built.title}", *built.lines, *([f"open  {where(built.place)}"] if built.place else [])])
        else:
            self.launch(program)
        self.show()

    def launch(self, program: Path) -> None:
        self.panel([])
        self.wants_program = False          # r may have been pressed again while it was built
        said = starter_says(copy_of(self.lesson.name))
        try:
            self.program = Child([program, *(shlex.split(said) if said != NEEDS_A_PEER else [])], ROOT, terminal=size())
        except OSError as error:
            self.panel([f"The program could not be started: {error.strerror}."])

    def read_program(self) -> None:
        before, over = len(self.program.bytes), self.program.is_over()
        if len(self.program.bytes) == before and not over:
            return
        lines = self.program.text().rstrip("\n").split("\n")[-PROGRAM_LINES:]
        command = f"$ {shlex.join([shown(self.program.command[0]), *self.program.command[1:]])}"
        self.panel([command, *lines], ends=True)
        if over:
            ended = Ended(self.program.process.returncode, self.program.text())
            plain = f"It exited with status {ended.status}." if ended.status else "It exited."
            self.end_program(failure_report.last_word(ended) or plain)
        elif len(self.program.bytes) > MOST_OUTPUT:
            self.end_program("It printed more than 1 MB and was killed.")
        self.show()

    def end_program(self, why: str = "It was stopped.") -> None:
        if self.program:
            self.program.end()
            self.program = None
            self.frame.panel.append(f"({why})")
            prediction = self.progress.predictions.get(self.lesson.name)
            self.frame.panel += [f"Your prediction: {prediction}"] if prediction else []


def watch_lesson(progress: Progress, machine: Machine) -> int:
    """At a terminal."""
    with Terminal() as terminal:
        loop = Loop(progress, machine, terminal)
        try:
            return loop.run()
        finally:
            loop.end_program()
            progress.save()
