"""The files of the loop: what a build has seen of them, the learner's copies and progress, saves as they are seen, a report that was cut short."""
import errno
import os
import unittest
from pathlib import Path
from unittest import mock

import sources  # where tools/learn is found
from tree import CourseTest

import building
import cli
import contents
import mine
from console import Stop
from progress import Progress
from watch import Watch


class Copies(CourseTest):
    def setUp(self):
        self.root = self.tree(**{"lessons/01-poll/rt/poll.hpp": "poll", "lessons/01-poll/main.cpp": "main"})
        for name, value in (("MINE", self.root / "mine"), ("starter", lambda lesson: self.root / "lessons" / lesson)):
            patch = mock.patch.object(mine, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def test_a_copy_of_a_read_only_starter_is_writable(self):
        folders = [self.root / "lessons/01-poll/rt", self.root / "lessons/01-poll"]
        for folder in folders:
            folder.chmod(0o555)
            self.addCleanup(folder.chmod, 0o755)
        copy = mine.open_lesson("01-poll")
        self.assertEqual((copy / "rt/poll.hpp").read_text(), "poll")
        self.assertEqual([folder.stat().st_mode & 0o200 for folder in (copy, copy / "rt")], [0o200, 0o200])

    def test_a_full_disk_is_named(self):
        full = mock.Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
        with mock.patch.object(mine.shutil, "copyfile", full), self.assertRaises(Stop) as caught:
            mine.open_lesson("01-poll")
        self.assertTrue(str(caught.exception).endswith(
            "mine/01-poll could not be made: No space left on device. Make room on this disk, then save again."))
        self.assertFalse((self.root / "mine/01-poll").exists())
        mine.open_lesson("01-poll")

    def test_what_brings_lost_files_back_can_be_typed(self):
        copy = mine.open_lesson("01-poll")
        (copy / "rt/poll.hpp").unlink()
        (copy / "rt").rmdir()
        said = mine.gone_lines("01-poll", mine.missing_files("01-poll"))[1]
        self.assertTrue(said.endswith(f"mkdir -p {copy}/rt && cp {self.root}/lessons/01-poll/rt/poll.hpp {copy}/rt/"), said)
        (copy / "rt").mkdir()
        self.assertNotIn("mkdir", mine.gone_lines("01-poll", mine.missing_files("01-poll"))[1])


class OfProgress(CourseTest):
    def test_one_that_cannot_be_read_is_not_a_new_learners(self):
        path = self.tree(**{"mine/progress.txt/file": ""}) / "mine/progress.txt"      # a folder: of no use even to root
        with self.assertRaises(IsADirectoryError):
            Progress(path)
        self.assertEqual(Progress(path.parent / "none.txt").current, "")
        self.assertEqual(Progress(path / "file/none.txt").current, "")

    def test_a_complaint_ends_where_nothing_is_left_to_write(self):
        progress = Progress(self.tree() / "mine/progress.txt")
        progress.save()
        progress.mark("01-poll", "01.1", True)
        with mock.patch("os.replace", mock.Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))):
            progress.save()
        self.assertIn("No space left on device", progress.complaint)
        progress.mark("01-poll", "01.1", False)
        progress.save()
        self.assertEqual(progress.complaint, "")


class Saves(CourseTest):
    def test_an_empty_file_that_stays_delays_nothing(self):
        folder = self.tree(**{"empty.hpp": "", "poll.hpp": "one"})
        watch = Watch([folder])
        (folder / "poll.hpp").write_text("another")
        self.assertEqual([watch.changed(), watch.changed()], [False, True])
        (folder / "poll.hpp").write_text("")      # just truncated
        self.assertEqual([watch.changed() for _ in range(5)], [False] * 5)
        (folder / "poll.hpp").write_text("the third text")
        self.assertEqual([watch.changed(), watch.changed()], [False, True])


class Contents(CourseTest):
    """Ninja builds anew what is newer than what it made. So each of these must get a new time."""

    def is_new(self, change) -> bool:
        """Whether the file has a new time before the next build, if it is changed so after a build and looks old."""
        root = self.tree(**{"build/cache": "", "mine/05-block-on/rt/park.hpp": "one", "mine/.kept/old.hpp": "kept"})
        path = root / "mine/05-block-on/rt/park.hpp"
        with mock.patch.object(contents, "MINE", root / "mine"):
            contents.freshen(root / "build")
            change(path)
            if path.exists():
                os.utime(path, (1, 1))
            contents.freshen(root / "build")
            contents.freshen(root / "build")
        return path.exists() and path.stat().st_mtime > 1

    def test_what_is_another_text_is_built_whatever_its_time(self):
        self.assertTrue(self.is_new(lambda path: path.write_text("two")))
        self.assertFalse(self.is_new(lambda path: None), "nothing has changed")
        self.assertFalse(self.is_new(lambda path: path.unlink()))

    def test_a_file_that_was_away_for_a_build(self):
        def away(path: Path) -> None:
            path.rename(path.with_name("away"))
            contents.freshen(path.parents[3] / "build")
            path.with_name("away").rename(path)
        self.assertTrue(self.is_new(away))


class Remembered(CourseTest):
    def test_the_list_knows_what_a_test_has_found(self):
        progress = Progress(self.tree(**{"mine/progress.txt": "done 01-poll 01.2\n"}) / "mine/progress.txt")
        with mock.patch.object(cli, "Progress", lambda: progress), \
                mock.patch.object(cli, "copy_of", lambda lesson: progress.path.parent if lesson == "01-poll" else Path("none")):
            cli.remember(building.Outcome(2, [("01.2 b", ""), ("02.1 c", "")], names=["01.1 a", "01.2 a", "02.2 d", "01 program/It.x"]))
        self.assertEqual(progress.path.read_text().splitlines()[-1], "done 01-poll 01.1 program")


class Reports(CourseTest):
    def test_one_that_was_cut_short_counts_nothing(self):
        report = self.tree(**{"r.xml": '<testsuite><testcase name="a" status="run"/><testcase name="b'}) / "r.xml"
        self.assertEqual(building.read_report(report), building.Outcome())
        self.assertEqual(building.read_report(Path(f"{report}.none")), building.Outcome())


if __name__ == "__main__":
    unittest.main()
