"""The flow table, plain: packets in, candidate flows out. The oracle for the compiled kernel, and its stand-in.

Addresses live here and leave only as `Candidate.ends`, from which `app/` takes the server's end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from licet.flow.kept import Kept, PlainKept, room_for
from licet.flow.listed import Listed
from licet.flow.matching import ReadyLine, ReadySieves, Rows, Trial
from licet.flow.records import Record
from licet.flow.streams import StreamBudget, StreamHead
from licet.flow.timeline import TimelineCounter
from licet.model.flow import Flow, Stream
from licet.model.sieve import Sieve
from licet.wire.ip import IPPacket, read_ip
from licet.wire.link import network_offset
from licet.wire.skip import Skip
from licet.wire.transport import ACK, AH, ESP, GRE, IPIP, IPV6_IN_IP, SYN, TCP, UDP, read_tcp, read_udp

NESTED_MAX = 4  # IP in IP: how many headers deep is looked
LINK_TYPES_NAMED_MAX = 16  # link types that are named in the last line of a run, each by its number

_PORTLESS = {ESP: "esp", AH: "ah", GRE: "gre"}


@dataclass(frozen=True, slots=True)
class Limits:
    """flows: open at once; matched: flows that hold kept messages but are no candidates yet; candidates: kept to the
    end; messages: kept over all flows, in pieces (`kept.PIECE_BYTES`); streams: TCP directions that hold bytes. What
    each throws away is counted under its name. Of messages and candidates, data may take half: whoever sends much that
    looks like data must not be able to crowd out handshakes."""

    flows: int = 250_000
    matched: int = 20_000
    candidates: int = 65_536
    messages: int = 400_000
    streams: int = 8_192


@dataclass(slots=True)
class Counts:
    """What was read and what was lost. nested: packets inside IP-in-IP or 6in4, looked into."""

    packets: int = 0
    bytes: int = 0
    flows: int = 0
    nested: int = 0
    skipped: Counter[Skip] = field(default_factory=Counter)
    link_types: Counter[int] = field(default_factory=Counter)
    evicted: Counter[str] = field(default_factory=Counter)


class Candidate(NamedTuple):
    """A flow worth a recogniser. owners: (recogniser's index, the flow with the messages of its lines);
    ends: (packed address, port) of the first packet's sender and receiver; first_packet: its ordinal."""

    owners: tuple[tuple[int, Flow], ...]
    ends: tuple[tuple[bytes, int], tuple[bytes, int]]
    first_packet: int


_Key = tuple[int, bytes, int, bytes, int]


class _Entry:
    """A flow in the table. Index 0 of a pair is the direction of the first packet."""

    __slots__ = (
        "bytes", "first_ns", "first_packet", "heads", "is_listed", "kept", "key", "last_ns", "packets", "receiver",
        "sender", "syn_forward", "transport", "trials",
    )

    def __init__(
        self, key: _Key, transport: str, ends: tuple[tuple[bytes, int], tuple[bytes, int]], record: Record
    ) -> None:
        self.key, self.transport = key, transport
        self.sender, self.receiver = ends
        self.packets = [0, 0]
        self.bytes = [0, 0]
        self.first_ns = self.last_ns = record.time_ns
        self.first_packet = record.ordinal
        self.syn_forward: bool | None = None
        self.kept: Kept | None = None
        self.is_listed = False
        self.heads: tuple[StreamHead, StreamHead] | None = None
        # The last data message of each direction that is on trial.
        self.trials: list[Trial | None] = [None, None]


class FlowTable:
    """One capture's flows. Call `add` for each record, then `candidates` once. listed: for lines that are
    `only_listed`."""

    def __init__(self, sieves: Sequence[Sieve], limits: Limits | None = None, listed: Listed | None = None) -> None:
        self._sieves = ReadySieves(sieves)
        self._listed = listed or Listed()
        self._limits = limits or Limits()
        self._udp_rows = self._sieves.rows("udp")
        self._portless_rows = {name: self._sieves.rows(name) for name in _PORTLESS.values()}
        self._tcp_lines = self._sieves.of("tcp")
        self._free_tcp_lines = tuple(line for line in self._tcp_lines if not line.only_listed)
        self._flows: dict[_Key, _Entry] = {}
        self._candidates: dict[_Key, _Entry] = {}
        self._matched: dict[_Key, _Entry] = {}
        self.counts = Counts()
        self._streams = StreamBudget(self._limits.streams)
        self._messages_left = self._limits.messages
        self.timeline: TimelineCounter | None = None

    def add(self, record: Record) -> None:
        """Read one packet and count it, whatever it is."""
        counts = self.counts
        counts.packets += 1
        if self.timeline is None:
            self.timeline = TimelineCounter(record.time_ns)
        offset = network_offset(record.link_type, record.frame)
        if isinstance(offset, Skip):
            if offset is Skip.LINK_TYPE:
                self._count_link_type(record.link_type)
            else:
                counts.skipped[offset] += 1
            return
        packet = self._read_nested(record.frame, offset)
        if isinstance(packet, Skip):
            counts.skipped[packet] += 1
            return
        counts.bytes += packet.ip_bytes
        self.timeline.add(record.time_ns, packet.ip_bytes)
        skip = self._add_packet(record, packet)
        if skip is not None:
            counts.skipped[skip] += 1

    def _count_link_type(self, number: int) -> None:
        named = self.counts.link_types
        if number in named or len(named) < LINK_TYPES_NAMED_MAX:
            named[number] += 1
        else:
            self.counts.skipped[Skip.LINK_TYPE] += 1

    def _read_nested(self, frame: bytes, offset: int) -> IPPacket | Skip:
        """The innermost IP packet of IP-in-IP and 6in4 (RFC 2003, RFC 4213)."""
        packet = read_ip(frame, offset)
        for _ in range(NESTED_MAX):
            if isinstance(packet, Skip) or packet.protocol not in (IPIP, IPV6_IN_IP):
                return packet
            self.counts.nested += 1
            packet = read_ip(frame[: packet.offset + packet.length], packet.offset)
        return packet if isinstance(packet, Skip) or packet.protocol not in (IPIP, IPV6_IN_IP) else Skip.TOO_DEEP

    def _add_packet(self, record: Record, packet: IPPacket) -> Skip | None:
        frame, protocol = record.frame, packet.protocol
        if protocol == UDP:
            datagram = read_udp(frame, packet)
            if isinstance(datagram, Skip):
                return datagram
            entry, forward = self._flow(record, packet, "udp", datagram.source_port, datagram.destination_port)
            if self._udp_rows is not None:
                self._sift(self._udp_rows, entry, forward, record, datagram.offset, datagram.length)
        elif protocol == TCP:
            segment = read_tcp(frame, packet)
            if isinstance(segment, Skip):
                return segment
            entry, forward = self._flow(record, packet, "tcp", segment.source_port, segment.destination_port)
            if segment.length or segment.flags & SYN:
                end = min(segment.offset + segment.length, len(frame))
                self._add_segment(
                    entry, forward, record, segment.sequence, segment.flags, frame[segment.offset : end], segment.length
                )
        elif protocol in _PORTLESS:
            name = _PORTLESS[protocol]
            entry, forward = self._flow(record, packet, name, 0, 0)
            rows = self._portless_rows[name]
            if rows is not None:
                self._sift(rows, entry, forward, record, packet.offset, packet.length)
        else:
            return Skip.OTHER_PROTOCOL
        return None

    def _flow(
        self, record: Record, packet: IPPacket, transport: str, source_port: int, destination_port: int
    ) -> tuple[_Entry, bool]:
        """Find or open the packet's flow and count the packet in it; True if it goes the first packet's way."""
        sender, receiver = (packet.source, source_port), (packet.destination, destination_port)
        low, high = (sender, receiver) if sender <= receiver else (receiver, sender)
        key = (packet.protocol, *low, *high)
        entry = self._flows.get(key) or self._candidates.get(key)
        if entry is None:
            entry = self._open(_Entry(key, transport, (sender, receiver), record))
        forward = entry.sender == sender
        way = not forward
        entry.packets[way] += 1
        entry.bytes[way] += packet.ip_bytes
        entry.first_ns = min(entry.first_ns, record.time_ns)
        entry.last_ns = max(entry.last_ns, record.time_ns)
        if entry.kept is not None and entry.kept.timeline is not None:
            entry.kept.timeline.add(record.time_ns, packet.ip_bytes)
        return entry, forward

    def _open(self, entry: _Entry) -> _Entry:
        self.counts.flows += 1
        if len(self._flows) >= self._limits.flows:
            oldest = self._flows.pop(next(iter(self._flows)))
            self._matched.pop(oldest.key, None)
            self._drop_kept(oldest)
            self.counts.evicted["flows"] += 1
        self._flows[entry.key] = entry
        if self._sieves.has_only_listed:
            entry.is_listed = any(self._listed.has(address, entry.transport, port)
                                  for address, port in (entry.sender, entry.receiver))
        return entry

    def _sift(self, rows: Rows, entry: _Entry, forward: bool, record: Record, at: int, length: int) -> None:
        """Walk the payload past the lines that its first byte admits. Every line sees it before any keeps it."""
        frame = record.frame
        end = min(at + length, len(frame))
        row = rows[frame[at]] if at < end else rows[256]
        for line in row:
            if line.only_listed and not entry.is_listed:
                continue
            if line.port is not None and line.port not in (entry.sender[1], entry.receiver[1]):
                continue
            if not line.matches(frame, at, end, length):
                continue
            if line.after_start and not (entry.kept is not None and entry.kept.has_started(line.owner)):
                continue
            if line.on_trial and entry.kept is None:
                trial = line.trial(frame, at)
                last, entry.trials[not forward] = entry.trials[not forward], trial
                if not line.follows(last, trial):
                    continue
            data = frame[at : min(end, at + line.keep_bytes)]
            reserved = self._limits.messages // 2 if line.is_data else 0
            if self._messages_left < room_for(len(data)) + reserved:
                self.counts.evicted["messages"] += 1
                continue
            kept = entry.kept or self._begin_keeping(entry)
            self._messages_left -= kept.message(line, forward, record.ordinal, record.time_ns, length, data)
            self._promote(entry, kept, line)

    def _begin_keeping(self, entry: _Entry) -> Kept:
        if len(self._matched) >= self._limits.matched:
            self._drop_kept(self._matched.pop(next(iter(self._matched))))
            self.counts.evicted["kept messages"] += 1
        entry.kept = Kept()
        self._matched[entry.key] = entry
        return entry.kept

    def _drop_kept(self, entry: _Entry) -> None:
        """Give back what a flow held."""
        if entry.kept is not None:
            self._messages_left += entry.kept.room()
            entry.kept = None
        for head in entry.heads or ():
            head.drop()

    def _promote(self, entry: _Entry, kept: Kept, line: ReadyLine) -> None:
        """Move a flow that became a candidate to where nothing evicts it."""
        if not kept.candidates or entry.key in self._candidates:
            return
        room = self._limits.candidates // 2 if line.is_data else self._limits.candidates
        if len(self._candidates) >= room:
            if not kept.refused:
                kept.refused = True
                self.counts.evicted["candidates"] += 1
            return
        assert self.timeline is not None
        kept.timeline = TimelineCounter(self.timeline.value().start_ns)
        # What came before, a few packets as a rule, is counted where the flow began.
        kept.timeline.add(entry.first_ns, entry.bytes[0] + entry.bytes[1])
        self._candidates[entry.key] = entry
        self._flows.pop(entry.key, None)
        self._matched.pop(entry.key, None)

    def _add_segment(
        self, entry: _Entry, forward: bool, record: Record, sequence: int, flags: int, piece: bytes, length: int
    ) -> None:
        if entry.heads is not None and (
            flags & SYN and entry.key not in self._candidates and entry.heads[not forward].starts_elsewhere(sequence)
        ):
            for head in entry.heads:
                head.drop()
            entry.heads = None
        if entry.heads is None:
            lines = self._tcp_lines if entry.is_listed else self._free_tcp_lines
            entry.heads = StreamHead(lines, self._streams), StreamHead(lines, self._streams)
            entry.syn_forward = None
        if flags & SYN and not flags & ACK:
            entry.syn_forward = forward
        head = entry.heads[not forward]
        head.begin(sequence, from_syn=bool(flags & SYN))
        if not length or head.closed:
            return
        if flags & SYN:
            sequence += 1
        for line in head.add(sequence, piece, length, record.ordinal, record.time_ns):
            if line.port is not None and line.port not in (entry.sender[1], entry.receiver[1]):
                continue
            kept = entry.kept or self._begin_keeping(entry)
            kept.count(line, forward, record.ordinal)
            self._promote(entry, kept, line)

    def candidates(self) -> Iterator[Candidate]:
        """The candidate flows in the order in which they began."""
        if self._streams.refused:
            self.counts.evicted["streams"] = self._streams.refused
        pairs: dict[tuple[bytes, bytes], int] = {}
        ordered = sorted(self._candidates.values(), key=lambda entry: entry.first_packet)
        for number, entry in enumerate(ordered):
            low, high = sorted((entry.sender[0], entry.receiver[0]))
            pair = pairs.setdefault((low, high), len(pairs))
            assert entry.kept is not None
            owners = sorted(entry.kept.candidates)
            flows = tuple((owner, self._flow_for(owner, entry, number, pair)) for owner in owners)
            yield Candidate(flows, (entry.sender, entry.receiver), entry.first_packet)

    def _flow_for(self, owner: int, entry: _Entry, number: int, pair: int) -> Flow:
        assert entry.kept is not None
        streams: tuple[Stream, ...] = ()
        if entry.heads is not None:
            streams = tuple(
                head.value(forward)
                for forward, head in zip((True, False), entry.heads, strict=True)
                if any(line.owner == owner for line in head.matched)
            )
        return Flow(
            entry.transport, number, pair, entry.sender[0] <= entry.receiver[0],
            (entry.packets[0], entry.packets[1]), (entry.bytes[0], entry.bytes[1]), entry.first_ns, entry.last_ns,
            entry.syn_forward, PlainKept(entry.kept, owner, streams),
            None if entry.kept.timeline is None else entry.kept.timeline.value(),
        )
