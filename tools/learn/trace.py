"""Draws a trace (observe/trace_file.hpp) in the terminal: a lane for each task, a block for each poll, an arrow for each wake.

Time goes from left to right, but a column is a step and not a microsecond, because polls are short and the time between them long.

    trace.py FILE      draws a file that a program wrote with RT_TRACE=FILE
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from console import colors_wanted

WIDTH = 80
LABEL = 21           # of these for the name
BANDS = 3            # this many screens' widths of steps are drawn, then it says how many are left out
ROWS = 16            # of a band
END = {"Ready": "✓", "Pending": "█", "exception": "✗"}
COLOR = {"Ready": "32", "Pending": "36", "exception": "31", "": "33"}
LEGEND = {"█": "a poll", "✓": "Ready", "✗": "an exception", "↻": "wakes itself, to be polled again", "◆": "wakes another",
          "▼": "is woken", "▲": "is woken", "z": "its thread sleeps", "t": "a timer fires", "r": "a descriptor is ready",
          "+": "is spawned", "·": "waits in the queue", "-": "is dropped"}
NOTHING = "There is nothing to draw: no runtime ran, and no thread slept. (The programs of lessons 01 to 04 poll by hand.)"
LATE = 5000          # µs: if the first event comes later than that, the drawing says so


@dataclass
class Lane:
    name: str
    cells: dict = field(default_factory=dict)     # column -> (sign, color)


@dataclass
class Drawing:
    lanes: dict = field(default_factory=dict)     # key -> Lane, in the order in which they appear
    column: int = 0                               # the next free one
    polls: int = 0
    first: float = -1                             # µs
    microseconds: float = 0
    is_full: bool = False
    has_threads: bool = False                     # several threads poll: each block begins with its thread's number

    def lane(self, key, name: str = "") -> Lane:
        lane = self.lanes.setdefault(key, Lane(name))
        lane.name = name or lane.name
        return lane

    def put(self, key, column: int, sign: str, color: str = "") -> None:
        self.lanes[key].cells[column] = (sign, color)


def read(path: Path) -> list:
    """The events; one sentence if that is no trace."""
    try:
        events = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not a trace: {error}") from None
    if not (isinstance(events, list) and all(isinstance(event, dict) for event in events)):
        raise ValueError(f"{path} is not a trace: it is not a list of events")
    return events


class Drawer:
    """Goes through the events once; every step takes the next column."""

    def __init__(self, events: list):
        self.events = events
        self.drawing = Drawing()
        self.threads: dict = {}                   # tid -> name
        self.open: dict = {}                      # tid -> [(lane's key, first column)], the polls that have not ended
        self.asleep: dict = {}                    # tid -> first column of its sleep
        self.unparked: dict = {}                  # tid of who does it -> where
        self.sleepers = {event["id"]: event["tid"] for event in events if event.get("ph") == "f"}
        self.queued: dict = {}                    # the key of each spawned task -> True if it waits for its next poll
        self.spawned = -1                         # the column of the last step, if that was a spawn
        self.yielded = -1                         # the same, if that was a yield: the wake that follows is its own
        polling = {event["tid"] for event in events if event.get("ph") == "B" and event.get("cat") == "poll"}
        self.drawing.has_threads = len(polling) > 1

    def draw(self) -> Drawing:
        for event in self.events:
            self.take(event)
        for tid, began in self.asleep.items():
            self.sleep(tid, began)
        for tid, polls in self.open.items():
            for key, began in polls:
                self.block(key, began, self.drawing.column, "")
        self.number_namesakes()
        return self.drawing

    def number_namesakes(self) -> None:
        unnamed = [lane for (kind, _), lane in self.drawing.lanes.items() if kind == "thread" and re.fullmatch(r"thread \d+", lane.name)]
        for number, lane in enumerate(unnamed, 1):
            lane.name = f"thread {number}"         # the record counts the threads of main and of the reports too
        namesakes: dict = {}
        for lane in self.drawing.lanes.values():
            namesakes.setdefault(lane.name, []).append(lane)
        for name, lanes in namesakes.items():
            for number, lane in enumerate(lanes, 1):
                lane.name = f"{name} #{number}" if len(lanes) > 1 else name

    def take(self, event: dict) -> None:
        phase, name, tid = event.get("ph"), event.get("name", ""), event.get("tid", 0)
        args = event.get("args") or {}
        if phase != "M" and self.drawing.first < 0:
            self.drawing.first = event.get("ts", 0)
        self.drawing.microseconds = max(self.drawing.microseconds, event.get("ts", 0))
        if name != "spawn":
            self.spawned = -1
        if not name.startswith("wake "):
            self.yielded = -1
        if phase == "M" and name == "thread_name":
            self.threads[tid] = args["name"]
            if ("thread", tid) in self.drawing.lanes:
                self.drawing.lane(("thread", tid), args["name"])
        elif phase == "B":
            self.begin(tid, ("task", args.get("task")), name)
        elif phase == "E" and self.open.get(tid):
            self.end(tid, args.get("result", ""))
        elif phase == "X" and name == "asleep":
            self.sleep(tid, self.asleep.pop(tid, self.drawing.column))
        elif phase == "X" and name == "unpark":
            self.unparked[tid] = (self.actor(tid), self.next())
        elif phase == "X":
            self.wake(tid, name, args)
        elif phase == "s" and tid in self.unparked:
            self.unpark(self.sleepers.get(event["id"]), *self.unparked.pop(tid))
        elif phase == "i":
            self.mark(tid, name, args)

    def next(self) -> int:
        self.drawing.column += 1
        return self.drawing.column - 1

    def begin(self, tid: int, key, name: str) -> None:
        self.drawing.lane(key, name)
        self.take_out(key)
        self.open.setdefault(tid, []).append((key, self.drawing.column))
        self.drawing.polls += 1
        if len(self.open[tid]) > 1:
            self.next()

    def take_out(self, key) -> None:
        """Fills the time that a task has spent in the queue."""
        if not self.queued.get(key) or self.drawing.column > BANDS * WIDTH:
            return
        self.queued[key] = False
        cells = self.drawing.lanes[key].cells
        since = max((column for column, (sign, _) in cells.items() if sign != "│"), default=self.drawing.column)
        for column in range(since + 1, self.drawing.column):
            if column not in cells:
                self.drawing.put(key, column, "·", "2")

    def end(self, tid: int, result: str) -> None:
        key, began = self.open[tid].pop()
        self.drawing.column = max(self.drawing.column, began + 3)
        self.block(key, began, self.drawing.column, result)
        if self.drawing.has_threads and not self.open[tid]:
            self.drawing.put(key, began, str(tid % 10), COLOR[result])

    def block(self, key, began: int, end: int, result: str) -> None:
        for column in range(began, end):
            before = self.drawing.lanes[key].cells.get(column)
            sign = before[0] if before and before[0] not in "│" else "█"
            self.drawing.put(key, column, sign, COLOR.get(result, ""))
        if result in END and result != "Pending":
            self.drawing.put(key, end - 1, END[result], COLOR[result])

    def actor(self, tid: int):
        """Who does it: the innermost poll of the thread, else the thread."""
        if self.open.get(tid):
            return self.open[tid][-1][0]
        self.drawing.lane(("thread", tid), self.threads.get(tid, f"thread {tid}"))
        return ("thread", tid)

    def wake(self, tid: int, name: str, args: dict) -> None:
        actor = self.actor(tid)
        woken = ("task", args.get("task"))
        if woken not in self.drawing.lanes:
            self.drawing.lane(woken, name.removeprefix("wake "))
        if woken in self.queued:
            self.queued[woken] = True
        column = self.yielded if self.yielded >= 0 and woken == actor else self.next()
        if woken == actor:
            self.drawing.put(actor, column, "↻")
            return
        self.arrow(actor, woken, column)

    def unpark(self, sleeper, actor, column: int) -> None:
        if sleeper is None:
            self.drawing.put(actor, column, "◆")
            return
        self.drawing.lane(("thread", sleeper), self.threads.get(sleeper, f"thread {sleeper}"))
        self.arrow(actor, ("thread", sleeper), column)

    def arrow(self, actor, woken, column: int) -> None:
        if column >= BANDS * WIDTH:               # it is not drawn, and a trace may have very many
            return
        keys = list(self.drawing.lanes)
        above, below = sorted((keys.index(actor), keys.index(woken)))
        for key in keys[above + 1:below]:
            if column not in self.drawing.lanes[key].cells and not self.is_polled(key):
                self.drawing.put(key, column, "│")
        self.drawing.put(actor, column, "◆")
        self.drawing.put(woken, column, "▲" if keys.index(woken) < keys.index(actor) else "▼")

    def is_polled(self, key) -> bool:
        return any(key == open_key for polls in self.open.values() for open_key, _ in polls)

    def mark(self, tid: int, name: str, args: dict) -> None:
        if name == "park":
            self.actor(tid)
            self.asleep[tid] = self.next()
        elif name == "spawn":
            key = ("task", args["task"])
            self.drawing.lane(key, args.get("name", ""))
            self.spawned = self.spawned if self.spawned >= 0 else self.next()
            self.drawing.put(key, self.spawned, "+")
            self.queued[key] = True
        elif name == "drop" and "task" in args and ("task", args["task"]) in self.drawing.lanes:
            self.drawing.put(("task", args["task"]), self.next(), "-")
        elif name == "yield":
            self.yielded = self.next()
            self.drawing.put(self.actor(tid), self.yielded, "↻")
        elif name in ("timer fires", "ready"):
            self.drawing.put(self.actor(tid), self.next(), "t" if name == "timer fires" else "r")
        elif name == "the trace is full":
            self.drawing.is_full = True

    def sleep(self, tid: int, began: int) -> None:
        key = self.actor(tid) if not self.open.get(tid) else ("thread", tid)
        self.drawing.lane(key, self.threads.get(tid, f"thread {tid}"))
        for column in range(began, max(self.drawing.column, began + 1)):
            if column not in self.drawing.lanes[key].cells:
                self.drawing.put(key, column, "z", "2")


def paint(sign: str, color: str, wanted: bool) -> str:
    return f"\x1b[{color}m{sign}\x1b[0m" if wanted and color else sign


def rows(drawing: Drawing, first: int, last: int, colors: bool) -> list:
    lines, left_out = [], 0
    label = min(LABEL, max((len(lane.name) for lane in drawing.lanes.values()), default=0))
    for lane in drawing.lanes.values():
        cells = {column: cell for column, cell in lane.cells.items() if first <= column < last}
        if all(sign == "│" for sign, _ in cells.values()):
            continue
        if len(lines) == ROWS:
            left_out += 1
            continue
        name = lane.name if len(lane.name) <= label else lane.name[:label - 1] + "…"
        text = "".join(paint(*cells.get(column, (" ", "")), colors) for column in range(first, last))
        lines.append(f"{name:<{label}}  {text.rstrip()}".rstrip())
    if left_out:
        lines.append(f"and {left_out} more tasks")
    return lines


def draw(events: list, colors: bool = False, width: int = WIDTH) -> list:
    """The lines to print."""
    drawing = Drawer(events).draw()
    if not drawing.lanes:
        return [NOTHING]
    tasks = sum(kind == "task" for kind, _ in drawing.lanes)
    label = min(LABEL, max(len(lane.name) for lane in drawing.lanes.values()))
    room = width - label - 2
    lines = []
    bands = range(0, drawing.column, room)
    for first in bands[:BANDS]:
        lines += ([""] if lines else []) + rows(drawing, first, min(first + room, drawing.column), colors)
    seen = {sign for lane in drawing.lanes.values() for sign, _ in lane.cells.values()}
    words = [f"{sign} {meaning}" for sign, meaning in LEGEND.items() if sign in seen and not (sign == "▲" and "▼" in seen)]
    words += ["1 2 3 which thread polls"] if drawing.has_threads else []
    lines.append("")
    line = ""
    for word in words:
        if line and len(line) + 3 + len(word) > width:
            lines.append(line)
            line = ""
        line += ("   " if line else "") + word
    lines += [line] if line else []
    if len(bands) > BANDS:
        lines.append(f"{drawing.column - BANDS * room} more steps are not drawn.")
    polls = f"{drawing.polls} poll{'s' * (drawing.polls != 1)} of {tasks} future{'s' * (tasks != 1)}, "
    lines.append(f"{polls if tasks else ''}{drawing.microseconds / 1000:.1f} ms, from left to right.")
    if drawing.first > LATE:
        lines.append(f"Not drawn: {drawing.first / 1000:.1f} ms before the first event. A thread that only spins has no events.")
    if drawing.is_full:
        lines.append("The trace is full, so it ends earlier than the program.")
    return lines


def show(path: Path, shown_as: str = "") -> None:
    """Draws the trace in this terminal, and says where the whole of it is."""
    wide = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns) if sys.stdout.isatty() else WIDTH
    lines = draw(read(path), colors_wanted(sys.stdout), max(wide, 60))
    print("\n".join(lines))
    if lines != [NOTHING]:
        print(f"To see it to scale, open {shown_as or path} at https://ui.perfetto.dev")
    sys.stdout.flush()


def run(command: list, path: Path) -> int:
    """Runs a program that writes its trace to `path`; its status. Ctrl-C ends the program, and not the drawing."""
    path.unlink(missing_ok=True)
    sys.stdout.flush()
    program = subprocess.Popen(command, env={**os.environ, "RT_TRACE": str(path)})
    try:
        return program.wait()
    except KeyboardInterrupt:
        program.send_signal(signal.SIGINT)      # the terminal has sent one already, if it was the terminal
        try:
            program.wait()
        except KeyboardInterrupt:
            program.kill()
            program.wait()
            raise
        return 0


def has_events(path: Path) -> bool:
    try:
        return any(event.get("ph") in ("B", "i") for event in read(path))
    except ValueError:
        return False


def main(arguments: list) -> int:
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        show(Path(arguments[0]))
    except ValueError as error:
        print(f"trace: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
