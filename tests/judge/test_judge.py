"""Each row of the verdict table, with the near misses beside it (design §3, "Verdicts")."""

from __future__ import annotations

import pytest

from judge.makers import AT_NS, FROM_NS, UNTIL_NS, key_record, record, registry, tunnel
from licet.judge import Policy, Registry, judge
from licet.model.registration import Record
from licet.model.tunnel import Tunnel
from licet.model.verdict import Verdict

OWNED = Policy(network_kind="owned")


def judged(a_tunnel: Tunnel, *registries: Registry, policy: Policy | None = None, at_ns: int = AT_NS) -> Verdict:
    return judge(a_tunnel, registries, policy or Policy(), at_ns)


COVERED = [
    ("192.0.2.10:51820/udp wireguard", "192.0.2.10:51820/udp", "wireguard"),
    ("192.0.2.10 wireguard", "192.0.2.10:51820/udp", "wireguard"),
    ("192.0.2.0/28 wireguard", "192.0.2.15:4/udp", "wireguard"),
    ("[2001:db8::10]:1194/tcp openvpn", "[2001:db8::10]:1194/tcp", "openvpn"),
    ("2001:db8::/48 openvpn", "[2001:db8:0:ffff::1]:1194/udp", "openvpn"),
    ("192.0.2.1 ipsec", "192.0.2.1:500/udp", "ipsec-ike"),
    ("192.0.2.1:500/udp ipsec", "192.0.2.1:4500/udp", "ipsec-ike"),
    ("192.0.2.1:4500/udp ipsec", "192.0.2.1:500/udp", "ipsec-ike"),
    ("192.0.2.1:500/udp ipsec-ike", "192.0.2.1:4500/udp", "ipsec-ike"),
    ("192.0.2.1:500/udp ipsec", "192.0.2.1/esp", "ipsec-esp"),
    ("192.0.2.1/esp ipsec-esp", "192.0.2.1/esp", "ipsec-esp"),
    ("192.0.2.1/ah ipsec", "192.0.2.1/ah", "ipsec-ah"),
    ("192.0.2.1:1723/tcp pptp", "192.0.2.1/gre", "pptp"),
    ("192.0.2.1/gre gre", "192.0.2.1/gre", "gre"),
]

# Protocol, port or transport are another: the address is in the registry for something else.
SOMETHING_ELSE = [
    ("192.0.2.10:51821/udp wireguard", "192.0.2.10:51820/udp", "wireguard"),
    ("192.0.2.10:51820/udp openvpn", "192.0.2.10:51820/udp", "wireguard"),
    ("192.0.2.10:1194/tcp openvpn", "192.0.2.10:1194/udp", "openvpn"),
    ("192.0.2.0/28 ipsec", "192.0.2.10:51820/udp", "wireguard"),
    ("192.0.2.1/esp ipsec-esp", "192.0.2.1:500/udp", "ipsec-ike"),
    ("192.0.2.1/esp ipsec", "192.0.2.1/ah", "ipsec-ah"),
    ("192.0.2.1:500/udp ipsec", "192.0.2.1:501/udp", "ipsec-ike"),
    ("192.0.2.1:501/udp ipsec", "192.0.2.1:500/udp", "ipsec-ike"),
    ("192.0.2.1:500/udp openvpn", "192.0.2.1:4500/udp", "openvpn"),
    ("192.0.2.1:4500/tcp ipsec", "192.0.2.1:4500/udp", "ipsec-ike"),
]

# The address is another.
NOT_KNOWN = [
    ("192.0.2.11:51820/udp wireguard", "192.0.2.10:51820/udp", "wireguard"),
    ("192.0.2.0/29 wireguard", "192.0.2.8:51820/udp", "wireguard"),
    ("2001:db8::/48 openvpn", "[2001:db8:1::1]:1194/udp", "openvpn"),
]


@pytest.mark.parametrize(("entry", "server", "family"), COVERED)
def test_covered_endpoint_is_registered(entry: str, server: str, family: str) -> None:
    verdict = judged(tunnel(server, family), registry(record(entry)))
    assert (verdict.verdict, verdict.registration) == ("registered", "SVC-7F3K")
    assert server in verdict.reason


@pytest.mark.parametrize(("entry", "server", "family"), SOMETHING_ELSE)
def test_address_registered_for_something_else_is_a_conflict(entry: str, server: str, family: str) -> None:
    verdict = judged(tunnel(server, family), registry(record(entry)))
    assert (verdict.verdict, verdict.registration) == ("conflict", "SVC-7F3K")


@pytest.mark.parametrize(("entry", "server", "family"), NOT_KNOWN)
def test_other_address_is_unregistered(entry: str, server: str, family: str) -> None:
    verdict = judged(tunnel(server, family), registry(record(entry)))
    assert (verdict.verdict, verdict.registration) == ("unregistered", None)


@pytest.mark.parametrize("grade", ["certain", "likely"])
def test_registered_does_not_need_certain_evidence(grade: str) -> None:
    assert judged(tunnel(grade=grade), registry(record())).verdict == "registered"


@pytest.mark.parametrize(
    ("a_tunnel", "words"),
    [
        (tunnel(grade="likely"), "likely, not certain"),
        (tunnel("192.0.2.10/gre", "gre"), "not by itself a VPN"),
        (tunnel(None, "tailscale", tunnel_class="mesh"), "no server"),
        (tunnel(None, "wireguard"), "which end serves"),
        (tunnel("192.0.2.10:443/tcp", "sstp"), "confirmed by a registration only"),
    ],
)
def test_doubt_is_undetermined_and_says_why(a_tunnel: Tunnel, words: str) -> None:
    verdict = judged(a_tunnel, registry(record("192.0.2.10:1/udp openvpn")))
    assert verdict.verdict == "undetermined"
    assert words in verdict.reason
    assert verdict.registration is None
    assert verdict.snapshot is not None


def test_without_a_registry_nothing_is_determined() -> None:
    verdict = judged(tunnel())
    assert (verdict.verdict, verdict.reason, verdict.snapshot) == ("undetermined", "No registry was given.", None)


def test_registry_that_only_informs_determines_nothing() -> None:
    verdict = judged(tunnel(), registry(record(), role="informs", name="Example Registry"))
    assert (verdict.verdict, verdict.registration, verdict.snapshot) == ("undetermined", None, None)
    assert verdict.informs == ("registered with Example Registry as SVC-7F3K, not on this network's register",)


def test_informing_registry_adds_a_sentence_to_unregistered() -> None:
    verdict = judged(tunnel(), registry(), registry(record(), role="informs", name="Example Registry"))
    assert verdict.verdict == "unregistered"
    assert verdict.informs == ("registered with Example Registry as SVC-7F3K, not on this network's register",)


def test_informing_registry_says_also_when_registered() -> None:
    verdict = judged(tunnel(), registry(record()), registry(record(), role="informs"))
    assert verdict.verdict == "registered"
    assert verdict.informs == ("also registered with another registry as SVC-7F3K",)


def test_matched_key_is_registered_at_a_new_address() -> None:
    verdict = judged(tunnel("198.51.100.7:4000/udp", matched_key="SVC-7F3K"), registry(key_record()))
    assert (verdict.verdict, verdict.registration) == ("registered", "SVC-7F3K")
    assert "registered by key, new address" in verdict.reason


def test_matched_key_at_a_known_address_is_plainly_registered() -> None:
    verdict = judged(tunnel(matched_key="SVC-7F3K"), registry(record(), key_record()))
    assert verdict.verdict == "registered"
    assert "new address" not in verdict.reason


def test_matched_key_registers_where_the_server_end_is_unknown() -> None:
    assert judged(tunnel(None, matched_key="SVC-7F3K"), registry(key_record())).verdict == "registered"


@pytest.mark.parametrize(
    "records",
    [
        (key_record(service="SVC-OTHR"),),  # the key of another service
        (record("192.0.2.99:51820/udp wireguard"),),  # the service has no key in this registry
        (key_record(valid_until_ns=AT_NS),),
        (key_record(status="revoked"),),
    ],
)
def test_key_match_without_a_counting_key_is_unregistered(records: tuple[Record, ...]) -> None:
    assert judged(tunnel(matched_key="SVC-7F3K"), registry(*records)).verdict == "unregistered"


def test_key_match_does_not_cover_another_protocol() -> None:
    assert judged(tunnel(family="openvpn", matched_key="SVC-7F3K"), registry(key_record())).verdict == "unregistered"


@pytest.mark.parametrize("a_record", [record(status="serverHold"), key_record(status="serverHold")])
def test_service_on_hold_is_a_conflict(a_record: Record) -> None:
    verdict = judged(tunnel(matched_key="SVC-7F3K"), registry(a_record))
    assert (verdict.verdict, verdict.registration) == ("conflict", "SVC-7F3K")
    assert "on hold" in verdict.reason


def test_allow_beats_hold_and_conflict() -> None:
    held, other = record(status="serverHold", service="SVC-HELD"), record("192.0.2.10:1194/udp openvpn", "SVC-OTHR")
    verdict = judged(tunnel(), registry(held), registry(other), registry(record("192.0.2.0/24 wireguard", "SVC-WIDE")))
    assert (verdict.verdict, verdict.registration) == ("registered", "SVC-WIDE")


def test_exact_registration_is_named_before_a_prefix() -> None:
    verdict = judged(tunnel(), registry(record("192.0.2.0/24 wireguard", "SVC-0000"), record(service="SVC-ZZZZ")))
    assert verdict.registration == "SVC-ZZZZ"


@pytest.mark.parametrize("status", ["ok", "noticed", "provisional", "stale", "expiring", "redemption", "pendingDelete",
                                    "held"])
def test_status_that_counts_is_registered(status: str) -> None:
    assert judged(tunnel(), registry(record(status=status))).verdict == "registered"


@pytest.mark.parametrize("status", ["lapsed", "revoked", "gone"])
def test_lapsed_registration_is_not_known(status: str) -> None:
    verdict = judged(tunnel(), registry(record(status=status)))
    assert (verdict.verdict, verdict.registration) == ("unregistered", None)
    assert f"SVC-7F3K, which named it, is {status}" in verdict.reason


@pytest.mark.parametrize("status", ["lapsed", "revoked", "gone"])
def test_lapsed_registration_for_something_else_is_no_conflict(status: str) -> None:
    verdict = judged(tunnel(), registry(record("192.0.2.10:1194/udp openvpn", status=status)))
    assert verdict.verdict == "unregistered"


@pytest.mark.parametrize(
    ("at_ns", "expected"),
    [(FROM_NS - 1, "unregistered"), (FROM_NS, "registered"), (UNTIL_NS - 1, "registered"), (UNTIL_NS, "unregistered")],
)
def test_from_is_included_and_until_is_not(at_ns: int, expected: str) -> None:
    assert judged(tunnel(), registry(record()), at_ns=at_ns).verdict == expected
    assert judged(tunnel(), registry(record(status="attested")), policy=OWNED, at_ns=at_ns).verdict == expected


def test_reason_names_when_a_former_registration_ended() -> None:
    assert "SVC-7F3K covered it until 2027-01-01T00:00:00Z" in judged(tunnel(), registry(record()),
                                                                      at_ns=UNTIL_NS).reason
    assert "SVC-7F3K covers it from 2026-01-01T00:00:00Z" in judged(tunnel(), registry(record()), at_ns=0).reason


def test_attested_counts_on_an_owned_networks_own_register_only() -> None:
    attested = record(status="attested")
    assert judged(tunnel(), registry(attested), policy=OWNED).verdict == "registered"
    assert judged(tunnel(), registry(attested), policy=Policy(network_kind="public")).verdict == "unregistered"
    assert judged(tunnel(), registry(attested)).verdict == "unregistered"
    informed = judged(tunnel(), registry(attested, role="informs"), policy=OWNED)
    assert (informed.verdict, informed.informs) == ("undetermined", ())


def test_verdict_cites_what_it_takes_to_compute_it_again() -> None:
    own, other = registry(record()), registry(record("198.51.100.1 ipsec"))
    verdict = judged(tunnel(), other, own, policy=OWNED)
    assert verdict.snapshot == own.snapshot.ref
    assert verdict.judged_at_ns == AT_NS
    assert verdict.policy == OWNED.digest != Policy().digest
