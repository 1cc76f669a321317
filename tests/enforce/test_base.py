"""A rule cannot be made wider than one endpoint, nor a set larger than its bound."""

from __future__ import annotations

import ipaddress
from dataclasses import fields, replace

import pytest

from enforce.cases import AT_NS, CASES, FRESH_NS, HOUR_NS, OPENVPN, WIREGUARD, WIREGUARD6, rule, rules
from licet.enforce.base import RULES_MAX, Rule, RuleSet
from licet.errors import Malformed
from licet.model.endpoint import Endpoint


@pytest.mark.parametrize("endpoint", [
    Endpoint("198.51.100.0/24", "udp", 51820), Endpoint("2001:db8::/32", "udp", 51820),
    Endpoint("198.51.100.10-198.51.100.20", "udp", 51820), Endpoint("vpn.example.net", "udp", 51820),
    Endpoint("0.0.0.0", "udp", 51820), Endpoint("::", "udp", 51820), Endpoint("224.0.0.1", "udp", 51820),
    Endpoint("ff02::1", "udp", 51820), Endpoint("127.0.0.1", "udp", 51820), Endpoint("::1", "udp", 51820),
    Endpoint("", "udp", 51820), Endpoint("*", "udp", 51820), Endpoint("198.51.100.010", "udp", 51820),
    Endpoint("2001:DB8::10", "udp", 51820), Endpoint("::ffff:198.51.100.10", "udp", 51820),
    Endpoint("fe80::1%eth0", "udp", 51820), Endpoint("198.51.100.10 }", "udp", 51820),
    Endpoint("198.51.100.10", "udp", None), Endpoint("198.51.100.10", "udp", 0),
    Endpoint("198.51.100.10", "udp", 65536),
    Endpoint("198.51.100.10", "udp", True), Endpoint("198.51.100.10", "udp", "1-9"),  # type: ignore[arg-type]
    Endpoint("198.51.100.10", "esp", None), Endpoint("198.51.100.10", "gre", 1), Endpoint("198.51.100.10", "ip", 1),
    Endpoint("198.51.100.10", "UDP", 51820), Endpoint("198.51.100.10", "", 51820),
], ids=str)  # fmt: skip
def test_a_rule_is_one_address_one_transport_and_one_port(endpoint: Endpoint) -> None:
    with pytest.raises(Malformed):
        Rule(endpoint, "wireguard", "ORD-7F3K9Q2M", AT_NS)


@pytest.mark.parametrize(("name", "value"), [
    ("order", "ORD-7F3K\" }"), ("order", ""), ("order", "SVC-7F3K"), ("order", "ORD-7F3K\n"), ("protocol", "a\"b"),
    ("protocol", ""), ("protocol", "wireguard; drop"), ("until_ns", None), ("until_ns", 1.5),
])  # fmt: skip
def test_nothing_else_of_a_rule_can_carry_words_into_a_firewall(name: str, value: object) -> None:
    with pytest.raises(Malformed):
        replace(WIREGUARD, **{name: value})


def test_a_rule_has_a_field_for_each_thing_and_no_other() -> None:
    assert [field.name for field in fields(Rule)] == ["endpoint", "protocol", "order", "until_ns"]
    assert [field.name for field in fields(Endpoint)] == ["address", "transport", "port"]


def test_a_set_has_one_rule_for_an_endpoint_in_order_and_not_too_many() -> None:
    office = (ipaddress.ip_network("192.0.2.0/24"),)
    with pytest.raises(Malformed):
        RuleSet((WIREGUARD, replace(WIREGUARD, order="ORD-OTHER123")), office, FRESH_NS)
    with pytest.raises(Malformed):
        RuleSet((OPENVPN, WIREGUARD), office, FRESH_NS)
    with pytest.raises(Malformed):
        rules(*CASES["as-many-as-there-may-be"].rules, OPENVPN)
    assert len(CASES["as-many-as-there-may-be"].rules) == RULES_MAX


@pytest.mark.parametrize("everything", ["0.0.0.0/0", "::/0"])
def test_a_set_is_not_scoped_to_everything(everything: str) -> None:
    with pytest.raises(Malformed):
        rules(WIREGUARD, scope=(everything,))


def test_a_rule_lasts_until_its_end_or_until_what_is_known_is_too_old() -> None:
    both = rules(WIREGUARD, OPENVPN)
    assert both.seconds_left(WIREGUARD, AT_NS) == 6 * 3600
    assert both.seconds_left(OPENVPN, AT_NS) == 24 * 3600
    assert both.seconds_left(WIREGUARD, AT_NS + 6 * HOUR_NS - 1) == 0
    assert both.in_force(AT_NS + 6 * HOUR_NS - 10**9) == both.rules
    assert both.in_force(AT_NS + 6 * HOUR_NS) == (OPENVPN,)
    assert both.in_force(FRESH_NS) == ()


def test_a_rule_without_an_owned_prefix_of_its_kind_is_not_in_force() -> None:
    assert rules(WIREGUARD, WIREGUARD6, scope=("192.0.2.0/24",)).in_force(AT_NS) == (WIREGUARD,)
    assert rules(WIREGUARD, WIREGUARD6, scope=()).in_force(AT_NS) == ()


def test_prefixes_are_joined_and_each_is_said_once() -> None:
    joined = CASES["several-prefixes"]
    assert [str(one) for one in joined.prefixes(4)] == ["192.0.2.0/24", "198.18.0.0/15"]
    assert joined.is_inside(rule("192.0.2.200:1/udp"))
    assert not joined.is_inside(WIREGUARD6)
