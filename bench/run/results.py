"""What was measured, kept as results.json, and as table.md made of it: a section replaces what it said before."""
import json
import os
from pathlib import Path

from . import table
from .section import Outcome, Row, Stat


def as_data(outcome: Outcome) -> dict:
    return {
        "title": outcome.title, "machine": outcome.machine, "seconds": round(outcome.seconds, 1),
        "rounds": outcome.rounds, "repeated": outcome.repeated, "disturbed": outcome.disturbed,
        "rows": [{"name": row.name, "title": row.title, "unit": row.unit, "more_is_better": row.more_is_better,
                  "values": {column: stat.as_data() for column, stat in row.values.items()}} for row in outcome.rows],
        "notes": outcome.notes, "skipped": outcome.skipped, **({"unfinished": outcome.unfinished} if outcome.unfinished else {}),
    }


def from_data(name: str, data: dict) -> Outcome:
    rows = [Row(row["name"], row["title"], row["unit"],
                {column: Stat.from_data(stat) for column, stat in row["values"].items()}, row["more_is_better"])
            for row in data["rows"]]
    return Outcome(name, data["title"], rows, data["notes"], data["skipped"], data["rounds"], data["repeated"],
                   data["disturbed"], data["seconds"], data["machine"], data.get("unfinished", ""))


def load(folder: Path) -> list:
    """The outcomes kept so far, in the sections' order; none where there is no file."""
    path = folder / "results.json"
    if not path.exists():
        return []
    return [from_data(name, data) for name, data in json.loads(path.read_text(encoding="utf-8"))["sections"].items()]


def keep(outcome: Outcome, folder: Path) -> bool:
    """Adds one section's outcome to those of the folder; False if there is nothing to keep. What has figures is replaced only by
    what has some."""
    outcomes = load(folder)
    before = next((one for one in outcomes if one.name == outcome.name), None)
    if not outcome.rows and (not outcome.skipped or before and before.rows):
        return False
    outcomes = [outcome if one is before else one for one in outcomes] + ([] if before else [outcome])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in outcome.pictures.items():
        write(folder / name, text)
    write(folder / "results.json", json.dumps({"sections": {one.name: as_data(one) for one in outcomes}}, indent=1) + "\n")
    write(folder / "table.md", table.for_page(outcomes))
    return True


def write(path: Path, text: str) -> None:
    """Whole or not at all: an interrupted run leaves the old file."""
    scratch = path.with_suffix(".new")
    scratch.write_text(text, encoding="utf-8")
    os.replace(scratch, path)
