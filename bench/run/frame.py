"""The bench itself: picks the sections, builds what they need, runs one after the other, keeps what was measured."""
import importlib
import os
import pkgutil
import sys
import time
from pathlib import Path
from typing import Callable, Optional

import machine as tools            # tools/learn: what is installed
from process import Interrupts
from screen import Stop, bold, colours_wanted, red, say, span

from . import checks, machine, page, results, table
from .children import Children, Failed
from .programs import ROOT, build, configure
from .rounds import Rounds, Watch, run_rounds
from .section import Outcome, Program, Row, Section, Stat

HELP = """./learn bench [--quick] [--keep] [SECTION ...]: the finished runtime beside its peers, one table

  --quick   fewer rounds and rows: under two minutes, once it is built
  --keep    write into bench/results, which the pages quote; else into build/bench/results
  --list    the sections
  --test    build all peers that can be built, and run the bench's own tests on them
  --yes     install the peers' packages without asking"""


class Bench:
    """What a section is called with."""

    def __init__(self, quick: bool, folder: Path, results_folder: Path):
        self.quick = quick
        self.folder = folder                    # build/bench
        self.results_folder = results_folder    # for pictures
        self.children = Children()
        self.watch = Watch()
        self.all_programs: list = []
        self.outcome = Outcome("", "")
        self.compiler = "g++"

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
        def on_round(number: int, why: str) -> None:
            if why:
                self.say(f"round {number + 1}{' of ' + what if what else ''} is measured again: {why}")

        try:
            found = run_rounds(cells, count, self.watch, on_round)
        except BaseException as error:
            self.count(getattr(error, "rounds", None))
            raise
        self.count(found)
        return found.stats

    def count(self, found: Optional[Rounds]) -> None:
        if found:
            self.outcome.rounds += found.kept
            self.outcome.repeated += found.repeated
            self.outcome.disturbed += found.disturbed

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
        if word in ("--quick", "--keep", "--list", "--test", "--help", "--yes", "-h", "-y"):
            options.add({"-h": "--help", "-y": "--yes"}.get(word, word))
        elif word.startswith("-"):
            raise Stop(f"bench has no option '{word}'; ./learn bench --help shows what there is.")
        elif word not in known:
            raise Stop(f"bench has no section '{word}': say nothing for all, or some of {', '.join(known)}.")
        else:
            chosen.append(known[word])
    if not chosen:
        chosen = [section for section in sections if section.in_quick or "--quick" not in options]
    return options, [section for section in sections if section in chosen]


def announce(bench: Bench, programs: list) -> None:
    for program in programs:
        if not program.path:
            say(f"  left out: {program.kind}/{program.name}: {program.reason}")
    bench.all_programs = programs


def measure(bench: Bench, section: Section, names: dict) -> Outcome:
    """One section to its end, or as far as it gets."""
    bench.outcome = outcome = Outcome(section.name, section.title, machine=names)
    outcome.skipped += [f"{program.kind}/{program.name}: {program.reason}" for program in bench.all_programs
                        if not program.path and (program.kind in section.kinds or program.kind == "rust" in section.kinds)]
    begin = time.monotonic()
    try:
        section.measure(bench)
    except Failed as failure:
        bench.note(f"This section was not measured to its end: {failure}.")
        say(red(f"  {failure}"))
    finally:
        outcome.seconds = time.monotonic() - begin
        Interrupts.hold()          # what was measured is kept
        try:
            bench.children.end_all()
        finally:
            Interrupts.release()
    return outcome


def compiler_word(folder: Path) -> list:
    if (folder / "CMakeCache.txt").exists() or os.environ.get("CXX"):
        return []
    name = tools.Machine().gcc() or tools.Machine().clang()
    return [f"-DCMAKE_CXX_COMPILER={name}"] if name else []


def check(set_up: Callable[[], None]) -> int:
    set_up()
    folder = ROOT / "build" / "bench"
    configure(folder, compiler_word(folder))
    for program in build(folder, checks.KINDS, tools.Machine().cores()):
        if not program.path:
            say(f"  left out: {program.kind}/{program.name}: {program.reason}")
    return checks.run_checks(folder)


def run(options: set, chosen: list, set_up: Callable[[], None]) -> int:
    """`set_up` offers what is missing of the peers' packages, and comes back whether or not they are there."""
    set_up()
    began = time.monotonic()
    folder = ROOT / "build" / "bench"
    results_folder = ROOT / "bench" / "results" if "--keep" in options else folder / "results"
    bench = Bench("--quick" in options, folder, results_folder)
    cores = tools.Machine().cores()
    configure(folder, compiler_word(folder))
    announce(bench, build(folder, tuple(dict.fromkeys(kind for section in chosen for kind in section.kinds)), cores))
    names = {**machine.describe(), "quick": bench.quick, "load": machine.load_average()}
    say(f"  {machine.in_words(names)}")
    outcomes: list = []
    interrupted = False
    for section in chosen:
        say(f"\n{bold(section.name)}: {section.title}")
        begin = time.monotonic()
        try:
            outcomes.append(measure(bench, section, names))
        except KeyboardInterrupt:
            outcomes.append(bench.outcome)
            interrupted = True
        say(table.for_terminal(outcomes[-1], colours_wanted(sys.stdout)))
        say(f"  ({span(time.monotonic() - begin)})")
        results.keep(outcomes[-1], results_folder)
        if "--keep" in options:
            page.refresh(ROOT / "bench" / "README.md", results_folder)
        if interrupted:
            break
    say(f"\n{table.verdict(outcomes)}")
    say(f"The table: {os.path.relpath(results_folder)}/table.md ({span(time.monotonic() - began)})")
    if interrupted:
        raise KeyboardInterrupt
    return 0


def main(words: list, set_up: Callable[[], None] = lambda: None) -> int:
    sections = all_sections()
    options, chosen = parse(words, sections)
    if "--help" in options:
        say(HELP)
        return 0
    if "--list" in options:
        for section in sections:
            say(f"{section.name:<14}{section.title}{'' if section.in_quick else ' (not with --quick)'}")
        return 0
    return check(set_up) if "--test" in options else run(options, chosen, set_up)
