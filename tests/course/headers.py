"""What holds for the headers and programs of the lessons: each check takes a tree and gives its complaints."""
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import PROVIDED, ROOT, cpp_files, headers, lesson_folders, name_of

from cpp_text import without_literals

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.M)
LONGEST, LONGEST_HEADER = 399, 330    # lines
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


def homes(root: Path) -> dict:
    """Header name (rt/poll.hpp) to the folders that have one."""
    found: dict = {}
    for folder in lesson_folders(root):
        for header in headers(folder):
            found.setdefault(str(header.relative_to(folder)), []).append(folder)
    return found


def include_path(root: Path, folder: Path) -> list:
    """Lesson N's own view: itself, the lessons before it, and what is provided."""
    return [lesson for lesson in reversed(lesson_folders(root)) if lesson.name <= folder.name]


def asio_there() -> bool:
    return os.environ.get("PBP_HAS_ASIO", str(int(os.path.exists("/usr/include/asio.hpp")))) == "1"


def variants(text: str) -> list:
    """Flag sets to try: a header that cares whether Asio is there must do with and without it."""
    without, with_asio = ["-DPBP_HAS_ASIO=0"], ["-DPBP_HAS_ASIO=1", "-DASIO_STANDALONE", "-DASIO_NO_DEPRECATED"]
    if any(used.startswith("asio") for used in INCLUDE.findall(text)) and "PBP_HAS_ASIO" not in text:
        return [with_asio] if asio_there() else []
    if "PBP_HAS_ASIO" in text:
        return [without, with_asio] if asio_there() else [without]
    return [without]


def each_compiles_alone(root: Path = ROOT, compiler: str = "") -> list:
    """Every header, twice in a row (its guard), with nothing before it and no later lesson in sight."""
    compiler = compiler or os.environ.get("PBP_CXX", "g++")
    with tempfile.TemporaryDirectory() as scratch:
        def compile_one(job) -> str:
            number, folder, header, defines = job
            name = header.relative_to(folder)
            source = Path(scratch, f"{number}.cpp")
            source.write_text(f"#include <{name}>\n#include <{name}>\n")
            flags = [f"-I{place}" for place in include_path(root, folder)]
            extra = os.environ.get("PBP_CXX_FLAGS", "").split()
            run = subprocess.run([compiler, *FLAGS, *defines, *flags, *extra, str(source)], capture_output=True, text=True)
            return "" if run.returncode == 0 else f"{name_of(header, root)} does not compile alone:\n{run.stderr[:3000]}"

        jobs = [(folder, header, defines) for folder in lesson_folders(root) for header in headers(folder)
                for defines in variants(header.read_text(encoding="utf-8"))]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            results = pool.map(compile_one, [(number, *job) for number, job in enumerate(jobs)])
            return [result for result in results if result]


def each_has_one_home(root: Path = ROOT) -> list:
    return [f"{header} is in {' and in '.join(name_of(folder, root) for folder in folders)}: a header belongs to one lesson"
            for header, folders in homes(root).items() if len(folders) > 1]


def includes_go_backwards(root: Path = ROOT) -> list:
    """A header uses lessons up to its own; within a lesson no circle, which #pragma once would hide."""
    home = {header: folders[0] for header, folders in homes(root).items()}
    graph, wrong = {}, []
    for folder in lesson_folders(root):
        for header in headers(folder):
            name = str(header.relative_to(folder))
            graph[name] = []
            for used in INCLUDE.findall(header.read_text(encoding="utf-8")):
                if not used.startswith(("rt/", "observe/")):
                    continue
                if used not in home:
                    wrong.append(f"{name_of(header, root)} includes <{used}>, which no lesson has")
                elif home[used].name > folder.name:
                    wrong.append(f"{name_of(header, root)} includes <{used}> of the later lesson {home[used].name}")
                else:
                    graph[name].append(used)
    done: set = set()

    def visit(name: str, path: list) -> None:
        if name in path:
            wrong.append("includes go in a circle: " + " -> ".join([*path[path.index(name):], name]))
        elif name not in done:
            for used in graph.get(name, []):
                visit(used, [*path, name])
            done.add(name)

    for name in graph:
        visit(name, [])
    return wrong


def lesson_arrows(root: Path = ROOT) -> set:
    """(from, to): the lesson `from` includes a header of `to`, and of no lesson between them."""
    home = {header: folders[0].name[:2] for header, folders in homes(root).items()}
    uses = {folder.name[:2]: {home[used] for header in headers(folder)
                              for used in INCLUDE.findall(header.read_text(encoding="utf-8")) if used in home} - {folder.name[:2]}
            for folder in lesson_folders(root)}
    below: dict = {}
    for lesson in sorted(uses):
        below[lesson] = uses[lesson].union(*(below.get(used, set()) for used in uses[lesson]))
    return {(lesson, used) for lesson, direct in uses.items() for used in direct
            if not any(used in below[other] for other in direct)}


def map_is_true(root: Path = ROOT) -> list:
    """book/pictures/map.svg draws exactly these arrows."""
    drawn = set(re.findall(r'data-from="(\d\d)" data-to="(\d\d)"', (root / "book/pictures/map.svg").read_text(encoding="utf-8")))
    true = lesson_arrows(root)
    return [f"book/pictures/map.svg: the arrow {a} -> {b} is {'missing' if (a, b) in true else 'not true'}"
            for a, b in sorted(drawn ^ true)]


def programs_and_tests_look_back(root: Path = ROOT) -> list:
    """A program or a test of lesson N uses lessons up to N, also through the harness. Of these, the harness's own .cpp files
    use what is provided only. The tests of what is provided may use the finished runtime."""
    home = {header: folders[0].name for header, folders in homes(root).items()}
    known: dict = {}

    def reached(path: Path) -> dict:
        """Each lesson's header that it includes, and the include through which it does."""
        if path not in known:
            known[path] = {}
            for used in INCLUDE.findall(path.read_text(encoding="utf-8")) if path.is_file() else []:
                through = {used: ""} if used in home else reached(root / "tests" / used) if used.startswith("support/") else {}
                known[path].update({header: used for header in through})
        return known[path]

    wrong = []
    for path in cpp_files(root, "lessons", "solutions", "tests"):
        lesson = path.relative_to(root).parts[1]
        is_harness = lesson == "support" and path.suffix == ".cpp"
        if not is_harness and (not re.match(r"\d\d-", lesson) or lesson == PROVIDED and path.parts[-3] == "tests"):
            continue
        limit = PROVIDED if is_harness else lesson
        wrong += [f"{name_of(path, root)} includes <{through}>"
                  + (f", and through it <{header}>" if through != header else "") + f" of the later lesson {home[header]}"
                  for header, through in reached(path).items() if home[header] > limit]
    return wrong


def none_is_too_long(root: Path = ROOT) -> list:
    """Also of tests, scripts and CMake files: one concept, one file."""
    kinds = (".hpp", ".cpp", ".py", ".cmake", ".rs")
    files = [path for top in ("lessons", "solutions", "tests", "bench", "book", "tools", "cmake") for path in sorted((root / top).rglob("*"))
             if path.suffix in kinds]
    wrong = []
    for path in files:
        lines = path.read_text(encoding="utf-8").count("\n")
        most = LONGEST_HEADER if path.suffix == ".hpp" and "solutions" in path.relative_to(root).parts else LONGEST
        if lines > most:
            wrong.append(f"{name_of(path, root)} has {lines} lines; it may have {most}")
    return wrong


THREAD_WORDS = re.compile(
    r"\bstd\s*::\s*(atomic\w*|(?:recursive_|shared_|timed_|recursive_timed_|shared_timed_)?mutex|condition_variable(?:_any)?"
    r"|j?thread|this_thread|(?:counting|binary)_semaphore|latch|barrier|lock_guard|unique_lock|scoped_lock|shared_lock"
    r"|call_once|once_flag|async|promise|packaged_task|future)\b(?!\w)")
THREAD_HEADERS = {"atomic", "mutex", "shared_mutex", "condition_variable", "thread", "semaphore", "latch", "barrier",
                  "future", "stop_token"}
SYSTEM_HEADER = re.compile(r"^(sys|netinet|arpa|linux|asm|net)/|^(unistd|fcntl|netdb|poll|signal|sched|dirent|termios|"
                           r"pthread|spawn|ifaddrs|time|errno)\.h$")
SYSTEM_CALL = re.compile(
    r"(?<![\w>])::\s*(read|write|close|socket|bind|listen|accept|connect|send|recv|shutdown|pipe|poll|select|fork|kill|"
    r"open|dup|signal|time|getpid)\s*\("
    r"|(?<![\w.:>])(epoll_\w+|eventfd|timerfd_\w+|signalfd|getaddrinfo|freeaddrinfo|sigaction|pthread_\w+|mmap|munmap|"
    r"madvise|[gs]etrlimit|getrusage|fcntl|ioctl|accept4|[gs]etsockopt|getsockname|getpeername|recvfrom|sendto|readv|"
    r"writev|pipe2|dup2|dup3|sched_\w+|clock_gettime|usleep|nanosleep|sysconf)\s*\(")


def outside(root: Path, keeper: str):
    """Lesson sources but the one header that may (keeper: its pattern), with comments and literals blanked."""
    for path in cpp_files(root, "lessons", "solutions", "book"):
        if not re.fullmatch(rf"solutions/{PROVIDED}/{keeper}", path.relative_to(root).as_posix()):
            text = path.read_text(encoding="utf-8")
            yield path, text, without_literals(text)


def places(path: Path, root: Path, pattern, text: str) -> list:
    return [(f"{name_of(path, root)}:{text.count(chr(10), 0, match.start()) + 1}", match.group(0)) for match in
            pattern.finditer(text)]


MEETINGS = re.compile(r"(std\s*::\s*)?(latch|barrier)$")


def threads_only_in_sync(root: Path = ROOT) -> list:
    """A program may let its threads meet; a header may not even that."""
    wrong = []
    for path, text, code in outside(root, r"rt/sync\.hpp"):
        wrong += [f"{name_of(path, root)} includes <{used}>: only rt/sync.hpp may" for used in INCLUDE.findall(text)
                  if used in THREAD_HEADERS and not (path.suffix == ".cpp" and MEETINGS.match(used))]
        wrong += [f"{place}: {what}: say it through rt/sync.hpp" for place, what in places(path, root, THREAD_WORDS, code)
                  if not (path.suffix == ".cpp" and MEETINGS.match(what))]
    return wrong


def system_only_in_sys(root: Path = ROOT) -> list:
    wrong = []
    for path, text, code in outside(root, r"(rt|observe)/sys(_[a-z]+)?\.hpp"):
        wrong += [f"{name_of(path, root)} includes <{used}>: only rt/sys.hpp and rt/sys_….hpp may" for used in INCLUDE.findall(text)
                  if SYSTEM_HEADER.match(used)]
        wrong += [f"{place}: {what.rstrip('(').strip()}: call it through rt/sys.hpp"
                  for place, what in places(path, root, SYSTEM_CALL, code)]
    return wrong
