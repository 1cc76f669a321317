"""Frames and captures made by hand, for tests: Ethernet, IPv4 and IPv6, UDP and TCP, pcap and pcapng.

Checksums are left zero: licet reads captures, in which they may be anything.
"""

from __future__ import annotations

import ipaddress
import struct

CLIENT, SERVER = "192.0.2.11", "198.51.100.10"
CLIENT6, SERVER6 = "2001:db8:a::11", "2001:db8:b::10"
ETHERNET = 1
START_NS = 1_772_366_400_000_000_000  # 2026-03-01T12:00:00Z


def ipv4(
    source: str, destination: str, protocol: int, payload: bytes, *, fragment: int = 0, total: int | None = None
) -> bytes:
    """An IPv4 packet (RFC 791). fragment: the flags and offset field as it stands; total: a length to claim instead."""
    length = 20 + len(payload) if total is None else total
    header = struct.pack(">BBHHHBBH", 0x45, 0, length, 0, fragment, 64, protocol, 0)
    return header + ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed + payload


def ipv6(source: str, destination: str, protocol: int, payload: bytes, *, extensions: bytes = b"") -> bytes:
    """An IPv6 packet (RFC 8200); `extensions` stand between header and payload and must name what follows."""
    header = struct.pack(">IHBB", 6 << 28, len(extensions) + len(payload), protocol, 64)
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    return header + ends + extensions + payload


def ip(source: str, destination: str, protocol: int, payload: bytes) -> bytes:
    return (ipv6 if ":" in source else ipv4)(source, destination, protocol, payload)


def udp(source_port: int, destination_port: int, payload: bytes, *, length: int | None = None) -> bytes:
    claimed = 8 + len(payload) if length is None else length
    return struct.pack(">HHHH", source_port, destination_port, claimed, 0) + payload


def tcp(source_port: int, destination_port: int, sequence: int, flags: int, payload: bytes = b"") -> bytes:
    fields = (source_port, destination_port, sequence % 2**32, 0, 5 << 4, flags, 65_535, 0, 0)
    return struct.pack(">HHIIBBHHH", *fields) + payload


def ethernet(packet: bytes, *, ethertype: int | None = None) -> bytes:
    if ethertype is None:
        ethertype = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02" + struct.pack(">H", ethertype) + packet


def pcap(frames: list[tuple[int, bytes]], *, order: str = "<", nanoseconds: bool = True, link_type: int = ETHERNET,
         snaplen: int = 262_144) -> bytes:
    """A pcap file of (time in ns, frame) pairs."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link_type)]
    for time_ns, frame in frames:
        seconds, rest = divmod(time_ns, 1_000_000_000)
        kept = frame[:snaplen]
        ticks = rest if nanoseconds else rest // 1_000
        out.append(struct.pack(order + "IIII", seconds, ticks, len(kept), len(frame)) + kept)
    return b"".join(out)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A pcapng block, padded, with its two lengths."""
    padded = body + b"\0" * (-len(body) % 4)
    length = 12 + len(padded)
    return struct.pack(order + "II", kind, length) + padded + struct.pack(order + "I", length)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link_type: int = ETHERNET, *, options: bytes = b"", order: str = "<", snaplen: int = 0) -> bytes:
    return block(1, struct.pack(order + "HHI", link_type, 0, snaplen) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def enhanced(frame: bytes, ticks: int, *, number: int = 0, order: str = "<") -> bytes:
    fields = (number, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, struct.pack(order + "IIIII", *fields) + frame, order)
