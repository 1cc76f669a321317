"""Lines 1 and 2 of CHARTER.md: services, never people; protocol and registration only.

Real captures in which the people's addresses are known, and captures in which a person was planted, go through every
command and format; nothing of the people may come out.
"""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from house.outputs import (
    CAPTURES,
    OFFICE,
    OFFICE_REGISTRY,
    PERSON,
    PERSON6,
    PERSON_PORT,
    REGISTRY,
    SERVER,
    between,
    everything,
    planted,
    run,
    spellings,
    tunnels,
    write_capture,
)
from house.source import calls, modules
from licet.app.report.csv import COLUMNS
from licet.app.results import CaptureReport, JudgedTunnel, ScanResult
from licet.app.scan import scan
from licet.capture.open import open_capture
from licet.flow.records import read_records
from licet.model import endpoint, evidence, family, flow, registration, sieve, tunnel, verdict
from support.vectors import Said, Vector, load_vectors


def field_names(noun: type) -> tuple[str, ...]:
    """The fields of a dataclass or a named tuple; none for another class."""
    if dataclasses.is_dataclass(noun):
        return tuple(field.name for field in dataclasses.fields(noun))
    return tuple(getattr(noun, "_fields", ()))


NOUNS = tuple(
    noun
    for module in (endpoint, evidence, family, flow, registration, sieve, tunnel, verdict)
    for noun in vars(module).values()
    if isinstance(noun, type) and noun.__module__ == module.__name__ and field_names(noun)
)
RESULTS = (JudgedTunnel, CaptureReport, ScanResult)

# In the captures that licet ships, people have these addresses and nobody else does.
PEOPLE = re.compile(r"192\.0\.2\.\d+|2001:db8:a:[0-9a-f:]*", re.IGNORECASE)
PEOPLE_PREFIXES = (bytes([192, 0, 2]), bytes.fromhex("20010db8000a"))
HARDWARE_ADDRESS = re.compile(r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b", re.IGNORECASE)

# Words for a person, a person's end or a person's machine, as parts of a field's name.
PERSONAL_WORDS = frozenset({
    "account", "caller", "client", "destination", "device", "dst", "email", "eui", "hostname", "imei", "imsi", "local",
    "login", "mac", "member", "msisdn", "owner", "peer", "person", "phone", "receiver", "remote", "sender",
    "source", "src", "subscriber", "user", "username",
})
CONTENT_WORDS = frozenset({
    "body", "category", "content", "domain", "host", "payload", "sni", "uri", "url",
})

TUNNEL_MEMBERS = {
    "schema", "capture", "transport", "address", "port", "family", "variant", "class", "grade", "verdict", "reason",
    "registration", "evidence", "initiator", "clients", "flows", "packets", "bytes", "first_seen", "last_seen",
    "judged_at", "snapshot", "policy",
}

CONVERSATIONS = [
    ("wireguard", "handshake"), ("wireguard", "tagged-reserved"), ("wireguard", "attempt"),
    ("wireguard", "cookie-reply"), ("openvpn", "tls-auth-sha256"), ("openvpn", "tls-crypt"), ("openvpn", "tcp-plain"),
    ("ike", "ikev2-init"), ("ike", "ikev1-aggressive-mode"), ("ike", "ike-over-tcp"), ("pptp", "control"),
]
MID_FLOW = [("wireguard", "data-both-ways"), ("openvpn", "data-both-ways")]


def assert_nobody_in(text: str) -> None:
    """No address of the planted person, no port of theirs, no hardware address."""
    assert PERSON not in text
    assert PERSON6 not in text.lower()
    assert not re.search(rf"(?<!\d){PERSON_PORT}(?!\d)", text.replace(",", ""))
    assert not HARDWARE_ADDRESS.search(text)


# 1. Services, never people.


@pytest.mark.parametrize("capture", [OFFICE, *CAPTURES], ids=lambda path: path.stem)
def test_line_1_no_client_of_a_real_capture_is_in_any_output(capture: Path) -> None:
    ports = ports_of_people(capture)
    options = ("--registry", str(OFFICE_REGISTRY)) if capture == OFFICE else ()
    text = everything(capture, *options)
    assert "packets/s" in text
    assert not PEOPLE.search(text)
    assert not HARDWARE_ADDRESS.search(text)
    for port in ports:
        assert not re.search(rf"(:|port\W{{0,4}}){port}(?!\d)", text), f"a client's port, {port}"


def ports_of_people(capture: Path) -> set[int]:
    """The ephemeral ports that people's ends use in a capture, read from its packets without the flow table."""
    theirs: set[int] = set()
    served: set[int] = set()
    with open_capture(str(capture)) as stream:
        for packet in read_records(stream):
            for address, port in _ends(packet.frame):
                (theirs if address.startswith(PEOPLE_PREFIXES) else served).add(port)
    return {port for port in theirs - served if port >= 32_768}


def _ends(frame: bytes) -> Iterator[tuple[bytes, int]]:
    """(address, port) of both ends of an Ethernet frame with UDP or TCP over IP without options."""
    if frame[12:14] == b"\x08\x00" and frame[23] in (6, 17):
        source, destination, ports = frame[26:30], frame[30:34], frame[34:38]
    elif frame[12:14] == b"\x86\xdd" and frame[20] in (6, 17):
        source, destination, ports = frame[22:38], frame[38:54], frame[54:58]
    else:
        return
    yield source, int.from_bytes(ports[:2], "big")
    yield destination, int.from_bytes(ports[2:], "big")


@pytest.mark.parametrize("begins", ["client", "server", "no-syn"])
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("file", "name"), CONVERSATIONS)
def test_line_1_no_planted_client_is_in_any_output(
    file: str, name: str, version: int, begins: str, tmp_path: Path
) -> None:
    """Whoever sent the first packet, and whether or not the SYN is there."""
    capture = planted(file, name, version=version, begins=begins).write(tmp_path)
    (tmp_path / "registry.toml").write_text(REGISTRY)
    assert tunnels(capture), "nothing was recognised: the test would hold nothing"
    assert_nobody_in(everything(capture))
    assert_nobody_in(everything(capture, "--registry", str(tmp_path / "registry.toml")))


@pytest.mark.parametrize("opening", ["client", "server"])
@pytest.mark.parametrize(("file", "name"), MID_FLOW)
def test_line_1_where_neither_end_is_known_to_serve_one_end_is_named(
    file: str, name: str, opening: str, tmp_path: Path
) -> None:
    """The stated exception: one line for one end, never both, likely, no initiator, and no verdict against anyone."""
    vector = next(one for one in load_vectors(file) if one.name == name)
    if opening == "server":
        vector = replace(vector, messages=tuple(replace(said, forward=not said.forward) for said in vector.messages))
        vector = replace(vector, ports=vector.ports[::-1])
    ends = (PERSON, SERVER) if opening == "client" else (SERVER, PERSON)
    capture = write_capture(tmp_path / "midflow.pcap", between(*ends, vector))
    text = everything(capture)
    assert (PERSON in text) != (SERVER in text)
    for found in tunnels(capture, "--registry", str(_registry(tmp_path, "198.51.100.99 wireguard"))):
        assert (found["grade"], found["initiator"], found["verdict"]) == ("likely", None, "undetermined")


@pytest.mark.parametrize("opening", ["client", "server"])
def test_line_1_a_registered_end_is_the_one_that_is_named(opening: str, tmp_path: Path) -> None:
    vector = _vector("wireguard", "data-both-ways")
    ends = (PERSON, SERVER) if opening == "client" else (SERVER, PERSON)
    capture = write_capture(tmp_path / "midflow.pcap", between(*ends, vector))
    (found,) = tunnels(capture, "--registry", str(_registry(tmp_path)))
    assert (found["address"], found["verdict"]) == (SERVER, "registered")
    assert_nobody_in(everything(capture, "--registry", str(_registry(tmp_path))))


def test_line_1_a_registered_server_that_opens_does_not_turn_its_client_into_a_server(tmp_path: Path) -> None:
    """WireGuard servers open handshakes too, after a restart for one. A capture that begins there shows no more."""
    vector = _vector("wireguard", "handshake")
    capture = write_capture(tmp_path / "opens.pcap", between(SERVER, PERSON, vector, (51_820, PERSON_PORT)))
    assert_nobody_in(everything(capture, "--registry", str(_registry(tmp_path))))


def test_line_1_own_prefixes_do_not_turn_the_clients_of_an_own_server_into_servers(tmp_path: Path) -> None:
    """A registered server inside, a person at home outside, and a capture that began while the tunnel was up."""
    vector = _vector("wireguard", "opening-after-data")
    capture = write_capture(tmp_path / "rekey.pcap", between(PERSON, SERVER, vector, (PERSON_PORT, 51_820)))
    config = tmp_path / "licet.toml"
    config.write_text('[network]\nkind = "owned"\nprefixes = ["198.51.100.0/24"]\n')
    assert_nobody_in(everything(capture, "--registry", str(_registry(tmp_path)), "--config", str(config)))


def test_line_1_no_key_of_a_client_is_in_any_output(tmp_path: Path) -> None:
    """The client's index, ephemeral key, encrypted identity and time, and the tag of providers that write one."""
    initiation = bytes([1]) + b"\xb9\x19\x81" + bytes(range(100, 244))
    answer = b"\x02\0\0\0" + b"\x5a\x5b\x5c\x5d" + initiation[4:8] + bytes(range(1, 81))
    vector = replace(
        _vector("wireguard", "handshake"), ports=(PERSON_PORT, 51_820),
        messages=(Said(True, 0.0, initiation), Said(False, 0.1, answer)),
    )
    capture = write_capture(tmp_path / "keys.pcap", between(PERSON, SERVER, vector))
    (found,) = tunnels(capture)
    assert found["variant"] == "tagged-reserved"
    text = everything(capture)
    for start, end in ((1, 4), (4, 8), (8, 40), (40, 88), (88, 116), (116, 132)):
        for spelling in spellings(initiation[start:end]):
            assert spelling not in text


@pytest.mark.parametrize("noun", [*NOUNS, *RESULTS], ids=lambda noun: noun.__name__)
def test_line_1_no_noun_has_a_field_for_a_person(noun: type) -> None:
    for name in field_names(noun):
        assert not set(name.split("_")) & PERSONAL_WORDS, f"{noun.__name__}.{name}"


def test_line_1_clients_are_a_count_and_nothing_else() -> None:
    assert {noun.__name__ for noun in (*NOUNS, *RESULTS) if "clients" in field_names(noun)} == {"Tunnel"}
    assert typing.get_type_hints(tunnel.Tunnel)["clients"] is int


def test_line_1_no_noun_carries_the_ports_of_both_ends() -> None:
    """A flow has a number and its pair has one; neither means anything outside the run."""
    assert not [noun.__name__ for noun in NOUNS if "ports" in field_names(noun)]


def test_line_1_the_members_of_a_tunnel_are_a_closed_list() -> None:
    """A new member needs a new line here, and a look at the charter."""
    for found in tunnels(OFFICE, "--registry", str(OFFICE_REGISTRY)):
        assert set(found) == TUNNEL_MEMBERS
        assert all(set(one) == {"rule", "link", "packets"} for one in found["evidence"])  # type: ignore[attr-defined]
    nested = {"evidence", "snapshot", "schema"}
    flat = {"evidence_rules", "evidence_links", "evidence_packets", "snapshot_serial", "snapshot_digest"}
    assert set(COLUMNS) == (TUNNEL_MEMBERS - nested) | flat | {"service", "operator"}


def test_line_1_a_client_that_is_asked_for_is_not_found() -> None:
    """`explain` knows servers only: it says the same of a client's address as of one that is not in the capture."""
    known = run("explain", str(OFFICE), "192.0.2.11:51820/udp")
    unknown = run("explain", str(OFFICE), "203.0.113.250:51820/udp")
    assert known.status == unknown.status == 3
    assert known.stderr.replace("192.0.2.11", "X") == unknown.stderr.replace("203.0.113.250", "X")


# 2. Protocol and registration only.


def test_line_2_what_leaves_a_recogniser_holds_no_bytes() -> None:
    """Walked to its last field: a scan's result has text, numbers and truth values in it, and no byte of any packet."""
    result = scan([str(OFFICE), *map(str, CAPTURES)])
    assert result.tunnels
    for judged in result.tunnels:
        for value in _leaves(judged):
            assert isinstance(value, str | int | bool | None), type(value)


def test_line_2_no_payload_is_in_any_output(tmp_path: Path) -> None:
    marker = b"letter to a friend, not for the operator"
    data = [Said(way, at, b"\x04\0\0\0" + index + number.to_bytes(8, "little") + marker + bytes(8))
            for number, at in enumerate((1.0, 2.0, 3.0))
            for way, index in ((True, b"\x5e\x59\xeb\x35"), (False, b"\x8e\x9a\xfd\xce"))]
    vector = _vector("wireguard", "handshake")
    vector = replace(vector, messages=(*vector.messages[:2], *data))
    text = everything(write_capture(tmp_path / "letter.pcap", between(PERSON, SERVER, vector)))
    assert "wireguard/handshake@1" in text
    for spelling in (marker.decode(), *spellings(marker), *spellings(marker[:12])):
        assert spelling not in text


@pytest.mark.parametrize("noun", [*NOUNS, *RESULTS], ids=lambda noun: noun.__name__)
def test_line_2_no_noun_has_a_field_for_content(noun: type) -> None:
    for name in field_names(noun):
        assert not set(name.split("_")) & CONTENT_WORDS, f"{noun.__name__}.{name}"


def test_line_2_a_scan_stores_nothing(tmp_path: Path) -> None:
    """Observed from inside: the program runs with every opening of a file and every socket reported."""
    program = (
        "import os, sys\n"
        "def watch(event, details):\n"
        "    writes = event == 'open' and details[2] is not None and details[2] & (os.O_WRONLY | os.O_RDWR)\n"
        "    if writes or event.startswith(('socket.', 'subprocess.', 'os.exec', 'os.fork', 'os.spawn', 'os.system',\n"
        "                                   'os.posix_spawn', 'os.mkdir', 'os.rename', 'ctypes.')):\n"
        "        os.write(1, f'WATCHED {event} {details}\\n'.encode())\n"
        "from licet.cli.main import run\n"
        "sys.addaudithook(watch)\n"
        "run()\n"
    )
    for format_name in ("table", "jsonl", "csv", "html"):
        arguments = ["scan", str(OFFICE), "--registry", str(OFFICE_REGISTRY), "--format", format_name]
        done = subprocess.run(
            [sys.executable, "-B", "-c", program, *arguments], capture_output=True, text=True, cwd=tmp_path, check=True
        )
        assert "198.51.100.10" in done.stdout
        assert "WATCHED" not in done.stdout
    assert not list(tmp_path.iterdir())


def test_line_2_no_module_of_seeing_reads_names() -> None:
    """No host name of TLS, HTTP or DNS is looked for: where those protocols are known, it is to leave them alone."""
    for module in modules():
        if module.room in ("flow", "recognise", "wire", "judge"):
            for name, line in calls(module):
                assert not re.search(r"sni|server_name|host_header|qname|alpn|ja3|ja4", name), f"{module}, line {line}"


def _vector(file: str, name: str) -> Vector:
    return next(one for one in load_vectors(file) if one.name == name)


def _registry(folder: Path, entry: str | None = None) -> Path:
    path = folder / "registry.toml"
    text = REGISTRY
    if entry is not None:
        text = re.sub(r"endpoints = .*", f'endpoints = ["{entry}"]', REGISTRY)
    path.write_text(text)
    return path


def _leaves(value: object) -> Iterator[object]:
    """Every value inside a noun that is not itself a noun, a mapping or a sequence."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _leaves(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.items():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield value
