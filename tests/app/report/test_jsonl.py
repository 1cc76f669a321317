"""JSON lines: exactly the documented members, readable again, safe to print, nothing about clients."""

from __future__ import annotations

import io
import json

from app.sample_results import ESP, WIREGUARD, full_result, hostile_result, judge, make_result, make_tunnel
from licet.app.report.jsonl import json_line, tunnel_line, tunnel_object, write_jsonl
from licet.model.verdict import UNDETERMINED

MEMBERS = [
    "schema", "capture", "transport", "address", "port", "family", "variant", "class", "grade", "verdict", "reason",
    "registration", "evidence", "initiator", "clients", "flows", "packets", "bytes", "first_seen", "last_seen",
    "judged_at", "snapshot", "policy",
]


def lines(result) -> list[str]:
    out = io.StringIO()
    write_jsonl(result, out)
    return out.getvalue().splitlines()


def test_members_stand_in_the_documented_order_and_there_are_no_others():
    for judged in full_result().tunnels:
        written = tunnel_object(judged)
        assert list(written) == MEMBERS
        assert all(list(one) == ["rule", "link", "packets"] for one in written["evidence"])


def test_what_is_written_can_be_read():
    result = full_result()
    assert [json.loads(line) for line in lines(result)] == [tunnel_object(judged) for judged in result.tunnels]


def test_a_line_is_the_object_whatever_it_holds():
    results = full_result(), hostile_result()
    judged = [one for result in results for one in result.tunnels]
    judged += [judge(make_tunnel(None, WIREGUARD), UNDETERMINED, snapshot=None, judged_at_ns=0),
               judge(make_tunnel("[2001:db8::1]:51820/udp", WIREGUARD, capture="a\udcffb\u202e\x7f\"\\"), UNDETERMINED),
               judge(make_tunnel("192.0.2.1/esp", ESP, evidence=()), UNDETERMINED, registration="\x1b[2J")]
    for one in judged:
        assert tunnel_line(one) == json_line(tunnel_object(one))


def test_the_example_of_the_design():
    written = tunnel_object(full_result().tunnels[0])
    assert (written["address"], written["port"], written["transport"]) == ("192.0.2.10", 51820, "udp")
    assert written["evidence"] == [{"rule": "wireguard/handshake@1", "link": "receiver-index", "packets": [1, 2, 3]}]
    assert written["first_seen"] == "2026-03-01T12:00:00.000000Z"
    assert written["snapshot"] == {"serial": 12, "digest": "sha256:" + "3f" * 32}


def test_a_mesh_has_neither_address_nor_port():
    written = tunnel_object(judge(make_tunnel(None, WIREGUARD, tunnel_class="mesh"), UNDETERMINED))
    assert (written["address"], written["port"], written["class"]) == (None, None, "mesh")


def test_absent_things_are_null():
    written = tunnel_object(judge(make_tunnel("192.0.2.1/esp", ESP), UNDETERMINED, snapshot=None))
    assert (written["port"], written["snapshot"], written["initiator"], written["registration"]) == (None,) * 4


def test_hostile_text_cannot_control_a_terminal_and_stays_valid_json():
    [line] = lines(hostile_result())
    assert line.isprintable()
    assert "alert" in json.loads(line)["reason"]
    line.encode()


def test_no_tunnel_no_line():
    assert lines(make_result()) == []
