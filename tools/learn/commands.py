"""The commands about the learner's own lessons: list, hint, skip, diff, solution, reset, goto, path, base, and the loop itself."""
import os
import shutil
from pathlib import Path

import chapter
import panels
import paths
import skip as skipping
import trace as lanes    # ours: this folder comes first
from building import Build
from console import Stop, refuse_more, say
from contents import freshen
from hints import hints_of
from lessons import lesson_named, shown, step_named, steps_of
from lesson import lesson_to_open, one_pass
from loop import watch_lesson
from machine import Machine
from mine import can_be_opened, copy_of, kept_copies, put_aside, refuse_closed, refuse_half
from paths import open_on_path
from progress import Progress
from setup import set_up
from terminal import size, wrapped


def prepare(progress: Progress, machine: Machine) -> None:
    """Sets up, and configures the build that the loop uses. An editor finds compile_commands.json from now on."""
    set_up(machine)
    build = Build("learn", machine)
    obey_cxx(build)
    if build.setting("PBP_BASE") != progress.base:       # else Ninja itself notices what CMake must look at again
        build.configure(f"-DPBP_BASE={progress.base}")


def learners_build(preset: str, machine: Machine) -> Build:
    """Configured, on the base that the learner has chosen."""
    set_up(machine)
    build = Build(preset, machine)
    obey_cxx(build)
    build.configure(f"-DPBP_BASE={Progress().base}")
    freshen(build.folder)
    return build


def obey_cxx(build: Build) -> None:
    """CXX=g++ counts, although CMake keeps to the compiler that a build folder was made with."""
    wanted = os.environ.get("CXX", "")
    used = build.setting("CMAKE_CXX_COMPILER")
    if not wanted or not used:
        return
    found = build.machine.which(wanted)
    if not found:
        raise Stop(f"CXX is {wanted}, which is not installed. Install it, or unset CXX.")
    if os.path.realpath(found) != os.path.realpath(build.machine.which(used) or used):
        say(f"CXX is {wanted}, but {shown(build.folder)} was made with {used}. It is made again.")
        shutil.rmtree(build.folder)


def built_program(word: str, machine: Machine, is_optimized: bool = False) -> Path:
    """A lesson's program: the learner's, where there is one; only the solution's is built optimized."""
    name = lesson_or_current(word)
    if is_optimized:
        say(f"This is the solution's program, optimized: solutions/{name}")
    else:
        refuse_half(name)
    build = learners_build("release" if is_optimized else "learn", machine)
    target = next((t for t in (f"lesson-{name[:2]}", f"solution-{name[:2]}") if build.has_target(t)), None)
    if not target:
        raise Stop(f"Lesson {name} has no program yet.", 1)
    build.build(target)
    return build.folder / "bin" / target


def start(words: list, machine: Machine) -> int:
    """No argument: the loop. `./learn --raw` shows what the compiler and the test said, whole."""
    raw = "--raw" in words
    progress = Progress()
    open_on_path(progress, lesson_to_open(progress))
    progress.save()
    prepare(progress, machine)
    if machine.is_person_there() and not raw:
        return watch_lesson(progress, machine)
    return one_pass(progress, machine, raw)


def lesson_or_current(word: str) -> str:
    """`current`: where the learner is, for an editor whose open file belongs to no lesson."""
    return lesson_to_open(Progress()) if word == "current" else lesson_named(word)


def chosen_lesson(words: list, command: str) -> str:
    if not words:
        return lesson_to_open(Progress())
    refuse_more(command, words[1:])
    return lesson_named(words[0])


def list_lessons(words: list, machine: Machine) -> int:
    refuse_more("list", words)
    say("\n".join(panels.list_lines(Progress())))
    return 0


def read(words: list, machine: Machine) -> int:
    """A chapter, of the current lesson if none is named, or from a step on, or its answers, or another page of the book."""
    part = chapter.ANSWERS if words[-1:] == [chapter.ANSWERS] else ""
    words = words[:-1] if part else words
    refuse_more("read", words[1:])
    if words and "." in words[0]:
        step = step_named(words[0])
        chapter.show(chapter.named(step.lesson), part or step.id)
    else:
        chapter.show(chapter.named(words[0] if words and words[0] != "current" else lesson_to_open(Progress())), part)
    return 0


def numbers(step: str) -> list:
    """Of its hints, as they are typed."""
    return [str(number) for number, _ in enumerate(hints_of(step), 1)]


def hint(words: list, machine: Machine) -> int:
    progress = Progress()
    step, rung = None, 0
    for word in words:
        if "." in word and not step:
            step = step_named(word).id
        elif not step:
            step = panels.first_open(progress, lesson_named(word)).id
        elif "." not in words[0]:
            raise Stop(f"Hint {word} of which step? Name it first, as in: ./learn hint {step} {word if word in numbers(step) else 2}")
        elif rung:
            raise Stop(f"./learn hint doesn't take '{word}'. Name a step and a hint, as in: ./learn hint 05.2 3")
        elif word not in numbers(step):
            raise Stop(f"Step {step} has {len(numbers(step))} hints. Name one from 1 to {len(numbers(step))}.")
        else:
            rung = int(word)
    step = step or panels.first_open(progress, lesson_to_open(progress)).id
    for line in panels.hint_lines(progress, step, rung or progress.rungs.get(step, 0) + 1):
        as_it_is = line.startswith(" ") or "\x1b" in line
        say(line if as_it_is else "\n".join(wrapped(line, size()[0], "")))
    return 0


def diff(words: list, machine: Machine) -> int:
    say("\n".join(panels.diff_lines(Progress(), chosen_lesson(words, "diff"))))
    return 0


def solution(words: list, machine: Machine) -> int:
    reveal = "--reveal" in words
    progress = Progress()
    lesson = chosen_lesson([word for word in words if word != "--reveal"], "solution")
    if not reveal and can_be_opened(lesson) and not panels.is_finished(progress, lesson):
        raise Stop(f"{panels.what_is_open(progress, lesson)}. To see the solution anyway: "
                   f"./learn solution {lesson[:2]} --reveal", 1)
    say("\n".join(panels.solution_lines(lesson)))
    return 0


def reset(words: list, machine: Machine) -> int:
    """Puts the learner's copy aside and starts anew; --undo changes the two."""
    undo = "--undo" in words
    words = [word for word in words if word != "--undo"]
    if not words:
        raise Stop("No lesson was named. Name one, as in: ./learn reset 01")
    lesson = chosen_lesson(words, "reset")
    progress = Progress()
    back = f"To undo this: ./learn reset {lesson[:2]} --undo"
    try:
        if undo:
            kept = kept_copies(lesson)
            if not kept:
                raise Stop(f"Lesson {lesson} was never reset. There is nothing to undo.")
            last = kept[-1]
            if copy_of(lesson).is_dir():
                say(f"Your files are now in {shown(put_aside(lesson))}")
            last.rename(copy_of(lesson))
            say(f"{shown(copy_of(lesson))} has your files from before the reset again. {back}")
        else:
            if copy_of(lesson).is_dir():
                refuse_closed(lesson)
                say(f"Your files are now in {shown(put_aside(lesson))}")
                say(back)
            progress.skipped -= {step.id for step in steps_of(lesson)}
            say(f"{shown(open_on_path(progress, lesson))} is the starter again.")
    except OSError as error:
        raise Stop(f"{error.filename}: {error.strerror}. Nothing was lost.") from error
    progress.done.pop(lesson, None)
    progress.rungs = {step: rung for step, rung in progress.rungs.items() if not step.startswith(lesson[:2] + ".")}
    save(progress)
    return 0


def skip(words: list, machine: Machine) -> int:
    """Fills a step from the solution; --undo brings the learner's lines back."""
    named = [word for word in words if word != "--undo"]
    if not named:
        raise Stop("No step was named. Name one, as in: ./learn skip 05.2")
    refuse_more("skip", named[1:])
    step, progress = step_named(named[0]), Progress()
    undo = "--undo" in words
    files = skipping.undo(progress, step) if undo else skipping.skip(progress, step)
    save(progress)
    where = ", ".join(map(shown, files))
    say(f"{where} has your own lines of {step.id} again." if undo else
        f"The solution has filled {step.id} in {where}. To undo this: ./learn skip {step.id} --undo")
    return 0


def goto(words: list, machine: Machine) -> int:
    if not words:
        raise Stop("No lesson was named. Name one, as in: ./learn goto 02")
    lesson = chosen_lesson(words, "goto")
    progress = Progress()
    folder = open_on_path(progress, lesson)
    progress.current = lesson
    save(progress)
    filled = [step.id for step in steps_of(lesson) if step.id in progress.skipped]
    say(f"{shown(folder)} is open. ./learn watches it.")
    if filled:
        say(f"The solution has filled {', '.join(filled)}. To fill it yourself: ./learn skip {filled[0]} --undo")
    return 0


def path(words: list, machine: Machine) -> int:
    """Shows or chooses the path through the lessons."""
    progress = Progress()
    refuse_more("path", words[1:])
    if words:
        progress.route = paths.chosen(words[0])
        save(progress)
    say(paths.FILE.read_text(encoding="utf-8").rstrip())
    say(f"Your path is {progress.route}. To take another: ./learn path NAME")
    return 0


BASES = {"mine": "your own earlier lessons, where you have any", "solutions": "the solutions of the earlier lessons"}


def base(words: list, machine: Machine) -> int:
    progress = Progress()
    if not words:
        say(f"Your lessons build on {BASES[progress.base]}. To change that: ./learn base "
            + ("solutions" if progress.base == "mine" else "mine"))
        return 0
    refuse_more("base", words[1:])
    if words[0] not in BASES:
        raise Stop(f"'{words[0]}' is not a base. Name one of these: {', '.join(BASES)}.")
    progress.base = words[0]
    prepare(progress, machine)
    save(progress)              # a loop in another terminal judges on it at once
    say(f"From now on your lessons build on {BASES[progress.base]}.")
    return 0


def trace(words: list, machine: Machine) -> int:
    if not words:
        raise Stop("No lesson was named. Name one, as in: ./learn trace 07")
    program = built_program(words[0], machine)
    file = program.parents[1] / f"trace-{program.name[-2:]}.json"
    status = lanes.run([str(program), *words[1:]], file)
    if status == 0 or lanes.has_events(file):
        say()
        try:
            lanes.show(file, shown(file))
        except ValueError as error:
            raise Stop(f"{error}. Look at the disk, then try again.", 1) from error
    return 1 if status else 0


def save(progress: Progress) -> None:
    progress.save()
    if progress.complaint:
        raise Stop(progress.complaint)
