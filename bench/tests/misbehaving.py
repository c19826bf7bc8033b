"""Echo servers that do one thing wrong, each in a thread of the test, for one client at a time or several."""
import socket
import threading
import time


class Server:
    """Calls handle(connection, number) in a thread for each client; everything is closed at the end of the block."""

    def __init__(self, handle):
        self.handle = handle
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.clients: list = []
        self.threads: list = []

    def __enter__(self) -> "Server":
        self.threads.append(threading.Thread(target=self.accept))
        self.threads[0].start()
        return self

    def __exit__(self, *_) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.threads[0].join()
        for client in self.clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads[1:]:
            thread.join()
        self.listener.close()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.clients.append(client)
            self.threads.append(threading.Thread(target=self.serve, args=(client, len(self.clients) - 1)))
            self.threads[-1].start()

    def serve(self, client: socket.socket, number: int) -> None:
        try:
            self.handle(client, number)
        except OSError:
            pass
        finally:
            client.close()


def read(client: socket.socket, size: int) -> bytes:
    """So many bytes, or what came before the end."""
    data = b""
    while len(data) < size:
        part = client.recv(size - len(data))
        if not part:
            break
        data += part
    return data


def echo(client: socket.socket, *_) -> None:
    while True:
        data = client.recv(1 << 16)
        if not data:
            return
        client.sendall(data)


def after_greeting(spoil):
    """Echoes the greeting and one message of 64 bytes; spoil(client, the second message) answers that; then echoes on."""
    def handle(client: socket.socket, _: int) -> None:
        client.sendall(read(client, 32))
        client.sendall(read(client, 64))
        if spoil(client, read(client, 64)) is not False:
            echo(client)
    return handle


def flipped(client: socket.socket, message: bytes) -> None:
    client.sendall(message[:40] + bytes([message[40] ^ 1]) + message[41:])


def one_byte_lost(client: socket.socket, message: bytes) -> None:
    client.sendall(message[:10] + message[11:])


def message_lost(client: socket.socket, message: bytes) -> None:
    """Nothing of it comes back: at depth 1 the client waits for ever, at depth 2 it is one message out of step."""


def answered_twice(client: socket.socket, message: bytes) -> None:
    client.sendall(message + message)


def closed_early(client: socket.socket, message: bytes) -> bool:
    client.sendall(message)
    return False


def closed_in_the_middle(client: socket.socket, message: bytes) -> bool:
    client.sendall(message[:20])
    return False


def never_closed(until: threading.Event):
    """Echoes all, but does not close when the client has ended."""
    def handle(client: socket.socket, _: int) -> None:
        echo(client)
        until.wait()
    return handle


class Delayed:
    """Answers each message only once a measured time has passed since it was read; remembers the shortest and longest.

    The delay is no guess of the test's: the server itself looks at the clock before it answers.
    """

    def __init__(self, seconds: float, only: int = -1):
        self.seconds = seconds
        self.only = only               # this message alone (counted over all after the greeting), or all: -1
        self.count = 0
        self.longest = 0.0

    def handle(self, client: socket.socket, _: int) -> None:
        client.sendall(read(client, 32))
        while True:
            message = read(client, 64)
            if not message:
                return
            if self.only in (-1, self.count):
                begin = time.monotonic()
                while time.monotonic() - begin < self.seconds:
                    time.sleep(self.seconds / 10)
                self.longest = max(self.longest, time.monotonic() - begin)
            self.count += 1
            client.sendall(message)


class Hoarder:
    """A process that keeps so many bytes of memory, all touched, for each connection; it prints its port."""

    PROGRAM = """
import select, socket, sys
size = int(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
poll = select.epoll()
poll.register(listener, select.EPOLLIN)
clients = {}
while True:
    for fd, _ in poll.poll():
        if fd == listener.fileno():
            client, _ = listener.accept()
            clients[client.fileno()] = (client, bytearray(b"x") * size)
            poll.register(client, select.EPOLLIN)
        else:
            client = clients[fd][0]
            data = client.recv(65536)
            if data:
                client.sendall(data)
            else:
                poll.unregister(fd)
                del clients[fd]
                client.close()
"""
