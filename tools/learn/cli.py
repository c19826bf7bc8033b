"""The commands of ./learn."""
import os
import signal
import sys

import bench
import doctor
import verify
from building import Build
from lessons import ROOT, all_lessons, lesson_named
from machine import Machine
from process import Interrupts
from screen import Stop, bold, complain, green, red, say
from setup import set_up

HELP = """Poll by Poll: build a Rust-style asynchronous runtime in C++20, lesson by lesson.

  ./learn                  set up what is missing, build, and see the finished server answer a thousand clients
  ./learn run NN [args]    build and run lesson NN's program (--release first: optimised, without sanitizers)
  ./learn test [NN]        build and run the tests, of one lesson or of all (`test course`: the course's own checks)
  ./learn verify           everything that CI runs: g++ and clang, debug and release, and ThreadSanitizer
  ./learn bench [--list]   the finished runtime beside its peers: Tokio, smol, Asio, libuv, bare epoll (bench/README.md)
  ./learn doctor           what is installed, what is missing, and the exact fix

  --yes                    install what is missing without asking
  --help                   this page
"""

# Sanitizers report with line numbers, and stop at the first finding.
SANITIZER_OPTIONS = {"UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": "halt_on_error=1"}


def start(words: list, yes: bool, machine: Machine) -> int:
    """No argument: the finale, until lessons have starters to open."""
    refuse_more("learn", words)
    set_up(machine, yes)
    Build("learn", machine).configure()      # an editor finds compile_commands.json from now on
    build = Build("release", machine)
    build.configure()
    if not build.has_target("solution-20"):
        raise Stop("the finished server, solutions/20-echo-server, is not here yet.", 1)
    build.build("solution-20")
    say(f"\n{bold('The finished server and a thousand clients')} (solutions/20-echo-server):\n")
    status = run_child([str(build.folder / "bin" / "solution-20"), "demo"])
    if status != 0:
        raise Stop(f"the demo ended with status {status}; ./learn doctor may know why.", 1)
    say(f"""
{green('It works.')} By lesson 20 you will have written every line under that server. Now:
  ./learn run 01     the first lesson's program: a kettle, asked again and again
  ./learn test 01    the first lesson's tests
  README.md          the course map""")
    return 0


def become(command: list) -> None:
    """This process turns into the program: Ctrl-C and its exit status are the program's own."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)    # Python ignores it, and a program would inherit that
    os.execve(command[0], command, {**SANITIZER_OPTIONS, **os.environ})


def run_child(command: list) -> int:
    """A program in the foreground: Ctrl-C reaches it first, and its end is ours."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            become(command)
        except OSError as error:
            print(f"learn: {command[0]} could not be started: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        raise


def run(words: list, yes: bool, machine: Machine) -> int:
    preset = "learn"
    if words[:1] == ["--release"]:
        preset, words = "release", words[1:]
    if not words:
        raise Stop("say which lesson to run, as in: ./learn run 01")
    name = lesson_named(words[0])
    set_up(machine, yes)
    build = Build(preset, machine)
    build.configure()
    number = name[:2]
    target = next((t for t in (f"lesson-{number}", f"solution-{number}") if build.has_target(t)), None)
    if not target:
        raise Stop(f"lesson {name} has no program yet.", 1)
    build.build(target)
    sys.stdout.flush()
    become([str(build.folder / "bin" / target), *words[1:]])


def test(words: list, yes: bool, machine: Machine) -> int:
    refuse_more("test", words[1:])
    if words == ["course"]:
        targets, filters = [], ["-L", "^course$"]
    elif words:
        number = lesson_named(words[0])[:2]
        targets, filters = [f"lesson-{number}-tests"], ["-L", f"^lesson-{number}$"]
    else:
        targets, filters = [f"lesson-{name[:2]}-tests" for name in all_lessons()], ["-L", "^lesson-"]
    set_up(machine, yes)
    build = Build("learn", machine)
    build.configure()
    targets = [target for target in targets if build.has_target(target)]
    if targets:
        title = ["all"] if len(targets) > 1 else targets
        build.build(*title)
    outcome = build.test(*filters)
    for name, output in outcome.failed[:1]:
        say(f"\n{red('failed')} {bold(name)}\n{output.strip()}")
    for name, _ in outcome.failed[1:]:
        say(f"{red('failed')} {name}")
    if outcome.failed:
        say(f"\nThe whole story: {build.log('test').relative_to(ROOT)}")
    elif not outcome.passed:
        raise Stop("there is no test here yet.", 1)
    say(f"{outcome.passed} passed, {len(outcome.failed)} failed")
    return 1 if outcome.failed else 0


def verify_all(words: list, yes: bool, machine: Machine) -> int:
    verify.chosen(words)
    set_up(machine, yes, for_verify=True)
    problem = doctor.sanitizer_problem(machine, ("address", "thread"))
    if problem:
        raise Stop(problem)
    return verify.verify(words, machine)


def examine(words: list, yes: bool, machine: Machine) -> int:
    refuse_more("doctor", words)
    return doctor.doctor(machine)


COMMANDS = {"run": run, "test": test, "verify": verify_all, "bench": bench.bench, "doctor": examine}


def refuse_more(command: str, words: list) -> None:
    if words:
        raise Stop(f"{command} takes no '{words[0]}'; ./learn --help shows what there is.")


def parse(arguments: list) -> tuple:
    """(command, its words, yes?). What follows `run NN` belongs to the program, whatever it looks like."""
    yes, words = False, []
    for index, argument in enumerate(arguments):
        lesson_given = words[:1] == ["run"] and any(not word.startswith("-") for word in words[1:])
        if lesson_given or words[:1] == ["bench"]:
            words += arguments[index:]
            break
        if argument in ("--yes", "-y"):
            yes = True
        elif argument in ("--help", "-h", "help"):
            return "help", [], yes
        elif argument.startswith("-") and not (words == ["run"] and argument == "--release"):
            raise Stop(f"there is no option '{argument}'; ./learn --help shows what there is.")
        else:
            words.append(argument)
    if not words:
        return "", [], yes
    if words[0] not in COMMANDS:
        raise Stop(f"there is no command '{words[0]}'; ./learn --help shows what there is.")
    return words[0], words[1:], yes


def main(arguments: list) -> int:
    # A terminated learn ends its children as an interrupted one does.
    signal.signal(signal.SIGTERM, Interrupts.arrive)
    signal.signal(signal.SIGINT, Interrupts.arrive)
    try:
        command, words, yes = parse(arguments)
        if command == "help":
            say(HELP.rstrip())
            return 0
        return COMMANDS.get(command, start)(words, yes, Machine())
    except Stop as stop:
        complain(str(stop))
        return stop.status
    except KeyboardInterrupt:
        sys.stdout.flush()
        print("\nlearn: interrupted", file=sys.stderr, flush=True)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
