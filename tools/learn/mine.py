"""The learner's copies, mine/NN-name: made once, never overwritten; what is put aside is kept in mine/.kept."""
import errno
import shutil
import time
from pathlib import Path

from console import Stop
from lessons import MINE, ROOT, shown

KEPT = MINE / ".kept"


def starter(lesson: str) -> Path:
    return ROOT / "lessons" / lesson


def solution(lesson: str) -> Path:
    return ROOT / "solutions" / lesson


def copy_of(lesson: str) -> Path:
    return MINE / lesson


def can_be_opened(lesson: str) -> bool:
    return copy_of(lesson).is_dir() or starter(lesson).is_dir()


def refuse_closed(lesson: str) -> None:
    """For what needs a lesson that is opened, or can be."""
    if not can_be_opened(lesson):
        raise Stop(f"Lesson {lesson} has no starter yet. Read its finished code in {shown(solution(lesson))}.")


def files_in(folder: Path) -> list:
    """C++ files, relative to the folder."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*")
                  if path.suffix in (".hpp", ".cpp") and path.is_file())


def open_lesson(lesson: str) -> Path:
    """The learner's copy; a copy of the starter where there is none yet."""
    folder = copy_of(lesson)
    if folder.is_dir():
        return folder
    refuse_closed(lesson)
    half = MINE / f".{lesson}.half"          # a copy that was cut short must not look like a whole one
    try:
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        for source in starter(lesson).rglob("*"):
            target = half / source.relative_to(starter(lesson))
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)      # content only: the copy is the learner's, writable and new
        half.rename(folder)
    except OSError as error:
        raise Stop(f"{shown(folder)} could not be made: {error.strerror}. {cure(error)}") from error
    return folder


def cure(error: OSError) -> str:
    """What to do about a file that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "Make room on this disk, then save again."
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"This checkout is read-only. Work in a copy of your own: cp -r {ROOT} ~/poll-by-poll"
    return "Look at the disk, then try again."


def exercise_file(lesson: str) -> Path:
    return copy_of(lesson) / "exercise.hpp"


def missing_files(lesson: str) -> list:
    """Files of the starter that the learner's copy has lost, or that are empty."""
    folder = copy_of(lesson)
    if not starter(lesson).is_dir():
        return [] if folder.is_dir() else [folder]
    if not folder.is_dir():
        return [folder]
    return [folder / name for name in files_in(starter(lesson)) if not has_text(folder / name)]


def has_text(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except OSError:
        return False


def gone_lines(lesson: str, gone: list) -> list:
    """What to say of missing files, and how they come back."""
    if gone[0] == copy_of(lesson):
        return [f"{shown(gone[0])} is gone.", f"Bring its starter back with: ./learn goto {lesson[:2]}"]
    names, folder = ", ".join(shown(path) for path in gone), gone[0].parent
    begun = " ".join(shown(starter(lesson) / path.relative_to(copy_of(lesson))) for path in gone if path.parent == folder)
    first = "" if folder.is_dir() else f"mkdir -p {shown(folder)} && "
    return [f"{names} {'is' if len(gone) == 1 else 'are'} {'empty' if gone[0].is_file() else 'gone'}.",
            f"Bring the starter's back with: {first}cp {begun} {shown(folder)}/"]


def refuse_half(lesson: str) -> None:
    """For what runs the learner's program: of an opened lesson that has lost a file it would be another's."""
    gone = missing_files(lesson) if copy_of(lesson).is_dir() else []
    if gone:
        raise Stop(" ".join(gone_lines(lesson, gone)))


def put_aside(lesson: str) -> Path:
    """Moves the learner's copy into mine/.kept and says where it went."""
    KEPT.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    place = KEPT / f"{lesson}-{stamp}"
    number = 1
    while place.exists():
        number += 1
        place = KEPT / f"{lesson}-{stamp}-{number}"
    copy_of(lesson).rename(place)
    return place


def kept_copies(lesson: str) -> list:
    """What was put aside, oldest first."""
    if not KEPT.is_dir():
        return []
    return sorted((place for place in KEPT.iterdir() if place.name.startswith(f"{lesson}-")),
                  key=lambda place: place.stat().st_ctime_ns)
