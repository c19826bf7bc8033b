"""A small tree for a check to be tried on: files by name, gone afterwards."""
import tempfile
import unittest
from pathlib import Path


class CourseTest(unittest.TestCase):
    def assert_clean(self, complaints: list) -> None:
        if complaints:
            self.fail("\n" + "\n".join(complaints))

    def assert_caught(self, complaints: list, words: str) -> None:
        """One complaint, with these words: a check that finds nothing, or too much, fails here."""
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn(words, complaints[0])

    def tree(self, **files: str) -> Path:
        """tree(**{"solutions/01-poll/rt/poll.hpp": "…"})"""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root
