"""What holds for every file of the course: headers, tests, pages, and what editors and containers read."""
import re
import shutil
import subprocess
import unittest

import headers
import instructions
import names
import pages
from sources import ROOT, tracked_files
from tree import CourseTest

import needs

# Tokio's spelling, a terminal, and halves of words that tests split.
NO_MISTAKES = ["caf", "cancelled", "iterm", "fo", "hel", "ist", "nd", "nin", "ot", "ue"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


class Headers(CourseTest):
    def test_every_header_compiles_alone(self):
        self.assert_clean(headers.each_compiles_alone())

    def test_every_header_has_one_home(self):
        self.assert_clean(headers.each_has_one_home())

    def test_includes_go_backwards(self):
        self.assert_clean(headers.includes_go_backwards())

    def test_programs_and_tests_look_back(self):
        self.assert_clean(headers.programs_and_tests_look_back())

    def test_the_map_shows_what_includes_what(self):
        self.assert_clean(headers.map_is_true())

    def test_no_file_is_too_long(self):
        self.assert_clean(headers.none_is_too_long())

    def test_threads_only_in_sync(self):
        self.assert_clean(headers.threads_only_in_sync())

    def test_system_calls_only_in_sys(self):
        self.assert_clean(headers.system_only_in_sys())


class Names(CourseTest):
    def test_suites_and_cases_are_well_named(self):
        self.assert_clean(names.suites_and_cases())

    def test_no_test_sleeps(self):
        self.assert_clean(names.no_sleeps())

    def test_every_folder_is_a_lesson(self):
        self.assert_clean(names.folders_are_lessons())

    def test_there_are_twenty_lessons(self):
        self.assertEqual([name[:2] for name in names.registered_lessons()], [f"{n:02d}" for n in range(1, 21)])


class Pages(CourseTest):
    def test_quoted_code_is_the_code(self):
        self.assert_clean(pages.quotes())

    def test_links_lead_somewhere(self):
        self.assert_clean(pages.links())

    def test_cited_mistakes_say_that(self):
        self.assert_clean(pages.cited_mistakes())

    def test_a_page_cites_what_is_there(self):
        entry = "### no-wake\n\nStep 07.1. Why.\n\n> it wakes once\n"
        cited = "[`no-wake`](../tests/07-yield-now/mistakes.md#no-wake):\n  \"it wakes {}\"\n"
        for count, wrong in (("once", 0), ("twice", 1)):
            root = self.tree(**{"book/page.md": cited.format(count), "tests/07-yield-now/mistakes.md": f"## Mistakes\n\n{entry}"})
            self.assertEqual(len(pages.cited_mistakes(root)), wrong)

    def test_glossary_names_the_right_pages(self):
        self.assert_clean(pages.glossary())
        root = self.tree(**{"book/glossary.md": "| starve | to wait | [15](15.md) |\n| slot | a place | [15](15.md) |\n",
                            "book/15.md": "keep it from\nstarving\n"})
        self.assertEqual(pages.glossary(root), ["book/glossary.md: 'slot' does not occur in 15.md"])

    def test_names_beside_those_of_rust_are_there(self):
        self.assert_clean(pages.our_names())
        root = self.tree(**{"book/rust-for-cpp.md": "| x | `rt::sleep` | | 14 |\n| x | `rt::nap` | | 14 |\n",
                            "solutions/14-sleep/rt/sleep.hpp": "inline Sleep sleep(Instant);\n"})
        self.assertEqual(pages.our_names(root), ["book/rust-for-cpp.md: lesson 14 has no rt::nap"])

    def test_no_path_of_a_machine(self):
        self.assert_clean(pages.no_machine_paths())

    def test_readme_maps_all_lessons(self):
        self.assert_clean(pages.course_map())

    def test_readme_shows_the_finished_server(self):
        self.assertIn("<!-- from: solutions/20-echo-server/main.cpp -->", text_of("README.md"))

    def test_the_page_for_assistants_is_short(self):
        self.assertLessEqual(len(text_of("AGENTS.md").splitlines()), 60)

    def test_commands_can_be_typed(self):
        for page in ("README.md", "CONTRIBUTING.md", "AGENTS.md", "book/troubleshooting.md"):
            self.assertTrue(instructions.commands(text_of(page)), page)
            self.assert_clean(instructions.wrong_in(text_of(page)))


class Spelling(CourseTest):
    def test_words_are_spelled_as_americans_do(self):
        if not shutil.which("codespell"):
            self.skipTest("nothing to ask: codespell is not here")
        files = [path for path in tracked_files() if path.suffix != ".json"]
        run = subprocess.run(["codespell", "--builtin", "clear,en-GB_to_en-US", "-L", ",".join(NO_MISTAKES), *files], text=True,
                             capture_output=True)
        self.assert_clean(run.stdout.splitlines())


class Editor(CourseTest):
    def test_clangd_sees_every_solution_latest_first(self):
        shown = re.findall(r"^    - -I\.\./\.\./solutions/(\S+)$", text_of(".clangd"), re.M)
        self.assertEqual(shown, names.registered_lessons()[::-1])

    def test_the_container_has_what_verify_needs(self):
        installed = set(text_of(".devcontainer/Dockerfile").split())
        wanted = {package for need in needs.LEARNING + needs.VERIFYING for package in need.packages}
        self.assertEqual(sorted(wanted - installed), [])


if __name__ == "__main__":
    unittest.main()
