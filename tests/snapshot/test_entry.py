"""Endpoints and keys as people write them, near misses first."""

from __future__ import annotations

import base64
import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed
from licet.model.family import PROTOCOL_WORDS
from licet.snapshot.entry import Entry, parse_entry, parse_key, parse_name, parse_prefix

WRONG = [
    ("", "write an address and a protocol"),
    ("192.0.2.10:51820/udp", "write an address and a protocol"),
    ("192.0.2.10:51820/udp wireguard vpn.example.net more", "write an address and a protocol"),
    ("192.0.2.10:51820/udp wiregaurd", "is not a protocol"),
    ("192.0.2.10:51820/tcp wireguard", "carried by udp, not by tcp"),
    ("192.0.2.10:51820/upd wireguard", "neither a transport nor a prefix length"),
    ("192.0.2.10:51820 wireguard", "write 192.0.2.10:51820/udp or 192.0.2.10:51820/tcp"),
    ("192.0.2.10/udp wireguard", "has no port"),
    ("192.0.2.10:0/udp wireguard", "ports are 1 to 65535"),
    ("192.0.2.10:65536/udp wireguard", "ports are 1 to 65535"),
    ("192.0.2.10:５１/udp wireguard", "ports are 1 to 65535"),
    ("192.0.2.256:51820/udp wireguard", "is not an IP address"),
    ("vpn.example.net:51820/udp wireguard", "is not an IP address"),
    ("2001:db8::10:1194/udp openvpn", "in brackets"),
    ("2001:db8::10 ipsec", "in brackets"),
    ("fe80::1%eth0/esp ipsec", "names an interface"),
    ("192.0.2.1:500/esp ipsec", "that transport has none"),
    ("192.0.2.10/28 ipsec", "write 192.0.2.0/28 for all of it, or 192.0.2.10 for one"),
    ("192.0.2.0/33 ipsec", "is not a prefix"),
    ("0.0.0.0/0 ipsec", "too wide"),
    ("2001:db8::/15 ipsec", "bits set"),
    ("2000::/15 ipsec", "too wide"),
    ("::ffff:192.0.2.0/124 ipsec", "write the IPv4 prefix"),
    ("0.0.0.0:500/udp ipsec", "not the address of one server"),
    ("224.0.0.1 ipsec", "not the address of one server"),
    ("192.0.2.10:443/tcp sstp not_a_name", "is not a DNS name"),
    ("192.0.2.10:443/tcp sstp vpn..example.net", "is not a DNS name"),
]

RIGHT = [
    ("192.0.2.10:51820/udp wireguard", Entry("192.0.2.10", "udp", 51820, "wireguard")),
    ("  192.0.2.10:51820/UDP   WireGuard ", Entry("192.0.2.10", "udp", 51820, "wireguard")),
    ("[2001:DB8:0::10]:1194/udp openvpn", Entry("2001:db8::10", "udp", 1194, "openvpn")),
    ("[2001:db8::10] ipsec", Entry("2001:db8::10", None, None, "ipsec")),
    ("2001:db8::10/esp ipsec-esp", Entry("2001:db8::10", "esp", None, "ipsec-esp")),
    ("[2001:db8::10]/esp ipsec-esp", Entry("2001:db8::10", "esp", None, "ipsec-esp")),
    ("[::ffff:192.0.2.10]:500/udp ipsec", Entry("192.0.2.10", "udp", 500, "ipsec")),
    ("192.0.2.0/28 ipsec", Entry("192.0.2.0/28", None, None, "ipsec")),
    ("192.0.2.10/32 ipsec", Entry("192.0.2.10", None, None, "ipsec")),
    ("2001:db8::/48 ipsec", Entry("2001:db8::/48", None, None, "ipsec")),
    ("192.0.2.10 ipsec", Entry("192.0.2.10", None, None, "ipsec")),
    ("192.0.2.1/esp ipsec-esp", Entry("192.0.2.1", "esp", None, "ipsec-esp")),
    ("192.0.2.10:443/tcp sstp VPN.Example.net.", Entry("192.0.2.10", "tcp", 443, "sstp", "vpn.example.net")),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_mistake_is_refused_with_what_was_expected(text: str, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_entry(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(("text", "entry"), RIGHT)
def test_entry_is_read_and_printed_in_one_form(text: str, entry: Entry) -> None:
    assert parse_entry(text) == entry
    assert parse_entry(str(entry)) == entry


@pytest.mark.parametrize("word", PROTOCOL_WORDS)
def test_every_protocol_can_be_registered_for_an_address(word: str) -> None:
    assert parse_entry(f"192.0.2.10 {word}").protocol == word


@given(st.text(max_size=40))
def test_nonsense_raises_malformed_only(text: str) -> None:
    for parse in (parse_entry, parse_key, parse_name, parse_prefix):
        with contextlib.suppress(Malformed):
            parse(text)


def test_key_is_kept_as_its_mac1_key_only() -> None:
    public = bytes(range(32))
    written = "wireguard:" + base64.b64encode(public).decode()
    assert parse_key(written) == hashlib.blake2s(b"mac1----" + public).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        "wireguard:" + base64.b64encode(bytes(range(31))).decode(),
        "wireguard:" + base64.b64encode(bytes(range(33))).decode(),
        "wireguard:" + base64.b64encode(bytes(32)).decode(),
        "wireguard:" + base64.b64encode(bytes(range(32))).decode()[:-2] + "9=",  # loose bits after the last byte
        "wireguard:" + base64.b64encode(bytes(range(32))).decode().rstrip("="),
        base64.b64encode(bytes(range(32))).decode(),
        "openvpn:" + base64.b64encode(bytes(range(32))).decode(),
        "wireguard:",
    ],
)
def test_wrong_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_key(text)
    assert text.rpartition(":")[2][:20] not in str(caught.value) or text == "wireguard:"
