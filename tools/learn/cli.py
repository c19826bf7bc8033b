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
from building import Build
from cases import REPORTS
from console import Stop, bold, complain, green, red, refuse_more, say
from judge import RED, Judge
from lessons import PROGRAM, ROOT, Step, all_lessons, lesson_named, step_named, suites_of
from machine import Machine
from mine import cure
from process import Interrupts
from setup import set_up
from view import failure_lines

HELP = """Poll by Poll: a Rust-style asynchronous runtime in C++20, lesson by lesson.

  ./learn                  opens your lesson, watches it, judges each save
  ./learn list             the lessons, and what is done
  ./learn goto NN          opens lesson NN
  ./learn path [NAME]      your way through the lessons: all, or a short one
  ./learn hint [NN[.s]]    one rung of help more (NN.s 2: up to the second)
  ./learn skip NN.s        fills a step from the solution (--undo: back)
  ./learn diff [NN]        your green steps beside the solution's
  ./learn solution NN      the solution once all is green (--reveal: at once)
  ./learn reset NN         the starter again; yours is kept (--undo: back)
  ./learn base mine        builds on your own earlier lessons (base solutions)
  ./learn run NN [args]    runs a lesson's program (--release first: solution's)
  ./learn trace NN [args]  the same, and draws what its tasks did
  ./learn test [NN[.s]]    runs the tests of a step, a lesson, or all
  ./learn demo             the finished server and a thousand clients
  ./learn lint FILE...     where coroutines break with g++ 12, or dangle
  ./learn bench [--list]   the finished runtime beside its peers
  ./learn verify           all that CI runs: two compilers, three sanitizers
  ./learn doctor           what is installed, what is missing, and the exact fix

  NN                       a lesson's number (run, trace, test: or `current`)
  --yes, --raw             installs without asking; shows all that the tools say
"""


def demo(words: list, yes: bool, machine: Machine) -> int:
    """The finale, now."""
    refuse_more("demo", words)
    set_up(machine, yes)
    build = Build("release", machine)
    build.configure()
    if not build.has_target("solution-20"):
        raise Stop("the finished server, solutions/20-echo-server, is not here yet.", 1)
    build.build("solution-20")
    say(f"\n{bold('The finished server and a thousand clients')} (solutions/20-echo-server):\n")
    status = run_child([str(build.folder / "bin" / "solution-20"), "demo"])
    if status != 0:
        raise Stop(f"the demo ended with status {status}; ./learn doctor may know why.", 1)
    say(f"\n{green('It works.')} By lesson 20 you will have written the runtime under that server. ./learn is how.")
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


def run(words: list, yes: bool, machine: Machine) -> int:
    is_optimized = words[:1] == ["--release"]
    words = words[1:] if is_optimized else words
    if not words:
        raise Stop("say which lesson to run, as in: ./learn run 01")
    program = commands.built_program(words[0], yes, machine, is_optimized)
    sys.stdout.flush()
    become([str(program), *words[1:]])


def test(words: list, yes: bool, machine: Machine) -> int:
    raw = "--raw" in words
    words = [word for word in words if word != "--raw"]
    refuse_more("test", words[1:])
    if words == ["course"]:
        targets, filters = [], ["-L", "^course$"]
    elif words and "." in words[0]:
        step = step_named(words[0], suites_of)
        targets, filters = [step.target], ["-L", f"^lesson-{step.lesson[:2]}$", "-R", f"^{re.escape(step.id)} "]
    elif words:
        number = commands.lesson_or_current(words[0])[:2]
        targets, filters = [f"lesson-{number}-tests"], ["-L", f"^lesson-{number}$"]
    else:
        targets, filters = [f"lesson-{name[:2]}-tests" for name in all_lessons()], ["-L", "^lesson-"]
    build = commands.learners_build("learn", yes, machine)
    targets = [target for target in targets if build.has_target(target)]
    if targets:
        build.build(*(targets if len(targets) == 1 else ["all"]), raw=raw)
    outcome = build.test(*filters)
    at_length = outcome.failed if raw else outcome.failed[:1]
    for name, output in at_length:
        say(f"\n{red('failed')} {bold(name)}\n{output.strip() if raw else told(name, output, build)}")
    for name, _ in outcome.failed[len(at_length):]:
        say(f"{red('failed')} {name}")
    if outcome.failed:
        say(f"\nThe whole story: {build.log('test').relative_to(ROOT)}")
    elif not outcome.passed:
        raise Stop("there is no test here yet.", 1)
    say(f"{outcome.passed} passed, {len(outcome.failed)} failed")
    return 1 if outcome.failed else 0


def told(name: str, output: str, build: Build) -> str:
    """What a failed test says; if it is one of the learner's program, what the loop would say."""
    number, program = name[:2], build.folder / "bin" / f"lesson-{name[:2]}"
    if name.startswith(f"{number} program/") and program.is_file():
        lesson = lesson_named(number)
        verdict = Judge(build.folder, build.machine).run_program(lesson, program)
        if verdict.state == RED:
            return "\n".join(failure_lines(Step(lesson, PROGRAM, ""), verdict, 100))
    return output.strip()


def verify_all(words: list, yes: bool, machine: Machine) -> int:
    presets = verify.chosen(words)
    set_up(machine, yes, for_verify=True)
    problem = doctor.sanitizer_problem(machine, ("address", "thread"))
    if problem:
        raise Stop(problem)
    return verify.verify(presets, machine)


def examine(words: list, yes: bool, machine: Machine) -> int:
    refuse_more("doctor", words)
    return doctor.doctor(machine)


def lint(words: list, yes: bool, machine: Machine) -> int:
    """The house rules for coroutines, on any C++ files."""
    if not words:
        raise Stop("./learn lint was given no file. Name the files to check, as in: ./learn lint src/*.cpp")
    for name in words:
        if not Path(name).is_file():
            raise Stop(f"{name} is not a file. Name the files to check, as in: ./learn lint src/*.cpp")
    complaints = [line for name in words for line in house_rules.check(Path(name))]
    say("\n".join(complaints) if complaints else f"{len(words)} file{'s' if len(words) > 1 else ''} checked. No house rule is broken.")
    return 1 if complaints else 0


COMMANDS = {"run": run, "test": test, "verify": verify_all, "lint": lint, "bench": bench.bench, "doctor": examine, "demo": demo,
            "list": commands.list_lessons, "hint": commands.hint, "diff": commands.diff, "solution": commands.solution,
            "reset": commands.reset, "skip": commands.skip, "goto": commands.goto, "path": commands.path,
            "base": commands.base, "trace": commands.trace}
OPTIONS = {"": ["--raw"], "test": ["--raw"], "run": ["--release"], "solution": ["--reveal"], "reset": ["--undo"], "skip": ["--undo"]}


def parse(arguments: list) -> tuple:
    """(command, its words, yes?). What follows `run NN` or `trace NN` belongs to the program, whatever it looks like."""
    yes, words, theirs = False, [], []
    for index, argument in enumerate(arguments):
        program_named = words[:1] in (["run"], ["trace"]) and any(not word.startswith("-") for word in words[1:])
        if program_named or words[:1] == ["bench"]:
            theirs = arguments[index:]
            break
        if argument in ("--yes", "-y"):
            yes = True
        elif argument in ("--help", "-h", "help"):
            return "help", [], yes
        else:
            words.append(argument)
    command = words[0] if words and not words[0].startswith("-") else ""
    if command and command not in COMMANDS:
        raise Stop(f"there is no command '{command}'; ./learn --help shows what there is.")
    for word in words:
        if word.startswith("-") and word not in OPTIONS.get(command, []):
            raise Stop(f"there is no option '{word}'; ./learn --help shows what there is.")
    return command, (words[1:] if command else words) + theirs, yes


def main(arguments: list) -> int:
    # However it is asked to end, it puts its terminal back, and ends its children. (nohup wants the terminal's end ignored.)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, Interrupts.arrive)
    os.environ.pop("PWD", None)     # of the shell, and perhaps through a link: CMake would take its word for where we are
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")         # a learner's text may hold what this terminal cannot show
    try:
        command, words, yes = parse(arguments)
        if command == "help":
            say(HELP.rstrip())
            return 0
        return COMMANDS.get(command, commands.start)(words, yes, Machine())
    except Stop as stop:
        complain(str(stop))
        return stop.status
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 1
        complain(f"{error.filename or 'a file'}: {error.strerror}; {cure(error)}")
        return 2
    except KeyboardInterrupt:
        sys.stdout.flush()
        print("\nlearn: interrupted", file=sys.stderr, flush=True)
        return 130
