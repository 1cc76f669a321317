"""Send the frames of a capture through an interface at a given rate, as one process can: `sendmmsg` from a mapped file.

    python -m bench.sender IFACE FILE.pcap --rate 300000 --seconds 10

Meant for one end of a veth pair inside a namespace. Frames are sent as they are, once; it ends when the file or the
time does, and prints how many were sent and in how many seconds.
"""

from __future__ import annotations

import argparse
import ctypes
import mmap
import os
import socket
import struct
import time

import numpy as np

BATCH = 64
SECONDS_MAX = 120

# struct mmsghdr as eight words: name, its length, vectors, their count, control, its length, flags, bytes sent.
_WORDS, _VECTORS, _COUNT = 8, 2, 3


def send(interface: str, path: str, rate: int, seconds: float) -> tuple[int, float]:
    """Returns (frames sent, seconds taken). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE) as data, _socket(interface) as out:
        frames = _frames(data)
        # All headers are made beforehand: Python is too slow to make them as they go.
        vectors = np.array(frames, np.uint64)
        vectors[:, 0] += np.uint64(ctypes.addressof(ctypes.c_char.from_buffer(data)))
        messages = np.zeros((len(frames), _WORDS), np.uint64)
        messages[:, _VECTORS] = vectors.ctypes.data + 16 * np.arange(len(frames), dtype=np.uint64)
        messages[:, _COUNT] = 1
        first = messages.ctypes.data
        sent, started = 0, time.monotonic()
        until = started + min(seconds, SECONDS_MAX)
        while sent < len(frames) and (now := time.monotonic()) < until:
            ahead_s = sent / rate - (now - started)
            if ahead_s > 0.0005:
                time.sleep(ahead_s)
            size = 8 * _WORDS
            done = libc.sendmmsg(out.fileno(), ctypes.c_void_p(first + size * sent), min(BATCH, len(frames) - sent), 0)
            if done < 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
            sent += done
        return sent, time.monotonic() - started


def _socket(interface: str) -> socket.socket:
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    out.bind((interface, 0))
    return out


def _frames(data: mmap.mmap) -> list[tuple[int, int]]:
    """(offset, length) of every frame of a little-endian pcap."""
    if data[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        raise SystemExit("bench.sender reads little-endian pcap files only")
    frames, at = [], 24
    unpack = struct.Struct("<I").unpack_from
    while at + 16 <= len(data):
        (size,) = unpack(data, at + 8)
        frames.append((at + 16, size))
        at += 16 + size
    return frames


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sender", description=__doc__.splitlines()[0])
    parser.add_argument("interface")
    parser.add_argument("capture")
    parser.add_argument("--rate", type=int, default=300_000, help="frames a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    sent, taken = send(arguments.interface, arguments.capture, arguments.rate, arguments.seconds)
    print(sent, f"{taken:.3f}", flush=True)
    os._exit(0)  # The mapping is still exported to the vectors; it goes with the process.


if __name__ == "__main__":
    main()
