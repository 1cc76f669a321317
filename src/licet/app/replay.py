"""Does a verdict stand? One `licet.tunnel/1` object is computed again from the capture and the registry it names.

The object may come from anyone: it is read with bounds, and whatever is wrong with it is a BadFile that says what was
expected. Its capture's path and its words (`reason`) are not compared; the facts that they rest on are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from licet.app.report.jsonl import SCHEMA, tunnel_object
from licet.app.results import JudgedTunnel, ScanResult
from licet.errors import BadFile, Malformed
from licet.model.canonical import SAFE_INTEGER_MAX, Json, parse_time
from licet.model.endpoint import PORTLESS, TRANSPORTS, Endpoint, parse_address
from licet.model.verdict import VERDICTS

if TYPE_CHECKING:
    from licet.app.config import Config
    from licet.judge import Registry

VERDICT_BYTES_MAX = 1 << 20

# The facts, in the order in which they are compared and printed: name, and where it is in the object.
FACTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("family", ("family",)),
    ("variant", ("variant",)),
    ("grade", ("grade",)),
    ("verdict", ("verdict",)),
    ("registration", ("registration",)),
    ("evidence", ("evidence",)),
    ("registry digest", ("snapshot", "digest")),
    ("rules of judgement", ("policy",)),
)

_TEXT_MEMBERS = ("transport", "family", "class", "grade", "verdict", "judged_at", "policy")
_TEXT_OR_NULL_MEMBERS = ("address", "variant", "registration")


@dataclass(frozen=True, slots=True)
class Claim:
    """A verdict as somebody states it. endpoint: None for a mesh; facts: by the names in FACTS; serial: of the snapshot
    that it names, None where that has no number."""

    endpoint: Endpoint | None
    transport: str
    family: str
    judged_at_ns: int
    facts: Mapping[str, Json]
    serial: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that is not as claimed; both as JSON values."""

    fact: str
    claimed: Json
    computed: Json


@dataclass(frozen=True, slots=True)
class Replay:
    """computed: the tunnel found again, None if there is none at the endpoint; differences: none if the claim stands;
    problem: why a capture could not be read to its end, or None."""

    claim: Claim
    computed: JudgedTunnel | None
    differences: tuple[Difference, ...]
    problem: str | None = None

    @property
    def stands(self) -> bool:
        return self.computed is not None and not self.differences


def replay(claim: Claim, captures: Sequence[str], registries: Sequence[Registry], config: Config | None) -> Replay:
    """Scan again, judge as of the claim's time, and compare. Raises BadFile for a capture that cannot be opened."""
    from licet.app.scan import scan

    result = scan(captures, registries=registries, config=config, at_ns=claim.judged_at_ns)
    return compare(claim, result)


def compare(claim: Claim, result: ScanResult) -> Replay:
    """Find the claimed tunnel in a result and compare every fact. Pure."""
    at_endpoint = [
        judged
        for judged in result.tunnels
        if judged.tunnel.server == claim.endpoint and judged.tunnel.transport == claim.transport
    ]
    same_family = [judged for judged in at_endpoint if judged.tunnel.family == claim.family]
    problem = next((capture.problem for capture in result.captures if capture.problem), None)
    outcomes = [
        Replay(claim, judged, _differences(claim, _facts(tunnel_object(judged))), problem)
        for judged in same_family or at_endpoint
    ]
    # With several captures the endpoint may be in more than one; the claim stands if one of them bears it out.
    return min(outcomes, key=lambda one: len(one.differences), default=Replay(claim, None, (), problem))


def _differences(claim: Claim, computed: Mapping[str, Json]) -> tuple[Difference, ...]:
    return tuple(
        Difference(fact, claim.facts[fact], computed[fact]) for fact, _ in FACTS if claim.facts[fact] != computed[fact]
    )


def _facts(verdict: Mapping[str, Json]) -> dict[str, Json]:
    """The facts of a tunnel object by name; a member of null has none of its own."""
    facts: dict[str, Json] = {}
    for name, path in FACTS:
        value: Json = dict(verdict)
        for member in path:
            value = value[member] if isinstance(value, dict) else None
        facts[name] = value
    return facts


def load_claim(path: str) -> Claim:
    """Read a claim from a file, or `-` for standard input. Raises BadFile."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(VERDICT_BYTES_MAX + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(VERDICT_BYTES_MAX + 1)
    except OSError as error:
        raise BadFile(path, f"cannot be read: {(error.strerror or 'unknown error').lower()}") from None
    if len(data) > VERDICT_BYTES_MAX:
        raise BadFile(path, f"holds over {VERDICT_BYTES_MAX:,} bytes; give one line of `licet scan --format jsonl`")
    return parse_claim(data, path)


def parse_claim(data: bytes, path: str) -> Claim:
    """Read one `licet.tunnel/1` object. path: for the sentence of the error. Raises BadFile."""
    verdict = _parse_object(data, path)
    if verdict.get("schema") != SCHEMA:
        raise BadFile(path, f"is not a verdict of schema {SCHEMA}")
    for name in (*_TEXT_MEMBERS, *_TEXT_OR_NULL_MEMBERS):
        value = verdict.get(name, 0)
        if not (isinstance(value, str) or (value is None and name in _TEXT_OR_NULL_MEMBERS)):
            raise BadFile(path, f"has no text for “{name}”")
    if verdict["verdict"] not in VERDICTS:
        raise BadFile(path, f"has no verdict that licet knows; expected one of {', '.join(VERDICTS)}")
    try:
        judged_at_ns = parse_time(str(verdict["judged_at"]))
    except (ValueError, OverflowError):
        raise BadFile(path, "has no time for “judged_at”; expected one such as 2026-03-01T12:00:00Z") from None
    endpoint, facts = _endpoint(verdict, path), _checked(verdict, path)
    return Claim(endpoint, str(verdict["transport"]), str(verdict["family"]), judged_at_ns, facts, _serial(verdict))


def _serial(verdict: Mapping[str, Json]) -> int | None:
    snapshot = verdict["snapshot"]
    serial = snapshot.get("serial") if isinstance(snapshot, dict) else None
    if isinstance(serial, int) and not isinstance(serial, bool) and 1 <= serial <= SAFE_INTEGER_MAX:
        return serial
    return None


def _parse_object(data: bytes, path: str) -> dict[str, Json]:
    """JSON without its traps: no second value, no repeated name, no number that is not whole, no bottomless nesting."""
    lines = [line for line in data.splitlines() if line.strip()]
    try:
        verdict = json.loads(data, object_pairs_hook=_unique, parse_float=_no_fraction, parse_constant=_no_fraction)
    except (ValueError, RecursionError):
        many = len(lines) > 1 and lines[0].rstrip().endswith(b"}")
        problem = "holds more than one line; give one verdict" if many else "is not one JSON object"
        raise BadFile(path, f"{problem}, as a line of `licet scan --format jsonl` is") from None
    if not isinstance(verdict, dict):
        raise BadFile(path, "is not one JSON object, as a line of `licet scan --format jsonl` is")
    return verdict


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name is repeated")
    return value


def _no_fraction(text: str) -> Json:
    raise ValueError(f"{text} is no whole number")


def _endpoint(verdict: Mapping[str, Json], path: str) -> Endpoint | None:
    """The server end; None where the object has no address."""
    address, transport, port = verdict["address"], verdict["transport"], verdict.get("port")
    if transport not in TRANSPORTS:
        raise BadFile(path, f"has no transport that licet knows; expected one of {', '.join(TRANSPORTS)}")
    if address is None:
        return None
    if transport in PORTLESS:
        is_port_right = port is None
    else:
        is_port_right = isinstance(port, int) and not isinstance(port, bool) and 1 <= port <= 65535
    if not is_port_right:
        raise BadFile(path, "has no port that fits its transport")
    try:
        return Endpoint(str(parse_address(str(address))), str(transport), port if isinstance(port, int) else None)
    except Malformed as error:
        raise BadFile(path, str(error)) from None


def _checked(verdict: Mapping[str, Json], path: str) -> dict[str, Json]:
    """The facts, with the two nested ones checked for shape: evidence and snapshot."""
    evidence, snapshot = verdict.get("evidence"), verdict.get("snapshot", 0)
    if not isinstance(evidence, list) or not all(
        isinstance(one, dict) and set(one) == {"rule", "link", "packets"} for one in evidence
    ):
        raise BadFile(path, "has no list of rule, link and packets for “evidence”")
    if snapshot is not None and not (isinstance(snapshot, dict) and isinstance(snapshot.get("digest"), str)):
        raise BadFile(path, "has no digest in “snapshot”")
    return _facts(verdict)
