"""Lesson 12's program: lines from two pipes at once."""
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path


sys.path.append(str(Path(__file__).parents[1] / "support"))
import program_test as program  # noqa: E402


class TwoPipes(unittest.TestCase):
    def test_lines_come_whole_and_in_the_order_of_their_ends(self):
        done = program.run()
        self.assertEqual(
            done.stdout,
            "right: the right pipe was first to end a line\n"
            "left: the left pipe comes in two pieces\n"
            "left: one\n"
            "left: two\n"
            "left: thr\n"
            "left: the end\n"
            "right: three lines at once:\n"
            "right: a\n"
            "right: b\n"
            "right: the end\n")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)

    def test_output_that_is_lost_ends_it(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([program.PROGRAM], stdout=full, stderr=subprocess.PIPE, text=True, timeout=program.PATIENCE)
        self.assertRegex(done.stderr, r"\Aoutput was lost: [^\n]+\n\Z")
        self.assertEqual(done.returncode, 1)

    def test_one_argument_gets_one_sentence(self):
        done = program.run("here")
        self.assertEqual(done.stderr, "Name two files to read from, such as FIFOs, or none.\n")
        self.assertEqual((done.stdout, done.returncode), ("", 2))

    def test_a_missing_file_gets_one_sentence(self):
        done = program.run("/nowhere/left", "/nowhere/right")
        self.assertEqual(done.stderr, "/nowhere/left: No such file or directory\n")
        self.assertEqual((done.stdout, done.returncode), ("", 1))

    def test_regular_files_need_no_epoll(self):
        with tempfile.TemporaryDirectory() as folder:
            names = [os.path.join(folder, name) for name in ("left", "right")]
            for name in names:
                with open(name, "w", encoding="utf-8") as file:
                    file.write("a\nb")
            done = program.run(*names)
            self.assertEqual(done.stdout, "".join(f"{n}: a\n{n}: b\n{n}: the end\n" for n in names))
            self.assertEqual((done.stderr, done.returncode), ("", 0))


class Fifos(unittest.TestCase):
    """The program reads two FIFOs that this test writes to, line by line."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.names = [os.path.join(folder.name, name) for name in ("left", "right")]
        self.writers = []
        for name in self.names:
            os.mkfifo(name)
            # For reading too, so that the FIFO has a writer before the program opens it, and we do not wait.
            self.writers.append(os.fdopen(os.open(name, os.O_RDWR), "wb", buffering=0))
        self.program = subprocess.Popen([program.PROGRAM, *self.names], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.program.wait)
        self.addCleanup(self.program.kill)

    def expect(self, line):
        self.assertEqual(self.program.stdout.readline(), line)

    def test_each_line_is_printed_when_it_comes(self):
        left, right = self.writers
        for number in range(20):
            writer, name = ((left, self.names[0]), (right, self.names[1]))[number % 2]
            writer.write(f"line {number}\n".encode())
            self.expect(f"{name}: line {number}\n")
        left.close()
        self.expect(f"{self.names[0]}: the end\n")
        right.write(b"alone\n")
        self.expect(f"{self.names[1]}: alone\n")
        right.close()
        self.expect(f"{self.names[1]}: the end\n")
        self.assertEqual(self.program.wait(30), 0)
        self.program.stdout.close()
        self.program.stderr.close()

    def test_no_line_commands_a_terminal(self):
        left, right = self.writers
        left.write(b"\x1b[2Jred\r\n")
        self.expect(f"{self.names[0]}: \\x1b[2Jred\\x0d\n")
        self.program.kill()
        self.program.communicate()
        left.close()
        right.close()

    def test_stopped_and_continued_it_goes_on(self):
        left, right = self.writers
        left.write(b"before\n")
        self.expect(f"{self.names[0]}: before\n")
        # SIGSTOP and SIGCONT make epoll_wait return EINTR.
        self.program.send_signal(signal.SIGSTOP)
        os.waitpid(self.program.pid, os.WUNTRACED)
        self.program.send_signal(signal.SIGCONT)
        right.write(b"after\n")
        self.expect(f"{self.names[1]}: after\n")
        left.close()
        right.close()
        self.assertEqual(self.program.wait(30), 0)
        self.program.stdout.close()
        self.program.stderr.close()


class SystemCalls(unittest.TestCase):
    def test_one_epoll_ctl_for_each_descriptor(self):
        _, calls = program.epoll_ctl_calls(self)
        self.assertEqual([call for call, _ in calls], ["EPOLL_CTL_ADD"] * 3, "the eventfd and two pipes, each once")
        self.assertEqual(len({fd for _, fd in calls}), 3)


if __name__ == "__main__":
    unittest.main()
