"""What ours must reach, as data: the one place that knows. What came of each says verdicts.py.

A goal compares the figure of one of our columns with the best of some peers' columns in the same row, or with a fixed
figure. Like is compared with like: our current_thread with Tokio's, our multi_thread with Tokio's.
"""
from dataclasses import dataclass
from typing import Optional

import lessons        # tools/learn

OURS_ONE, OURS_MANY = "rt current_thread", "rt multi_thread:2"
OURS_AFTER = "rt current_thread, after a thread"      # its words are locked, as Tokio's always are
TOKIO_ONE, TOKIO_MANY = "tokio current_thread", "tokio multi_thread:2"


@dataclass(frozen=True)
class Goal:
    section: str
    row: str
    ours: str                        # column
    peers: tuple = ()                # columns; the best of those that were measured counts. Empty: `limit` is the goal.
    factor: float = 1.0              # ours <= factor * peer; where more is better, ours >= factor * peer
    limit: Optional[float] = None    # ours <= limit, in the row's unit
    strictly: bool = False           # < instead of <=: ahead of, not as good as


def pair(row: str, factor: float, section: str = "micro") -> list:
    """Each of our flavors against Tokio's of the same kind."""
    return [*(Goal(section, row, ours, (TOKIO_ONE,), factor) for ours in (OURS_ONE, OURS_AFTER)),
            Goal(section, row, OURS_MANY, (TOKIO_MANY,), factor)]


def ahead(row: str, section: str = "micro") -> list:
    """Ahead of the best of all peers there are, with each of ours."""
    peers = (TOKIO_ONE, TOKIO_MANY, "asio", "smol")
    return [Goal(section, row, ours, peers, strictly=True) for ours in (OURS_ONE, OURS_AFTER, OURS_MANY)]


def wakes(row: str) -> list:
    """All of ours against Tokio's current_thread."""
    return [Goal("micro", row, ours, (TOKIO_ONE,), 0.5) for ours in (OURS_ONE, OURS_AFTER, OURS_MANY)]


MICRO = [
    *pair("spawn_await", 0.5), *pair("spawn_many", 0.5), *pair("join_set_1000", 0.5),
    *pair("yield_1", 0.25), *pair("yield_1000", 0.75), *pair("block_on_ready", 0.25),
    *wakes("notify_ping_pong"), *wakes("oneshot_ping_pong"),
    *pair("spawn_blocking", 0.7),
    *ahead("timers_create"), *ahead("timers_cancel"), *ahead("timers_run"),
    *pair("parked_bytes_future", 1.0, "bytes"),
]

# Echo. The bare loops are a bound; ahead of all the others that use one thread, as ours does.
LOOPS = ("epoll_level", "epoll_edge")
OTHERS = ("asio_callbacks", "asio_coroutines plain", "asio_coroutines tuned", "libuv", "smol", TOKIO_ONE, "thread_each")
ONE_THREAD = (*LOOPS, *OTHERS[:-1])
TRAFFIC = [f"{connections}x{size}x{depth}" for connections in (1, 50, 1000, 10000) for size in (64, 1024) for depth in (1, 16)]
LARGE = ["50x16384x1b1024", "50x16384x1b16384", "50x16384x4b16384"]


def cost(traffic: str) -> list:
    """CPU of a request."""
    row = f"cost {traffic}"
    return [Goal("echo", row, OURS_ONE, LOOPS, 1.05), Goal("echo", row, OURS_ONE, OTHERS, strictly=True),
            Goal("echo", row, OURS_MANY, (TOKIO_MANY,), strictly=True)]


def both(section: str, row: str, limit: float) -> list:
    """Both flavors, against a figure."""
    return [Goal(section, row, ours, limit=limit) for ours in (OURS_ONE, OURS_MANY)]


ECHO = [
    *(goal for traffic in ("pooled", *TRAFFIC) for goal in cost(traffic)),
    *(Goal("echo", f"rate {traffic}", OURS_ONE, ONE_THREAD, 0.9) for traffic in (*TRAFFIC, *LARGE)),
    *(Goal("echo", f"rate {traffic}", OURS_MANY, (TOKIO_MANY,), 0.9) for traffic in (*TRAFFIC, *LARGE)),
    *(Goal("echo", f"p99 {traffic}", OURS_ONE, LOOPS[:1], 1.5) for traffic in ("50x1024x16", "1000x1024x16")),
    *both("echo", "user 50x64x1", 0.35), *both("calls", "calls", 2.05),
    *both("idle", "idle 1000", 600), *both("idle", "idle 10000", 600),
]

DEMO = [Goal("demo", "peak", ours, (TOKIO_ONE, TOKIO_MANY), strictly=True) for ours in (OURS_ONE, OURS_MANY)]

# A learner's wait with the compiler that is recommended: a second up to lesson 07, then two.
LOOP = [Goal("loop", step.id, "clang: wall", limit=1.0 if step.id < "08" else 2.0)
        for lesson in lessons.all_lessons() for step in lessons.steps_of(lesson)]

GOALS = MICRO + ECHO + DEMO + LOOP
