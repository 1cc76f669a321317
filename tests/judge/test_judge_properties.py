"""What no table of examples can promise: that allow always wins, and that doubt never accuses."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from judge.makers import AT_NS, FROM_NS, UNTIL_NS, key_record, record, registry, tunnel
from licet.judge import Policy, Registry, judge
from licet.model.registration import COUNTING, STATUSES, Record
from licet.model.tunnel import Tunnel

ADDRESSES = ("192.0.2.10", "192.0.2.11", "198.51.100.1")
ENTRIES = (
    "192.0.2.10:51820/udp wireguard", "192.0.2.10:51821/udp wireguard", "192.0.2.10 wireguard",
    "192.0.2.0/28 wireguard", "192.0.2.0/24 ipsec", "192.0.2.11:1194/udp openvpn", "198.51.100.1:500/udp ipsec",
    "198.51.100.1/gre gre", "192.0.2.10:51820/udp openvpn",
)
times = st.sampled_from((FROM_NS - 1, FROM_NS, AT_NS, UNTIL_NS - 1, UNTIL_NS))
policies = st.builds(Policy, network_kind=st.sampled_from((None, "owned", "public")))

tunnels = st.one_of(
    st.builds(
        tunnel,
        server=st.sampled_from([f"{address}:{port}/udp" for address in ADDRESSES for port in (500, 1194, 51820)]),
        family=st.sampled_from(("wireguard", "openvpn", "ipsec-ike", "sstp")),
        grade=st.sampled_from(("certain", "likely")),
        matched_key=st.sampled_from((None, "SVC-7F3K", "SVC-KEYS")),
    ),
    st.builds(tunnel, server=st.sampled_from(("192.0.2.10/gre", "198.51.100.1/gre")), family=st.just("gre"),
              grade=st.sampled_from(("certain", "likely"))),
    st.builds(tunnel, server=st.none(), family=st.just("tailscale"), tunnel_class=st.just("mesh")),
)
statuses = st.sampled_from(sorted(STATUSES))


@st.composite
def registries(draw: st.DrawFn, role: str | None = None) -> Registry:
    """A registry in which every record has its own service, as the files guarantee."""
    records: list[Record] = []
    for index, entry in enumerate(draw(st.lists(st.sampled_from(ENTRIES), max_size=4))):
        records.append(record(entry, f"SVC-E{index}", draw(statuses)))
    if draw(st.booleans()):
        records.append(key_record("SVC-KEYS", draw(statuses)))
    return registry(*records, role=role or draw(st.sampled_from(("permits", "informs"))),
                    name=draw(st.sampled_from((None, "Example Registry"))))


many_registries = st.lists(registries(), max_size=4)


@given(tunnels, many_registries, policies, times)
def test_same_input_gives_same_verdict(a_tunnel: Tunnel, given_registries: list[Registry], policy: Policy,
                                       at_ns: int) -> None:
    assert judge(a_tunnel, given_registries, policy, at_ns) == judge(a_tunnel, given_registries, policy, at_ns)


@given(tunnels, many_registries, policies, times, st.randoms(use_true_random=False))
def test_order_of_registries_does_not_matter(a_tunnel: Tunnel, given_registries: list[Registry], policy: Policy,
                                             at_ns: int, random: Random) -> None:
    shuffled = list(given_registries)
    random.shuffle(shuffled)
    assert judge(a_tunnel, given_registries, policy, at_ns) == judge(a_tunnel, shuffled, policy, at_ns)


@given(tunnels.filter(lambda t: t.server is not None and t.tunnel_class == "vpn"), many_registries, policies,
       st.sampled_from(sorted(COUNTING)))
def test_allow_beats_everything(a_tunnel: Tunnel, given_registries: list[Registry], policy: Policy,
                                status: str) -> None:
    assert a_tunnel.server is not None
    word = "ipsec" if a_tunnel.family == "ipsec-ike" else a_tunnel.family
    covering = replace(record(), address=a_tunnel.server.address, transport=None, port=None, protocol=word,
                       service="SVC-ALLOW", status=status)
    verdict = judge(a_tunnel, [*given_registries, registry(covering)], policy, AT_NS)
    assert verdict.verdict == "registered"


@given(tunnels, many_registries, policies, times)
def test_doubt_is_never_unregistered(a_tunnel: Tunnel, given_registries: list[Registry], policy: Policy,
                                     at_ns: int) -> None:
    verdict = judge(a_tunnel, given_registries, policy, at_ns)
    has_permitting = any(each.role == "permits" for each in given_registries)
    if (not has_permitting or a_tunnel.grade != "certain" or a_tunnel.tunnel_class != "vpn"
            or a_tunnel.family == "sstp"):
        assert verdict.verdict in ("registered", "undetermined")


@given(tunnels, many_registries, st.lists(registries(role="informs"), max_size=3), policies, times)
def test_informing_registries_never_decide(a_tunnel: Tunnel, given_registries: list[Registry],
                                           informing: list[Registry], policy: Policy, at_ns: int) -> None:
    permitting = [each for each in given_registries if each.role == "permits"]
    without = judge(a_tunnel, permitting, policy, at_ns)
    verdict = judge(a_tunnel, permitting + informing, policy, at_ns)
    assert (verdict.verdict, verdict.registration, verdict.snapshot) == (
        without.verdict, without.registration, without.snapshot)


@given(tunnels, registries(role="permits"), policies, times)
def test_lapsed_records_change_no_verdict(a_tunnel: Tunnel, a_registry: Registry, policy: Policy, at_ns: int) -> None:
    """A registry without its lapsed, revoked and withdrawn records gives the same verdict."""
    records = a_registry.snapshot.records  # type: ignore[attr-defined]
    live = [each for each in records if each.status not in ("lapsed", "revoked", "gone")]
    with_lapsed = judge(a_tunnel, [a_registry], policy, at_ns)
    without = judge(a_tunnel, [registry(*live)], policy, at_ns)
    assert (with_lapsed.verdict, with_lapsed.registration) == (without.verdict, without.registration)


@given(tunnels, many_registries, policies, times)
def test_every_reason_is_one_sentence(a_tunnel: Tunnel, given_registries: list[Registry], policy: Policy,
                                      at_ns: int) -> None:
    reason = judge(a_tunnel, given_registries, policy, at_ns).reason
    assert reason.endswith(".")
    assert "\n" not in reason
