"""What holds for a trace, of the rules of Chrome's Trace Event Format: for its tests, and for the trace of each program.

    trace_rules.py NN PROGRAM      runs lesson NN's program with RT_TRACE, and prints what is wrong with its trace
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

NEEDED = {"M": {"name", "pid", "tid", "args"}, "B": {"name", "ts"}, "E": {"ts"}, "X": {"name", "ts", "dur"},
          "i": {"name", "ts", "s"}, "s": {"name", "ts", "id", "cat"}, "f": {"name", "ts", "id", "cat", "bp"}}


def complaints(events: list, has_ended: bool = True) -> list:
    """`has_ended`: the program came to its own end, so that no poll is open."""
    wrong = []
    open_polls: dict = {}
    last: dict = {}
    named = {event["tid"] for event in events if event.get("ph") == "M"}
    for event in events:
        phase, tid = event.get("ph"), event.get("tid")
        missing = {"pid", "tid"} | NEEDED.get(phase, {"a phase that is known"})
        if missing - set(event):
            wrong.append(f"{event} has no {', '.join(sorted(missing - set(event)))}")
            continue
        if tid not in named:
            wrong.append(f"thread {tid} has no name")
        if phase in "BEi" and phase != "M":
            if event["ts"] < last.get(tid, 0):
                wrong.append(f"{event} comes before what stands before it")
            last[tid] = event["ts"]
        if phase == "B":
            open_polls.setdefault(tid, []).append((event["name"], event.get("cat")))
        elif phase == "E":
            began, category = (open_polls.get(tid) or [(None, None)]).pop()
            if began is None:
                wrong.append(f"{event} ends what never began")
            elif (event.get("name", began), event.get("cat")) != (began, category):
                wrong.append(f"{event} ends '{began}', which Perfetto leaves open: the names or the categories differ")
        elif phase == "X" and event["dur"] < 0:
            wrong.append(f"{event} lasts less than nothing")
    if has_ended:
        wrong += [f"'{name}' began on thread {tid} and did not end" for tid, polls in open_polls.items() for name, _ in polls]
    begun = Counter(event["id"] for event in events if event.get("ph") == "s")
    ended = Counter(event["id"] for event in events if event.get("ph") == "f")
    wrong += [f"arrow {arrow} begins {times} times" for arrow, times in begun.items() if times > 1]
    wrong += [f"arrow {arrow} ends {times} times" for arrow, times in ended.items() if times > 1]
    wrong += [f"arrow {arrow} ends, but never began" for arrow in ended if arrow not in begun]
    return wrong or as_slices(events)


def as_slices(events: list) -> list:
    """What Perfetto's slice_tracker.cc and flow_tracker.cc would drop: on a thread, slices lie in each other or apart, and an
    arrow joins what is open on top, or was last."""
    wrong = []
    stacks: dict = {}  # tid -> the ends of the slices that are open; None: not known yet
    for event in sorted((event for event in events if event.get("ph") in tuple("BEXisf")), key=lambda event: event["ts"]):
        phase, when, stack = event["ph"], round(event["ts"] * 1000), stacks.setdefault(event["tid"], [])
        if phase in "sf":
            if not stack:
                wrong.append(f"{event} is an arrow from or to nothing")
            continue
        ends = {"B": None, "E": when, "i": when}.get(phase, when + round(event.get("dur", 0) * 1000))
        while stack and stack[-1] is not None and stack[-1] <= when:
            stack.pop()
        if any(end is not None and end < when for end in stack):
            wrong.append(f"{event}: what is open here lies in a slice that is over")
        if phase == "X" and any(end is not None and when < end < ends for end in stack):
            wrong.append(f"{event} begins in another slice and ends after it")
        if phase == "E" and None in stack:
            del stack[len(stack) - 1 - stack[::-1].index(None):]
        elif phase != "E":
            stack.append(ends)
    return wrong


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"page\n")

    def log_message(self, *_):
        pass


def run(number: str, program: str, trace: Path) -> bool:
    """Runs the program to an end; true if that was its own."""
    environment = {**os.environ, "RT_TRACE": str(trace)}
    serves = {"17": ["serve"], "18": ["serve"]}
    if number in serves:  # a server: it answers one client, and ends by a signal
        child = subprocess.Popen([program, *serves[number], "--addr", "127.0.0.1:0"], env=environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        port = re.search(rb":(\d+)", child.stdout.readline())
        with socket.create_connection(("127.0.0.1", int(port.group(1))), timeout=60) as client:
            client.sendall(b"Ada\n")
            client.makefile("rb").readline()
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        return False
    words = {"13": ["localhost", "", "/", "3"], "20": ["demo", "--clients", "20", "--runtime", "multi_thread:2"]}.get(number, [])
    if number == "13":
        server = HTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        words[1] = str(server.server_port)
    child = subprocess.run([program, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=100)
    if child.returncode != 0:
        raise SystemExit(f"it ended with status {child.returncode}: {child.stderr.decode()}")
    return True


def main(number: str, program: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace.json")
        has_ended = run(number, program, trace)
        events = json.loads(trace.read_text(encoding="utf-8"))
    wrong = complaints(events, has_ended)
    if int(number) >= 5 and all(event.get("ph") == "M" for event in events):
        wrong.append("nothing was announced")
    print("\n".join(wrong[:20]) if wrong else f"{len(events)} events")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
