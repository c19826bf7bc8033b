"""Lesson 18's program with a client that reads nothing for a while. It takes too long for the learner's loop."""
import re
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
from program import Person, Server  # noqa: E402


class SlowReader(unittest.TestCase):
    def test_a_slow_reader_is_told_that_it_lagged_and_nobody_waits_for_it(self):
        count, text = 12_000, "x" * 2000  # more than the system's buffers hold
        with Server() as server, Person(server, "tea", receive_buffer=4096) as slow, Person(server) as ann:
            block = f"post tea {text}\n".encode() * 1000
            for _ in range(count // 1000):
                ann.socket.sendall(block)
            ann.say("post tea the end")
            ann.say("join milk")
            self.assertEqual(ann.hear(), "joined milk")  # so all of it was posted, though `slow` has read nothing

            received = missed = 0
            while (line := slow.hear()) != "message tea the end":
                if line == f"message tea {text}":
                    received += 1
                else:
                    lagged = re.fullmatch(r"lagged tea (\d+)", line)
                    self.assertTrue(lagged, line[:100])
                    missed += int(lagged[1])
            self.assertEqual(received + missed, count)
            self.assertGreater(missed, 0)


if __name__ == "__main__":
    unittest.main()
