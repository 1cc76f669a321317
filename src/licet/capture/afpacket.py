"""Live traffic of one interface: a TPACKET_V3 ring (Linux; packet(7), linux/if_packet.h).

The system fills blocks of memory that it shares with us; whoever walks a block gives it back. Only opening needs a
right (CAP_NET_RAW). What the system had no room for is counted by the system: `Ring.losses`. A VLAN tag that it takes
off is not put back: the frame behind it is what is read.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import socket
import struct
from collections.abc import Callable

from licet.errors import BadInput

BLOCK_BYTES = 1 << 20
RING_BYTES = 128 << 20
BLOCKS_MIN = 8
RETIRE_MS = 60  # a block that is not full is handed over after so long

DOWN, NO_CARRIER, GONE = "the interface is down", "the interface has no carrier", "the interface is gone"

_SOL_PACKET = 263
_ADD_MEMBERSHIP, _RX_RING, _STATISTICS, _VERSION, _FANOUT, _FANOUT_DATA, _IGNORE_OUTGOING = 1, 5, 6, 10, 18, 22, 23
_TPACKET_V3 = 2
_ETH_P_ALL = 3
_PROMISCUOUS = 1
_GET_FLAGS, _IS_UP, _IS_RUNNING = 0x8913, 1, 64  # SIOCGIFFLAGS, IFF_UP, IFF_RUNNING: netdevice(7)
_FANOUT_CBPF = 6

# ARPHRD of linux/if_arp.h → link type of a capture (pcap-linktype(7)).
_ETHERNET, _RAW = 1, 101
_LOOPBACK_HARDWARE = 772
_LINK_TYPES = {1: _ETHERNET, _LOOPBACK_HARDWARE: _ETHERNET, 512: _RAW, 519: _RAW, 768: _RAW, 65534: _RAW}


class Ring:
    """An open ring. interface: its name; link_type: of its frames; block_bytes: of each block."""

    def __init__(self, interface: str, *, ring_bytes: int = RING_BYTES, promiscuous: bool = True) -> None:
        """Raises BadInput in one sentence: no such interface, not allowed, frames of a kind that is not read."""
        self.interface, self.block_bytes = interface, BLOCK_BYTES
        self._blocks = max(BLOCKS_MIN, ring_bytes // BLOCK_BYTES)
        self._next = 0
        self._received = self._dropped = 0
        self._socket = _open_socket(interface)
        try:
            self._set_up(promiscuous)
        except OSError as error:
            self._socket.close()
            raise BadInput(f"{interface}: the ring cannot be set up: {error.strerror or error}") from None
        except BadInput:
            self._socket.close()
            raise

    def _set_up(self, promiscuous: bool) -> None:
        self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
        size = self.block_bytes * self._blocks
        request = struct.pack("=7I", self.block_bytes, self._blocks, self.block_bytes, self._blocks, RETIRE_MS, 0, 0)
        self._socket.setsockopt(_SOL_PACKET, _RX_RING, request)
        self.memory = mmap.mmap(self._socket.fileno(), size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self._socket.bind((self.interface, _ETH_P_ALL))
        self._index = socket.if_nametoindex(self.interface)
        hardware = self._socket.getsockname()[3]
        if hardware not in _LINK_TYPES:
            raise BadInput(f"{self.interface}: frames of hardware type {hardware} are not read; those of Ethernet, "
                           "loopback, PPP and tunnel interfaces are")
        self.link_type = _LINK_TYPES[hardware]
        if hardware == _LOOPBACK_HARDWARE:
            # What leaves by the loopback comes back by it: once is enough.
            self._socket.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        elif promiscuous:
            wanted = struct.pack("=iHH8s", self._index, _PROMISCUOUS, 0, b"")
            self._socket.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, wanted)

    def join(self, group: int) -> None:
        """Share the interface's frames with the other rings of a group (PACKET_FANOUT): a pair of addresses always
        comes to the same one, so that all flows of a tunnel are seen by one process. Raises BadInput."""
        try:
            self._socket.setsockopt(_SOL_PACKET, _FANOUT, struct.pack("=I", group | _FANOUT_CBPF << 16))
            code, rows = _pair_program()
            memory = ctypes.create_string_buffer(code, len(code))
            self._socket.setsockopt(_SOL_PACKET, _FANOUT_DATA, struct.pack("@HP", rows, ctypes.addressof(memory)))
        except OSError as error:
            raise BadInput(f"{self.interface}: frames cannot be shared between processes: "
                           f"{error.strerror or error}") from None

    def fileno(self) -> int:
        """For poll: readable when a block was handed over."""
        return self._socket.fileno()

    def drain(self, walk: Callable[[mmap.mmap, int, int], bool]) -> int:
        """Walk all blocks that were handed over, once around at most; returns how many.

        walk: takes the memory, a block's offset and its size, gives the block back, and answers whether it was ours.
        """
        for number in range(self._blocks):
            if not walk(self.memory, self._next * self.block_bytes, self.block_bytes):
                return number
            self._next = (self._next + 1) % self._blocks
        return self._blocks

    def losses(self) -> tuple[int, int]:
        """(frames that reached the ring or would have, frames that the system had no room for) since it was opened."""
        # The system counts from the last time it was asked.
        received, dropped, _ = struct.unpack("=III", self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12))
        self._received += received
        self._dropped += dropped
        return self._received, self._dropped

    def problem(self) -> str | None:
        """What ails the interface now: DOWN, NO_CARRIER, GONE, or None. One that is down is read again when it comes
        up; one that is gone is not, even where another comes by its name."""
        # While an error stands at the socket, poll returns at once: asking takes it away.
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        try:
            # Both go by the name: the index is asked to see whether the name still means the same interface.
            index = socket.if_nametoindex(self.interface)
            answer = fcntl.ioctl(self._socket, _GET_FLAGS, struct.pack("=16s24x", os.fsencode(self.interface)))
        except OSError:
            return GONE
        if index != self._index:
            return GONE
        (flags,) = struct.unpack_from("=H", answer, 16)
        if not flags & _IS_UP:
            return DOWN
        return None if flags & _IS_RUNNING else NO_CARRIER

    def close(self) -> None:
        """Give the interface back."""
        self._socket.close()
        # It was never mapped, or a walk still holds it: then it goes with the process.
        with contextlib.suppress(AttributeError, BufferError):
            self.memory.close()


def interfaces() -> list[str]:
    """The names of this machine's interfaces."""
    return [name for _, name in socket.if_nameindex()]


def _open_socket(interface: str) -> socket.socket:
    """A packet socket that receives nothing yet."""
    if interface not in interfaces():
        raise BadInput(f"there is no interface “{interface}”; there are {', '.join(interfaces())}")
    try:
        return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError:
        raise BadInput(f"{interface}: watching needs the right to open packet sockets: run as root, or give the "
                       "program CAP_NET_RAW (systemd: AmbientCapabilities=CAP_NET_RAW)") from None
    except OSError as error:
        raise BadInput(f"{interface}: no packet socket can be opened: {error.strerror or error}") from None


# Classic BPF (filter.rst of Linux), as rows of struct sock_filter: code, jump if true, jump if false, k.
_LOAD, _TO_X, _ADD_X, _XOR_X, _SHIFT_RIGHT, _STORE, _LOAD_STORED = 0x20, 0x07, 0x0C, 0xAC, 0x74, 0x02, 0x60
_IF_EQUAL, _ANSWER_A, _ANSWER = 0x15, 0x16, 0x06
_NETWORK_HEADER, _ETHERTYPE = 0xFFF00000, 0xFFFFF000  # SKF_NET_OFF; SKF_AD_OFF + SKF_AD_PROTOCOL
_FILTER_ROW = struct.Struct("=HBBI")


def _pair_program() -> tuple[bytes, int]:
    """A program that answers with a number for the pair of addresses, the same both ways, and its length in rows.

    The number is the sum of both addresses' words, folded. What is neither IPv4 nor IPv6 gets 0: the first ring.
    """
    ipv4, ipv6 = _sum_of_words(12, 16), _sum_of_words(*range(8, 40, 4))
    rows = [
        (_LOAD, 0, 0, _ETHERTYPE),
        (_IF_EQUAL, 0, len(ipv4), 0x0800), *ipv4,
        (_IF_EQUAL, 0, len(ipv6), 0x86DD), *ipv6,
        (_ANSWER, 0, 0, 0),
    ]
    return b"".join(_FILTER_ROW.pack(*row) for row in rows), len(rows)


def _sum_of_words(first: int, *others: int) -> list[tuple[int, int, int, int]]:
    """Add up the words at these offsets of the network header, fold the halves, answer."""
    rows = [(_LOAD, 0, 0, _NETWORK_HEADER + first)]
    for offset in others:
        rows += [(_TO_X, 0, 0, 0), (_LOAD, 0, 0, _NETWORK_HEADER + offset), (_ADD_X, 0, 0, 0)]
    rows += [(_STORE, 0, 0, 0), (_SHIFT_RIGHT, 0, 0, 16), (_TO_X, 0, 0, 0), (_LOAD_STORED, 0, 0, 0), (_XOR_X, 0, 0, 0)]
    return [*rows, (_ANSWER_A, 0, 0, 0)]
