"""What this machine has. Everything that is asked of the system is asked here, so that a test can answer instead."""
import os
import platform
import re
import resource
import shutil
import sys
from glob import glob
from pathlib import Path
from typing import Optional

from process import output_of

OLDEST_CMAKE = (3, 25)
OLDEST_GCC = 12
OLDEST_CLANG = 16
VERIFIED_CLANG = 19

GCC_NAMES = ["g++", "g++-16", "g++-15", "g++-14", "g++-13", "g++-12"]
CLANG_NAMES = ["clang++-19", "clang++", "clang++-22", "clang++-21", "clang++-20", "clang++-18", "clang++-17", "clang++-16"]


ASK, ALWAYS, NEVER = "ask", "always", "never"


class Machine:
    """The real one. Tests derive from it and answer for another."""

    def __init__(self, installs: str = ASK):
        self.installs = installs      # may what is missing be installed? --yes: ALWAYS, --no-install: NEVER

    # Programs
    def which(self, name: str) -> Optional[str]:
        return shutil.which(name)

    def version(self, name: str) -> tuple:
        """The first dotted number that `name --version` prints, () where there is none."""
        path = self.which(name)
        text = output_of([path, "--version"]) if path else None
        match = re.search(r"(\d+(?:\.\d+)+)", text.splitlines()[0]) if text else None
        if not match and text:
            match = re.search(r"(\d+(?:\.\d+)+)", text)
        return tuple(int(part) for part in match.group(1).split(".")) if match else ()

    def compiler(self, names: list, oldest: int) -> Optional[str]:
        return next((name for name in names if self.version(name)[:1] >= (oldest,)), None)

    def gcc(self) -> Optional[str]:
        return self.compiler(GCC_NAMES, OLDEST_GCC)

    def clang(self, oldest: int = OLDEST_CLANG) -> Optional[str]:
        return self.compiler(CLANG_NAMES, oldest)

    def symbolizer(self, clang: str) -> str:
        """What that clang's sanitizers name files and lines with; Debian's look nowhere but for their own version."""
        major = self.version(clang)[:1]
        names = [f"llvm-symbolizer-{major[0]}"] if major else []
        if major and not self.has_file(f"/usr/lib/llvm-{major[0]}/bin/clang*"):
            names.append("llvm-symbolizer")
        return next((name for name in names if self.which(name)), "")

    def has_clang_runtime(self, clang: str) -> bool:
        """Whether that clang brings its sanitizers: Debian packs them apart."""
        major = self.version(clang)[:1]
        return bool(major) and self.has_file(f"/usr/lib/llvm-{major[0]}/lib/clang/{major[0]}*/lib/*/libclang_rt.asan*.a",
                                             f"/usr/lib*/clang/{major[0]}*/lib/*/libclang_rt.asan*.a")

    # Libraries: where CMake would find them
    def has_package(self, name: str) -> bool:
        prefixes = ["/usr", "/usr/local", *filter(None, os.environ.get("CMAKE_PREFIX_PATH", "").split(":"))]
        patterns = ["{p}/lib/cmake/{n}*/{n}*onfig.cmake", "{p}/lib64/cmake/{n}*/{n}*onfig.cmake",
                    "{p}/lib/*/cmake/{n}*/{n}*onfig.cmake", "{p}/share/cmake/{n}*/{n}*onfig.cmake",
                    "{p}/share/{n}*/{n}*onfig.cmake"]
        return any(glob(pattern.format(p=prefix, n=name)) for prefix in prefixes for pattern in patterns)

    def has_file(self, *paths: str) -> bool:
        return any(glob(path) for path in paths)

    # The system
    def is_root(self) -> bool:
        return os.geteuid() == 0

    def as_root(self, *commands: str) -> str:
        """What to type, so that these run one after the other as root."""
        if self.is_root():
            return " && ".join(commands)
        return " && ".join("sudo " + one for one in commands) if self.which("sudo") else f"su -c '{' && '.join(commands)}'"

    def is_person_there(self) -> bool:
        return sys.stdin.isatty() and sys.stdout.isatty()

    def is_ci(self) -> bool:
        return bool(os.environ.get("CI"))

    def system(self) -> str:
        return platform.system()

    def architecture(self) -> str:
        return platform.machine()

    def is_wsl1(self) -> bool:
        release = platform.release().lower()
        return "microsoft" in release and "microsoft-standard" not in release and "wsl2" not in release

    def kernel_number(self, name: str) -> Optional[int]:
        try:
            return int(Path("/proc/sys", name).read_text())
        except (OSError, ValueError):
            return None

    def descriptor_limit(self) -> int:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        return 1 << 30 if hard == resource.RLIM_INFINITY else hard

    def cores(self) -> int:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
