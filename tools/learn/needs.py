"""What the course needs of a machine, and which Debian package brings it."""
from dataclasses import dataclass
from typing import Callable

import machine as limits
from machine import Machine


@dataclass(frozen=True)
class Need:
    title: str
    packages: tuple
    found: Callable[[Machine], str]  # what was found, "" where it is missing
    fetched: bool = False            # CMake can fetch it with git where the system has no package of it


def dotted(version: tuple) -> str:
    return ".".join(map(str, version))


def program(name: str, *others: str) -> Callable[[Machine], str]:
    return lambda machine: next((other for other in (name, *others) if machine.which(other)), "")


def compiler(pick: Callable[[Machine], str]) -> Callable[[Machine], str]:
    def found(machine: Machine) -> str:
        name = pick(machine)
        return f"{name} {dotted(machine.version(name))}" if name else ""
    return found


def cmake(machine: Machine) -> str:
    version = machine.version("cmake")
    return f"cmake {dotted(version)}" if version >= limits.OLDEST_CMAKE else ""


def clang_runtime(machine: Machine) -> str:
    return "found" if machine.has_clang_runtime(machine.clang(limits.VERIFIED_CLANG) or "") else ""


def library(name: str) -> Callable[[Machine], str]:
    return lambda machine: "found" if machine.has_package(name) else ""


def header(name: str) -> Callable[[Machine], str]:
    return lambda machine: "found" if machine.has_file(f"/usr/include/{name}", f"/usr/local/include/{name}") else ""


def crate(name: str) -> Callable[[Machine], str]:
    return lambda machine: "found" if machine.has_file(f"/usr/share/cargo/registry/{name}-[0-9]*") else ""


LEARNING = [
    Need(f"a C++20 compiler (g++ {limits.OLDEST_GCC} or newer)", ("g++",), compiler(lambda m: m.gcc() or m.clang())),
    Need(f"CMake {dotted(limits.OLDEST_CMAKE)} or newer", ("cmake",), cmake),
    Need("Ninja", ("ninja-build",), program("ninja", "ninja-build")),
    Need("the library fmt", ("libfmt-dev",), library("fmt"), fetched=True),
    Need("the library doctest", ("doctest-dev",), library("doctest"), fetched=True),
]

VERIFYING = [
    Need(f"g++ {limits.OLDEST_GCC} or newer", ("g++",), compiler(lambda m: m.gcc())),
    Need(f"clang++ {limits.VERIFIED_CLANG} or newer", ("clang-19",),
         compiler(lambda m: m.clang(limits.VERIFIED_CLANG))),
    Need("clang's sanitizers", ("libclang-rt-19-dev",), clang_runtime),
    Need("clang's symbolizer", ("llvm-19",), lambda m: m.symbolizer(m.clang(limits.VERIFIED_CLANG) or "")),
    Need("clang's linker", ("lld-19",), program("ld.lld-19", "ld.lld")),
    Need("standalone Asio", ("libasio-dev",), header("asio.hpp")),
    Need("git", ("git",), program("git")),
    Need("netcat", ("netcat-openbsd",), program("nc")),
    Need("socat", ("socat",), program("socat")),
    Need("curl", ("curl",), program("curl")),
    Need("codespell", ("codespell",), program("codespell")),
]

# Each is one peer or one instrument of ./learn bench, which goes on without.
BENCHING = [
    Need("Tokio", ("librust-tokio-dev",), crate("tokio")),
    Need("smol", ("librust-smol-dev",), crate("smol")),
    Need("cargo", ("cargo",), program("cargo")),
    Need("standalone Asio", ("libasio-dev",), header("asio.hpp")),
    Need("strace", ("strace",), program("strace")),
    Need("valgrind", ("valgrind",), program("valgrind")),
]


def missing(machine: Machine, needs: list) -> list:
    return [need for need in needs if not need.found(machine)]


def packages_of(needs: list) -> list:
    """Each once."""
    return list(dict.fromkeys(package for need in needs for package in need.packages))
