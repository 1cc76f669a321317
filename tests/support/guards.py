"""Guards for tests of proof of control: one that notes what is asked and reaches nothing, and one on real sockets."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from licet.proof.base import HttpAnswer
from licet.proof.guard import NetworkGuard

KEY = "UNhY4JhezH9gQYqvDMWrWH9CwlcKiECVqejMrND2VFw="
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def loopback_guard(timeout_s: float = 1.5, resolvers: tuple[str, ...] = ()) -> NetworkGuard:
    """The real guard of an owned network that lists this machine's own addresses."""
    return NetworkGuard(clock_ns=time.time_ns, chance=os.urandom, allowed_prefixes=LOOPBACK, resolvers=resolvers,
                        timeout_s=timeout_s)


def public_guard(resolvers: tuple[str, ...] = ()) -> NetworkGuard:
    """The real guard of a public registry."""
    return NetworkGuard(clock_ns=time.time_ns, chance=os.urandom, resolvers=resolvers, timeout_s=1.5)


def mac1_for(key_text: str, message: bytes) -> bytes:
    """The mac1 of a WireGuard message to the holder of a key (whitepaper §5.4.4)."""
    key = hashlib.blake2s(b"mac1----" + base64.b64decode(key_text)).digest()
    return hashlib.blake2s(message[:-32], key=key, digest_size=16).digest()


class AskedGuard:
    """Notes each place it is asked for and each message it is to send; nothing ever answers."""

    def __init__(self) -> None:
        self.places: set[str] = set()
        self.sent: list[bytes] = []

    def require_allowed(self, address: str) -> None:
        self.places.add(address)

    def addresses(self, name: str) -> tuple[str, ...]:
        self.places.add(name)
        return ()

    def texts(self, name: str) -> tuple[bytes, ...]:
        self.places.add(name)
        return ()

    def get(self, address: str, port: int, host: str, path: str, body_bytes_max: int) -> HttpAnswer:
        self.places.add(f"{address}:{port}")
        self.sent.append(path.encode())
        return HttpAnswer(404, None, b"")

    @contextmanager
    def udp(self, address: str, port: int) -> Iterator[AskedGuard]:
        self.places.add(f"{address}:{port}")
        yield self

    def send(self, datagram: bytes) -> None:
        self.sent.append(datagram)

    def receive(self, wait_s: float) -> bytes | None:
        return None

    def now_ns(self) -> int:
        return 1_772_366_400_000_000_000

    def random(self, count: int) -> bytes:
        return os.urandom(count)
