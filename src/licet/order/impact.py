"""The dry run: what an order would have met, by the endpoint summaries that a watch recorded (lifecycle §6).

In come rows of `licet.observation/1`, of the last seven days where there are so many; out comes the report
`licet.impact/1` as canonical JSON. For each endpoint: what ran over it by protocol, what else its address served,
whether its port carried anything but the tunnel, what is registered there, its names. An address that was watched for
less than 24 hours is one of which nobody knows who else is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from licet.errors import Malformed
from licet.lifecycle.days import HOUR_NS
from licet.lifecycle.order import DRY_RUN_HOURS
from licet.model.canonical import Json, canonical_json, parse_time, sha256_digest, time_text
from licet.model.endpoint import Endpoint
from licet.model.order import Order, OrderFile, order_digest
from licet.order.problem import Problem, problem

SCHEMA = "licet.impact/1"
DAYS = 7
TENANCY_HOURS_MIN = 24
SERVICES_MAX, NAMES_MAX = 200, 20
ALONE, SHARED, UNKNOWN = "alone", "shared", "unknown"

# Names of machines that are never blocked, whatever is behind them. Lists of addresses are the operator's.
NAME_RULES = (
    (re.compile(r"epdg\.|\.3gppnetwork\.org$"), "Wi-Fi calling and emergency calls go there"),
    (re.compile(r"(?:^|\.)(?:ns|dns|resolver)[0-9]*\."), "it is a name server's"),
    (re.compile(r"(?:^|\.)(?:emergency|sos|112|911)[.-]"), "emergency calls go there"),
    (re.compile(r"(?:^|\.)(?:embassy|consulate|mission)[.-]"), "it is a diplomatic mission's"),
    (re.compile(r"(?:^|\.)(?:pay|payment|payments)[.-]"), "payments go there"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint in one window of a watch. window: (sensor, interface, start), of which each is counted once;
    window_ms: its length; protocol: a family, or `other` where licet did not look; registration: the handle of a
    registered tunnel, or ""; clients: distinct other ends in the window."""

    window: tuple[str, str, int]
    window_ms: int
    endpoint: Endpoint
    protocol: str
    registration: str
    clients: int
    flows: int
    packets: int
    bytes: int


@dataclass(slots=True)
class _Sum:
    """Rows of one kind, added up. clients: the most in one window, for the same ones may be in each."""

    windows: int = 0
    clients: int = 0
    flows: int = 0
    packets: int = 0
    bytes: int = 0

    def add(self, row: Row) -> None:
        self.windows += 1
        self.clients = max(self.clients, row.clients)
        self.flows += row.flows
        self.packets += row.packets
        self.bytes += row.bytes

    def members(self) -> dict[str, Json]:
        return {"windows": self.windows, "clients": self.clients, "flows": self.flows, "packets": self.packets,
                "bytes": self.bytes}


@dataclass(slots=True)
class _Address:
    """All rows of one address."""

    sums: dict[tuple[Endpoint, str], _Sum] = field(default_factory=dict)
    registrations: dict[Endpoint, set[str]] = field(default_factory=dict)
    windows: dict[tuple[str, str, int], int] = field(default_factory=dict)


def impact_report(order: Order, rows: Iterable[Row], registered: Callable[[Endpoint, str], str],
                  names: Mapping[str, Sequence[str]], at_ns: int) -> bytes:
    """Run an order dry. rows: of its addresses, others are left out; registered: as in `endpoints.Standing`; names: of
    each address, its PTR and the registry's. The same rows give the same bytes."""
    addresses = {one.endpoint.address: _Address() for one in order.endpoints}
    for row in rows:
        known = addresses.get(row.endpoint.address)
        if known is not None:
            known.sums.setdefault((row.endpoint, row.protocol), _Sum()).add(row)
            known.windows[row.window] = row.window_ms
            if row.registration:
                known.registrations.setdefault(row.endpoint, set()).add(row.registration)
    return canonical_json({
        "schema": SCHEMA, "puid": order.puid, "order": order_digest(order), "computed": time_text(at_ns),
        "endpoints": [
            _endpoint_impact(one.endpoint, one.protocol, addresses[one.endpoint.address],
                             registered(one.endpoint, one.protocol), names.get(one.endpoint.address, ()))
            for one in order.endpoints
        ],
    })


def _endpoint_impact(end: Endpoint, protocol: str, seen: _Address, handle: str,
                     names: Sequence[str]) -> dict[str, Json]:
    own = {name: one for (endpoint, name), one in seen.sums.items() if endpoint == end}
    services = sorted(((endpoint, name, one) for (endpoint, name), one in seen.sums.items() if endpoint != end),
                      key=lambda each: (each[0], each[1]))
    hours = _hours(seen)
    starts = sorted(start for _, _, start in seen.windows)
    registrations = sorted({*seen.registrations.get(end, ()), *([handle] if handle else [])})
    tenancy = UNKNOWN if hours < TENANCY_HOURS_MIN else SHARED if services or set(own) - {protocol} else ALONE
    return {
        "endpoint": str(end), "tunnelProtocol": protocol, "hours": hours,
        "from": time_text(starts[0]) if starts else None, "until": time_text(starts[-1]) if starts else None,
        "matched": [{"tunnelProtocol": name, **one.members()} for name, one in sorted(own.items())],
        "portAlone": set(own) == {protocol}, "tenancy": tenancy,
        "services": [{"transport": endpoint.transport, "port": endpoint.port, "tunnelProtocol": name, **one.members()}
                     for endpoint, name, one in services[:SERVICES_MAX]],
        "servicesLeftOut": max(0, len(services) - SERVICES_MAX),
        "registered": [*registrations], "names": [*sorted(set(names))[:NAMES_MAX]],
    }


def _hours(seen: _Address) -> int:
    """For how many hours an address was watched: windows of several interfaces at one time count once."""
    longest: dict[int, int] = {}
    for (_, _, start), length_ms in seen.windows.items():
        longest[start] = max(longest.get(start, 0), length_ms)
    return sum(longest.values()) // 3_600_000


def read_impact(raw: bytes) -> dict[str, Any]:
    """The members of a report. Raises Malformed where it is none."""
    try:
        report = json.loads(raw)
        for one in report["endpoints"]:
            known = (one["endpoint"], one["tenancy"], one["portAlone"], one["hours"], one["registered"], one["names"],
                     one["services"], one["matched"])
            if None in known:
                raise ValueError
        parse_time(report["computed"])
        if report["schema"] != SCHEMA or not isinstance(report["order"], str):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Malformed(f"this is no {SCHEMA}") from None
    return dict(report)


def impact_problems(file: OrderFile, at_ns: int) -> list[Problem]:
    """What the dry run says against the order. None: it met the tunnels alone."""
    if not file.impact:
        return [problem("dry_run_missing")]
    report = read_impact(file.impact)
    ends = [one["endpoint"] for one in report["endpoints"]]
    is_signed_one = file.order.impact in ("", sha256_digest(file.impact))
    is_whole = ends == [str(one.endpoint) for one in file.order.endpoints]
    if not is_signed_one or not is_whole or report["order"] != order_digest(file.order):
        return [problem("dry_run_of_another")]
    found = [] if at_ns < parse_time(report["computed"]) + DRY_RUN_HOURS * HOUR_NS else [
        problem("dry_run_too_old", hours=DRY_RUN_HOURS)]
    return found + overlap_problems(report)


def overlap_problems(report: Mapping[str, Any]) -> list[Problem]:
    """What a report met besides the tunnels: registered ones, other tenants, names that are never blocked."""
    found: list[Problem] = []
    for one in report["endpoints"]:
        where = one["endpoint"]
        found += [problem("registered_overlap", where, handle=handle) for handle in one["registered"]]
        if one["tenancy"] == UNKNOWN:
            found.append(problem("tenancy_unknown", where, hours=one["hours"], least=TENANCY_HOURS_MIN))
        elif one["tenancy"] == SHARED and not one["portAlone"]:
            found.append(problem("tenancy_shared", where, count=len(one["services"])))
        for name in one["names"]:
            found += [problem("never_block_name", where, name=name, rule=why) for pattern, why in NAME_RULES
                      if pattern.search(str(name).lower())]
    return found
