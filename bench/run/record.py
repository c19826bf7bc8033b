"""What came of a run: shown and written section by section, and summed up at its end, however that came.

What was measured goes to build/bench/results; with --keep also to bench/results, which the pages quote: those change only by a
section that came to its end. A fragment would stand there for the whole.
"""
import os
import sys
from pathlib import Path

from screen import colors_wanted, say, span, yellow

from . import page, results, table
from .section import Outcome

INTERRUPTED = "it was interrupted"
QUICK_SECONDS = 120          # what --quick promises, all its sections together, once they are built


class Record:
    def __init__(self, root: Path, keep: bool):
        self.page = root / "bench" / "README.md"
        self.built = root / "build" / "bench" / "results"
        self.quoted = root / "bench" / "results" if keep else None
        self.outcomes: list = []
        self.written: dict = {}          # {folder: names of the sections that it took}

    def put_away(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        say("\n".join(filter(None, [table.for_terminal(outcome, colors_wanted(sys.stdout)), f"  ({span(outcome.seconds)})"])))
        self.write(outcome, self.built)
        if self.quoted and not outcome.unfinished:
            self.write(outcome, self.quoted)
            page.refresh(self.page, self.quoted)

    def write(self, outcome: Outcome, folder: Path) -> None:
        if results.keep(outcome, folder):
            self.written.setdefault(folder, []).append(outcome.name)

    def sum_up(self, seconds: float, interrupted: bool) -> None:
        came_to = table.verdict(self.outcomes)
        say(f"\n{came_to}{'. ' if came_to else ''}Measured in {span(seconds)}.")
        for folder in list(self.written)[-1:]:
            say(f"The table: {os.path.relpath(folder)}/table.md")
        for outcome in self.outcomes:
            if outcome.unfinished:
                say(self.of_unfinished(outcome))
        if interrupted:
            whole = [outcome.name for outcome in self.outcomes if not outcome.unfinished]
            say(f"Interrupted. Measured to the end, and kept: {', '.join(whole) or 'nothing'}.")

    def of_unfinished(self, outcome: Outcome) -> str:
        if outcome.name not in self.written.get(self.built, []):
            return f"{outcome.name} had no figure yet, and nothing is written of it."
        words = f"What there is of {outcome.name}, which was not measured to its end, is in {os.path.relpath(self.built)}"
        return f"{words} alone; {os.path.relpath(self.quoted)} keeps what it had." if self.quoted else f"{words}."

    def warn_if_slow(self) -> None:
        """Called after a quick run of what belongs to one."""
        seconds = sum(outcome.seconds for outcome in self.outcomes)
        if seconds > QUICK_SECONDS:
            slowest = sorted(self.outcomes, key=lambda outcome: -outcome.seconds)[:3]
            said = ", ".join(f"{outcome.name} {span(outcome.seconds)}" for outcome in slowest)
            say(yellow(f"A quick run is to take less than {span(QUICK_SECONDS)}; this one took {span(seconds)}, most of it: {said}."))
