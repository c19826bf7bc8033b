"""What editors and containers read agrees with the course: clangd's folders, the container's packages, the tasks' commands."""
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from names import registered_lessons
from sources import ROOT, tracked_files
from tree import CourseTest

sys.path.insert(0, str(ROOT / "tools/learn"))
import needs  # noqa: E402


def commented_json(name: str):
    return json.loads(re.sub(r"(?m)^\s*//.*$", "", (ROOT / name).read_text(encoding="utf-8")))


class TheEditor(CourseTest):
    def test_clangd_sees_every_solution_latest_first(self):
        shown = re.findall(r"^    - -I\.\./\.\./solutions/(\S+)$", (ROOT / ".clangd").read_text(encoding="utf-8"), re.M)
        self.assertEqual(shown, registered_lessons()[::-1])

    def test_the_container_has_what_verify_needs(self):
        installed = set((ROOT / ".devcontainer/Dockerfile").read_text(encoding="utf-8").split())
        wanted = {package for need in needs.LEARNING + needs.VERIFYING for package in need.packages}
        self.assertEqual(sorted(wanted - installed), [])

    def test_the_container_is_made_of_that_file(self):
        self.assertEqual(commented_json(".devcontainer/devcontainer.json")["build"], {"dockerfile": "Dockerfile"})

    def test_the_tasks_use_the_front_door(self):
        for task in commented_json(".vscode/tasks.json")["tasks"]:
            self.assertRegex(task["command"], r"^(\./learn( (test|run) \$\(expr .*\)| hint)?|cmake --preset learn)$")

    def test_the_tasks_know_the_lesson_of_the_open_file(self):
        commands = [task["command"] for task in commented_json(".vscode/tasks.json")["tasks"] if "expr" in task["command"]]
        self.assertEqual(len(commands), 2)
        for folder, lesson in (("mine/02-waker/rt", "02"), ("tests/20-echo-server", "20"), ("book", "current"), ("", "current"),
                               ("solutions/00-provided/rt", "current")):
            for command in commands:
                said = subprocess.run(["sh", "-c", command.replace("./learn", "echo").replace("${relativeFileDirname}", folder)],
                                      capture_output=True, text=True)
                self.assertEqual(said.stdout.split()[1:], [lesson], folder)

    def test_errors_are_found_without_an_extension(self):
        test = next(task for task in commented_json(".vscode/tasks.json")["tasks"] if task["label"] == "learn: test this lesson")
        compiler, learn = (re.compile(matcher["pattern"]["regexp"]) for matcher in test["problemMatcher"])
        self.assertEqual(compiler.match("mine/01-poll/main.cpp:3:14: fatal error: no kettle").groups(),
                         ("mine/01-poll/main.cpp", "3", "14", "error", "no kettle"))
        self.assertEqual(compiler.match("a.hpp:1:2: warning: unused").group(4), "warning")
        self.assertEqual(learn.match("open  mine/01-poll/rt/poll.hpp:79").groups()[1:], ("mine/01-poll/rt/poll.hpp", "79"))

    def test_the_recommendations_can_be_read(self):
        self.assertIn("llvm-vs-code-extensions.vscode-clangd", commented_json(".vscode/extensions.json")["recommendations"])
        self.assertTrue(commented_json(".vscode/settings.json"))


class Clangd(CourseTest):
    """In a copy of the course whose learner is at 05."""

    def setUp(self):
        self.clangd = shutil.which("clangd-19") or shutil.which("clangd")
        if not self.clangd:
            self.skipTest("nothing to ask: clangd is not here")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve() / "course"
        for path in tracked_files():
            copy = self.root / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        shutil.copytree(self.root / "lessons/05-block-on", self.root / "mine/05-block-on")
        made = subprocess.run(["cmake", "--preset", "learn"], cwd=self.root, capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stderr)

    def complaints(self, name: str) -> list:
        """The errors that it shows in that file."""
        run = subprocess.run([self.clangd, f"--check={self.root / name}", "--check-lines=1-1"], cwd=self.root, capture_output=True,
                             text=True)
        self.assertIn("Compile command", run.stderr)
        return re.findall(r"(?m)^E\S*\] *(\[\w+\] .*)$", run.stderr)

    def test_it_finds_the_headers_of_the_lesson_that_is_edited(self):
        self.assertEqual(self.complaints("lessons/05-block-on/rt/block_on.hpp"), [])
        header, user = (self.root / "mine/05-block-on/rt" / name for name in ("park.hpp", "block_on.hpp"))
        header.write_text(header.read_text(encoding="utf-8") + "\nnamespace rt {\ninline constexpr int mine = 5;\n}\n")
        user.write_text(user.read_text(encoding="utf-8") + "\nstatic_assert(rt::mine == 5);\n")
        self.assertEqual(self.complaints("mine/05-block-on/rt/block_on.hpp"), [])
        user.write_text(user.read_text(encoding="utf-8").replace("== 5", "== 6"))
        self.assertRegex(" ".join(self.complaints("mine/05-block-on/rt/block_on.hpp")), "(?i)static.assert")
        (self.root / ".clangd").unlink()
        self.assertIn("file not found", " ".join(self.complaints("lessons/05-block-on/rt/block_on.hpp")))


if __name__ == "__main__":
    unittest.main()
