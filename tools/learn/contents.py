"""The verdict depends on what the learner's files hold, and not on their times, which are all that Ninja looks at."""
import json
import os
import time
import zlib
from pathlib import Path

from lessons import MINE


def freshen(build: Path) -> None:
    """Before a build in that folder: a file that is not what the last build saw, but looks older, gets a new time. So do files
    that were moved, copied with their times, or put back by ./learn reset --undo."""
    memory, began = build / "learn-contents.json", time.time_ns()
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {"files": {}, "time": 0}
    files = {}
    for path in MINE.rglob("*.?pp"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(MINE).parts):
            name = str(path.relative_to(MINE))
            files[name] = zlib.crc32(path.read_bytes())
            if files[name] != known["files"].get(name) and path.stat().st_mtime_ns <= known["time"]:
                os.utime(path)
    if files != known["files"]:
        memory.write_text(json.dumps({"files": files, "time": began}), encoding="utf-8")
