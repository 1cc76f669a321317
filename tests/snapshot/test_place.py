"""Quick places are those that `ipaddress` gives, and only for texts that a snapshot may hold."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed
from licet.snapshot.entry import parse_prefix, parse_server_address
from licet.snapshot.place import place_at, place_of, quick_place, split_place
from snapshot.registries import network_texts, networks

SEEN_AT_ONCE = ("192.0.2.10", "255.255.255.255", "0.0.0.1", "10.0.0.0/8", "192.0.2.0/31", "2001:db8::1",
                "2001:db8::/32", "2001:0:1:2:3:4:5:6", "1:2:3:4:5:6:7:8", "fe80::1:2:3:4", "2001:db8::1:0:1")
NEVER_QUICK = (
    "", ".", ":", "::", "0.0.0.0", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "+1.2.3.4", "224.0.0.1",
    "239.255.255.255", "ff02::1", "::ffff:1.2.3.4", "::ffff:102:304", "2001:DB8::1", "2001:0db8::1", "1::2::3",
    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:0:0:2:3:4:5:6", "1::2:3:4:5:6:7", "1:0::1", "1::0:1", ":1::2", "1::2:",
    "1.2.3.4/32", "1.2.3.4/24", "1.2.3.0/024", "1.0.0.0/7", "1.2.3.0/", "/24", "2001:db8::/128", "2001:db8::1/64",
    "2000::/15", "::ffff:0:0/96", "fe80::1%eth0", "١.2.3.4",
)


@pytest.mark.parametrize("text", SEEN_AT_ONCE)
def test_common_texts_are_quick(text: str) -> None:
    assert quick_place(text) == _careful(text)


@pytest.mark.parametrize("text", NEVER_QUICK)
def test_what_is_rare_or_wrong_is_left_to_the_careful_reader(text: str) -> None:
    assert quick_place(text) is None


def _careful(text: str) -> int:
    network = ipaddress.ip_network(text)
    return place_at(network.version, int(network.network_address), network.prefixlen)


def _is_canonical(text: str) -> bool:
    try:
        return text == (parse_prefix(text) if "/" in text else parse_server_address(text))
    except Malformed:
        return False


@given(network_texts | st.text("0123456789abcdf.:/", max_size=24) | networks.map(str))
def test_a_quick_place_is_right_and_its_text_canonical(text: str) -> None:
    place = quick_place(text)
    if place is not None:
        assert _is_canonical(text)
        assert place == _careful(text)


@given(networks)
def test_every_place_is_that_of_the_network(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> None:
    place = place_of(str(network) if network.num_addresses > 1 else str(network.network_address))
    assert split_place(place) == (network.version, int(network.network_address), network.prefixlen)


def test_no_address_has_no_place() -> None:
    with pytest.raises(ValueError, match="not appear to be"):
        place_of("192.0.2.300")
