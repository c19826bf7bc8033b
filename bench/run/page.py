"""The figures in README.md: blocks made of bench/results, so that the page cannot say what was not measured.

    <!-- measured: micro -->       everything up to the next `<!-- end -->` is made anew by ./learn bench --keep
    <!-- end -->

A single figure in the text is followed by `<!-- now: SECTION/ROW/COLUMN -->`, and made anew likewise.

`machine` stands for the machine's name and the commit, `goals` for what came of all, a section's name for its tables, `rest` for those of all sections that
have no block of their own, under a heading, so that none is forgotten.
"""
import re
from pathlib import Path

from . import results, table
from .machine import measured_on

BLOCK = re.compile(r"(<!-- measured: (\S+) -->\n)(.*?)(<!-- end -->)", re.S)
NOW = re.compile(r"[^\s|]+( <!-- now: ([^/|]+)/([^/|]+)/([^|]+?) -->)")


def block(name: str, outcomes: list, elsewhere: list) -> str:
    known = {outcome.name: outcome for outcome in outcomes}
    if name == "rest":
        rest = [one for one in outcomes if one.name not in elsewhere]
        return ("\n## All else that was measured\n\n" if rest else "") + "".join(
            "\n".join(table.section_for_page(one)).replace("## ", "### ", 1).rstrip() + "\n\n" for one in rest)
    if name == "machine":
        return "\n\n".join(measured_on(outcomes) or ["Not measured yet."]) + "\n"
    if name == "goals":
        return table.missed(outcomes)
    if name not in known:
        return "Not measured yet: `./learn bench --keep " + name + "`.\n"
    return "\n" + "\n".join(table.section_for_page(known[name], headed=False)).rstrip() + "\n\n"


def now(outcomes: list, section: str, row: str, column: str) -> str:
    """One figure of a table, or a dash."""
    rows = [one for outcome in outcomes if outcome.name == section for one in outcome.rows if one.name == row]
    return table.figure(rows[0].values[column].median) if rows and column in rows[0].values else "–"


def refreshed(text: str, outcomes: list) -> str:
    elsewhere = [match.group(2) for match in BLOCK.finditer(text)]
    text = BLOCK.sub(lambda match: match.group(1) + block(match.group(2), outcomes, elsewhere) + match.group(4), text)
    return NOW.sub(lambda match: now(outcomes, *match.groups()[1:]) + match.group(1), text)


def refresh(page: Path, folder: Path) -> None:
    """Called after a run with --keep."""
    text = page.read_text(encoding="utf-8")
    anew = refreshed(text, results.load(folder))
    if anew != text:
        results.write(page, anew)
