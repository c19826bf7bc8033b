"""The book in a terminal: what a chapter says of itself, and its text as lines that can be read at 80 columns."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from console import Stop, colors_wanted
from lessons import ROOT, all_lessons, lesson_named, shown
from paths import WHOLE, left_out

BOOK = ROOT / "book"
WIDTH = 80
BOLD, CODE, END = "\x02", "\x04", "\x03"        # of no width, in text that gets colors once it is wrapped
SIGNS = {BOLD: "\x1b[1m", CODE: "\x1b[36m", END: "\x1b[0m"}
ANSWER = re.compile(r"<details><summary>.*?</summary>\n(.*?)</details>\n?", re.S)
NOT_IN_CODE = r"(?=(?:[^`]*`[^`]*`)*[^`]*$)"    # an even number of signs comes after it. In code, a lambda looks like a link
MARKUP = [(rf"{NOT_IN_CODE}!\[([^\]]*)\]\([^)]*\)", r"[Picture: \1]"),
          (rf"{NOT_IN_CODE}\[([^\]]*)\]\((https?://[^)]*)\)", r"\1 (\2)"),
          (rf"{NOT_IN_CODE}\[([^\]]*)\]\([^)]*\)", r"\1"), (r"`([^`]+)`", rf"{CODE}\1{END}"), (r"\*\*([^*]+)\*\*", rf"{BOLD}\1{END}"),
          (rf"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])(?![^{CODE}{END}]*{END})", r"\1"), (r"\\([<>*_`|\[\]])", r"\1")]
PLAIN = [(rf"{CODE}([^{END}]*){END}", r"`\1`"), (f"[{BOLD}{CODE}{END}]", "")]
ANSWERS = "answers"                             # ./learn read 05 answers
ITEM = re.compile(r"(-|\d+\.) +")


def chapter_of(lesson: str) -> Path:
    return BOOK / f"{lesson}.md"


def named(word: str) -> Path:
    """A lesson's chapter, or another page of the book by its name."""
    pages = {path.stem: path for path in BOOK.glob("*.md")}
    if word in pages:
        return pages[word]
    if not re.match(r"\d", word):
        others = sorted(name for name in pages if name not in all_lessons())
        raise Stop(f"There is no page '{word}'. Name a lesson, or one of these: {', '.join(others)}.")
    lesson = lesson_named(word)
    raise_if_missing(lesson)
    return chapter_of(lesson)


def raise_if_missing(lesson: str) -> None:
    if not chapter_of(lesson).is_file():
        raise Stop(f"Lesson {lesson} has no chapter yet. Read its code in solutions/{lesson}.")


def text_of(lesson: str) -> str:
    """The chapter, '' where there is none."""
    return chapter_of(lesson).read_text(encoding="utf-8") if chapter_of(lesson).is_file() else ""


def to_read(lesson: str, route: str = WHOLE) -> str:
    """book/02-waker.md (50 min), '' where there is no chapter. A path that leaves out steps takes less time."""
    if not chapter_of(lesson).is_file():
        return ""
    minutes = re.search(r"<!-- minutes: (\d+)(?:, on the short path: (\d+))? -->", text_of(lesson))
    takes = minutes and (minutes[2] if minutes[2] and left_out(route, lesson) else minutes[1])
    return shown(chapter_of(lesson)) + (f" ({takes} min)" if takes else "")


def to_try(lesson: str) -> str:
    """What the chapter offers to try at the end of a path, or ''."""
    found = re.search(r"^<!-- to try: (.*) -->$", text_of(lesson), re.M)
    return found[1] if found else ""


def section(lesson: str, title: str) -> str:
    """What stands below this heading in the chapter, '' where there is none."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text_of(lesson), re.S | re.M)
    return found[1] if found else ""


def question(lesson: str) -> str:
    """What the chapter asks its reader to predict: the sentences of its section that are questions."""
    prose = re.sub(r"<!--.*?-->|^```.*?^```", "", section(lesson, "Predict"), flags=re.S | re.M)
    return " ".join(re.findall(r"[A-Z][^.?!:]*\?", " ".join(prose.split())))


def answers(text: str) -> str:
    """To the questions of a page's self-check."""
    found = [answer[1].strip() for answer in ANSWER.finditer(text)]
    return "# Answers\n\n" + "\n\n".join(f"**{number}.** {answer}" for number, answer in enumerate(found, 1)) if found else ""


def rendered(text: str, columns: int = WIDTH, colors: bool = False, command: str = "") -> list:
    """The page's lines. Comments are left out, and so are the answers of a self-check: `command` shows those."""
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.S)
    for number in range(1, len(ANSWER.findall(text)) + 1):
        text = ANSWER.sub(f"(Answer {number}: {command})\n", text, count=1)
    lines: list = []
    for gap, block in blocks_of(text):
        lines += [""] if lines and gap else []
        lines += laid_out(block, columns, colors)
    return painted(lines)


def blocks_of(text: str) -> list:
    """(whether an empty line comes before it, its lines) of each heading, paragraph, list item, table, quotation, and code."""
    blocks: list = []
    inside, ends = False, True
    for line in text.splitlines():
        is_fence = line.startswith("```")
        begins = is_fence or line.startswith("#") or (ITEM.match(line) and not (blocks and blocks[-1][1][0][:1] == ">"))
        if inside:
            blocks[-1][1].append(line)
            inside, ends = not is_fence, is_fence
        elif not line.strip():
            ends = True
        else:
            if ends or begins:
                blocks.append((ends or not ITEM.match(line), []))
            blocks[-1][1].append(line)
            inside, ends = is_fence, line.startswith("#")
    return blocks


def laid_out(block: list, columns: int, colors: bool) -> list:
    def marked(text: str) -> str:
        """Markdown's signs within a line, replaced."""
        for pattern, by in MARKUP + ([] if colors else PLAIN):
            text = re.sub(pattern, by, text)
        return text

    first = block[0]
    if first.startswith("```"):
        code = textwrap.indent(textwrap.dedent("\n".join(block[1:-1])), "    ").splitlines()
        return [f"{CODE}{line}{END}" if colors else line for line in code]
    if first.startswith("|"):
        return table([[marked(cell.strip()) for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))] for row in block], columns)
    if first.startswith("#"):
        title = marked(first.lstrip("# ").replace("`", ""))
        return [f"{BOLD}{title}{END}" if colors else title, ("=" if first.startswith("# ") else "-") * width_of(title)]
    if first.startswith(">"):
        said = marked(" ".join(line.lstrip("> ") for line in block))
        return textwrap.wrap(said, columns, initial_indent="  | ", subsequent_indent="  | ", break_on_hyphens=False)
    hang = " " * len(ITEM.match(first)[0]) if ITEM.match(first) else ""
    said = marked(" ".join(line.strip() for line in block))
    return textwrap.wrap(said, columns, subsequent_indent=hang, break_on_hyphens=False, break_long_words=False)


def table(rows: list, columns: int) -> list:
    """The widest column gives way until all fit."""
    lines: list = []
    rows = [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(len(rows[0]))]
    while sum(widths) + 2 * (len(widths) - 1) > columns and max(widths) > 12:
        widths[widths.index(max(widths))] -= 1
    for row in rows if any(rows[0]) else rows[1:]:
        lines += row_lines(row, widths)
    return lines


def row_lines(row: list, widths: list) -> list:
    cells = [textwrap.wrap(cell, width, break_on_hyphens=False) or [""] for cell, width in zip(row, widths)]
    height = max(map(len, cells))
    columns = [cell + [""] * (height - len(cell)) for cell in cells]
    return ["  ".join(part + " " * (width - width_of(part)) for part, width in zip(line, widths)).rstrip() for line in zip(*columns)]


def width_of(text: str) -> int:
    return len(text) - sum(map(text.count, SIGNS))


def painted(lines: list) -> list:
    """With colors in place of the signs. What is still open at a line's end goes on in the next."""
    found, still_open = [], ""
    for line in lines:
        line = still_open + line
        last = max(line.rfind(sign) for sign in SIGNS)
        still_open = line[last] if last >= 0 and line[last] != END else ""
        for sign, escape in SIGNS.items():
            line = line.replace(sign, escape)
        found.append(line + (SIGNS[END] if still_open else ""))
    return found


def pager() -> list:
    """Its command, empty where there is none."""
    commands = [shlex.split(os.environ.get("PAGER", "")), ["less"], ["more"]]
    return next((words for words in commands if words and shutil.which(words[0])), [])


def show(page: Path, step: str = "") -> None:
    """Whole, or from a step's section on, or the answers of its self-check. In the terminal's pager, or plainly where there is no
    terminal or no pager."""
    text, command = page.read_text(encoding="utf-8"), pager()
    found = re.search(rf"^## {re.escape(step)} .*", text, re.S | re.M) if step and step != ANSWERS else None
    text = answers(text) if step == ANSWERS else found[0] if found else text
    if not text:
        raise Stop(f"{shown(page)} has no answers. Read it: ./learn read {page.stem}")
    show_answers = f"./learn read {re.match(r'[0-9]*', page.stem)[0] or page.stem} {ANSWERS}"
    if not (sys.stdout.isatty() and command):
        print("\n".join(rendered(text, command=show_answers)))
        return
    colors = colors_wanted(sys.stdout) and Path(command[0]).name in ("less", "cat")
    columns = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESS": "R", "LESSCHARSET": "utf-8", **os.environ})
    try:
        reader.communicate("\n".join(rendered(text, columns, colors, show_answers)).encode() + b"\n")
    except (BrokenPipeError, KeyboardInterrupt):      # it was left before its end; Ctrl-C is the pager's own
        reader.wait()
