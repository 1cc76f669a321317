"""What every recogniser is: a sieve, and a plain function from a candidate flow to a finding or nothing.

A recogniser opens nothing, asks no clock and sees no address. On any bytes it returns; it never raises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import NamedTuple, Protocol

from licet.model.evidence import CERTAIN, LIKELY, Evidence, Step
from licet.model.flow import Flow, Message
from licet.model.sieve import Sieve

_PACKET = attrgetter("packet")
# Made from a tuple without a step through Python: each flow of a large capture has some.
_make_evidence = partial(tuple.__new__, Evidence)
_make_step = partial(tuple.__new__, Step)


class Registered(Protocol):
    """The registry inside recognition: payload may not leave a recogniser, so the question comes in."""

    def match_key(self, first_116_bytes: bytes, mac1: bytes) -> str | None:
        """Handle of the service whose WireGuard key this initiation was addressed to, or None."""


class NothingRegistered:
    """For runs without a registry, and for tests."""

    def match_key(self, first_116_bytes: bytes, mac1: bytes) -> str | None:
        return None


class Finding(NamedTuple):
    """What one flow showed.

    evidence: the best first; to_server: the direction (True: forward) that leads to the server end, None where the
    initiator cannot be known (`app/` then caps the grade, unless the operator's prefixes settle it); matched_key:
    handle of the registered key's service; ties: values by which `links.py` joins this flow to others of its address
    pair, {kind: values}; never written.
    """

    evidence: tuple[Evidence, ...]
    to_server: bool | None
    matched_key: str | None = None
    ties: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def best(self) -> Evidence:
        return self.evidence[0]

    def tie(self, kind: str) -> tuple[int, ...]:
        return next((values for name, values in self.ties if name == kind), ())


@dataclass(frozen=True, slots=True)
class Recogniser:
    """One protocol. name: its file's; families: what it can find; sieve and recognise: its two halves."""

    name: str
    families: tuple[str, ...]
    sieve: Sieve
    recognise: Callable[[Flow, Registered], Finding | None]


def evidence(
    family: str, variant: str | None, rule: str, link: str | None, steps: list[Step], *, certain: bool
) -> Evidence:
    """Evidence whose packets are those of its steps, in order."""
    ordered = tuple(sorted(steps, key=_PACKET))
    packets = tuple(dict.fromkeys(map(_PACKET, ordered)))
    return _make_evidence((family, variant, CERTAIN if certain else LIKELY, rule, link, packets, ordered))


def step(
    message: Message, name: str, to_server: bool | None, echoes: Message | None = None, value: str | None = None
) -> Step:
    """A message as a line of the ladder. to_server: the direction (True: forward) that leads to the server end."""
    _, forward, packet, time_ns, length, _ = message
    towards = None if to_server is None else forward is to_server
    echoed = None if echoes is None else echoes.packet
    return _make_step((packet, time_ns, forward, towards, name, length, echoed, value))


def capped(found: Evidence) -> Evidence:
    """The same evidence, graded likely: the wire does not say which end serves."""
    return found._replace(grade=LIKELY)


def without_steps(finding: Finding) -> Finding:
    """The same finding for whoever draws no ladder: the steps are the bulk of it."""
    found, to_server, matched_key, ties = finding
    return Finding(tuple([_make_evidence((*one[:6], ())) for one in found]), to_server, matched_key, ties)
