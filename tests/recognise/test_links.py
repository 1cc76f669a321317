"""Links between flows of one address pair: ESP and AH by IKE, PPTP's GRE by its calls, IKE by the same SA."""

from __future__ import annotations

from dataclasses import replace

from licet.app.catalogue import RECOGNISERS
from licet.flow.records import Record
from licet.flow.table import FlowTable
from licet.model.evidence import CERTAIN, LIKELY
from licet.recognise.base import NothingRegistered
from licet.recognise.links import LINK_WITHIN_NS, Found, link
from support.packets import CLIENT, SERVER
from support.vectors import Vector, load_vectors, records

HOUR_S = 3_600


def _vector(file: str, name: str) -> Vector:
    return next(vector for vector in load_vectors(file) if vector.name == name)


def _linked(*parts: tuple[Vector, str, int]) -> list[Found]:
    """Found and linked flows of several vectors in one capture: (vector, server address, seconds later)."""
    packets: list[Record] = []
    for vector, server, later_s in parts:
        moved = replace(vector, start_s=1_772_366_400 + later_s)
        packets += records(moved, client=CLIENT, server=server)
    table = FlowTable([recogniser.sieve for recogniser in RECOGNISERS])
    for ordinal, packet in enumerate(packets, 1):
        table.add(packet._replace(ordinal=ordinal))
    founds = []
    for candidate in table.candidates():
        for owner, flow in candidate.owners:
            finding = RECOGNISERS[owner].recognise(flow, NothingRegistered())
            if finding is not None:
                founds.append(Found(flow, finding))
    return link(founds)


def _best(founds: list[Found], family: str) -> list[tuple[str, str]]:
    return [(f.finding.best.rule, f.finding.best.grade) for f in founds if f.finding.best.family == family]


def test_esp_is_certain_beside_the_ike_of_its_pair() -> None:
    founds = _linked((_vector("ike", "ikev2-init"), SERVER, 0), (_vector("esp", "by-protocol-number"), SERVER, 60))
    assert _best(founds, "ipsec-esp") == [("esp/ike-link@1", CERTAIN)]
    assert all(found.finding.to_server is True for found in founds)


def test_esp_beside_the_ike_of_another_pair_stays_likely() -> None:
    founds = _linked(
        (_vector("ike", "ikev2-init"), "198.51.100.77", 0), (_vector("esp", "by-protocol-number"), SERVER, 60)
    )
    assert _best(founds, "ipsec-esp") == [("esp/protocol@1", LIKELY)]


def test_esp_beside_an_unanswered_ike_stays_likely() -> None:
    founds = _linked((_vector("ike", "unanswered-init"), SERVER, 0), (_vector("esp", "by-protocol-number"), SERVER, 60))
    assert _best(founds, "ipsec-esp") == [("esp/protocol@1", LIKELY)]


def test_esp_days_after_its_ike_stays_likely() -> None:
    later_s = LINK_WITHIN_NS // 10**9 + HOUR_S
    founds = _linked((_vector("ike", "ikev2-init"), SERVER, 0), (_vector("esp", "by-protocol-number"), SERVER, later_s))
    assert _best(founds, "ipsec-esp") == [("esp/protocol@1", LIKELY)]


def test_ah_is_certain_beside_the_ike_of_its_pair() -> None:
    founds = _linked((_vector("ike", "ikev2-init"), SERVER, 0), (_vector("ah", "by-protocol-number"), SERVER, 60))
    assert _best(founds, "ipsec-ah") == [("ah/ike-link@1", CERTAIN)]


def test_esp_in_udp_on_the_flow_of_its_ike_is_further_evidence_of_one_tunnel() -> None:
    founds = _linked((_vector("ike", "ikev2-auth-4500"), SERVER, 0))
    assert [[evidence.rule for evidence in found.finding.evidence] for found in founds] == [
        ["ike/exchange@1", "esp-udp/ike-link@1"]
    ]


def test_esp_in_udp_after_an_ike_on_port_500_is_certain_and_turned_the_same_way() -> None:
    esp = _vector("esp", "in-udp")
    backwards = replace(esp, messages=esp.messages[1:], ports=(40_000, 4_500))
    founds = _linked((_vector("ike", "ikev2-init"), SERVER, 0), (backwards, SERVER, 60))
    (esp_found,) = [found for found in founds if found.finding.best.family == "ipsec-esp"]
    assert esp_found.finding.best.rule == "esp-udp/ike-link@1"
    # The first packet of this flow came from the server, so the way to the server is backward.
    assert esp_found.finding.to_server is False


def test_gre_data_is_certain_under_the_call_ids_of_its_control() -> None:
    founds = _linked((_vector("pptp", "control"), SERVER, 0), (_vector("pptp", "data"), SERVER, 10))
    assert ("pptp/gre-call@1", CERTAIN) in _best(founds, "pptp")


def test_gre_data_under_other_call_ids_stays_likely() -> None:
    data = _vector("pptp", "data")
    said = data.messages[0]
    stranger = replace(said, data=said.data[:6] + b"\x99\x99" + said.data[8:])
    founds = _linked(
        (_vector("pptp", "control"), SERVER, 0), (replace(data, messages=(stranger, data.messages[1])), SERVER, 10)
    )
    assert ("pptp/gre-data@1", LIKELY) in _best(founds, "pptp")


def test_gre_data_one_way_stays_likely() -> None:
    data = _vector("pptp", "data")
    founds = _linked(
        (_vector("pptp", "control"), SERVER, 0), (replace(data, messages=data.messages[:1]), SERVER, 10)
    )
    assert ("pptp/gre-data@1", LIKELY) in _best(founds, "pptp")


def test_ikev1_on_port_4500_learns_its_initiator_from_port_500() -> None:
    quick = replace(_vector("ike", "ikev1-quick-mode-only"), ports=(40_000, 40_001))
    founds = _linked((_vector("ike", "ikev1-main-mode"), SERVER, 0), (quick, SERVER, 5))
    assert [found.finding.to_server for found in founds] == [True, True]


def test_ikev1_of_another_sa_learns_nothing() -> None:
    quick = _vector("ike", "ikev1-quick-mode-only")
    others = tuple(replace(said, data=b"\x99" + said.data[1:]) for said in quick.messages)
    founds = _linked(
        (_vector("ike", "ikev1-main-mode"), SERVER, 0),
        (replace(quick, messages=others, ports=(40_000, 40_001)), SERVER, 5),
    )
    assert [found.finding.to_server for found in founds] == [True, None]
