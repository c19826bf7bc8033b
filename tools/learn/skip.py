"""./learn skip 05.2: fills the holes of a step from the solution. What stood there is kept in mine/.kept, for --undo."""
import json
import os
from difflib import SequenceMatcher
from pathlib import Path

import mine
from console import Stop
from holes import lines_of, step_in
from lessons import Step, shown
from mine import copy_of, files_in, refuse_closed, refuse_half, solution, starter
from progress import Progress


def kept_lines(step: Step) -> Path:
    """[file, the learner's lines, the solution's lines] of each hole."""
    return mine.KEPT / f"skip-{step.id}.json"


def skip(progress: Progress, step: Step) -> list:
    """The files whose holes it has filled."""
    refuse_closed(step.lesson)
    if not copy_of(step.lesson).is_dir():
        raise Stop(f"Lesson {step.lesson} is not open yet. Open it with: ./learn goto {step.lesson[:2]}")
    if step.id in progress.skipped:
        raise Stop(f"{step.id} is skipped already. To fill it yourself: ./learn skip {step.id} --undo")
    if progress.is_done(step.lesson, step.id):
        raise Stop(f"{step.id} is green already. There is nothing to skip.")
    refuse_half(step.lesson)
    kept, filled = [], {}
    for name in files_in(starter(step.lesson)):
        file = copy_of(step.lesson) / name
        written = lines_of(file)
        for begin, end, solved in reversed(places(step, name, written)):
            kept.append([shown(file), written[begin:end], solved])
            written[begin:end] = solved
            filled[file] = written
    place = kept_lines(step)
    place.parent.mkdir(parents=True, exist_ok=True)
    write(place, json.dumps(kept, indent=1))
    for file, lines in filled.items():
        write(file, "".join(f"{line}\n" for line in lines))
    progress.skipped.add(step.id)
    return sorted(filled)


def places(step: Step, name: Path, written: list) -> list:
    """[(begin, end, the solution's lines)] of the step's holes in the learner's text, lines from 0. Lines of the starter
    around a hole that the learner has changed belong to it."""
    begun, solved = lines_of(starter(step.lesson) / name), lines_of(solution(step.lesson) / name)
    parts = SequenceMatcher(None, begun, solved, autojunk=False).get_opcodes()
    home = {-1: -1, len(begun): len(written)}         # before the first line, and behind the last
    for tag, begin, end, there, _ in SequenceMatcher(None, begun, written, autojunk=False).get_opcodes():
        home.update({line: there + line - begin for line in range(begin, end) if tag == "equal"})
    found = []
    for number, (tag, begin, end, there, there_end) in enumerate(parts):
        if tag == "equal" or step_in(begun[begin:end]) != step.id:
            continue
        first = parts[number - 1][1] if number else 0
        last = parts[number + 1][2] if number + 1 < len(parts) else end
        before = next((line for line in range(begin - 1, first - 1 - (first == 0), -1) if line in home), None)
        behind = next((line for line in range(end, last + (last == len(begun))) if line in home), None)
        if before is None or behind is None:
            raise Stop(f"{shown(copy_of(step.lesson) / name)} has changed too much around {step.id} to fill it. "
                       f"Start over with: ./learn reset {step.lesson[:2]}")
        found.append((home[before] + 1, home[behind],
                      solved[there - (begin - 1 - before):there_end + behind - end]))
    return found


def undo(progress: Progress, step: Step) -> list:
    """The files that have the learner's own lines again."""
    if step.id not in progress.skipped:
        raise Stop(f"{step.id} was not skipped. There is nothing to undo.")
    filled: dict = {}
    for name, own, solved in reversed(json.loads(kept_lines(step).read_text(encoding="utf-8"))):
        file = mine.ROOT / name
        lines = filled.setdefault(file, lines_of(file))
        at = next((line for line in range(len(lines)) if lines[line:line + len(solved)] == solved), None)
        if at is None:
            raise Stop(f"{name} no longer holds the lines that skip wrote. Your own lines are in {shown(kept_lines(step))}.")
        lines[at:at + len(solved)] = own
    for file, lines in filled.items():
        write(file, "".join(f"{line}\n" for line in lines))
    progress.skipped.discard(step.id)
    progress.mark(step.lesson, step.id, False)
    return sorted(filled)


def write(file: Path, text: str) -> None:
    """Whole, or not at all."""
    half = file.with_name(f".{file.name}.half")
    half.write_text(text, encoding="utf-8")
    os.replace(half, file)
