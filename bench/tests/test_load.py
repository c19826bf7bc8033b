"""The load generator notices what a server does wrong, and measures what it says it measures.

    cmake --build build/bench --target load && python3 bench/tests/test_load.py
"""
# needs: the bench's build
import json
import os
import random
import signal
import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import misbehaving as servers    # noqa: E402

BUILD = Path(os.environ.get("PBP_BENCH_BUILD") or Path(__file__).resolve().parents[2] / "build" / "bench")
LOAD = BUILD / "bin" / "load" / "load"
PATIENCE = 60


def load(*words, text: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([str(LOAD), *map(str, words)], input=text, capture_output=True, text=True, timeout=PATIENCE)


def against(port: int, *words) -> dict:
    """The JSON of a run; its exit status stands in it as well."""
    done = load(*words, "--server", f"127.0.0.1:{port}")
    if not done.stdout:
        raise AssertionError(f"status {done.returncode}: {done.stderr}")
    return {**json.loads(done.stdout), "status": done.returncode, "stderr": done.stderr}


@unittest.skipUnless(LOAD.exists(), "the load generator is not built: cmake --build build/bench --target load")
class LoadTest(unittest.TestCase):
    pass


class Faults(LoadTest):
    def faults(self, handle, *words) -> dict:
        with servers.Server(handle) as server:
            found = against(server.port, "--connections", 1, "--requests", 10, "--timeout", 0.5, *words)
        self.assertEqual(found["status"], 1 if found["errors"] else 0)
        return {kind: count for kind, count in found.get("faults", {}).items() if count}

    def test_none_with_a_good_server(self):
        self.assertEqual(self.faults(servers.echo), {})
        self.assertEqual(self.faults(servers.echo, "--depth", 4), {})

    def test_a_wrong_bit(self):
        self.assertEqual(self.faults(servers.after_greeting(servers.flipped)), {"corrupt": 1})

    def test_a_lost_byte(self):
        self.assertEqual(self.faults(servers.after_greeting(servers.one_byte_lost)), {"corrupt": 1})

    def test_a_lost_message(self):
        self.assertEqual(self.faults(servers.after_greeting(servers.message_lost)), {"missing": 1})
        self.assertEqual(self.faults(servers.after_greeting(servers.message_lost), "--depth", 4), {"corrupt": 1})

    def test_how_long_it_waited_is_said_as_a_person_would(self):
        with servers.Server(servers.after_greeting(servers.message_lost)) as server:
            found = against(server.port, "--connections", 1, "--requests", 10, "--timeout", 0.5)
        self.assertIn(" 0.5 s", found["stderr"])

    def test_an_answer_given_twice(self):
        self.assertEqual(self.faults(servers.after_greeting(servers.answered_twice)), {"extra": 1})

    def test_the_last_answer_given_twice(self):
        self.assertEqual(self.faults(servers.after_greeting(servers.answered_twice), "--requests", 2), {"extra": 1})

    def test_closed_early(self):
        self.assertEqual(self.faults(servers.after_greeting(servers.closed_early)), {"early_close": 1})
        self.assertEqual(self.faults(servers.after_greeting(servers.closed_in_the_middle)), {"early_close": 1})

    def test_never_closed(self):
        over = threading.Event()
        try:
            with servers.Server(servers.never_closed(over)) as server:
                found = against(server.port, "--connections", 3, "--requests", 10, "--timeout", 0.5)
                over.set()
        finally:
            over.set()
        self.assertEqual((found["faults"]["unclosed"], found["errors"]), (3, 3))

    def test_one_bad_connection_of_several(self):
        """The others go on, and the fault says in words what was wrong."""
        bad = servers.after_greeting(servers.flipped)
        with servers.Server(lambda client, number: (bad if number == 2 else servers.echo)(client, number)) as server:
            found = against(server.port, "--connections", 4, "--seconds", 0.2, "--warmup", 0)
        self.assertEqual(found["faults"]["corrupt"], 1)
        self.assertIn("connection 2: byte 136 came back wrong", found["stderr"])
        self.assertGreater(found["requests"], 10)

    def test_nobody_there(self):
        with servers.Server(servers.echo) as server:
            port = server.port
        done = load("--server", f"127.0.0.1:{port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("connect", done.stderr)

    def test_in_the_other_modes(self):
        found = []
        for mode in ("accept", "slow-reader"):
            with servers.Server(servers.after_greeting(servers.flipped)) as server:
                words = ["--size", 160, "--connections", 1] if mode == "accept" else ["--slow", 1, "--connections", 1]
                done = against(server.port, mode, "--seconds", 0.2, "--warmup", 0.1, "--timeout", 1, *words)
                found.append(done["faults"]["corrupt"])
        self.assertEqual(found[0], 1)
        self.assertEqual(found[1], 2)


class Counts(LoadTest):
    def test_as_many_requests_as_were_ordered(self):
        with servers.Server(servers.echo) as server:
            for words in ([], ["--depth", 7], ["--threads", 3], ["--size", 5000, "--depth", 3]):
                found = against(server.port, "--connections", 5, "--requests", 1001, *words)
                self.assertEqual((found["requests"], found["errors"]), (1001, 0), words)

    def test_by_the_clock(self):
        with servers.Server(servers.echo) as server:
            found = against(server.port, "--connections", 2, "--rate", 500, "--seconds", 0.5, "--warmup", 0.1)
        self.assertAlmostEqual(found["requests"], 250, delta=60)
        self.assertEqual(found["errors"], 0)

    def test_groups(self):
        with servers.Server(servers.echo) as server:
            found = against(server.port, "mixed", "--group", "2x64x1", "--group", "1x20000x3", "--seconds", 0.2)
        self.assertEqual([(g["connections"], g["size"], g["depth"]) for g in found["groups"]], [(2, 64, 1), (1, 20000, 3)])
        self.assertEqual(found["requests"], sum(g["requests"] for g in found["groups"]))
        self.assertTrue(all(g["requests"] > 0 for g in found["groups"]))

    def test_slow_readers_are_slow(self):
        with servers.Server(servers.echo) as server:
            found = against(server.port, "slow-reader", "--connections", 2, "--slow", 2, "--slow-rate", 50_000,
                            "--seconds", 0.5)
        fast, slow = found["groups"]
        self.assertLess(slow["bytes_per_second"], 150_000)
        self.assertGreater(slow["bytes_per_second"], 20_000)
        self.assertGreater(fast["requests"], 50)
        self.assertEqual(found["errors"], 0)

    def test_accepts(self):
        with servers.Server(servers.echo) as server:
            for close in ("fin", "reset"):
                found = against(server.port, "accept", "--requests", 40, "--connections", 4, "--close", close)
                self.assertEqual((found["accepts"], found["errors"]), (40, 0), close)


class Latency(LoadTest):
    def test_a_delay_that_the_server_measured(self):
        late = servers.Delayed(0.02)
        with servers.Server(late.handle) as server:
            found = against(server.port, "--connections", 1, "--requests", 10)["latency_us"]
        self.assertGreaterEqual(found["p50"], 20_000)
        self.assertGreaterEqual(found["max"], late.longest * 1e6 * 0.99)
        self.assertLess(found["p50"], late.longest * 1e6 + 200_000)

    def test_depth_waits_in_line(self):
        """Four messages are in flight and each takes 10 ms: whoever is last in line waits for 40."""
        late = servers.Delayed(0.01)
        with servers.Server(late.handle) as server:
            found = against(server.port, "--connections", 1, "--depth", 4, "--requests", 20)["latency_us"]
        self.assertGreaterEqual(found["p50"], 39_000)

    def test_one_stall_is_seen_by_all_it_delays(self):
        """By the clock, 200 messages a second: a stall of 0.3 s delays some 60 of them, 0.3 s to nothing, not one."""
        late = servers.Delayed(0.3, only=20)
        with servers.Server(late.handle) as server:
            found = against(server.port, "--connections", 1, "--depth", 1, "--rate", 200, "--seconds", 0.6, "--warmup", 0)
        self.assertGreaterEqual(found["latency_us"]["max"], 290_000)
        self.assertGreaterEqual(found["latency_us"]["p99"], 200_000)
        self.assertGreaterEqual(found["latency_us"]["mean"], 30_000)     # a closed loop would say 3,000

    def test_what_is_never_answered_counts_at_its_age(self):
        until = threading.Event()

        def silent(client, _):
            client.sendall(servers.read(client, 32))
            until.wait()

        with servers.Server(silent) as server:
            try:
                found = against(server.port, "--connections", 1, "--rate", 100, "--seconds", 0.4, "--warmup", 0,
                                "--timeout", 1)
            finally:
                until.set()
        self.assertEqual(found["requests"], 0)
        self.assertAlmostEqual(found["unanswered"], 40, delta=15)
        self.assertGreaterEqual(found["latency_us"]["max"], 350_000)

    def percentiles(self, numbers) -> dict:
        return json.loads(load("percentiles", text=" ".join(map(str, numbers))).stdout)

    def test_percentiles(self):
        for numbers in (range(1, 101), range(1, 100_001), [7] * 1000, [3] * 998 + [1_000_000] * 2,
                        [random.Random(1).randrange(10 ** 10) for _ in range(20_000)]):
            with self.subTest(len=len(numbers)):
                found, ordered = self.percentiles(numbers), sorted(numbers)
                self.assertEqual((found["count"], found["min"], found["max"]), (len(ordered), ordered[0], ordered[-1]))
                for name, percent in (("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("p100", 100)):
                    exact = ordered[max(0, -(-len(ordered) * int(percent * 10) // 1000) - 1)]
                    self.assertGreaterEqual(found[name], exact, name)
                    self.assertLessEqual(found[name], exact * (1 + 1 / 128) + 1, name)

    def test_no_numbers(self):
        self.assertEqual(self.percentiles([])["p99"], 0)

    def test_more_than_fits(self):
        self.assertEqual(self.percentiles([1 << 60])["max"], (1 << 40) - 1)


class Resources(LoadTest):
    def test_cpu(self):
        """The two CPUs add up to no more than there is; the server's is what the server itself says it used."""
        with servers.Server(servers.echo) as server:
            found = against(server.port, "--connections", 4, "--seconds", 0.5, "--server-pid", os.getpid())
        cores = os.cpu_count() or 1
        for side in ("load", "server"):
            self.assertGreater(found[side]["cpu_s"], 0.005, side)
            self.assertLessEqual(found[side]["cpu_s"], found["seconds"] * cores * 1.1, side)
            self.assertAlmostEqual(found[side]["user_s"] + found[side]["system_s"], found[side]["cpu_s"], delta=0.05)
        self.assertGreater(found["server"]["voluntary_switches"], 10)
        self.assertFalse(found["load_saturated"])

    def test_a_server_that_sleeps_uses_nothing(self):
        late = servers.Delayed(0.1)
        with servers.Server(late.handle) as server:
            found = against(server.port, "--connections", 1, "--seconds", 0.5, "--server-pid", os.getpid())
        self.assertLess(found["server"]["cpu_s"], 0.1)
        self.assertLess(found["load"]["cpu_s"], 0.1)

    def idle(self, size: int) -> dict:
        server = subprocess.Popen([sys.executable, "-c", servers.Hoarder.PROGRAM, str(size)], stdout=subprocess.PIPE, text=True)
        try:
            port = int(server.stdout.readline())
            return against(port, "idle", "--connections", 400, "--server-pid", server.pid)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def test_idle_memory(self):
        """40,000 bytes more to a connection are 40,000 bytes more in the figure."""
        small, large = self.idle(0), self.idle(40_000)
        self.assertEqual((small["errors"], large["errors"]), (0, 0))
        more = large["bytes_per_connection"] - small["bytes_per_connection"]
        self.assertAlmostEqual(more, 40_000, delta=1500)

    def test_idle_needs_the_process(self):
        with servers.Server(servers.echo) as server:
            done = load("idle", "--server", f"127.0.0.1:{server.port}")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))

    def test_a_process_that_is_not_there(self):
        with servers.Server(servers.echo) as server:
            done = load("--server", f"127.0.0.1:{server.port}", "--server-pid", (1 << 22) + 1)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not there", done.stderr)


class Manners(LoadTest):
    def test_bad_options(self):
        for words in (["--size", 0], ["--depth", "x"], ["frobnicate"], ["--foo", 1], ["--seconds"], [], ["--close", "maybe"],
                      ["--server", "1.2.3.4:80"], ["--server", "127.0.0.1"], ["--server", "127.0.0.1:99999"],
                      ["mixed", "--server", "127.0.0.1:1"], ["mixed", "--group", "3x4", "--server", "127.0.0.1:1"],
                      ["--group", "1x1x1", "--server", "127.0.0.1:1"], ["--threads", 9, "--connections", 2,
                       "--server", "127.0.0.1:1"], ["--rate", 5, "--requests", 5, "--server", "127.0.0.1:1"],
                      ["--size", 262144, "--depth", 4096, "--server", "127.0.0.1:1"]):
            done = load(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertEqual(done.stderr.count("\n"), 1, words)
            self.assertTrue(done.stderr.endswith(".\n"), done.stderr)

    def test_help(self):
        done = load("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 110)

    def test_interrupted(self):
        greeted = threading.Event()

        def handle(client, number):
            client.sendall(servers.read(client, 32))
            greeted.set()
            servers.echo(client)

        for mode in ("echo", "accept"):
            greeted.clear()
            with servers.Server(handle) as server:
                command = [str(LOAD), mode, "--server", f"127.0.0.1:{server.port}", "--seconds", "50", "--connections", "1"]
                child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.assertTrue(greeted.wait(PATIENCE))
                child.send_signal(signal.SIGINT)
                out, err = child.communicate(timeout=PATIENCE)
            self.assertEqual((child.returncode, out, err.count("\n")), (130, "", 1), mode)


if __name__ == "__main__":
    unittest.main()
