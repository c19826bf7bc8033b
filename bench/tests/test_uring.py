"""The experiment over io_uring: its own tests, where they are built and the kernel lets them.

    cmake --build build/bench --target uring && python3 bench/tests/test_uring.py
"""
# needs: the bench's build
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from echo_servers import BUILD  # noqa: E402

PROGRAM = BUILD / "bin" / "uring" / "uring-tests"


class Uring(unittest.TestCase):
    @unittest.skipUnless(PROGRAM.exists(), "not built: it needs liburing-dev")
    def test_streams_buffers_and_drops(self):
        run = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=90)
        if run.returncode == 77:
            self.skipTest(run.stdout.strip())
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertTrue(run.stdout.endswith("all good\n"), run.stdout)


if __name__ == "__main__":
    unittest.main()
