"""The commands of ./learn."""
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import bench
import commands
import doctor
import house_rules
import verify
from building import Build, Outcome
from cases import REPORTS
from console import Stop, bold, complain, green, red, refuse_more, say
from judge import RED, Judge
from lessons import (EXERCISE, PROGRAM, ROOT, Step, after_steps, all_lessons, exercise_named, exercise_test, lesson_named, shown,
                     step_named, steps_of, suites_of)
from machine import ALWAYS, ASK, NEVER, Machine
from mine import copy_of, cure, exercise_file
from process import Interrupts
from progress import Progress
from setup import set_up
from view import failure_lines

HELP = """Poll by Poll: a Rust-style asynchronous runtime in C++20, lesson by lesson.

  ./learn                  open your lesson, and check every file you save
  ./learn read [NN[.s]]    read a chapter, or the map (NN answers: its answers)
  ./learn hint [NN[.s]]    show the next hint (NN.s 2: show hints 1 and 2)
  ./learn run NN [args]    run a lesson's program (--release: the solution's)
  ./learn test [NN[.s]]    test a step, a lesson, or all (or NN.exercise)
  ./learn trace NN [args]  run a program, and draw what its tasks did
  ./learn list             show the lessons, and what you have done
  ./learn goto NN          open lesson NN
  ./learn path [NAME]      choose a path: the whole course, or a short one
  ./learn diff [NN]        compare your finished steps with the solution
  ./learn solution NN      show the solution once all is green (--reveal: now)
  ./learn skip NN.s        fill a step from the solution (--undo: yours back)
  ./learn reset NN         start a lesson again (--undo: put your files back)
  ./learn base mine        build on your own earlier lessons (or: solutions)
  ./learn demo             run the finished server and a thousand clients
  ./learn lint FILE...     find coroutines that g++ 12 breaks, or that dangle
  ./learn bench [--list]   compare the finished runtime with others
  ./learn verify           run everything that CI runs
  ./learn doctor           show what is installed, and how to get what is not

  --yes, --no-install      install without asking, or never (--raw: all output)
"""


def demo(words: list, machine: Machine) -> int:
    """The finale, now."""
    refuse_more("demo", words)
    set_up(machine)
    build = Build("release", machine)
    build.configure()
    if not build.has_target("solution-20"):
        raise Stop("solutions/20-echo-server is missing. Clone the course again.", 1)
    build.build("solution-20")
    say(f"\n{bold('The finished server and a thousand clients')} (solutions/20-echo-server):\n")
    status = run_child([str(build.folder / "bin" / "solution-20"), "demo"])
    if status != 0:
        raise Stop(f"The demo ended with status {status}. Look at what ./learn doctor says.", 1)
    say(f"\n{green('It works.')} By lesson 20 you will have written the runtime under that server. To begin: ./learn")
    return 0


def become(command: list) -> None:
    """This process turns into the program: Ctrl-C and its exit status are the program's own."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)    # Python ignores it, and a program would inherit that
    os.execve(command[0], command, {**REPORTS, **os.environ})


def run_child(command: list) -> int:
    """A program in the foreground: Ctrl-C reaches it first, and its end is ours."""
    child = subprocess.Popen(command, env={**REPORTS, **os.environ})
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise


def run(words: list, machine: Machine) -> int:
    is_optimized = words[:1] == ["--release"]
    words = words[1:] if is_optimized else words
    if not words:
        raise Stop("No lesson was named. Name one, as in: ./learn run 01")
    program = commands.built_program(words[0], machine, is_optimized)
    sys.stdout.flush()
    become([str(program), *words[1:]])


def test(words: list, machine: Machine) -> int:
    raw = "--raw" in words
    words = [word for word in words if word != "--raw"]
    if words[1:2] == [EXERCISE]:                 # ./learn test 11 exercise
        words[:2] = [".".join(words[:2])]
    refuse_more("test", words[1:])
    if words == ["course"]:
        targets, filters = [], ["-L", "^course$"]
    elif words and words[0].endswith(f".{EXERCISE}"):
        step = exercise_named(words[0])
        if not exercise_file(step.lesson).exists():
            raise Stop(f"{shown(exercise_file(step.lesson))} does not exist. Write it as the first comment of "
                       f"{shown(exercise_test(step.lesson))} says.", 1)
        targets, filters = [step.target], ["-L", f"^lesson-{step.lesson[:2]}$", "-R", f"^{step.lesson[:2]} {EXERCISE} "]
    elif words and "." in words[0]:
        step = step_named(words[0], suites_of)
        targets, filters = [step.target], ["-L", f"^lesson-{step.lesson[:2]}$", "-R", f"^{re.escape(step.id)} "]
    elif words:
        number = commands.lesson_or_current(words[0])[:2]
        targets, filters = [f"lesson-{number}-tests"], ["-L", f"^lesson-{number}$"]
    else:
        targets, filters = [f"lesson-{name[:2]}-tests" for name in all_lessons()], ["-L", "^lesson-"]
    build = commands.learners_build("learn", machine)
    targets = [target for target in targets if build.has_target(target)]
    if targets:
        build.build(*(targets if len(targets) == 1 else ["all"]), raw=raw)
    outcome = build.test(*filters)
    remember(outcome)
    at_length = outcome.failed if raw else outcome.failed[:1]
    for name, output in at_length:
        say(f"\n{red('failed')} {bold(name)}\n{output.strip() if raw else told(name, output, build)}")
    for name, _ in outcome.failed[len(at_length):]:
        say(f"{red('failed')} {name}")
    if outcome.failed:
        say(f"\nThe whole log is in {build.log('test').relative_to(ROOT)}")
    elif not outcome.passed:
        raise Stop("No test was found. Name a lesson that has tests, as in: ./learn test 01", 1)
    say(f"{outcome.passed} passed, {len(outcome.failed)} failed")
    return 1 if outcome.failed else 0


def remember(outcome: Outcome) -> None:
    """./learn list knows at once what ./learn test has found."""
    progress = Progress()
    failed = [name for name, _ in outcome.failed]
    for lesson in filter(lambda name: copy_of(name).is_dir(), all_lessons()):
        for step in steps_of(lesson) + after_steps(lesson):
            cases = f"{lesson[:2]} program/" if step.id == PROGRAM else f"{step.id} "
            is_red = any(name.startswith(cases) for name in failed)
            if is_red or any(name.startswith(cases) for name in outcome.names):
                progress.mark(lesson, step.id, not is_red)
    if progress.text() != progress.saved:
        commands.save(progress)


def told(name: str, output: str, build: Build) -> str:
    """What the loop would say of a test of the learner's that failed."""
    suite = re.match(rf"(\d\d)(\.\d+ | program/| {EXERCISE} )", name)
    lesson = lesson_named(suite[1]) if suite else ""
    if not lesson or not copy_of(lesson).is_dir():
        return output.strip()
    besides = {" program/": PROGRAM, f" {EXERCISE} ": EXERCISE}.get(suite[2])
    step = Step(lesson, besides, "") if besides else step_named(name.split()[0], suites_of)
    verdict = Judge(build.folder, build.machine).judge(step)
    return "\n".join(failure_lines(step, verdict, 100)) if verdict.state == RED else output.strip()


def verify_all(words: list, machine: Machine) -> int:
    presets = verify.chosen(words)
    set_up(machine, for_verify=True)
    problem = doctor.sanitizer_problem(machine, ("address", "thread"))
    if problem:
        raise Stop(problem)
    return verify.verify(presets, machine)


def examine(words: list, machine: Machine) -> int:
    refuse_more("doctor", words)
    return doctor.doctor(machine)


def lint(words: list, machine: Machine) -> int:
    """The house rules for coroutines, on any C++ files."""
    if not words:
        raise Stop("No file was named. Name the files to check, as in: ./learn lint src/*.cpp")
    for name in words:
        if not Path(name).is_file():
            raise Stop(f"{name} is not a file. Name the files to check, as in: ./learn lint src/*.cpp")
    complaints = [line for name in words for line in house_rules.check(Path(name))]
    say("\n".join(complaints) if complaints else f"{len(words)} file{'s' if len(words) > 1 else ''} checked. No house rule is broken.")
    return 1 if complaints else 0


COMMANDS = {"run": run, "test": test, "verify": verify_all, "lint": lint, "bench": bench.bench, "doctor": examine, "demo": demo,
            "list": commands.list_lessons, "hint": commands.hint, "diff": commands.diff, "solution": commands.solution,
            "reset": commands.reset, "skip": commands.skip, "goto": commands.goto, "path": commands.path,
            "base": commands.base, "trace": commands.trace,
            "read": commands.read}
OPTIONS = {"": ["--raw"], "test": ["--raw"], "run": ["--release"], "solution": ["--reveal"], "reset": ["--undo"], "skip": ["--undo"]}
INSTALLS = {"--yes": ALWAYS, "-y": ALWAYS, "--no-install": NEVER}


def parse(arguments: list) -> tuple:
    """(command, its words, what may be installed). What follows `run NN` or `trace NN` belongs to the program, whatever it looks
    like, but not the options that every command takes, if they come first."""
    installs, words, theirs = ASK, [], []
    for index, argument in enumerate(arguments):
        program_named = words[:1] in (["run"], ["trace"]) and any(not word.startswith("-") for word in words[1:])
        if (program_named or words[:1] == ["bench"]) and argument not in INSTALLS:
            theirs = arguments[index:]
            break
        if argument in INSTALLS:
            installs = INSTALLS[argument]
        elif argument in ("--help", "-h", "help"):
            return "help", [], installs
        else:
            words.append(argument)
    command = words[0] if words and not words[0].startswith("-") else ""
    if command and command not in COMMANDS:
        raise Stop(f"There is no command '{command}'. Look at the list: ./learn --help")
    for word in words:
        if word.startswith("-") and word not in OPTIONS.get(command, []):
            raise Stop(f"There is no option '{word}'. Look at the list: ./learn --help")
    return command, (words[1:] if command else words) + theirs, installs


def main(arguments: list) -> int:
    # However it is asked to end, it puts its terminal back, and ends its children. (nohup wants the terminal's end ignored.)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, Interrupts.arrive)
    os.environ.pop("PWD", None)     # of the shell, and perhaps through a link: CMake would take its word for where we are
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")         # a learner's text may hold what this terminal cannot show
    try:
        command, words, installs = parse(arguments)
        if command == "help":
            say(HELP.rstrip())
            return 0
        return COMMANDS.get(command, commands.start)(words, Machine(installs))
    except Stop as stop:
        complain(str(stop))
        return stop.status
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 1
        complain(f"{error.filename or 'a file'}: {error.strerror}. {cure(error)}")
        return 2
    except KeyboardInterrupt:
        sys.stdout.flush()
        print("\nlearn: interrupted", file=sys.stderr, flush=True)
        return 130
