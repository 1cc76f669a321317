"""Which addresses may be contacted."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.proof.address_rules import EVERYWHERE, why_refused


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_global_addresses_may_be_contacted(address: str) -> None:
    assert why_refused(address) is None


@pytest.mark.parametrize("address", [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.0.9", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1",
    "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1",
    "2002:a00:1::1", "3fff::1", "5f00::1", "4000::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
    "ff0e::1", "fe80::1%eth0", "0177.0.0.1", "0x7f.1", "2130706433", "127.1", "vpn.example.net", "", "8.8.8.8\0",
])  # fmt: skip
def test_all_else_is_refused_with_a_word(address: str) -> None:
    assert why_refused(address)


def test_a_listed_prefix_opens_its_own_addresses_alone() -> None:
    listed = (ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd00:1::/32"))
    assert why_refused("10.20.3.4", listed) is None
    assert why_refused("::ffff:10.20.3.4", listed) is None
    assert why_refused("fd00:1::9", listed) is None
    for address in ("10.21.0.1", "fd00:2::1", "127.0.0.1", "169.254.169.254"):
        assert why_refused(address, listed)


@pytest.mark.parametrize("address", ["0.0.0.0", "255.255.255.255", "224.0.0.251", "::", "ff02::1"])
def test_what_is_no_single_machine_is_refused_even_where_everything_is_listed(address: str) -> None:
    assert why_refused(address, EVERYWHERE)


@given(st.integers(0, 2**32 - 1))
def test_no_ipv4_inside_ipv6_opens_what_its_own_form_does_not(number: int) -> None:
    """Mapped, compatible, NAT64, 6to4 and Teredo forms of an address that is refused are refused too."""
    plain = ipaddress.IPv4Address(number)
    low, mapped = number, 0xFFFF << 32 | number
    forms = [low, mapped, 0x0064FF9B << 96 | number, 0x2002 << 112 | number << 80, 0x20010000 << 96 | number]
    for form in forms:
        if why_refused(str(plain)):
            assert why_refused(str(ipaddress.IPv6Address(form)))


@given(st.text(max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    assert why_refused(text) is None or len(why_refused(text) or "") < 60
