"""A registry that knows a policy, and orders in the state that is wanted, brought there from the beginning."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings

from licet.model.canonical import moment_ns, sha256_digest
from licet.model.endpoint import parse_endpoint
from licet.model.order import OrderFile, file_bytes
from licet.order.impact import Row, impact_report
from licet.server.orders.models import OrderRow
from licet.server.orders.service_layer import orders
from licet.server.orders.service_layer.due import run_due
from licet.server.registry.models import Registry
from order.orders import (
    APPROVER,
    AUTHOR,
    CREATED_NS,
    HOUR_NS,
    SNAPSHOT,
    evidence_line,
    file_of,
    order_of,
    policy_toml,
    sign,
)
from server.world import DAY, HOUR, MONDAY, World

END = "198.51.100.66:51820/udp"
SIGNED = MONDAY + HOUR


def use_policy(settings: Any, folder: Path, kind: str = "owned") -> None:
    """A data folder with a policy.toml."""
    (folder / "policy.toml").write_text(policy_toml(kind))
    settings.DEPLOYMENT = dataclasses.replace(django_settings.DEPLOYMENT, data=folder)


def dry(file: OrderFile, at: datetime = SIGNED, *, other: str = "") -> OrderFile:
    """The file with a dry run of a day and a half. other: what the port carried besides, if anything."""
    rows = [Row(("edge", "eth0", CREATED_NS - hour * HOUR_NS), 3_600_000, one.endpoint, protocol, "", 3, 4, 50, 6_000)
            for one in file.order.endpoints for protocol in (one.protocol, *([other] if other else []))
            for hour in range(1, 37)]
    web = parse_endpoint(f"{str(file.order.endpoints[0].endpoint).rpartition(':')[0]}:443/tcp")
    rows.append(Row(("edge", "eth0", CREATED_NS - HOUR_NS), 3_600_000, web, "other", "", 40, 90, 9_000, 900_000))
    return replace(file, impact=impact_report(file.order, rows, lambda end, protocol: "", {}, moment_ns(at)))


def by_author(*ends: str, **changes: Any) -> OrderFile:
    """A draft that its author signed. ends: END unless it is said otherwise."""
    lines = [evidence_line(end) for end in ends or (END,)]
    return sign(file_of(order_of(*lines, **changes), *lines), "author", AUTHOR)


def by_both(file: OrderFile) -> OrderFile:
    """The same, run dry and signed by the second person."""
    filled = replace(file, order=replace(file.order, approver=APPROVER.key_id, impact=sha256_digest(file.impact)))
    return sign(filled, "approver", APPROVER)


def an_order(state: str = "approved", *ends: str, **changes: Any) -> OrderRow:
    """An order in a state."""
    file = by_author(*ends, **changes)
    if state == "checked":
        return orders.submit(file_bytes(file), at=SIGNED)
    if state == "simulated":
        return orders.submit(file_bytes(dry(file)), at=SIGNED)
    row = orders.submit(file_bytes(by_both(dry(file))), at=SIGNED)
    return row if state == "approved" else bring(row, state)


def bring(row: OrderRow, state: str) -> OrderRow:
    """Let the clock move a signed order on."""
    clock(SIGNED + timedelta(minutes=1))
    if state != "noticed":
        seen_again(row, MONDAY + DAY)
        clock(MONDAY + DAY + 2 * HOUR)
    if state == "live":
        clock(MONDAY + DAY + 3 * HOUR)
    row.refresh_from_db()
    assert row.state == state, row.state
    return row


def seen_again(row: OrderRow, at: datetime) -> None:
    """Fresh evidence for all of its endpoints."""
    OrderRow.objects.filter(pk=row.pk).update(observed_at=at)


def clock(at: datetime) -> str:
    """What the clock does at a moment, in a registry that was never away."""
    Registry.objects.update(clock_ran_at=at, resumed_at=None)
    return run_due(at=at)


__all__ = ["DAY", "END", "HOUR", "MONDAY", "SIGNED", "SNAPSHOT", "World", "an_order", "bring", "by_author", "by_both",
           "clock", "dry", "seen_again", "use_policy"]
