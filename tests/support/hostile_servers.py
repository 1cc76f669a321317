"""Servers on this machine's own addresses that answer as a test says: for what no well-meant server would send."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket], None]

CHUNK = b"x" * 65_536
STOP_S = 5.0


@contextmanager
def tcp_server(answer: Answer, address: str = "127.0.0.1") -> Iterator[int]:
    """Accept connections one after the other, read a request and call `answer` on the socket; yields the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 0))
    listener.listen(8)
    has_ended = threading.Event()

    def serve() -> None:
        while not has_ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(STOP_S)
                connection.recv(65_536)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        has_ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(STOP_S)


@contextmanager
def udp_server(answer: Callable[[bytes], list[bytes]], address: str = "127.0.0.1") -> Iterator[int]:
    """Answer each datagram with those that `answer` gives; yields the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family, socket.SOCK_DGRAM)
    server.bind((address, 0))
    server.settimeout(0.1)
    has_ended = threading.Event()

    def serve() -> None:
        while not has_ended.is_set():
            try:
                datagram, sender = server.recvfrom(65_536)
            except TimeoutError:
                continue
            for one in answer(datagram):
                with suppress(OSError):
                    server.sendto(one, sender)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        has_ended.set()
        thread.join(STOP_S)
        server.close()


def says(data: bytes) -> Answer:
    """An answer of exactly these bytes."""
    return lambda connection: connection.sendall(data)


def never_ends(head: bytes, again: bytes) -> Answer:
    """`head`, and then `again` until the other side has had enough."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(again)

    return answer


def drips(data: bytes, every_s: float = 0.1) -> Answer:
    """One byte at a time, then silence: each read is quick, the whole never ends."""

    def answer(connection: socket.socket) -> None:
        wait = threading.Event()
        for number in range(len(data)):
            connection.sendall(data[number : number + 1])
            wait.wait(every_s)

    return answer


def silent(connection: socket.socket) -> None:
    """Read, and say nothing until the other side leaves."""
    connection.recv(1)


def ok(body: bytes, *fields: str) -> bytes:
    """A plain answer with status 200."""
    head = "".join(f"{field}\r\n" for field in (f"Content-Length: {len(body)}", *fields))
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body


def redirect(location: str, status: int = 302) -> bytes:
    """An answer that leads elsewhere."""
    return f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
