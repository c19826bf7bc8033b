"""The commands that a page tells its reader to type: what they name is there, and their words are accepted."""
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from names import registered_lessons
from sources import ROOT, tracked_files

import cli
import verify
from console import Stop

FENCED = re.compile(r"^```.*?^```", re.S | re.M)
INDENTED = re.compile(r"^    (\S.*)$", re.M)
INLINE = re.compile(r"`([^`]+)`")
FRONT = ("./learn", "python3", "cmake", "ctest")


def commands(text: str) -> list:
    """Each as its words; those that are joined by && one by one. A name in capitals, or NN, stands for what the reader has."""
    prose = FENCED.sub("", text)
    lines = INDENTED.findall(prose) + INLINE.findall(" ".join(INDENTED.sub("", prose).split()))
    return [shlex.split(part) for line in lines for part in line.split("&&")
            if part.split()[:1] and part.split()[0] in FRONT and not re.search(r"\bNN\b", part)]


def refused(words: list, root: Path = ROOT) -> str:
    """What is wrong with that command; nothing if it can be typed."""
    if words[0] == "./learn":
        return refused_by_learn(words[1:])
    if words[0] == "python3":
        return refused_by_python([word for word in words[1:] if word != "-B"], root)
    return refused_by_presets(words, root)


def refused_by_learn(words: list) -> str:
    try:
        command, rest, _ = cli.parse(words)
        if command == "verify":
            verify.chosen(rest)
        return ""
    except Stop as stop:
        return str(stop)


def refused_by_python(words: list, root: Path) -> str:
    script = root / words[0]
    if not script.is_file():
        return f"there is no {words[0]}"
    run = subprocess.run([sys.executable, "-B", script, *words[1:], "--help"], cwd=root, capture_output=True, text=True)
    if run.returncode != 0:
        return run.stderr.strip() or f"status {run.returncode}"
    text = script.read_text(encoding="utf-8")
    if "argparse" in text:    # --help hides an option that is none
        for option in (word for word in words[1:] if word.startswith("-")):
            if not re.search(rf'(?m)(^|\s|\[|,){re.escape(option)}\b', run.stdout):
                return f"it takes no {option}"
    for name in (word for word in words[1:] if not word.startswith("-")):
        known = (re.search(rf'"{name}"|def {name.rpartition(".")[2]}\b', text) or (root / name).is_file()
                 or any(name == lesson[:2] for lesson in registered_lessons(root))
                 or any(name == path.stem for path in tracked_files(root))
                 or any(f"\n### {name}\n" in page.read_text(encoding="utf-8") for page in (root / "tests").rglob("*.md")))
        if not known:
            return f"nothing is called {name}"
    return ""


def refused_by_presets(words: list, root: Path) -> str:
    presets = json.loads((root / "CMakePresets.json").read_text(encoding="utf-8"))
    kind = "workflowPresets" if "--workflow" in words else "configurePresets"
    named = {flag: word for flag, word in zip(words, words[1:])}
    known = {preset["name"] for preset in presets[kind]}
    folder = named.get("--build") or named.get("--test-dir")
    preset = named.get("--preset") or (Path(folder).name if folder else "learn")
    if preset not in known:
        return f"CMakePresets.json has no {kind} called {preset}"
    lesson = re.fullmatch(r"lesson-(\d\d)(-tests)?", named.get("--target") or named.get("-L") or "")
    if ("--target" in named or "-L" in named) and not (
            lesson and any(name.startswith(lesson[1]) for name in registered_lessons(root))):
        return "there is no such lesson"
    return ""


def wrong_in(text: str, root: Path = ROOT) -> list:
    return [f"`{shlex.join(words)}`: {problem}" for words in commands(text) if (problem := refused(words, root))]
