"""The goals, as data. verdicts.py decides which of them are met.

A goal compares one of our columns with the best of some peers' columns in the same row, or with a fixed limit. Like is
compared with like: our current_thread with peers on one thread, our multi_thread with Tokio's on as many threads.
"""
from dataclasses import dataclass
from typing import Optional

import lessons        # tools/learn

OURS_ONE, OURS_TWO = "rt current_thread", "rt multi_thread:2"
TOKIO_ONE, TOKIO_TWO = "tokio current_thread", "tokio multi_thread:2"
LTO_ONE, LTO_TWO = "tokio_lto current_thread", "tokio_lto multi_thread:2"      # only there with --lto


@dataclass(frozen=True)
class Goal:
    section: str
    row: str
    ours: str                        # column
    peers: tuple = ()                # columns; the best of those that were measured counts. Empty: `limit` is the goal.
    factor: float = 1.0              # ours <= factor * peer
    limit: Optional[float] = None    # ours <= limit, in the row's unit
    strictly: bool = False           # < instead of <=


OPERATIONS = ("spawn_await", "spawn_many", "join_set_1000", "yield_1", "yield_1000", "block_on_ready", "notify_ping_pong",
              "oneshot_ping_pong", "spawn_blocking", "timers_create", "timers_cancel", "timers_run")

MICRO = [
    *(Goal("micro", row, OURS_ONE, (TOKIO_ONE, "smol", "asio"), 0.85) for row in OPERATIONS),
    *(Goal("micro", row, OURS_TWO, (TOKIO_TWO,)) for row in OPERATIONS),
    *(Goal("micro", row, ours, (lto,)) for row in OPERATIONS for ours, lto in ((OURS_ONE, LTO_ONE), (OURS_TWO, LTO_TWO))),
]

ECHO = [Goal("echo", "cost pooled", OURS_ONE, ("epoll_level", "epoll_edge"), 1.03)]

MEMORY = [
    *(Goal("memory", "idle", ours, limit=600) for ours in (OURS_ONE, OURS_TWO)),
    *(Goal("memory", "demo", ours, (TOKIO_ONE, TOKIO_TWO), strictly=True) for ours in (OURS_ONE, OURS_TWO)),
]

# How long a learner waits, in seconds: one up to lesson 07, then two.
LOOP = [Goal("loop", name, f"step {number}", limit=1.0 if name < "08" else 2.0)
        for name in lessons.all_lessons() for number, _ in enumerate(lessons.steps_of(name), 1)]

GOALS = MICRO + ECHO + MEMORY + LOOP
