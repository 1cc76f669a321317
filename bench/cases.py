"""The captures that are measured: made once, kept in a cache folder, and made anew when their maker changes."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.corpus_trace import join
from bench.make_trace import PACKETS_A_FLOW, make_trace

FULL_SNAPLEN, SNAPLEN = 65_535, 128
_SOURCES = ("conversation", "corpus_trace", "frames", "make_trace", "ordinary", "plan", "tunnels")
_RECORD = struct.Struct("<8xI4x")


@dataclass(frozen=True)
class Case:
    """One capture. name: of its section; about: what it holds, in one sentence; truth: None where it is not known."""

    name: str
    about: str
    capture: Path
    truth: Path | None
    packets: int


def synthetic(cache: Path, name: str, packets: int, flows: int, snaplen: int, seed: int) -> Case:
    """A seeded trace, with its truth. flows: 0 for the maker's own choice."""
    flows = flows or packets // PACKETS_A_FLOW
    capture = cache / f"{name}-{packets}-{flows}-{seed}-{maker_digest()}.pcap"
    truth = capture.with_suffix(".json")
    _once(capture, lambda part: make_trace(part, truth, packets, flows, snaplen, seed))
    kept = "whole frames" if snaplen == FULL_SNAPLEN else f"{snaplen} bytes kept of each frame"
    about = f"Synthetic, seed {seed}: {packets:,} packets, {flows:,} flows, {kept}, {_size(capture)}."
    return Case(name, about, capture, truth, packets)


def from_corpus(cache: Path, folders: Sequence[str], size_bytes: int) -> Case:
    """Real captures, joined and repeated. The cache knows them by the folders' names and the size."""
    asked = hashlib.sha256("\0".join([*map(os.path.abspath, folders), str(size_bytes)]).encode()).hexdigest()[:8]
    capture = cache / f"real-{asked}-{maker_digest()}.pcap"
    _once(capture, lambda part: join(folders, size_bytes, part))
    packets = count_packets(capture)
    about = f"Real Ethernet captures, joined and repeated with other addresses: {packets:,} packets, {_size(capture)}."
    return Case("real", about, capture, None, packets)


def beginning(cache: Path, case: Case, packets: int) -> Case:
    """The first packets of another case."""
    capture = cache / f"start-{packets}-{case.capture.name}"
    _once(capture, lambda part: _copy_records(case.capture, part, packets))
    return Case("start", f"The first {packets} packets of {case.name}.", capture, None, packets)


def given(path: Path) -> Case:
    """A capture of the user's own."""
    packets = count_packets(path)
    return Case(path.stem, f"Given: {packets:,} packets, {_size(path)}.", path, None, packets)


def maker_digest() -> str:
    """Eight digits that change with the makers' source and with numpy, whose generators may change too."""
    digest = hashlib.sha256(np.__version__.encode())
    for name in _SOURCES:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()[:8]


def count_packets(capture: Path) -> int:
    """How many records a pcap file has. Raises ValueError for other files and other byte orders."""
    packets = 0
    with open(capture, "rb", buffering=1 << 20) as file:
        if file.read(24)[:4] != bytes.fromhex("d4c3b2a1"):
            raise ValueError(f"{capture} is no pcap file in little-endian order with microseconds")
        while header := file.read(_RECORD.size):
            file.seek(_RECORD.unpack(header)[0], os.SEEK_CUR)
            packets += 1
    return packets


def _copy_records(source: Path, target: Path, packets: int) -> None:
    with open(source, "rb") as file, open(target, "wb") as out:
        out.write(file.read(24))
        for _ in range(packets):
            header = file.read(_RECORD.size)
            out.write(header + file.read(_RECORD.unpack(header)[0]))


def _once(capture: Path, make: Callable[[Path], object]) -> None:
    """Make a file if it is not there; it gets its name when it is whole."""
    if capture.exists():
        return
    capture.parent.mkdir(parents=True, exist_ok=True)
    part = capture.with_name(capture.name + ".part")
    make(part)
    part.replace(capture)


def _size(capture: Path) -> str:
    size_bytes = capture.stat().st_size
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 10**8 else f"{size_bytes / 1e6:.2f} MB"
