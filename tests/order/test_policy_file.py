"""policy.toml, and whether a network is really its owner's."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any

import pytest

from licet.errors import BadFile
from licet.model.policy import LIMITS
from licet.order.network import effective_kind
from licet.order.policy_file import network_of, read_policy
from order.orders import APPROVER, AUTHOR, OWNED, STRANGER, policy_toml


def test_a_policy_says_who_may_sign_and_the_numbers() -> None:
    assert [one.code for one in OWNED.signers] == ["signer-1", "signer-2"]
    assert OWNED.signers[0].key_id == AUTHOR.key_id
    assert OWNED.limits == LIMITS["owned"]
    read = read_policy("policy.toml", (policy_toml() + policy_toml("public", "Guest Wi-Fi")).encode())
    found = network_of(read, "Guest Wi-Fi")
    assert found is not None
    assert found.limits == LIMITS["public"]
    assert network_of(read, "Nowhere") is None


@pytest.mark.parametrize(("old", "new", "says"), [
    ('kind = "owned"', 'kind = "mine"', "kind is owned or public"),
    ('kind = "owned"', 'kind = "owned"\nbgp = true', "not known"),
    ("192.0.2.0/24", "192.0.2.1/24", "no prefix"),
    (AUTHOR.key, "ssh-rsa AAAA", "ssh-keygen -t ed25519"),
    (AUTHOR.key, AUTHOR.key[:-8], "base64|ends too soon"),
    ('code = "reviewer-1"', 'code = "signer-1"', "both signer and reviewer"),
    ('act = "https://court', 'act = "ftp://court', "appointment"),
    ('code = "signer-2"', 'code = "signer-2"\nadmin = true', "nothing else"),
    ("[[network]]", "[network]", r"\[\[network\]\]"),
    ("[[network]]", "[[networks]]", r"\[\[network\]\]"),
    ('name = "Example', 'nom = "Example', "not known"),
    ('serves = "staff', 'serves = "st\\u202eaff', "cannot be shown"),
    ("[[network", "[[net\x00work", "TOML"),
])
def test_a_mistake_is_said_in_a_sentence(old: str, new: str, says: str) -> None:
    text = policy_toml()
    assert old in text
    with pytest.raises(BadFile, match=says):
        read_policy("policy.toml", text.replace(old, new, 1).encode())


def test_one_key_has_one_hat() -> None:
    text = policy_toml().replace(policy_toml().split('code = "reviewer-1"\nkey = "')[1].split('"')[0], APPROVER.key)
    with pytest.raises(BadFile, match="nobody decides about an order"):
        read_policy("policy.toml", text.encode())


def test_an_enforcer_has_a_key_of_its_own() -> None:
    """A machine reports what it did; it is nobody who signs an order or decides about one."""
    text = '[[network.enforcer]]\ncode = "{}"\nkey = "{}"\n'
    (network,) = read_policy("policy.toml", policy_toml(extra=text.format("enforcer-1", STRANGER.key)).encode())
    assert [(one.code, one.key_id) for one in network.enforcers] == [("enforcer-1", STRANGER.key_id)]
    assert OWNED.enforcers == ()
    for code, key in (("enforcer-1", AUTHOR.key), ("signer-1", STRANGER.key), ("reviewer-1", STRANGER.key)):
        with pytest.raises(BadFile, match=r"is both (?:signer|reviewer) and enforcer"):
            read_policy("policy.toml", policy_toml(extra=text.format(code, key)).encode())
    with pytest.raises(BadFile, match="and nothing else"):
        read_policy("policy.toml", policy_toml(extra=text.format("enforcer-1", STRANGER.key) + "admin = 1\n").encode())


@pytest.mark.parametrize("limits", ["life_days = 31", "notice_hours = 23", "endpoints = 51", "rules = 501",
                                    "activations = 51", "life_days = 0", "life_days = true", 'life_days = "7"',
                                    "throttle = 3"])
def test_a_policy_never_raises_a_number(limits: str) -> None:
    with pytest.raises(BadFile, match="limits"):
        read_policy("policy.toml", policy_toml(extra=f"limits = {{ {limits} }}").encode())


def test_two_networks_of_one_name_are_refused() -> None:
    with pytest.raises(BadFile, match="same name"):
        read_policy("policy.toml", (policy_toml() * 2).encode())


@pytest.mark.parametrize("raw", [b"", b"\xff", b"a = [" * 50_000, b"#" * (1024 * 1024 + 1)])
def test_what_is_no_policy_is_refused(raw: bytes) -> None:
    with pytest.raises(BadFile):
        read_policy("policy.toml", raw)


# Every way to pass a public network off as an owned one (lifecycle §6, 26).


def prefixes(*texts: str) -> tuple[Any, ...]:
    return tuple(map(ipaddress.ip_network, texts))


@pytest.mark.parametrize("changes", [
    {"kind": "public"}, {"kind": ""}, {"organisation": ""}, {"tunnel_policy_url": ""},
    {"tunnel_policy_url": "http://example.net/policy"}, {"tunnel_policy_digest": ""}, {"serves": ""}, {"prefixes": ()},
    {"prefixes": prefixes("0.0.0.0/0")}, {"prefixes": prefixes("::/0")},
    {"prefixes": prefixes("0.0.0.0/1", "128.0.0.0/1")}, {"prefixes": prefixes("100.64.0.0/16")},
    {"prefixes": prefixes("100.0.0.0/8")}, {"prefixes": prefixes("198.0.0.0/11")},
    {"prefixes": prefixes(*[f"{at}.0.0.0/12" for at in range(20, 37)])}, {"prefixes": prefixes("2a00::/31")},
    {"prefixes": prefixes("2a00::/32", "2a01::/32")},
])
def test_a_public_network_cannot_be_passed_off_as_an_owned_one(changes: dict[str, Any]) -> None:
    assert effective_kind(OWNED) == ("owned", ())
    kind, reasons = effective_kind(replace(OWNED, **changes))
    assert kind == "public"
    assert reasons or changes.get("kind") in ("public", "")


def test_what_a_sensor_counts_makes_a_network_public() -> None:
    assert effective_kind(OWNED, 200_000)[0] == "owned"
    assert effective_kind(OWNED, 200_001)[0] == "public"


def test_private_addresses_are_nobodys_growth() -> None:
    assert effective_kind(replace(OWNED, prefixes=prefixes("10.0.0.0/8", "fc00::/7")))[0] == "owned"
