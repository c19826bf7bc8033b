"""What editors and containers read agrees with the course: clangd's folders, the container's packages, the tasks' commands."""
import json
import re
import sys
import unittest

from names import registered_lessons
from sources import ROOT
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

    def test_the_recommendations_can_be_read(self):
        self.assertIn("llvm-vs-code-extensions.vscode-clangd", commented_json(".vscode/extensions.json")["recommendations"])
        self.assertTrue(commented_json(".vscode/settings.json"))


if __name__ == "__main__":
    unittest.main()
