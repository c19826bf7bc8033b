"""What the pages say: quoted code occurs in its file, links lead somewhere, and no page knows one person's machine.

    pages.py refresh PAGE ...     takes each quote's text anew from its file, from the quote's first line to its last
"""
import argparse
import re
import sys
from pathlib import Path

import child_processes
from names import registered_lessons
from sources import ROOT, name_of, tracked_files

QUOTE = re.compile(r"<!-- from: (\S+) -->\s*\n```\w*\n(.*?)^```", re.S | re.M)
BLOCK = re.compile(r"^```(?:cpp|c\+\+)\n", re.M)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CITED = re.compile(r'\[`([a-z0-9-]+)`\]\((\S+/mistakes\.md)#([a-z0-9-]+)\):\s+"([^"]+)"')
# Written in pieces, so that this file passes its own check.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:" + "|".join(["wo" + "rk/", "tmp/" + "pbp/", "ro" + "ot/", "home/" + r"\w+/"]) + ")")


def pages(root: Path) -> list:
    return [path for path in tracked_files(root) if path.suffix == ".md"]


def quotes(root: Path = ROOT) -> list:
    """Every C++ block of a page names its file and occurs there word for word."""
    wrong = []
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        found = QUOTE.findall(text)
        for source, block in found:
            path = root / source
            if not path.is_file():
                wrong.append(f"{name_of(page, root)} quotes {source}, which does not exist")
            elif not block.strip():
                wrong.append(f"{name_of(page, root)}: the quote from {source} is empty; its first and last line are enough for refresh")
            elif block not in path.read_text(encoding="utf-8"):
                first = next((line for line in block.splitlines()
                              if line not in path.read_text(encoding="utf-8").splitlines()), block.splitlines()[0])
                wrong.append(f"{name_of(page, root)}: the quote from {source} does not occur there word for word; look at: {first.strip()}")
        if page.parent in (root, root / "book") and len(BLOCK.findall(text)) > sum(1 for _ in re.finditer(r"<!-- from: \S+ -->\s*\n```(?:cpp|c\+\+)\n", text)):
            wrong.append(f"{name_of(page, root)}: a C++ block without <!-- from: path --> above it")
    return wrong


def refreshed(text: str, root: Path = ROOT) -> str:
    """A page with its quotes taken anew. A quote whose first or last line is gone from its file stays as it is."""
    def anew(match) -> str:
        block = match.group(2)
        lines = block.splitlines(keepends=True)
        source = (root / match.group(1)).read_text(encoding="utf-8").splitlines(keepends=True)
        if not lines or lines[0] not in source:
            return match.group(0)
        begin = source.index(lines[0])
        wanted = lines[-1:] * lines.count(lines[-1])     # the last line, `}`, may have ended other functions before
        end = begin
        while wanted and end < len(source):
            wanted = wanted[1:] if source[end] == lines[-1] else wanted
            end += 1
        return match.group(0) if wanted else match.group(0).replace(block, "".join(source[begin:end]))
    return QUOTE.sub(anew, text)


def refresh(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for source, _ in QUOTE.findall(text):
        if not (ROOT / source).is_file():
            raise SystemExit(f"pages.py: {page} quotes {source}, which does not exist")
    page.write_text(refreshed(text), encoding="utf-8")


def prose(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)


def anchors(text: str) -> set:
    """What a code host calls the headings of a page: small letters, hyphens for spaces, the rest left out."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def links(root: Path = ROOT) -> list:
    """Links within the tree; the web's are not ours to check."""
    wrong = []
    for page in pages(root):
        for target in LINK.findall(prose(page.read_text(encoding="utf-8"))):
            path, _, part = target.partition("#")
            if re.match(r"^[a-z]+:", path):
                continue
            aim = page.parent / path if path else page
            if not aim.exists():
                wrong.append(f"{name_of(page, root)} links to {target}, which does not exist")
            elif part and aim.suffix == ".md" and part not in anchors(aim.read_text(encoding="utf-8")):
                wrong.append(f"{name_of(page, root)} links to {target}: no heading there is called so")
    return wrong


def cited_mistakes(root: Path = ROOT) -> list:
    """A page that cites a mistake gives its name, and the sentence that a test must print for it."""
    wrong = []
    for page in pages(root):
        for slug, path, part, sentence in CITED.findall(page.read_text(encoding="utf-8")):
            aim = page.parent / path
            entries = aim.read_text(encoding="utf-8").split("\n### ")[1:] if aim.is_file() else []
            if slug != part or not any(entry.startswith(f"{slug}\n") and f"\n> {sentence}\n" in entry for entry in entries):
                wrong.append(f"{name_of(page, root)}: {path} has no mistake {slug} for which a test prints: {sentence}")
    return wrong


def glossary(root: Path = ROOT) -> list:
    """Each term of the glossary occurs on the page that it names."""
    wrong = []
    page = root / "book/glossary.md"
    for terms, target in re.findall(r"^\| ([^|]+) \| .* \| \[[^\]]*\]\(([^)]*)\) \|$", page.read_text(encoding="utf-8"), re.M):
        text = " ".join((page.parent / target).read_text(encoding="utf-8").lower().split())
        for term in re.sub(r" \(.*", "", terms).lower().split(", "):
            if term.removesuffix("e") not in text:       # "starving" is a form of "starve"
                wrong.append(f"{name_of(page, root)}: '{term}' does not occur in {target}")
    return wrong


def our_names(root: Path = ROOT) -> list:
    """Each `rt::name` of the table of names is in a header of the lesson that its row ends with."""
    wrong = []
    page = root / "book/rust-for-cpp.md"
    for row, lessons in re.findall(r"^(\|.*\|) ([\d, ]*) ?\|$", page.read_text(encoding="utf-8"), re.M):
        for name in re.findall(r"rt::([\w:]+)", row):
            folders = [folder for lesson in ["00", *lessons.strip().split(", ")] for folder in (root / "solutions").glob(f"{lesson}-*")]
            texts = [path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.hpp")]
            if not any(re.search(rf"\b{name.split('::')[-1]}\b", text) for text in texts):
                wrong.append(f"{name_of(page, root)}: lesson {lessons.strip()} has no rt::{name}")
    return wrong


def no_machine_paths(root: Path = ROOT) -> list:
    wrong = []
    for path in tracked_files(root):
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            continue
        wrong += [f"{name_of(path, root)}:{number}: a path of one person's machine" for number, line in enumerate(lines, 1)
                  if MACHINE_PATH.search(line) or (len(str(root)) > 8 and str(root) in line)]
    return wrong


def course_map(root: Path = ROOT) -> list:
    """README's map has a line for every lesson, in order, and no other."""
    shown = re.findall(r"^\| (\d\d-[a-z-]+) \|", (root / "README.md").read_text(encoding="utf-8"), re.M)
    known = registered_lessons(root)
    return [] if shown == known else [f"README.md maps {shown}, CMakeLists.txt adds {known}"]


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="quoted code, taken anew from its files")
    parser.add_argument("what", choices=["refresh"])
    parser.add_argument("page", nargs="+", help="book/01-poll.md, README.md, …")
    asked = parser.parse_args(arguments)
    child_processes.refuse_unknown(parser, asked.page, "page", lambda name: Path(name).is_file())
    for name in asked.page:
        refresh(Path(name))
    return 0


if __name__ == "__main__":
    child_processes.as_command(lambda: main(sys.argv[1:]))
