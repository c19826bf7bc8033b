"""What came of a run: shown and written section by section, and summed up at its end.

Everything goes to build/bench/results, one file of JSON per section and the table of this run. With --keep, a section that came to its
end also replaces its block of bench/README.md and its plots in bench/results. A block stands between `<!-- measured: NAME -->`
and `<!-- end -->`.
"""
import json
import os
import re
import sys
from pathlib import Path

from console import colors_wanted, say, span

from . import table
from .section import Outcome

INTERRUPTED = "it was interrupted"


class Record:
    def __init__(self, root: Path, keep: bool):
        self.page = root / "bench" / "README.md" if keep else None
        self.built = root / "build" / "bench" / "results"
        self.outcomes: list = []

    def put_away(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        say("\n".join(filter(None, [table.for_terminal(outcome, colors_wanted(sys.stdout)), f"  ({span(outcome.seconds)})"])))
        if not outcome.rows:
            return
        write(self.built / f"{outcome.name}.json", json.dumps(as_data(outcome), indent=1) + "\n")
        write(self.built / "table.md", table.for_page([one for one in self.outcomes if one.rows]))
        write_pictures(outcome, self.built)
        if self.page and not outcome.unfinished:
            write(self.page, refreshed(self.page.read_text(encoding="utf-8"), outcome))
            write_pictures(outcome, self.page.parent / "results")

    def sum_up(self, seconds: float, interrupted: bool) -> None:
        came_to = table.verdict(self.outcomes)
        say(f"\n{came_to}{'. ' if came_to else ''}Measured in {span(seconds)}.")
        if any(outcome.rows for outcome in self.outcomes):
            say(f"The table: {os.path.relpath(self.built)}/table.md")
        for outcome in self.outcomes:
            if outcome.unfinished:
                say(f"{outcome.name} was not measured to its end" + (", and bench/README.md keeps what it had." if self.page else "."))
        if interrupted:
            whole = [outcome.name for outcome in self.outcomes if not outcome.unfinished]
            say(f"Interrupted. Measured to the end: {', '.join(whole) or 'nothing'}.")


def as_data(outcome: Outcome) -> dict:
    return {
        "name": outcome.name, "title": outcome.title, "machine": outcome.machine, "seconds": round(outcome.seconds, 1),
        "rounds": outcome.rounds, "repeated": outcome.repeated, "disturbed": outcome.disturbed,
        "rows": [{"name": row.name, "title": row.title, "unit": row.unit,
                  "values": {column: stat.as_data() for column, stat in row.values.items()}} for row in outcome.rows],
        "notes": outcome.notes, "skipped": outcome.skipped, "unfinished": outcome.unfinished,
    }


def refreshed(page: str, outcome: Outcome) -> str:
    """The page with that section's block made anew; as it was if it has no such block."""
    block = re.compile(rf"(<!-- measured: {outcome.name} -->\n)(.*?)(<!-- end -->)", re.S)
    return block.sub(lambda match: match.group(1) + "\n".join(table.section_for_page(outcome)) + match.group(3), page)


def write_pictures(outcome: Outcome, folder: Path) -> None:
    for name, text in outcome.pictures.items():
        write(folder / name, text)


def write(path: Path, text: str) -> None:
    """Whole or not at all: an interrupted run leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.write_text(text, encoding="utf-8")
    os.replace(scratch, path)
