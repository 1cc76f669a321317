"""Lines 1, 2 and 10 of CHARTER.md for watching: nobody is in what a watch writes, and on a network that is not owned
only registered endpoints are.

The same captures and the same planted people as for scanning, through the live flow table, in two windows, on an owned
network and on one of which nobody said what it is. `tests/e2e/test_watch.py` holds the same with real interfaces.
"""

from __future__ import annotations

import ipaddress
import re
import typing
from pathlib import Path

import pytest

from house.outputs import (
    CAPTURES,
    OFFICE,
    OFFICE_REGISTRY,
    PERSON,
    PERSON6,
    PERSON_PORT,
    REGISTRY,
    SERVER,
    SERVER6,
    between,
    planted,
    spellings,
)
from house.test_charter_people import (
    CONTENT_WORDS,
    CONVERSATIONS,
    HARDWARE_ADDRESS,
    PEOPLE,
    PERSONAL_WORDS,
    assert_nobody_in,
    field_names,
    ports_of_people,
)
from house.watched import Watched, packets_of
from licet.app.watch.judging import COUNT_MIN, JudgedWindow
from licet.app.watch.window import Other, Window
from licet.flow.engine import has_kernel
from support.engines import NO_KERNEL
from support.vectors import load_vectors

pytestmark = pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)

def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


# 1. Services, never people.


@pytest.mark.parametrize("kind", ["owned", None])
@pytest.mark.parametrize("capture", [OFFICE, *CAPTURES], ids=lambda path: path.stem)
def test_line_1_no_client_of_a_real_capture_is_in_what_a_watch_writes(capture: Path, kind: str | None) -> None:
    watched = Watched(packets_of(capture), registry=OFFICE_REGISTRY if capture == OFFICE else None, kind=kind)
    assert '"kind": "window"' in watched.text
    assert not PEOPLE.search(watched.text)
    assert not HARDWARE_ADDRESS.search(watched.text)
    for port in ports_of_people(capture):
        assert not re.search(rf"(:|port\W{{0,4}}){port}(?!\d)", watched.text), f"a client's port, {port}"


@pytest.mark.parametrize("begins", ["client", "server", "no-syn"])
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("file", "name"), CONVERSATIONS)
def test_line_1_no_planted_client_is_in_what_a_watch_writes(
    file: str, name: str, version: int, begins: str, tmp_path: Path
) -> None:
    """Neither in its rows and tables nor in what its processes hand to each other."""
    person, server = (PERSON, SERVER) if version == 4 else (PERSON6, SERVER6)
    registry = tmp_path / "registry.toml"
    registry.write_text(REGISTRY.replace('"198.51.100.10 wireguard"', f'"[{SERVER6}] wireguard", "{SERVER} wireguard"'))
    packets = planted(file, name, version=version, begins=begins).packets
    for kind in ("owned", None):
        for given in (registry, None):
            watched = Watched(packets, registry=given, kind=kind)
            assert_nobody_in(watched.text)
            assert packed(person) not in watched.handed_on
            if kind == "owned":
                assert watched.addresses() == {server}, "nothing was recognised: the test would hold nothing"


@pytest.mark.parametrize("noun", [Window, Other, JudgedWindow], ids=lambda noun: noun.__name__)
def test_line_1_no_noun_of_watching_has_a_field_for_a_person_or_for_content(noun: type) -> None:
    for name in field_names(noun):
        assert not set(name.split("_")) & (PERSONAL_WORDS | CONTENT_WORDS), f"{noun.__name__}.{name}"
    assert typing.get_type_hints(Other)["clients"] is int, "clients are a count and nothing else"


def test_line_1_what_else_a_server_served_names_no_client_of_it() -> None:
    """Its rows are by the server's end; who asked is counted."""
    vector = next(one for one in load_vectors("wireguard") if one.name == "handshake")
    packets = []
    for client, port in ((PERSON, PERSON_PORT), ("203.0.113.78", 54_322)):
        packets += between(client, SERVER, vector, (port, 53))[:1]
    packets += 3 * list(between(PERSON, SERVER, vector, (PERSON_PORT, 51_820)))
    watched = Watched(packets, kind="owned")
    (other,) = (row for row in watched.rows if row["kind"] == "other")
    assert (other["endpoint"], other["clients"]) == ({"address": SERVER, "transport": "udp", "port": 53}, 2)
    assert_nobody_in(watched.text)
    assert "203.0.113.78" not in watched.text


# 2. Protocol and registration only.


def test_line_2_no_payload_is_in_what_a_watch_writes() -> None:
    payload = next(one for one in load_vectors("wireguard") if one.name == "handshake").messages[0].data
    watched = Watched(planted("wireguard", "handshake").packets, kind="owned")
    assert watched.tunnels()
    for start in range(4, len(payload) - 12, 12):
        for spelling in spellings(payload[start : start + 12]):
            assert spelling not in watched.text
        assert payload[start : start + 12] not in watched.handed_on


# 10. No lists of the unregistered on a public network.


@pytest.mark.parametrize("kind", ["public", None])
def test_line_10_on_a_public_network_only_registered_endpoints_are_looked_at(kind: str | None) -> None:
    """Also where nobody said what the network is. The office's registry has six services; four servers are in it for
    nothing, or for something else, and one of its registered endpoints is known by its key alone."""
    owned = Watched(packets_of(OFFICE), registry=OFFICE_REGISTRY, kind="owned")
    watched = Watched(packets_of(OFFICE), registry=OFFICE_REGISTRY, kind=kind)
    strangers = {row["endpoint"]["address"] for row in owned.tunnels() if row["verdict"] == "unregistered"}  # type: ignore[index, call-overload]
    assert strangers == {"203.0.113.66", "203.0.113.90"}
    assert {row["verdict"] for row in watched.tunnels()} == {"registered"}
    assert watched.addresses() < owned.addresses()
    for address in strangers:
        assert str(address) not in watched.text
        assert packed(str(address)) not in watched.handed_on
    assert "other" not in {row["kind"] for row in watched.rows}


@pytest.mark.parametrize("kind", ["public", None])
def test_line_10_without_a_registry_a_public_network_shows_no_address_at_all(kind: str | None) -> None:
    for capture in (OFFICE, *CAPTURES):
        watched = Watched(packets_of(capture), kind=kind)
        assert watched.addresses() == set(), capture.name
        assert watched.tunnels() == []


@pytest.mark.parametrize("kind", ["public", None])
def test_line_10_a_registered_server_that_is_a_client_of_another_names_nobody(kind: str | None, tmp_path: Path) -> None:
    """The unregistered one at the other end is not named because a registered one speaks to it."""
    registry = tmp_path / "registry.toml"
    registry.write_text(re.sub(r"endpoints = .*", f'endpoints = ["{SERVER} openvpn"]', REGISTRY))
    vector = next(one for one in load_vectors("wireguard") if one.name == "handshake")
    packets = list(between(SERVER, PERSON, vector, (40_000, PERSON_PORT)))
    assert Watched(packets, registry=registry, kind="owned").addresses() == {PERSON}, "the test would hold nothing"
    watched = Watched(packets, registry=registry, kind=kind)
    assert watched.tunnels() == []
    assert_nobody_in(watched.text)
    assert packed(PERSON) not in watched.handed_on


def test_line_10_a_count_under_ten_is_not_shown_on_a_public_network() -> None:
    vector = next(one for one in load_vectors("wireguard") if one.name == "handshake")
    packets = []
    for number in range(COUNT_MIN):
        packets += between(f"192.0.2.{number + 1}", SERVER, vector, (40_000 + number, 51_820))
    # All of a conversation in the first window: the second half of the packets is one more round of them.
    shown = Watched([*packets, *packets], kind="public").rows
    assert [row["flows"] for row in shown if row["kind"] == "transport"] == [COUNT_MIN, COUNT_MIN]
    fewer = packets[: -len(vector.messages)]
    shown = Watched([*fewer, *fewer], kind="public").rows
    assert [row["kind"] for row in shown] == ["window", "window"]
