"""Folding a log into what a registry should say now: which services count, with which status, and what ends they have.

The fold knows what entries say and no more: of a service that is not listed that is no address. Nothing here asks what
time it is; pages and snapshots are compared with it elsewhere.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from licet.lifecycle import application, endpoint_proof, listing, publication, registration
from licet.lifecycle.replay import Replay, Subject
from licet.model.canonical import Json

ATTEST = "attest"
ATTESTED, PROVISIONAL = "attested", "provisional"


@dataclass(frozen=True, slots=True)
class LoggedEndpoint:
    """handle: of the endpoint; state: of its proof; entry: address, port and protocol, "" where the log does not say;
    mac1_key, name: likewise; time: of its last entry."""

    handle: str
    state: str
    entry: str
    mac1_key: str
    name: str
    time: str

    @property
    def is_said(self) -> bool:
        """True where the log says which end it is."""
        return bool(self.entry or self.mac1_key)


@dataclass(slots=True)
class LoggedService:
    """One service. registration: its state, "" where it never began; is_attested: nobody proved it; end_day: ISO 8601;
    since: time of the registration's last entry; is_provisional: an application stands for it; facts: digest of what
    the directory says, "" where it is not listed; endpoints: all that ever were; moves: indexes of the entries of all
    these, in order."""

    registration: str = ""
    is_attested: bool = False
    end_day: str = ""
    since: str = ""
    is_provisional: bool = False
    facts: str = ""
    endpoints: list[LoggedEndpoint] = field(default_factory=list)
    moves: list[int] = field(default_factory=list)

    @property
    def is_registered(self) -> bool:
        """True while the registration is not over."""
        return self.registration not in ("", *registration.OVER)

    @property
    def is_listed(self) -> bool:
        """True where the directory shows it."""
        return self.is_registered and bool(self.facts) and not self.is_attested

    @property
    def status(self) -> str:
        """The status that a snapshot gives of it, "" where it does not count."""
        if self.is_registered:
            if self.is_attested and self.registration != registration.SERVER_HOLD:
                return ATTESTED
            return registration.published_status(self.registration)
        return PROVISIONAL if self.is_provisional else ""

    def counting(self) -> Iterator[LoggedEndpoint]:
        """The endpoints whose proof stands."""
        return (one for one in self.endpoints if one.state in endpoint_proof.COUNTING)

    def moved_between(self, first: int, end: int) -> bool:
        """True where it has an entry after index `first` and before `end`."""
        at = bisect_right(self.moves, first)
        return at < len(self.moves) and self.moves[at] < end


@dataclass(frozen=True, slots=True)
class LoggedSnapshot:
    """One published snapshot. index, time: of its entry; is_settled: what moved while it was made is in the next."""

    serial: int
    digest: str
    index: int
    time: str
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Fold:
    """services: by handle; snapshots: by number; unknown: how many endpoints belong to a service that cannot be told
    any more, because the body of their entry was taken back."""

    services: Mapping[str, LoggedService]
    snapshots: Mapping[int, LoggedSnapshot]
    unknown: int


def fold(replay: Replay, bodies: Mapping[str, dict[str, Json]]) -> Fold:
    """Fold a log that was replayed with its moves. bodies: what the last bodies of subjects say, by digest."""
    services: dict[str, LoggedService] = {}
    snapshots: dict[int, LoggedSnapshot] = {}
    unknown = 0
    for handle, subject in replay.subjects.items():
        details = bodies.get(subject.body_digest) if subject.body_digest else subject.details
        if subject.kind == publication.TABLE.kind:
            found = _snapshot(subject)
            snapshots[found.serial] = found
        elif subject.kind == registration.TABLE.kind:
            _take(services.setdefault(handle, LoggedService()), handle, subject, subject.details, replay)
        elif details is None:
            unknown += subject.kind == endpoint_proof.TABLE.kind
        elif service := _text(details, "service"):
            _take(services.setdefault(service, LoggedService()), handle, subject, details, replay)
    for one in services.values():
        one.moves.sort()
    return Fold(services, snapshots, unknown)


def _take(service: LoggedService, handle: str, subject: Subject, details: Mapping[str, Json], replay: Replay) -> None:
    service.moves += (replay.moves or {}).get(handle, [])
    if subject.kind == registration.TABLE.kind:
        service.registration, service.is_attested = subject.state, subject.birth == ATTEST
        service.end_day, service.since = _text(details, "exDate"), subject.time
    elif subject.kind == application.TABLE.kind:
        service.is_provisional |= subject.state == application.PROVISIONAL
    elif subject.kind == listing.TABLE.kind:
        service.facts = _text(details, "facts") if subject.state == listing.LISTED else ""
    elif subject.kind == endpoint_proof.TABLE.kind:
        service.endpoints.append(LoggedEndpoint(handle, subject.state, _text(details, "endpoint"),
                                                _text(details, "mac1Key"), _text(details, "name"), subject.time))


def _snapshot(subject: Subject) -> LoggedSnapshot:
    serial = subject.details.get("serial")
    return LoggedSnapshot(serial if isinstance(serial, int) else 0, _text(subject.details, "digest"), subject.index,
                          subject.time, subject.details.get("unsettled") is not True)


def _text(details: Mapping[str, Json], name: str) -> str:
    value = details.get(name)
    return value if isinstance(value, str) else ""
