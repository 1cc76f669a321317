"""Join the captures of folders to one large pcap, and repeat them until it has a given size.

    python -m bench.corpus_trace captures/ --bytes 500000000 --out real.pcap

Real frames from small captures. Each repetition changes one byte of every outer IP address, so that its flows are new
ones; all else stays, checksums too, which are then wrong. Captures are read with licet's own reader. Frames that are
not Ethernet are left out, and so is what follows damage; both are counted.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from licet.capture.open import find_captures, open_capture
from licet.errors import LicetError
from licet.flow.records import Record, read_records

ETHERNET = 1
FRAME_BYTES_MAX = 65_535
REPETITIONS_MAX = 255  # one byte is changed
VLAN_TAGS_MAX = 4
REPETITION_S = 86_400  # Each repetition is a day later than the one before.

_VLAN_TYPES = frozenset({0x8100, 0x88A8, 0x9100})
_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, FRAME_BYTES_MAX, ETHERNET)
_RECORD = struct.Struct("<IIII")
# Where source and destination begin behind the network header's start, and the byte of each that is changed: the third
# of four, or the tenth of sixteen, where multicast and the prefix are left as they are.
_CHANGED_BYTES = {0x0800: (12 + 2, 16 + 2), 0x86DD: (8 + 9, 24 + 9)}


def changed_offsets(frame: bytes) -> tuple[int, ...]:
    """Offsets of the bytes that a repetition changes: one of each IP address, none in other frames."""
    offset = 12
    for _ in range(VLAN_TAGS_MAX + 1):
        ethertype = int.from_bytes(frame[offset : offset + 2], "big")
        if ethertype not in _VLAN_TYPES:
            break
        offset += 4
    return tuple(found for add in _CHANGED_BYTES.get(ethertype, ()) if (found := offset + 2 + add) < len(frame))


def read_frames(folders: Sequence[str], left_out: Counter[str]) -> Iterator[Record]:
    """Every Ethernet frame of the captures in the folders, in the order of their names."""
    for folder in folders:
        for path, _ in find_captures(folder):
            try:
                with open_capture(path) as stream:
                    for record in read_records(stream):
                        if record.link_type != ETHERNET:
                            left_out["frames that are not Ethernet"] += 1
                        elif len(record.frame) <= FRAME_BYTES_MAX:
                            yield record
            except LicetError:
                left_out["captures that end in damage, or are none"] += 1


def join(folders: Sequence[str], size_bytes: int, out: Path) -> tuple[int, int, Counter[str]]:
    """Write the trace: whole repetitions, until it has `size_bytes` or REPETITIONS_MAX is reached.

    Returns packets, repetitions, and what was left out of each. Raises ValueError where nothing is left.
    """
    left_out: Counter[str] = Counter()
    once = [(record.time_ns, record.frame, changed_offsets(record.frame)) for record in read_frames(folders, left_out)]
    if not once:
        raise ValueError("there is no Ethernet frame in these folders")
    packets = repetitions = 0
    with open(out, "wb") as file:
        file.write(_HEADER)
        while file.tell() < size_bytes and repetitions < REPETITIONS_MAX:
            for time_ns, frame, offsets in once:
                file.write(_record(time_ns, frame, offsets, repetitions))
            packets += len(once)
            repetitions += 1
    return packets, repetitions, left_out


def _record(time_ns: int, frame: bytes, offsets: tuple[int, ...], repetition: int) -> bytes:
    seconds, ns = divmod(time_ns, 1_000_000_000)
    seconds = (seconds + repetition * REPETITION_S) & 0xFFFFFFFF
    changed = bytearray(frame)
    for offset in offsets:
        changed[offset] = (changed[offset] + repetition) & 0xFF
    return _RECORD.pack(seconds, ns // 1_000, len(frame), len(frame)) + changed


def main() -> None:
    """Make one trace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--bytes", type=int, default=500_000_000, help="stop at the first repetition beyond it")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        packets, repetitions, left_out = join(arguments.folders, arguments.bytes, arguments.out)
    except (LicetError, ValueError) as error:
        parser.error(str(error))
    print(f"{arguments.out}: {packets:,} packets in {repetitions} repetitions")
    for reason, count in sorted(left_out.items()):
        print(f"left out: {count:,} {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
