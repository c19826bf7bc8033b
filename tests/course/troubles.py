"""Small programs that go wrong, and what is reported of them. book/troubleshooting.md shows it.

    troubles.py [NAME]      shows the report on tests/course/troubles/NAME.cpp
"""
import argparse
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import child_processes
import kit
from sources import ROOT, lesson_folders, name_of, tracked_files

import failure_report
from children import Ended

PROGRAMS = ROOT / "tests/course/troubles"
SECONDS = 30                                # for a report to come
LAST = re.compile(r"^the main thread: ")    # a report ends with the threads
# A program under ThreadSanitizer has no observers, because those of the kit are compiled for AddressSanitizer.
RACE = ["-std=c++20", "-pthread", "-g", "-O1", "-fsanitize=thread", f"-I{ROOT / 'solutions/00-provided'}"]


def names() -> list:
    return sorted(path.stem for path in PROGRAMS.glob("*.cpp"))


def report_of(name: str) -> tuple:
    """(0, the report on that program); (None, why there is none)."""
    source = PROGRAMS / f"{name}.cpp"
    if not source.is_file():
        return None, f"there is no {source.relative_to(ROOT)}"
    with tempfile.TemporaryDirectory(prefix="trouble-") as folder:
        executable = Path(folder, name)
        if name == "races":
            status, _, said = child_processes.run([kit.COMPILER, *RACE, source, "-o", executable])
            return (None, said) if status else (0, race(child_processes.run([executable])[2]))
        is_test = "<doctest/" in source.read_text(encoding="utf-8")
        objects = sorted(kit.harness().glob("*.o")) if is_test else kit.program_objects()
        complaint = kit.compile_with(["-w", "-g", *(f"-I{place}" for place in (*reversed(lesson_folders()), ROOT / "tests")), source,
                                      *objects, "-o", executable, *kit.LIBRARIES])
        if complaint:
            return None, complaint
        if is_test:
            return 0, re.sub(r"^.*\n(?=HUNG)", "", "".join(child_processes.run([executable])[1:]), flags=re.S)
        if name == "dangles":
            story = failure_report.tell(Ended(1, child_processes.run([executable])[2]), "", PROGRAMS)
            return 0, "".join(f"{line}\n" for line in story.lines)
        return 0, "".join(lines_of(executable))


def lines_of(executable: Path) -> list:
    """What it says until its first report is complete. A program that prints something gets SIGUSR1, and one that sleeps for good
    reports that by itself."""
    program = subprocess.Popen([executable], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                               env={"PATH": "/usr/bin:/bin", "NO_COLOR": "1"})
    alarm = threading.Timer(SECONDS, program.kill)
    alarm.start()
    lines: list = []
    with program:
        for line in program.stdout:
            if not lines and "rt:" not in line:
                program.send_signal(signal.SIGUSR1)
            lines.append(line)
            if LAST.match(line):
                break
        alarm.cancel()
        program.kill()
    return lines


def race(said: str) -> str:
    """Of ThreadSanitizer's report: the two accesses, and where each of them was, without addresses and the library's own lines."""
    lines = []
    for line in said.splitlines():
        if re.match(r"  (Read|Write|Previous|Location)|WARNING: ", line):
            line = re.sub(r" at 0x[0-9a-f]+", "", line)
            lines.append(re.sub(r" \((?:pid=\d+|mutexes: .*|at 0x\S+|\S+\+0x\S+)\)", "", line))
        elif re.match(rf"    #\d+ .*{re.escape(str(PROGRAMS))}", line):
            line = re.sub(r"#\d+ (\S.*?) /\S*/(\w+\.cpp:\d+)(:\d+)? .*", r"\1 \2", line)
            lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def unknown_sentences(root: Path = ROOT) -> list:
    """A table of troubleshooting.md begins with what is printed: some source has each of these sentences."""
    page = root / "book/troubleshooting.md"
    sources = [path for path in tracked_files(root) if path.suffix in (".cpp", ".hpp", ".py") and path.parts[len(root.parts)] != "tests"]
    said = "\n".join(re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8")) for path in sources)
    return [f"{name_of(page, root)}: nothing prints: {sentence}"
            for sentence in re.findall(r'^\| "([^"]+)" \|', page.read_text(encoding="utf-8"), re.M) if sentence not in said]


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="what is reported of programs that go wrong")
    parser.add_argument("name", nargs="*", help=", ".join(names()))
    asked = parser.parse_args(arguments)
    child_processes.refuse_unknown(parser, asked.name, "program", lambda name: name in names())
    for name in asked.name or names():
        status, text = report_of(name)
        print(text, end="")
        if status is None:
            return 1
    return 0


if __name__ == "__main__":
    child_processes.as_command(lambda: main(sys.argv[1:]))
