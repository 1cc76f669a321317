"""Which flows and packets a trace has: kinds, ends, lengths, and the moment of every packet.

Flows stand kind by kind and packets flow by flow, so that a kind's flows and a flow's packets are slices; `order` is
the order in time. Everything is drawn from one seeded generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.conversation import PAYLOAD_BYTES_MAX, TCP, Bytes, Conversation, Draw, Ints, Kind, Steady

BASE_S = 1_764_000_000  # the first second of a trace: 24 November 2025, UTC
STARTS_WITHIN_S = 590.0
FLOW_S_MAX = 900.0  # about how long the longest flows last
IPV6_SHARE, VLAN_SHARE = 0.15, 0.08
PARETO_SHAPE = 1.05
FLOW_SHARE_MAX = 0.01  # no flow has more of a trace's packets
TUNNEL_FLOWS_MIN = 2  # of each kind, in traces however small
PACKETS_MIN = 12  # of a flow whose length is drawn: the longest opening, and some traffic behind it
TCP_HANDSHAKE = 3  # SYN, SYN with ACK, ACK

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Flows:
    """One row a flow. kind: its index; start: its first packet's row in Packets; isn: initial sequence numbers of
    client and server; address: of client and server, 16 bytes each, IPv4 in the first four; base_s: the trace's first
    second, since the epoch."""

    kinds: Sequence[Kind]
    kind: NDArray[np.int16]
    first: Ints
    packets: Ints
    start_s: NDArray[np.float64]
    ports: NDArray[np.uint16]
    address: Bytes
    isn: NDArray[np.uint32]
    is_v6: Bools
    is_tagged: Bools
    talks: tuple[Conversation, ...]
    base_s: int

    def rows(self, kind: int) -> slice:
        """The flows of one kind."""
        low, high = np.searchsorted(self.kind, (kind, kind + 1))
        return slice(int(low), int(high))


@dataclass(frozen=True)
class Packets:
    """One row a packet. number: within its flow, from 0; length: of the payload, bytes; sent, heard: bytes that its
    sender and its receiver had sent before it, for TCP; time_us: since the epoch."""

    flow: NDArray[np.int32]
    number: NDArray[np.int32]
    to_server: Bools
    length: NDArray[np.uint16]
    sent: NDArray[np.uint32]
    heard: NDArray[np.uint32]
    time_us: Ints
    order: NDArray[np.int64]


def plan_flows(kinds: Sequence[Kind], packets: int, flows: int, rng: np.random.Generator,
               base_s: int = BASE_S) -> Flows:
    """Draw the flows of a trace that begins at `base_s`. Raises ValueError where there are too few packets for so many
    flows."""
    counts = _counts(kinds, flows)
    kind = np.repeat(np.arange(len(kinds), dtype=np.int16), counts)
    lengths = _lengths(kinds, kind, packets, rng)
    start_s = rng.random(flows) * STARTS_WITHIN_S
    address = rng.integers(0, 256, (flows, 2, 16), dtype=np.uint8)
    is_v6, is_tagged = rng.random(flows) < IPV6_SHARE, rng.random(flows) < VLAN_SHARE
    ports = np.stack([rng.integers(1024, 65535, flows), rng.integers(10_000, 60_000, flows)], axis=1).astype(np.uint16)
    talks: list[Conversation] = []
    names = [one.name for one in kinds]
    bounds = np.concatenate([[0], np.cumsum(counts)])
    for index, one in enumerate(kinds):
        rows = slice(int(bounds[index]), int(bounds[index + 1]))
        before = None
        if one.with_kind:
            main = names.index(one.with_kind)
            mains = slice(int(bounds[main]), int(bounds[main + 1]))
            before = talks[main]
            start_s[rows] = start_s[mains] + 0.5
            address[rows], is_v6[rows], is_tagged[rows] = address[mains], is_v6[mains], is_tagged[mains]
        if one.ports:
            ports[rows, 1] = rng.choice(np.array(one.ports, np.uint16), counts[index])
        if one.same_port:
            ports[rows, 0] = ports[rows, 1]
        talks.append(one.talk(Draw(rng, int(counts[index]), base_s + start_s[rows].astype(np.int64)), before))
    _place(address, is_v6)
    isn = rng.integers(0, 1 << 32, (flows, 2), dtype=np.uint32)
    first = np.cumsum(lengths) - lengths
    return Flows(kinds, kind, first, lengths, start_s, ports, address, isn, is_v6, is_tagged, tuple(talks), base_s)


def _counts(kinds: Sequence[Kind], flows: int) -> Ints:
    """Flows of each kind by its share; the commonest kind takes what rounding leaves."""
    shares = np.array([one.share for one in kinds])
    counts: Ints = np.floor(shares / shares.sum() * flows).astype(np.int64)
    for index, one in enumerate(kinds):
        if one.family:
            counts[index] = max(counts[index], TUNNEL_FLOWS_MIN)
    counts[int(np.argmax(shares))] += flows - counts.sum()
    if counts.min() < 0:
        raise ValueError(f"{flows} flows are too few for {len(kinds)} kinds")
    return counts


def _lengths(kinds: Sequence[Kind], kind: NDArray[np.int16], packets: int, rng: np.random.Generator) -> Ints:
    """Packets of each flow: the kind's own number, else Pareto's, scaled to give `packets` in all."""
    fixed = np.array([one.packets for one in kinds])[kind]
    weights = np.where(fixed > 0, 0.0, rng.pareto(PARETO_SHAPE, len(kind)))
    weights = np.minimum(weights, FLOW_SHARE_MAX * weights.sum())
    lengths: Ints = np.where(fixed > 0, fixed, PACKETS_MIN).astype(np.int64)
    room = packets - int(lengths.sum())
    if room < 0:
        raise ValueError(f"{packets} packets are too few for {len(kind)} flows: {int(lengths.sum())} is the least")
    lengths += np.floor(weights / weights.sum() * room).astype(np.int64)
    lengths[np.flatnonzero(fixed == 0)[: packets - int(lengths.sum())]] += 1
    return lengths


def _place(address: Bytes, is_v6: Bools) -> None:
    """Clients in 10.0.0.0/12 and servers in public ranges; IPv6 of both in 2001:db8::/32."""
    address[:, 0, 0] = 10
    address[:, 0, 1] &= 0x0F
    address[:, 1, 0] = 20 + address[:, 1, 0] % 80
    address[is_v6, :, :4] = (0x20, 0x01, 0x0D, 0xB8)


def plan_packets(flows: Flows, rng: np.random.Generator) -> Packets:
    """Draw every packet of the flows: direction, length, time."""
    total = int(flows.packets.sum())
    flow = np.repeat(np.arange(len(flows.kind), dtype=np.int32), flows.packets)
    number = (np.arange(total) - flows.first[flow]).astype(np.int32)
    to_server = rng.random(total) < 0.4
    length = np.zeros(total, np.uint16)
    for index, one in enumerate(flows.kinds):
        rows = flows.rows(index)
        if rows.start == rows.stop:
            continue
        begin = int(flows.first[rows.start])
        here = slice(begin, begin + int(flows.packets[rows].sum()))
        length[here], to_server[here] = _say(one, flows.talks[index], number[here], to_server[here], rng)
    by_client, by_server = (_sent_before(flows, flow, np.where(way, length, 0)) for way in (to_server, ~to_server))
    sent, heard = np.where(to_server, by_client, by_server), np.where(to_server, by_server, by_client)
    del by_client, by_server
    time_us = _times(flows, flow, rng)
    order = np.argsort(time_us, kind="stable")
    return Packets(flow, number, to_server, length, sent, heard, time_us, order)


def _say(
    kind: Kind, talk: Conversation, number: NDArray[np.int32], to_server: Bools, rng: np.random.Generator
) -> tuple[NDArray[np.uint16], Bools]:
    """Payload lengths and directions of one kind's packets: the opening as composed, then the steady mix."""
    message = number - TCP_HANDSHAKE if kind.transport == TCP else number
    # Both ends speak early in every flow: of the first two steady packets each has one.
    second = np.flatnonzero(message == len(talk.opening) + 1)
    to_server[second] = ~to_server[second - 1]
    length = _steady_lengths(talk.steady, kind.transport, to_server, rng)
    length[message < 0] = 0
    to_server = np.where(message < 0, number != 1, to_server)
    for index, one in enumerate(talk.opening):
        rows = message == index
        length[rows], to_server[rows] = one.length, one.to_server
    return length, to_server


def _steady_lengths(steady: Steady, transport: int, to_server: Bools, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Mostly full packets to the client, mostly small ones to the server; over TCP most of these are bare
    acknowledgements."""
    if steady.fixed:
        return np.full(len(to_server), steady.fixed, np.uint16)
    chance = rng.random(len(to_server))
    down = np.where(chance < 0.45, PAYLOAD_BYTES_MAX, 80 + chance * 1_200)
    up = np.where(chance < 0.75, 40 + chance * 80, 900)
    length = np.where(to_server, up, down)
    length = np.minimum(length // steady.block * steady.block + steady.overhead, PAYLOAD_BYTES_MAX // 16 * 16)
    if transport == TCP:
        length[to_server & (chance < 0.7)] = 0
    return np.asarray(length, np.uint16)


def _sent_before(flows: Flows, flow: NDArray[np.int32], length: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """For each packet, the sum of `length` over its flow's earlier packets."""
    before = np.cumsum(length, dtype=np.int64)
    before -= length
    before -= before[flows.first][flow]
    return before.astype(np.uint32)


def _times(flows: Flows, flow: NDArray[np.int32], rng: np.random.Generator) -> Ints:
    """Each flow at its own pace, with gaps as chance has them; long flows are fast ones."""
    pace_s = np.minimum(rng.choice([0.0005, 0.002, 0.01, 0.03], len(flows.kind)), FLOW_S_MAX / flows.packets)
    gap_s = rng.exponential(1.0, len(flow))
    gap_s *= pace_s[flow]
    since_s = np.cumsum(gap_s)
    since_s -= (since_s[flows.first] - flows.start_s)[flow]
    since_s *= 1e6
    return since_s.astype(np.int64) + flows.base_s * 1_000_000
