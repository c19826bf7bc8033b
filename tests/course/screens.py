"""Pictures of the terminal for README: what a learner sees, captured and drawn.

    screens.py             draws book/pictures/screen-*.svg anew
    screens.py --check     compares their words with what is shown now, but not their figures

`loop` is ./learn with a wrong answer of lesson 03, `hang` the report on tests/course/troubles/hangs.cpp, and `trace` the drawing of
the recorded lesson 07.
"""
import argparse
import contextlib
import html
import re
import subprocess
import sys
from pathlib import Path

import child_processes
import mistakes
import session
import troubles
from sources import ROOT, name_of

import trace

PICTURES = ROOT / "book/pictures"
WRONG = "03-future/pending-without-wake"
WIDE, HIGH, EDGE = 8.4, 19, 14              # a cell, and the margin
RUN = re.compile(r"\x1b\[([0-9;]*)m")
OTHER = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-ln-z]|\]8;[^\x1b\x07]*(?:\x1b\\|\x07))|\r")
CLASSES = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "36": "cyan"}
FIGURES = re.compile(r"\d+(\.\d+)?")
STYLE = """
    .box { fill: #f6f8fa; stroke: #d0d7de } text { fill: #24292f; white-space: pre }
    .bold { font-weight: bold } .dim { fill: #6e7781 } .red { fill: #cf222e } .green { fill: #1a7f37 } .yellow { fill: #9a6700 }
    .cyan { fill: #1b7c83 }
    @media (prefers-color-scheme: dark) {
      .box { fill: #161b22; stroke: #30363d } text { fill: #e6edf3 } .dim { fill: #8d96a0 } .red { fill: #ff7b72 }
      .green { fill: #3fb950 } .yellow { fill: #d29922 } .cyan { fill: #39c5cf }
    }"""


def loop_screen() -> list:
    """./learn, with the wrong answer saved as a learner would save it."""
    answer = next(one for one in mistakes.all_answers() if one.name == WRONG)
    with session.checkout() as place:
        subprocess.run([place / "learn", "goto", answer.lesson[:2]], cwd=place, check=True, stdout=subprocess.DEVNULL)
        with contextlib.closing(session.Session(place, NO_COLOR="")) as learner:
            learner.expect("still to write", r"\[q\]uit")
            for path, places in mistakes.changes(answer.diff).items():
                wrong = mistakes.change((ROOT / path).read_text(encoding="utf-8"), places)[0]
                (place / path.replace("solutions/", "mine/")).write_text(wrong, encoding="utf-8")
            learner.expect(re.escape(answer.says), r"\[q\]uit")
            learner.press("q")
            colored = learner.shown.rpartition("\x1b[H")[2]
    return OTHER.sub("", colored).rstrip().splitlines()


def hang_screen() -> list:
    return troubles.report_of("hangs")[1].splitlines()


def trace_screen() -> list:
    return trace.draw(trace.read(ROOT / "tests/course/traces/07.json"), colors=True)


SCREENS = {
    "loop": (loop_screen, "./learn", "A lesson's steps with green and red marks, the failing case as numbered steps, and the reason why it failed."),
    "hang": (hang_screen, "a debug build that hangs", "For each task: where it was spawned, how often it was polled and woken, and what it waits for."),
    "trace": (trace_screen, "./learn trace 07", "A lane for each of three futures. Each is polled in turn, and wakes itself until it is Ready."),
}


def runs(line: str) -> list:
    """(column, text, classes) of each run of one color."""
    found, column, classes = [], 0, []
    parts = RUN.split(OTHER.sub("", line))
    for at, part in enumerate(parts):
        if at % 2:
            codes = part.split(";")
            classes = [] if codes in ([""], ["0"]) else classes + [CLASSES[code] for code in codes]
        elif part:
            found.append((column, part, list(classes)))
            column += len(part)
    return found


def words(lines: list) -> str:
    return "\n".join("".join(text for _, text, _ in runs(line)).rstrip() for line in lines)


def drawn(name: str, lines: list) -> str:
    title, meaning = SCREENS[name][1:]
    columns = max(80, *(len(line) for line in words(lines).splitlines()))
    wide, high = round(columns * WIDE + 2 * EDGE), HIGH * len(lines) + 2 * EDGE
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img" aria-labelledby="t d" font-size="14" '
           f'font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace">',
           f'  <title id="t">{title}</title>', f'  <desc id="d">{meaning}</desc>', f"  <style>{STYLE}\n  </style>",
           f'  <rect class="box" x="1" y="1" width="{wide - 2}" height="{high - 2}" rx="8"/>']
    for row, line in enumerate(lines):
        spans = "".join(f'<tspan x="{EDGE + column * WIDE:.1f}" textLength="{len(text) * WIDE:.1f}" lengthAdjust="spacingAndGlyphs"'
                        f'{f""" class="{" ".join(classes)}" """.rstrip() if classes else ""}>{html.escape(text)}</tspan>'
                        for column, text, classes in runs(line.rstrip()))
        out.append(f'  <text y="{EDGE + HIGH * (row + 1) - 5}" xml:space="preserve">{spans}</text>')
    return "\n".join([*out, "</svg>", ""])


def words_of(picture: Path) -> str:
    """What stands in a picture, line by line."""
    texts = re.findall(r"<text [^>]*>(.*?)</text>", picture.read_text(encoding="utf-8"))
    return "\n".join(html.unescape(re.sub(r"<[^>]*>", "", text)) for text in texts)


def complaints() -> list:
    wrong = []
    for name, (capture, *_) in SCREENS.items():
        picture, now = PICTURES / f"screen-{name}.svg", words(capture())
        if FIGURES.sub("#", re.sub(" +", " ", words_of(picture))) != FIGURES.sub("#", re.sub(" +", " ", now)):
            wrong.append(f"{name_of(picture, ROOT)}: what is shown now is below. python3 -B tests/course/screens.py draws it anew.\n{now}")
    return wrong


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="the pictures of the terminal")
    parser.add_argument("--check", action="store_true", help="compare their words with what is shown now")
    if parser.parse_args(arguments).check:
        wrong = complaints()
        print("\n".join(wrong), end="\n" if wrong else "")
        return 1 if wrong else 0
    for name, (capture, *_) in SCREENS.items():
        (PICTURES / f"screen-{name}.svg").write_text(drawn(name, capture()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    child_processes.as_command(lambda: main(sys.argv[1:]))
