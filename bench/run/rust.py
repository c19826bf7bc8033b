"""The Rust peers: what cargo makes of peers/rust with Debian's crates, offline.

Cargo would write its Cargo.lock beside the sources. None is kept, because Debian has one version of each crate. So cargo works
on links to the sources in the build folder.
"""
import os
import shutil
from pathlib import Path

from process import run_logged

SOURCES = Path(__file__).resolve().parents[1] / "peers" / "rust"
REGISTRY = Path("/usr/share/cargo/registry")
SHARED = ("common", ".cargo")
PACKAGES = ("tokio", "smol")    # each by itself: one goes without the other
SETTINGS = ("RUSTFLAGS", "CARGO_ENCODED_", "CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_")


def programs_of(package: str) -> list:
    """tokio_echo, tokio_micro …"""
    return sorted(path.stem for path in (SOURCES / package / "src" / "bin").glob("*.rs"))


def build(folder: Path) -> dict:
    """Builds what can be built: {name: its Path, or why it is left out}. Takes no time when nothing has changed."""
    link_sources(folder / "sources")
    return {name: found for package in PACKAGES for name, found in build_package(folder, package).items()}


def build_package(folder: Path, package: str, profile: str = "release") -> dict:
    """One package with a profile of its Cargo.toml: release, which is cargo's default for users, or lto."""
    names = programs_of(package)
    lacks = [*([] if shutil.which("cargo") else ["cargo"]),
             *([] if any(REGISTRY.glob(f"{package}-[0-9]*")) else [f"librust-{package}-dev"])]
    if lacks:
        return dict.fromkeys(names, f"needs {' '.join(lacks)}")
    target, log = folder / "target", folder / f"{package}.log"
    if run_logged(cargo(target, profile), log, folder / "sources" / package) != 0:
        return dict.fromkeys(names, f"did not build; see {log}")
    return {name: target / profile / name for name in names}


def cargo(target: Path, profile: str) -> list:
    """The build a user gets, whatever settings this shell has."""
    unset = [word for name in os.environ if name.startswith(SETTINGS) for word in ("-u", name)]
    return ["env", *unset, "cargo", "build", "--offline", "--profile", profile, "--jobs", "2",
            "--target-dir", target]


def link_sources(copy: Path) -> None:
    """A folder for each package with links to what it consists of: cargo's own files stay beside the links."""
    for package in (*SHARED, *PACKAGES):
        place = copy / package
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for part in (SOURCES / package).iterdir():
            if part.name not in ("Cargo.lock", "target"):
                (place / part.name).symlink_to(part)
