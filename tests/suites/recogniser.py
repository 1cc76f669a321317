"""What every recogniser must hold, inherited by its test: subclass, and name the recogniser and its vectors.

    class TestWireguard(RecogniserSuite):
        recogniser = wireguard.RECOGNISER
        vectors = "wireguard"
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import ClassVar

import pytest

from licet.app.catalogue import RECOGNISERS
from licet.flow.records import Record
from licet.flow.table import FlowTable
from licet.model.evidence import CERTAIN
from licet.recognise.base import NothingRegistered, Recogniser
from support.packets import CLIENT, CLIENT6, SERVER, SERVER6
from support.vectors import Vector, all_vectors, findings, fits, load_vectors, records, summary

MUTATIONS = 40  # of each vector; the seed is the vector's name, so a failure repeats
FLOOD_PACKETS = 2_000
KEPT_BYTES_MAX = 40_000  # of one flow for one recogniser, whatever it carries


class RecogniserSuite:
    recogniser: ClassVar[Recogniser]
    vectors: ClassVar[str]

    def test_every_vector_gives_what_it_expects(self, subtests: pytest.Subtests) -> None:
        for vector in load_vectors(self.vectors):
            with subtests.test(str(vector)):
                found = findings(self.recogniser, records(vector))
                if vector.expect is None:
                    assert not found, summary(found[0])
                else:
                    assert found, f"nothing was found; {vector.note}"
                    assert fits(found[0], vector.expect), summary(found[0])

    def test_ipv6_makes_no_difference(self) -> None:
        for vector in load_vectors(self.vectors):
            over4 = findings(self.recogniser, records(vector, client=CLIENT, server=SERVER))
            over6 = findings(self.recogniser, records(vector, client=CLIENT6, server=SERVER6))
            assert [summary(f) for f in over4] == [summary(f) for f in over6], str(vector)

    def test_the_cut_of_a_tcp_stream_makes_no_difference(self) -> None:
        for vector in load_vectors(self.vectors):
            if vector.transport != "tcp":
                continue
            whole = [summary(f) for f in findings(self.recogniser, records(vector))]
            for cut_bytes in (1, 2, 3, 7, 64, 536):
                packets = records(vector, cut_bytes=cut_bytes)
                assert [summary(f) for f in findings(self.recogniser, packets)] == whole, f"{vector} in {cut_bytes}s"
            shuffled = _out_of_order(records(vector, cut_bytes=100), random.Random(str(vector)))
            assert [summary(f) for f in findings(self.recogniser, shuffled)] == whole, f"{vector} out of order"

    def test_other_protocols_stay_negative(self) -> None:
        for vector in all_vectors():
            if vector.file == self.vectors or vector.expect is None:
                continue
            found = findings(self.recogniser, records(vector))
            assert not [f for f in found if f.best.family not in _may_share(vector)], f"{vector}: {found}"

    def test_nothing_is_raised_on_mutated_messages(self) -> None:
        for vector in load_vectors(self.vectors):
            chance = random.Random(str(vector))
            for _ in range(MUTATIONS):
                findings(self.recogniser, [_mutated(packet, chance) for packet in records(vector)])

    def test_one_direction_alone_is_never_certain(self) -> None:
        for vector in load_vectors(self.vectors):
            for forward in (True, False):
                half = replace(vector, messages=tuple(m for m in vector.messages if m.forward is forward))
                for found in findings(self.recogniser, records(half)):
                    assert found.best.grade != CERTAIN, f"{vector}, {'forward' if forward else 'backward'} only"

    def test_what_is_kept_of_a_flow_is_bounded(self) -> None:
        for vector in load_vectors(self.vectors):
            table = FlowTable([self.recogniser.sieve])
            packets = records(vector)
            for number in range(FLOOD_PACKETS):
                packet = packets[number % len(packets)]
                table.add(packet._replace(ordinal=number + 1, time_ns=packet.time_ns + number))
            for candidate in table.candidates():
                for _, flow in candidate.owners:
                    messages, streams = flow.kept.messages(), flow.kept.streams()
                    kept = sum(len(m.data) for m in messages) + sum(len(s.data) for s in streams)
                    assert kept <= KEPT_BYTES_MAX
                    assert len(messages) <= sum(line.quota for line in self.recogniser.sieve) * 2
                    self.recogniser.recognise(flow, NothingRegistered())

    def test_it_stands_in_the_catalogue(self) -> None:
        assert self.recogniser in RECOGNISERS


def _may_share(vector: Vector) -> set[str]:
    """Families that another recogniser may rightly see in this vector: ESP follows IKE on one flow."""
    return {"ipsec-ike", "ipsec-esp"} if vector.file in ("ike", "esp") else set()


def _mutated(packet: Record, chance: random.Random) -> Record:
    """A few bytes behind the Ethernet header changed, or the frame cut."""
    frame = bytearray(packet.frame)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(14, len(frame))
        frame[at] = chance.choice((0, 255, frame[at] ^ 1 << chance.randrange(8), chance.randrange(256)))
    if chance.random() < 0.2:
        del frame[chance.randrange(14, len(frame)) :]
    return packet._replace(frame=bytes(frame))


def _out_of_order(packets: list[Record], chance: random.Random) -> list[Record]:
    """Swap neighbours of one direction behind the TCP handshake, and send some segments twice."""
    out = list(packets)
    for at in range(2, len(out) - 1):
        same_way = out[at].frame[26:30] == out[at + 1].frame[26:30]
        if same_way and chance.random() < 0.4:
            out[at], out[at + 1] = out[at + 1], out[at]
    out += [packet for packet in packets if chance.random() < 0.3]
    return [packet._replace(ordinal=number) for number, packet in enumerate(out, 1)]
