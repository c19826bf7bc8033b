"""The bench itself: picks the sections, builds what they need, runs one after the other, keeps what was measured."""
import importlib
import os
import pkgutil
import re
import time
from pathlib import Path
from typing import Callable, Optional

import machine as tools            # tools/learn: what is installed
from console import Stop, bold, red, say
from process import Interrupts

from . import checks, machine
from .children import Children, Failed
from .programs import ROOT, build, configure
from .record import INTERRUPTED, Record
from .rounds import Watch, run_rounds
from .section import Outcome, Program, Row, Section, Stat

HELP = """./learn bench [--quick | --keep] [--lto] [SECTION ...]: the finished runtime beside its peers, one table

  --quick   fewer rounds and rows: under two minutes, once it is built
  --keep    write the tables into bench/README.md too, and the plots into bench/results
  --lto     measure Tokio also as fat link-time optimization builds it (micro, counted)
  --list    the sections
  --test    build all peers that can be built, and run the bench's own tests on them
  --yes     install the peers' packages without asking"""


class Bench:
    """What a section is called with."""

    def __init__(self, quick: bool):
        self.quick = quick
        self.children = Children()
        self.watch = Watch()
        self.all_programs: list = []
        self.outcome = Outcome("", "")

    # Programs
    def programs(self, kind: str) -> list:
        """Those that are built, by name."""
        return [program for program in self.all_programs if program.kind == kind and program.path]

    def program(self, kind: str, name: str) -> Optional[Program]:
        return next((program for program in self.programs(kind) if program.name == name), None)

    def start(self, command: list, **options):
        """A program that goes on running; subprocess.Popen's options. Ended with the bench, or by `end`."""
        return self.children.start(command, **options)

    def end(self, child) -> None:
        self.children.end(child)

    def output_of(self, command: list, seconds: float = 120, **options) -> str:
        """What a short program printed; raises Failed if it does not end well within that time."""
        return self.children.output_of(command, seconds, **options)

    # Figures
    def rounds(self, cells: dict, count: int, what: str = "") -> dict:
        """Interleaved rounds over `cells`, {name: function without arguments that gives {metric: figure}}.
        Gives {name: {metric: Stat}}. A disturbed round is repeated; the outcome counts it."""
        def on_repeat(number: int, why: str) -> None:
            self.say(f"round {number}{' of ' + what if what else ''} is measured again: {why}")

        found = run_rounds(cells, count, self.watch, on_repeat)
        self.outcome.rounds += found.kept
        self.outcome.repeated += found.repeated
        self.outcome.disturbed += found.disturbed
        return found.stats

    def row(self, name: str, title: str, unit: str, values: dict, more_is_better: bool = False) -> Row:
        """A line of the table; `values` is {column: Stat or plain figure}. Called again with the same name, it adds columns."""
        row = next((row for row in self.outcome.rows if row.name == name), None)
        if row is None:
            row = Row(name, title, unit, {}, more_is_better)
            self.outcome.rows.append(row)
        for column, value in values.items():
            row.values[column] = value if isinstance(value, Stat) else Stat(value, value, value)
        return row

    # Words
    def say(self, line: str) -> None:
        say(f"  {line}")

    def note(self, sentence: str) -> None:
        """Shown below the section's table."""
        if sentence not in self.outcome.notes:
            self.outcome.notes.append(sentence)

    def skip(self, line: str) -> None:
        """Something is left out: what, and how to get it. Said at once, and kept."""
        if line not in self.outcome.skipped:
            self.outcome.skipped.append(line)
            self.say(f"left out: {line}")


def all_sections() -> list:
    found = []
    for info in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if info.name != "__main__":
            section = getattr(importlib.import_module(f".{info.name}", __package__), "SECTION", None)
            found += [section] if isinstance(section, Section) else []
    return sorted(found, key=lambda section: (section.order, section.name))


def parse(words: list, sections: list) -> tuple:
    """({option}, [Section]); a word that is neither is refused with one sentence."""
    options, chosen = set(), []
    known = {section.name: section for section in sections}
    for word in words:
        if word in ("--quick", "--keep", "--lto", "--list", "--test", "--help", "--yes", "-h", "-y"):
            options.add({"-h": "--help", "-y": "--yes"}.get(word, word))
        elif word.startswith("-"):
            raise Stop(f"bench has no option '{word}'; ./learn bench --help shows what there is.")
        elif word not in known:
            raise Stop(f"bench has no section '{word}': say nothing for all, or some of {', '.join(known)}.")
        else:
            chosen.append(known[word])
    named = bool(chosen)
    if not named:
        chosen = [section for section in sections if section.in_whole and (section.in_quick or "--quick" not in options)]
    if {"--quick", "--keep"} <= options:
        raise Stop("bench --quick has too few rounds for figures that are kept: take --quick or --keep.")
    if "--test" in options and (named or options - {"--test", "--yes", "--help"}):
        raise Stop("bench --test runs all of the bench's own tests, and takes neither sections nor other options than --yes.")
    return options, [section for section in sections if section in chosen]


def measure(bench: Bench, section: Section, names: dict, put_away: Callable[[Outcome], None]) -> Outcome:
    """One section to its end, or as far as it gets. What it came to is put away, whatever happens meanwhile."""
    bench.outcome = outcome = Outcome(section.name, section.title, machine=names, unfinished="the bench itself failed")
    outcome.skipped += [left_out_words(program) for program in bench.all_programs
                        if not program.path and (program.kind in section.kinds or program.kind == "rust" in section.kinds)]
    begin = time.monotonic()
    try:
        section.measure(bench)
        outcome.unfinished = ""
    except Failed as failure:
        outcome.unfinished = str(failure)
        say(red(f"  {failure}"))
    except KeyboardInterrupt:
        outcome.unfinished = INTERRUPTED
    finally:
        Interrupts.hold()
        try:
            outcome.seconds = time.monotonic() - begin
            bench.children.end_all()
            put_away(outcome)
        finally:
            Interrupts.release()
    return outcome


def left_out_words(program: Program) -> str:
    return f"{program.kind}/{program.name}: {program.reason}"


def build_peers(kinds: tuple, lto: bool = False) -> list:
    """All programs of those kinds; says which are left out, and why. With `lto`, Tokio's micro program a second time."""
    folder = ROOT / "build" / "bench"
    configure(folder, compiler_word(folder))
    programs = build(folder, kinds, tools.Machine().cores(), lto)
    for program in programs:
        if not program.path:
            say(f"  left out: {left_out_words(program)}")
    return programs


def compiler_word(folder: Path) -> list:
    if (folder / "CMakeCache.txt").exists() or os.environ.get("CXX"):
        return []
    name = tools.Machine().gcc() or tools.Machine().clang()
    return [f"-DCMAKE_CXX_COMPILER={name}"] if name else []


def compilers(folder: Path) -> tuple:
    """Those that are measured: the one that built the peers, and clang, if it is there."""
    cache = folder / "CMakeCache.txt"
    found = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.+)$", cache.read_text(errors="replace"), re.M) if cache.exists() else None
    return tuple(filter(None, [found.group(1) if found else None, tools.Machine().clang()]))


def check(set_up: Callable[[], None]) -> int:
    set_up()
    build_peers(checks.KINDS)
    return checks.run_checks(ROOT / "build" / "bench")


def run(options: set, chosen: list, set_up: Callable[[], None]) -> int:
    """`set_up` offers what is missing of the peers' packages, and comes back whether or not they are there."""
    set_up()
    bench = Bench("--quick" in options)
    bench.all_programs = build_peers(tuple(dict.fromkeys(kind for section in chosen for kind in section.kinds)), "--lto" in options)
    names = {**machine.describe(compilers(ROOT / "build" / "bench")), "quick": bench.quick, "load": os.getloadavg()[0]}
    say(f"  {machine.in_words(names)}")
    began = time.monotonic()
    record = Record(ROOT, "--keep" in options)
    try:
        for section in chosen:
            say(f"\n{bold(section.name)}: {section.title}")
            if measure(bench, section, names, record.put_away).unfinished == INTERRUPTED:
                raise KeyboardInterrupt
        status = 0
    except KeyboardInterrupt:
        status = 130
    record.sum_up(time.monotonic() - began, interrupted=status != 0)
    return status


def main(words: list, set_up: Callable[[], None] = lambda: None) -> int:
    sections = all_sections()
    options, chosen = parse(words, sections)
    if "--help" in options:
        say(HELP)
        return 0
    if "--list" in options:
        for section in sections:
            when = "" if section.in_quick and section.in_whole else " (not with --quick)" if section.in_whole else " (only if named)"
            say(f"{section.name:<14}{section.title}{when}")
        return 0
    return check(set_up) if "--test" in options else run(options, chosen, set_up)
