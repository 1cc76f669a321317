"""Explanations: complete for every verdict, within the width, helpful where there is nothing to explain."""

from __future__ import annotations

import pytest

from app.sample_results import ESP, IKE, WIREGUARD, full_result, hostile_result, judge, make_result, make_tunnel
from licet.app.explain import NotInCapture, explain, find_tunnels, what_would_change_it
from licet.app.report.words import cell_width
from licet.model.endpoint import parse_endpoint
from licet.model.evidence import LIKELY
from licet.model.family import FAMILIES
from licet.model.verdict import UNDETERMINED, VERDICT_TITLES


@pytest.mark.parametrize("judged", full_result().tunnels, ids=lambda judged: str(judged.tunnel.server))
def test_an_explanation_has_all_parts(judged):
    text = " ".join(explain(judged).split())
    assert str(judged.tunnel.server) in text
    assert VERDICT_TITLES[judged.verdict.verdict] in text
    assert judged.verdict.reason in text
    assert judged.tunnel.evidence[0].rule in text
    assert judged.verdict.snapshot.digest in text
    assert judged.verdict.policy in text
    assert "What would change it" in text
    for sentence in FAMILIES[judged.tunnel.family].unknowable:
        assert sentence in text


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("judged", [*full_result().tunnels, *hostile_result().tunnels])
def test_it_fits_and_controls_no_terminal(judged, width):
    for line in explain(judged, width).splitlines():
        assert cell_width(line) <= width
        assert line == "" or line.isprintable()


def test_not_registered_is_said_to_be_no_fault():
    [judged] = find_tunnels(full_result(), parse_endpoint("198.51.100.7:443/udp"))
    assert "Not being registered is a fact, not a fault." in explain(judged)
    assert "public key" in " ".join(what_would_change_it(judged))


def test_what_would_settle_a_likely_finding():
    tunnel = make_tunnel("198.51.100.20/esp", ESP)
    assert "first two messages of IKE" in " ".join(what_would_change_it(judge(tunnel, UNDETERMINED)))
    capped = IKE._replace(grade=LIKELY)
    tunnel = make_tunnel("192.0.2.1:500/udp", capped)
    assert "which end serves" in " ".join(what_would_change_it(judge(tunnel, UNDETERMINED)))


def test_without_a_registry_one_is_asked_for():
    judged = judge(make_tunnel("192.0.2.1:1/udp", WIREGUARD), UNDETERMINED, snapshot=None)
    assert what_would_change_it(judged) == ["a registry that decides on this network: name it with --registry FILE"]


def test_a_mesh_and_an_unknown_family_are_explained_too():
    mesh = make_tunnel(None, WIREGUARD._replace(family="tailscale"), tunnel_class="mesh")
    text = explain(judge(mesh, UNDETERMINED))
    assert "no server end (mesh)" in text
    assert "nothing that a capture can show" in text


def test_packets_of_a_linked_flow_are_named():
    linked = ESP._replace(packets=(40, 41, 50, 51))
    text = explain(judge(make_tunnel("192.0.2.1/esp", linked), UNDETERMINED))
    assert "the flow that it is linked to adds 40 and 41" in text


def test_an_endpoint_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(NotInCapture) as caught:
        find_tunnels(full_result(), parse_endpoint("203.0.113.1:1/udp"))
    sentence = str(caught.value)
    assert sentence.startswith("203.0.113.1:1/udp: no tunnel with this server end was recognised in office.pcap;")
    assert "192.0.2.10:51820/udp" in sentence
    assert "4 more" in sentence
    assert caught.value.exit_status == 3
    with pytest.raises(NotInCapture, match="nor was any other"):
        find_tunnels(make_result(), parse_endpoint("203.0.113.1:1/udp"))
