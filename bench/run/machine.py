"""Names the machine that was measured: without it a figure says nothing."""
import os
import platform
import re
from pathlib import Path

from process import output_of

COMMANDS = {"cmake": ["cmake", "--version"], "rustc": ["rustc", "--version"], "valgrind": ["valgrind", "--version"],
            "strace": ["strace", "--version"]}
LIBRARIES = {"libuv": ["pkg-config", "--modversion", "libuv"], "liburing": ["pkg-config", "--modversion", "liburing"],
             "benchmark": ["pkg-config", "--modversion", "benchmark"]}


def processor() -> str:
    text = Path("/proc/cpuinfo").read_text(errors="replace") if Path("/proc/cpuinfo").exists() else ""
    found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.M)
    return " ".join(found.group(1).split()) if found else platform.machine()


def first_version(command: list) -> str:
    """The first dotted number that a command prints; what is not there has none."""
    match = re.search(r"\d+(?:\.\d+)+", output_of(command) or "")
    return match.group(0) if match else ""


def asio_version() -> str:
    header = Path("/usr/include/asio/version.hpp")
    number = re.search(r"ASIO_VERSION (\d+)", header.read_text()) if header.exists() else None
    value = int(number.group(1)) if number else 0
    return f"{value // 100000}.{value // 100 % 1000}.{value % 100}" if value else ""


def describe(compiler: str = "g++") -> dict:
    """Asked once a run."""
    versions = {name: first_version(command) for name, command in {**COMMANDS, **LIBRARIES}.items()}
    versions["asio"] = asio_version()
    versions[os.path.basename(compiler)] = first_version([compiler, "--version"])
    memory = re.search(r"^MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(memory.group(1)) / 1024 / 1024) if memory else 0,
        "kernel": platform.release(),
        "versions": {name: version for name, version in sorted(versions.items()) if version},
    }


def load_average() -> float:
    return os.getloadavg()[0]


def in_words(machine: dict) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, Linux {machine['kernel']}; "
            f"{versions}")
