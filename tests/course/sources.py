"""The course's files."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/learn"))    # what the learner's loop and the checks share lives there
PROVIDED = "00-provided"


def tracked_files(root: Path = ROOT) -> list:
    """What git has, or would add; outside a clone, everything but what is made."""
    run = subprocess.run(["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                         capture_output=True)
    if run.returncode == 0:
        names = [name for name in run.stdout.decode().split("\0") if name]
        return sorted({root / name for name in names if (root / name).is_file()})
    made = {"build", "mine", ".git", "__pycache__"}
    return sorted(path for path in root.rglob("*")
                  if path.is_file() and not path.is_symlink() and not made & set(path.relative_to(root).parts))


def cpp_files(root: Path = ROOT, *tops: str) -> list:
    """All C++ sources and headers under the given folders of the tree."""
    return sorted(path for top in tops or ("lessons", "solutions", "tests", "bench", "book") for path in (root / top).rglob("*")
                  if path.suffix in (".hpp", ".cpp"))


def lesson_folders(root: Path = ROOT, base: str = "solutions") -> list:
    """In order. Among the solutions, what is provided comes first."""
    return sorted(folder for folder in (root / base).glob("[0-9][0-9]-*") if folder.is_dir())


def headers(folder: Path) -> list:
    return sorted([*(folder / "rt").rglob("*.hpp"), *(folder / "observe").rglob("*.hpp")])


def name_of(path: Path, root: Path = ROOT) -> str:
    return os.path.relpath(path, root)
