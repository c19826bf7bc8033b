"""The page book/api.md: what a program calls, with the comments that stand above it in the headers.

    api.py             writes the page anew
    api.py --check     compares instead

The page has the headers of PARTS. Of each it has what is public and has a comment, `///` or `// Given:`, without the overloads that
have none. It relies on the form that clang-format gives.
"""
import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import child_processes
from sources import ROOT

PAGE = ROOT / "book/api.md"
PARTS = {
    "Polling": ["poll", "waker", "future", "then"],
    "Running one future": ["block_on", "async", "yield_now", "join", "select", "timeout"],
    "Tasks and runtimes": ["spawn", "task", "join_set", "current_thread", "multi_thread", "runtime", "flavor", "spawn_blocking"],
    "Time": ["sleep", "interval", "time", "clock"],
    "Network": ["tcp_listener", "tcp_stream", "io", "chunk", "split", "socket_addr", "resolve", "buf_reader", "copy", "next_client"],
    "Between tasks": ["notify", "mpsc", "oneshot", "broadcast"],
    "A server, and foreign event loops": ["signal", "serve", "hosted", "poll_loop", "asio_host"],
}
OPENING = """\
# What a program calls

These are the functions and classes of the finished runtime that a program uses, header by header. The sentences stand above
them in `solutions/`. Everything is in the namespace `rt`. What only the runtime itself uses is not here; [the map](map.md) shows
where it is. [Our names beside Rust's](rust-for-cpp.md#our-names-beside-theirs) help if you know Tokio.

<!-- written by tests/course/api.py -->
"""
SCOPE = re.compile(r"(?:template <.*> )?(?:enum class|class|struct) (?:\[\[.*?\]\] )?(\w+)[^;(]*\{$")
HIDDEN_SPACE = re.compile(r"namespace (detail|\w+_detail) \{")
# Operators, destructors, deduction guides, polls, advice for what doesn't compile, what the compiler calls, and definitions
# outside of their class.
SKIPPED = re.compile(r"\boperator\b|^friend|^static_assert|~\w+\(|= delete;|^(template <.*> )?\w+\(.*\) ->|\bpoll\w*\(Context|requires\(!"
                     r"|is_arithmetic_v|formatter<|\bawait_\w+|coroutine_traits|^template <> |^inline \S+ \w+::")
# Public for other headers only.
HIDDEN = {"Awaiter", "AsyncPromise", "AsyncPromiseOf", "AsyncResult", "ByRef", "copy_and_shutdown", "expect_future", "PendingType", "Queue",
          "ReadyFuture", "Recv", "ResolveCategory", "run_on_asio", "RunsFutures", "Send", "SharedPark", "tcp_socket", "ThenResult",
          "to_future", "to_send_future"}


@dataclass
class Entry:
    """A function or class, and what its comment says."""
    code: str
    says: str
    members: list = field(default_factory=list)


def paragraphs(comment: list) -> str:
    """Its lines, with those of one paragraph joined."""
    return "\n\n".join(" ".join(part.split("\n")) for part in "\n".join(comment).split("\n\n")).strip()


def capitalized(says: str) -> str:
    """Without the word Given."""
    says = says.removeprefix("Given: ")
    return says[:1].upper() + says[1:]


def opening(text: str) -> str:
    r"""The summary of the file: the paragraph after `\file`."""
    first = re.match(r"(?:(?:///.*\n)*?/// \\file\n)?((?:/// .*\n)+)", text)[1]
    says = capitalized(" ".join(line.removeprefix("///").strip() for line in first.splitlines()))
    inner = [name for name in re.findall(r"^namespace (?:rt::)?(\w+) \{", text, re.M) if name not in ("rt", "detail", "sys", "fmt")]
    return says + "".join(f" It is in the namespace `rt::{name}`." for name in inner[:1])


def signature(text: str) -> str:
    """A declaration without its body, its initializers, and attributes that are sentences."""
    text = re.sub(r"\[\[nodiscard\(.*?\)\]\] |\[\[nodiscard\]\] |\binline |\bconstexpr (?!auto )", "", text)
    if text.startswith("enum") and text.endswith("};"):
        return text[:-1]
    text = re.sub(r"^template <(.*?)> (?:requires (?:std::)?\w+<.*?> )?(?=class|struct)", r"template <\1> ", text)
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in "(<[") - (sign in ")]" or sign == ">" and text[at - 1] != "-")
        rest = text[at:]
        if depth == 0 and (sign in "{;" and at or re.match(r" : (?!public)|: \w+\(| = default", rest)) or rest.startswith((" : public", " final : ")):
            return text[:at].strip()
    return text.removesuffix("{").strip()


def entries(text: str) -> list:
    """What is public in a header."""
    lines = iter(text[text.index("\nnamespace rt"):].splitlines())
    found, comment = [], []
    scope, is_public = None, True           # the class that is being read, and whether its next member can be called
    for line in lines:
        bare, indent = line.strip(), len(line) - len(line.lstrip())
        hidden = HIDDEN_SPACE.match(line)
        if hidden:
            skip_to(lines, f"}}  // namespace {hidden[1]}")
        if hidden or not bare or bare.startswith(("namespace ", "#")):
            comment = []
            continue
        if bare.startswith("//"):
            comment.append(bare.lstrip("/").strip())
            continue
        if indent == 0 and bare == "};":
            scope, is_public = None, True
            continue
        if indent == 2 and bare.endswith(":"):
            is_public = bare == "public:"
            continue
        code, beside, remark = bare.partition("///< ")
        if beside:
            if scope and is_public:
                scope.members.append(Entry(re.sub(r"[;,] *$", "", code), capitalized(remark.removesuffix(".")) + "."))
            continue
        declared = [line]
        while not re.search(r"[;{}]( *//.*)?$", declared[-1]):
            declared.append(next(lines))
        whole = " ".join(part.strip() for part in declared)
        entry, comment = Entry(signature(whole), capitalized(paragraphs(comment))), []
        opened = SCOPE.match(whole) if indent == 0 else None
        is_hidden = bool(SKIPPED.search(whole) or HIDDEN & set(re.findall(r"\w+(?=\(| =|$)", entry.code)))
        if opened:
            scope, is_public = entry, not re.match(r"(template <.*> )?class ", whole)
            found += [] if is_hidden else [entry]
        elif entry.says and not is_hidden and is_public and indent == (4 if scope else 0):
            (scope.members if scope else found).append(entry)
        if whole.endswith("{") and not opened:
            skip_to(lines, " " * indent + "}")
    return [one for one in found if one.members or one.says and not one.says.startswith("See `")]


def skip_to(lines, end: str) -> None:
    """The rest of a body."""
    for line in lines:
        if line.startswith(end):
            return


def page() -> str:
    out = [OPENING]
    for part, names in PARTS.items():
        out.append(f"## {part}\n")
        for name in names:
            path = next(ROOT.glob(f"solutions/*/rt/{name}.hpp"))
            text = path.read_text(encoding="utf-8")
            out.append(f"### `<rt/{name}.hpp>`, lesson {path.parts[-3][:2]}\n\n{opening(text)}\n")
            found = entries(text)
            out += [listed(entry) for entry in found if not entry.members]
            for entry in filter(lambda one: one.members, found):
                out += ["", f"#### `{entry.code}`", "", entry.says, "", *map(listed, entry.members)]
            out.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out))


def listed(entry: Entry) -> str:
    return f"- `{entry.code}`: " + entry.says.replace("\n", "\n  ").replace("\n  \n", "\n\n")


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(description="what a program calls")
    parser.add_argument("--check", action="store_true", help="compare the page instead of writing it")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(page(), encoding="utf-8")
    return int(PAGE.read_text(encoding="utf-8") != page())


if __name__ == "__main__":
    child_processes.as_command(lambda: main(sys.argv[1:]))
