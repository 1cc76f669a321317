"""The score of a dry run: what was met beside what was predicted, by the hour, and from where on it is an anomaly."""

from __future__ import annotations

from typing import Any

import pytest

from enforce.cases import HOUR_NS
from licet.order.effect import ANOMALY_FACTOR, ANOMALY_PACKETS_MIN, TRIES_AN_HOUR, effect


def impact(packets: int, hours: int = 48, clients: int = 2) -> dict[str, Any]:
    matched = [{"tunnelProtocol": "wireguard", "flows": 9, "packets": packets, "bytes": 1, "clients": clients,
                "windows": 1}]
    return {"endpoint": "203.0.113.66:51820/udp", "hours": hours, "matched": matched if packets else []}


def test_what_is_expected_grows_with_the_hours_in_force() -> None:
    for ran_ns, hours, predicted in ((0, 1, 100), (1, 1, 100), (HOUR_NS, 1, 100), (HOUR_NS + 1, 2, 200),
                                     (24 * HOUR_NS, 24, 2_400)):
        one = effect(impact(4_800), 5, 500, ran_ns)
        assert (one.ran_hours, one.predicted, one.flows) == (hours, predicted, 9)


@pytest.mark.parametrize(("packets", "clients", "most"), [
    (480_000, 2, ANOMALY_FACTOR * 10_000),  # by what passed
    (48, 3, ANOMALY_FACTOR * TRIES_AN_HOUR * 3),  # by how often clients try again
    (0, 0, ANOMALY_FACTOR * TRIES_AN_HOUR),  # nothing was seen: one client may always try
])
def test_far_more_than_was_predicted_is_an_anomaly(packets: int, clients: int, most: int) -> None:
    seen = impact(packets, clients=clients)
    assert most >= ANOMALY_PACKETS_MIN
    assert not effect(seen, most, 1, HOUR_NS).is_anomaly
    assert effect(seen, most + 1, 1, HOUR_NS).is_anomaly
    assert not effect(seen, most + 1, 1, HOUR_NS + 1).is_anomaly, "another hour has begun"


def test_refused_clients_that_go_on_trying_are_none() -> None:
    """WireGuard tries every five seconds for as long as it is asked to: that is what an order does."""
    for hours in (1, 24, 240):
        assert not effect(impact(10, clients=5), 5 * TRIES_AN_HOUR * hours, 1, hours * HOUR_NS).is_anomaly
