"""The figures in README.md: blocks made of bench/results, so that the page cannot say what was not measured.

    <!-- measured: micro -->       everything up to the next `<!-- end -->` is made anew by ./learn bench --keep
    <!-- end -->

`machine` stands for the machine's name, a section's name for its tables, `rest` for those of all sections that have no block of
their own, so that none is forgotten.
"""
import re
from pathlib import Path

from . import results, table
from .machine import in_words

BLOCK = re.compile(r"(<!-- measured: (\S+) -->\n)(.*?)(<!-- end -->)", re.S)


def block(name: str, outcomes: list, elsewhere: list) -> str:
    known = {outcome.name: outcome for outcome in outcomes}
    if name == "rest":
        return "".join("\n" + "\n".join(table.section_for_page(one)).replace("## ", "### ", 1).rstrip() + "\n\n"
                       for one in outcomes if one.name not in elsewhere)
    if name == "machine":
        names = list(dict.fromkeys(in_words(outcome.machine) for outcome in outcomes if outcome.machine))
        return "".join(f"Measured on {one}.\n" for one in names) or "Not measured yet.\n"
    if name not in known:
        return "Not measured yet: `./learn bench --keep " + name + "`.\n"
    return "\n" + "\n".join(table.section_for_page(known[name], headed=False)).rstrip() + "\n\n"


def refreshed(text: str, outcomes: list) -> str:
    elsewhere = [match.group(2) for match in BLOCK.finditer(text)]
    return BLOCK.sub(lambda match: match.group(1) + block(match.group(2), outcomes, elsewhere) + match.group(4), text)


def refresh(page: Path, folder: Path) -> None:
    """Called after a run with --keep."""
    text = page.read_text(encoding="utf-8")
    anew = refreshed(text, results.load(folder))
    if anew != text:
        results.write(page, anew)
