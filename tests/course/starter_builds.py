"""Each starter compiles untouched, its tests wait for their own holes and no other, and the code of its hints fits. Builds; see
starters.py and hints_fit.py."""
import unittest

import child_processes
import hints_fit
import starters
from tree import CourseTest


class Starter(CourseTest):
    def check(self) -> None:
        number = self._testMethodName[len("test_"):]
        (lesson,) = [folder.name for folder in starters.lessons() if folder.name.startswith(number)]
        self.assert_clean(starters.announces(lesson) + hints_fit.fit(lesson))

    def test_01(self):
        self.check()

    def test_02(self):
        self.check()

    def test_03(self):
        self.check()

    def test_04(self):
        self.check()

    def test_05(self):
        self.check()

    def test_06(self):
        self.check()

    def test_07(self):
        self.check()

    def test_08(self):
        self.check()


if __name__ == "__main__":
    child_processes.as_command(unittest.main)
