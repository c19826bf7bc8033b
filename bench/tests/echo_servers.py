"""The echo servers that are built, and one of them while a test talks to it."""
import os
import select
import signal
import socket
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PBP_BENCH_BUILD") or ROOT / "build" / "bench")
RUNTIMES = {"rt": ("current_thread", "multi_thread:2"), "tokio_echo": ("current_thread", "multi_thread:2")}
PATIENCE = 20   # seconds; nothing here takes one


@dataclass(frozen=True)
class Server:
    """A program and how it is started."""
    name: str
    path: str
    runtime: str = ""

    @property
    def title(self) -> str:
        return self.name + (f"_{self.runtime}" if self.runtime else "")

    def command(self, *words: str) -> list:
        return [self.path, *(["--runtime", self.runtime] if self.runtime else []), *words]


def built() -> list:
    """What CMake built here, and cargo."""
    listed = BUILD / "programs.txt"
    lines = listed.read_text().splitlines() if listed.exists() else []
    found = [(name, path) for kind, name, path, _ in (line.split("|") for line in lines) if kind == "echo"]
    found += [(path.name, str(path)) for path in sorted((BUILD / "rust").rglob("release/*_echo"))]
    return [Server(name, path, runtime) for name, path in found if path and os.access(path, os.X_OK)
            for runtime in RUNTIMES.get(name, ("",))]


class Running:
    """A server, up and listening; ended at the end of the block."""

    def __init__(self, server: Server, *words: str, before: tuple = ()):
        self.process = subprocess.Popen([*before, *server.command("--port", "0", *words)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on 127.0.0.1:"):
            self.end()
            raise AssertionError(f"{server.title} said {line!r} and not where it listens")
        self.port = int(line.rpartition(":")[2])

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_) -> None:
        self.end()

    def end(self) -> int:
        """Asks it to end by SIGTERM, and says how it did."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client


def pattern(size: int, seed: int = 0) -> bytes:
    """Bytes that differ from those of another seed, and from themselves a little further on."""
    block = bytes((seed * 31 + i * i + (i >> 8) * 7) & 0xff for i in range(4093))
    return (block * (size // len(block) + 1))[:size]


def receive(client: socket.socket, size: int) -> bytes:
    """So many bytes, or what came before the end."""
    parts, left = [], size
    while left:
        part = client.recv(min(left, 1 << 16))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def exchange(client: socket.socket, message: bytes, end: bool) -> bytes:
    """Sends and receives at the same time, as much as goes; with `end`, says that no more comes, and reads to the end."""
    client.setblocking(False)
    sent, answer = 0, bytearray()
    while True:
        if sent == len(message) and not end and len(answer) >= len(message):
            break
        readable, writable, _ = select.select([client], [client] if sent < len(message) else [], [], PATIENCE)
        if not readable and not writable:
            raise AssertionError(f"the server stands still after {sent} bytes to it and {len(answer)} from it")
        if writable:
            sent += client.send(message[sent:sent + (1 << 18)])
            if sent == len(message) and end:
                client.shutdown(socket.SHUT_WR)
        if readable:
            part = client.recv(1 << 18)
            if not part:
                break
            answer += part
    client.settimeout(PATIENCE)
    return bytes(answer)


def send_until_refused(client: socket.socket, message: bytes) -> int:
    """How much of the message goes out though nobody reads the answer."""
    client.setblocking(False)
    sent = 0
    while sent < len(message) and select.select([], [client], [], 0.5)[1]:
        sent += client.send(message[sent:sent + (1 << 18)])
    client.settimeout(PATIENCE)
    return sent


def reset(client: socket.socket) -> None:
    """Ends the connection as a crash would."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
