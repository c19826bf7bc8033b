"""The lessons, as the folders tell them."""
import re
from pathlib import Path

from screen import Stop

ROOT = Path(__file__).resolve().parents[2]


def all_lessons() -> list:
    """Names in order, as in `05-block-on`."""
    names = {folder.name for base in ("lessons", "solutions") for folder in (ROOT / base).glob("[0-9][0-9]-*")
             if folder.is_dir() and not folder.name.startswith("00-")}
    return sorted(names)


def lesson_named(word: str) -> str:
    """5, 05 and 05-block-on name the same lesson."""
    names = all_lessons()
    number = re.match(r"^(\d{1,2})(?:-|$)", word)
    if number:
        for name in names:
            if name.startswith(f"{int(number.group(1)):02d}-") and (word.isdigit() or word in name):
                return name
    if not names:
        raise Stop("there is no lesson here yet.")
    raise Stop(f"there is no lesson '{word}': the lessons are {names[0][:2]} to {names[-1][:2]}.")
