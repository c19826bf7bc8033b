"""Brings what is missing. It asks first, unless --yes was given, CI runs it, or root runs it without a terminal."""
import os
import subprocess
from typing import Optional

import machine as limits
from console import Stop, say
from lessons import ROOT
from machine import ALWAYS, NEVER, Machine
from needs import LEARNING, VERIFYING, dotted, missing, packages_of
from process import output_of


def one_command(machine: Machine, packages: list) -> str:
    return machine.as_root("apt-get update", f"apt-get install -y {' '.join(packages)}")


def apt_can_name(packages: list) -> bool:
    return output_of(["apt-cache", "show", "--no-all-versions", *packages]) is not None


def apt(prefix: list, *words: str) -> bool:
    # In the terminal's own session: sudo may ask for a password.
    return subprocess.run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq",
                           "-o=Dpkg::Use-Pty=0", *words],
                          stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"}).returncode == 0


def install(machine: Machine, packages: list) -> None:
    """Installs, or raises the sentence that helps."""
    prefix = [] if machine.is_root() else ["sudo"] + ([] if machine.is_person_there() else ["-n"])
    say(f"Installing {' '.join(packages)} ...")
    ready = apt_can_name(packages) or apt(prefix, "update")
    words = ["install", "-y", "--no-install-recommends", *packages]
    if not ready or not (apt(prefix, *words) or (apt(prefix, "update") and apt(prefix, *words))):
        raise Stop(f"The packages could not be installed. Look at what this says: {one_command(machine, packages)}")


def refuse_bad_system(machine: Machine) -> None:
    if machine.system() != "Linux":
        raise Stop(f"The course runs on Linux only, and this is {machine.system()}. On Windows, use WSL2.")
    if machine.is_wsl1():
        raise Stop("This is WSL1, which has no epoll. Type in PowerShell: wsl --set-version <distribution> 2")


def still_missing(machine: Machine, absent: list) -> str:
    """After an installation: what to do about each that is still not there."""
    titles = ", ".join(need.title for need in absent)
    cmake = machine.version("cmake")
    if cmake and cmake < limits.OLDEST_CMAKE and any("cmake" in need.packages for need in absent):
        return (f"CMake is too old: {dotted(limits.OLDEST_CMAKE)} or newer is needed, and this machine has {dotted(cmake)}. "
                "Install a newer one with: pipx install cmake (or: sudo snap install cmake --classic)")
    return f"Still missing: {titles}. Look at what ./learn doctor says."


def agrees(machine: Machine, packages: list, titles: str) -> bool:
    """Whether these may be installed. A person is asked."""
    if machine.installs in (ALWAYS, NEVER):
        return machine.installs == ALWAYS
    is_asked = machine.is_person_there() and not machine.is_ci()
    if not (is_asked or machine.is_ci() or machine.is_root()):
        return False
    say(f"Missing: {titles}.")
    if not is_asked:
        return True
    try:
        answer = input(f"Install {' '.join(packages)} now{'' if machine.is_root() else ' with sudo'}? [Y/n] ")
    except EOFError:
        answer = "n"
    return answer.strip().lower() in ("", "y", "yes")


def set_up(machine: Machine, for_verify: bool = False, needs: Optional[list] = None) -> None:
    """Returns when everything is there: what building needs, or just `needs`. Called by every command that builds."""
    refuse_bad_system(machine)
    needs = needs or (VERIFYING if for_verify else []) + LEARNING
    absent = missing(machine, needs)
    if not absent:
        return
    fetchable = all(need.fetched for need in absent) and machine.which("git")
    titles = ", ".join(need.title for need in absent)
    able = machine.is_root() or machine.which("sudo")
    if fetchable and not (able and machine.which("apt-get")):
        if not machine.has_file(f"{ROOT}/build/*/_deps/*-src"):
            say(f"Not installed: {titles}. CMake will fetch them.")
        return
    if not machine.which("apt-get"):
        must = [need.title for need in absent if not need.fetched] or ["git"]
        raise Stop(f"Missing: {', '.join(must)}. Install what is missing with this system's package manager. "
                   "(CMake fetches doctest and fmt itself, with git.)")
    packages = packages_of(absent)
    if not (able and agrees(machine, packages, titles)):
        raise Stop(f"Missing: {titles}. Install what is missing with: {one_command(machine, packages)}")
    install(machine, packages)
    absent = missing(machine, needs)
    if absent:
        raise Stop(still_missing(machine, absent))
