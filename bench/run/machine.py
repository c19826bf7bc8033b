"""Names the machine that was measured, what was installed there, and which commit it was: without them a figure says nothing."""
import os
import platform
import re
import time
from pathlib import Path

import machine as tools            # tools/learn
from needs import dotted
from process import output_of

from .programs import ROOT
from .rust import PACKAGES, REGISTRY

PROGRAMS = ("rustc", "valgrind", "strace")
WRITTEN = (":!bench/results", ":!bench/README.md")      # by the bench itself: no change of what it measures


def processor() -> str:
    text = Path("/proc/cpuinfo").read_text(errors="replace") if Path("/proc/cpuinfo").exists() else ""
    found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.M)
    return " ".join(found.group(1).split()) if found else platform.machine()


def asio_version() -> str:
    header = Path("/usr/include/asio/version.hpp")
    number = re.search(r"ASIO_VERSION (\d+)", header.read_text()) if header.exists() else None
    value = int(number.group(1)) if number else 0
    return f"{value // 100000}.{value // 100 % 1000}.{value % 100}" if value else ""


def crate_version(name: str) -> str:
    """Of Debian's crates, which are the ones that cargo builds with."""
    found = sorted(path.name for path in REGISTRY.glob(f"{name}-[0-9]*"))
    return found[-1].removeprefix(f"{name}-") if found else ""


def versions(compilers: tuple) -> dict:
    """Of all that takes part, as far as it is there."""
    here = tools.Machine()
    found = {os.path.basename(name): dotted(here.version(name)) for name in (*PROGRAMS, *compilers)}
    found |= {name: crate_version(name) for name in PACKAGES}
    found["asio"] = asio_version()
    return {name: version for name, version in sorted(found.items()) if version}


def describe(compilers: tuple = ("g++",)) -> dict:
    """Asked once a run, before anything is measured."""
    memory = re.search(r"^MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(memory.group(1)) / 1024 / 1024) if memory else 0,
        "kernel": platform.release(),
        "versions": versions(compilers),
        "day": time.strftime("%Y-%m-%d"),
        **commit(),
    }


def commit(root: Path = ROOT) -> dict:
    """Which it is, and whether anything that is measured differs from it; nothing where git knows nothing of the folder."""
    name = (output_of(["git", "-C", root, "rev-parse", "--short=10", "HEAD"]) or "").strip()
    changes = output_of(["git", "-C", root, "status", "--porcelain", "--", ".", *WRITTEN])
    return {"commit": name, "changed": bool((changes or "").strip())} if name else {}


def in_words(machine: dict) -> str:
    """All of it, without a stop."""
    changed = " and changes that are in no commit" if machine.get("changed") else ""
    return "; ".join(filter(None, [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, Linux {machine['kernel']}",
        ", ".join(f"{name} {version}" for name, version in machine["versions"].items()),
        ", ".join(filter(None, [machine.get("day"), machine.get("commit") and f"commit {machine['commit']}"])) + changed,
        f"load before: {machine['load']:.2f}" if "load" in machine else "",
        "a quick run" if machine.get("quick") else ""]))
