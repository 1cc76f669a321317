"""Queries for an owner's logs: right for every transport, one line each, and safe to paste."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from app.sample_results import HOSTILE_NAME
from licet.app.queries import queries, queries_text
from licet.model.endpoint import parse_endpoint

ENDPOINTS = ["192.0.2.10:51820/udp", "[2001:db8::10]:1194/tcp", "192.0.2.20/esp", "2001:db8::20/ah", "192.0.2.30/gre"]


def commands(endpoint: str) -> dict[str, list[str]]:
    """First word of each command: its words as a shell splits them."""
    return {q.command.split()[0]: shlex.split(q.command) for q in queries(parse_endpoint(endpoint), "office.pcap")}


def test_queries_for_an_endpoint_with_a_port():
    words = commands("192.0.2.10:51820/udp")
    assert words["tcpdump"][-1] == "host 192.0.2.10 and udp port 51820"
    assert words["nfdump"][-1] == "dst ip 192.0.2.10 and proto udp and dst port 51820"
    assert words["zeek-cut"][-1] == '$3 == "192.0.2.10" && $4 == 51820 && $5 == "udp"'
    assert '.dest_ip == "192.0.2.10"' in words["jq"][2]
    assert '.proto == "UDP"' in words["jq"][2]


def test_queries_for_protocols_without_ports():
    assert commands("192.0.2.20/esp")["tcpdump"][-1] == "host 192.0.2.20 and ip proto 50"
    assert commands("2001:db8::20/ah")["tcpdump"][-1] == "host 2001:db8::20 and ip6 proto 51"
    assert set(commands("192.0.2.30/gre")) == {"tcpdump", "nfdump"}


def test_ipv6_is_asked_for_in_both_forms_that_logs_use():
    program = commands("[2001:db8::10]:1194/tcp")["jq"][2]
    assert '"2001:db8::10"' in program
    assert '"2001:0db8:0000:0000:0000:0000:0000:0010"' in program


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_line_is_a_comment_or_a_command_that_the_shell_accepts(endpoint):
    text = queries_text(parse_endpoint(endpoint), HOSTILE_NAME)
    assert text.isprintable() or set(text) - set("\n") <= {c for c in text if c.isprintable()}
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)


def test_a_hostile_capture_name_is_one_argument():
    [on_capture, *_] = queries(parse_endpoint("192.0.2.10:51820/udp"), "$(reboot); 'x'")
    assert shlex.split(on_capture.command)[3] == "$(reboot); 'x'"


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed: apt-get install tcpdump")
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_tcpdump_understands_its_filter(endpoint):
    filter_text = commands(endpoint)["tcpdump"][-1]
    subprocess.run(["tcpdump", "-d", "-y", "EN10MB", filter_text], check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed: apt-get install jq")
def test_jq_finds_the_flow():
    words = commands("[2001:db8::10]:1194/tcp")["jq"]
    line = (
        '{"event_type": "flow", "src_ip": "2001:db8::1", "dest_ip": "2001:0db8:0000:0000:0000:0000:0000:0010",'
        ' "dest_port": 1194, "proto": "TCP", "timestamp": "t"}'
    )
    done = subprocess.run([*words[:-1]], input=line, text=True, check=True, capture_output=True)
    assert "2001:db8::1" in done.stdout
