"""What every program of the course does when it is asked: SIGUSR1, RT_RECORD and RT_TRACE, on the finished echo server."""
import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "course"))
sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
import program_test as program  # noqa: E402
from program_test import PATIENCE  # noqa: E402
from trace_rules import complaints  # noqa: E402

IS_DEBUG = os.environ.get("PBP_BUILD_TYPE") != "Release"


class Server(program.Server):
    def __init__(self, *arguments, **environment):
        super().__init__("serve", "--addr", "127.0.0.1:0", *arguments, env={**os.environ, **environment})

    def ask(self, last_line: str) -> str:
        """Sends SIGUSR1 and reads until a line says `last_line`."""
        self.process.send_signal(signal.SIGUSR1)
        text, deadline, descriptor = "", time.monotonic() + PATIENCE, self.process.stderr.fileno()
        while last_line not in text.rpartition("\n")[0]:
            if time.monotonic() > deadline:
                raise AssertionError(f"no report of the last {PATIENCE} s has a line with '{last_line}':\n{text}")
            # ThreadSanitizer keeps a signal back that comes just before its thread falls asleep, until the next one.
            if not select.select([descriptor], [], [], 1)[0]:
                self.process.send_signal(signal.SIGUSR1)
            elif more := os.read(descriptor, 1 << 16):
                text += more.decode()
            else:
                raise AssertionError(f"the program ended:\n{text}")
        return text

    def ask_until(self, last_line: str, pattern: str) -> str:
        """Asks again and again. A client that was answered may be quicker than the thread that answered it falls asleep."""
        deadline = time.monotonic() + PATIENCE
        while True:
            report = self.ask(last_line)
            if re.search(pattern, report):
                return report
            if time.monotonic() > deadline:
                raise AssertionError(f"no report of the last {PATIENCE} s said '{pattern}', the last one was\n{report}")


def echo(client, text: bytes) -> bytes:
    client.sendall(text)
    return client.recv(len(text))


class Asked(unittest.TestCase):
    def test_a_signal_shows_every_task(self):
        with Server("--runtime", "current_thread", RT_RECORD="1") as server, server.connect() as client:
            self.assertEqual(echo(client, b"ping"), b"ping")
            report = server.ask_until("the main thread: ", r"the main thread: asleep for \d+\.\d s, until")
            self.assertIn("rt: what each task and thread does:\n", report)
            self.assertRegex(report, r"task \d+.*\n    polled .*, last Pending")
            self.assertEqual("wakers: " in report, IS_DEBUG)
            # It goes on, and answers again and again.
            self.assertEqual(echo(client, b"pong"), b"pong")
            self.assertIn("what each task and thread does", server.ask("the main thread: "))

    def test_on_several_threads_too(self):
        with Server("--runtime", "multi_thread:2", RT_RECORD="1") as server, server.connect() as client:
            self.assertEqual(echo(client, b"ping"), b"ping")
            # They are listed in the order in which they began, and on a busy machine either may be the first.
            server.ask("worker 1: ")
            server.ask("worker 2: ")

    def test_without_a_record_it_says_how(self):
        with Server(RT_RECORD="0") as server:
            self.assertIn("start the program with RT_RECORD=1", server.ask("RT_RECORD"))
        if not IS_DEBUG:
            with Server() as server:
                self.assertIn("start the program with RT_RECORD=1", server.ask("RT_RECORD"))

    def test_a_trace_is_whole_at_any_moment(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "trace.json")
            with Server(RT_TRACE=str(path)) as server, socket.create_connection(server.address) as client:
                client.settimeout(PATIENCE)
                self.assertEqual(echo(client, b"ping"), b"ping")
                server.process.kill()
                server.process.wait()
            events = json.loads(path.read_text(encoding="utf-8"))
            self.assertEqual(complaints(events, has_ended=False), [])
            self.assertTrue(any(event["ph"] == "B" for event in events))

    def test_a_trace_that_cannot_be_written_is_said(self):
        run = program.run("demo", "--clients", "1", timeout=4 * PATIENCE, env={**os.environ, "RT_TRACE": "/nowhere/trace.json"})
        self.assertEqual(run.returncode, 0)
        self.assertIn("rt: no trace is written: /nowhere/trace.json: No such file or directory", run.stderr)

    def test_a_trace_for_which_there_is_no_room_is_said_once(self):
        run = program.run("demo", "--clients", "1", timeout=4 * PATIENCE, env={**os.environ, "RT_TRACE": "/dev/full"})
        self.assertEqual(run.returncode, 0)
        self.assertEqual(run.stderr.count("rt: the trace ends here, and the program goes on: No space left on device\n"), 1)


class Output(unittest.TestCase):
    def run_with(self, *arguments, **streams):
        """(the program's status, what it said on stderr)"""
        done = subprocess.run([program.PROGRAM, *arguments], stderr=streams.pop("stderr", subprocess.PIPE), text=True,
                              timeout=PATIENCE, **streams)
        return done.returncode, done.stderr

    def test_output_that_is_lost_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.assertEqual(self.run_with("--help", stdout=full), (1, "output was lost: No space left on device\n"))
            self.assertEqual(self.run_with("demo", "--clients", "1", stdout=full),
                             (1, "output was lost: No space left on device\n"))

    def test_a_reader_that_has_gone_is_an_error(self):
        theirs, ours = os.pipe()
        os.close(theirs)
        with os.fdopen(ours, "w") as gone:
            self.assertEqual(self.run_with("--help", stdout=gone), (1, "output was lost: Broken pipe\n"))

    def test_an_error_that_cannot_be_printed_has_its_status(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.assertEqual(self.run_with("bake", stderr=full), (2, None))
            self.assertEqual(self.run_with("demo", "--addr", "127.0.0.1:1", stderr=full), (1, None))


class StandardDescriptors(unittest.TestCase):
    def test_closed_ones_are_no_sockets(self):
        command = 'exec "$0" serve --addr 127.0.0.1:0 <&- >&- 2>&-'
        with subprocess.Popen(["bash", "-c", command, program.PROGRAM]) as server:
            folder, deadline, links = Path("/proc", str(server.pid), "fd"), time.monotonic() + PATIENCE, {}
            while not any(link.startswith("socket:") for link in links.values()) and time.monotonic() < deadline:
                with contextlib.suppress(FileNotFoundError):
                    links = {entry.name: os.readlink(entry) for entry in folder.iterdir()}
            server.kill()
        self.assertEqual([links.get(number) for number in "012"], ["/dev/null"] * 3, links)


if __name__ == "__main__":
    unittest.main()
