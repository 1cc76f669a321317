"""The enforcer between real programs: what stops, what goes on, and each thing that brings it back.

At the router of an office: a registered WireGuard and OpenVPN; unregistered ones over IPv4 and IPv6; a web server on
the address of the unregistered ones; an ocserv, against which an order is refused in words, where it is drafted and
where it would be enforced. A second machine enforces too, once an order was tried at the first.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from enforce.cases import AT_NS, HOUR_NS
from enforce.office import TESTS, Office
from enforce.orders import order, record, signed
from lab import needs, ocserv, openvpn, ordinary, wireguard
from lab.network import Network, Node, Tunnel
from lab.process import LabError, wait_until
from support.ssh_keys import make_key

_BESIDE = {"nft": "nftables", "curl": "curl", "nginx": "nginx-light"}
_LACKING = needs.missing(_BESIDE, *needs.QUICK, ocserv.PROGRAMS)

pytestmark = [
    pytest.mark.skipif(bool(_LACKING), reason="; ".join(_LACKING)),
    pytest.mark.xdist_group("enforce"),
]

KNOWN, OTHER = ("198.51.100.10", "2001:db8:b::10"), ("198.51.100.20", "2001:db8:b::20")
WIREGUARD, OPENVPN, OCSERV = "ORD-WIREGRD1", "ORD-OPENVPN1", "ORD-0CSERV01"
ENDS_NS = AT_NS + 40 * HOUR_NS
REGISTERED = (record("198.51.100.10:51820/udp wireguard"), record("198.51.100.10:1194/udp openvpn"))


@dataclass
class Street:
    """The office, its tunnels by name, and how to ask for the web page; any_connect: to be
    connected to anew."""

    network: Network
    office: Office
    tunnels: dict[str, Tunnel]
    any_connect: ocserv.Server

    def carrying(self) -> set[str]:
        """The tunnels through which a ping comes back; all are asked at once."""
        with ThreadPoolExecutor(len(self.tunnels)) as pool:
            answers = zip(self.tunnels, pool.map(self._pings, self.tunnels), strict=True)
            return {name for name, comes in answers if comes}

    def _pings(self, name: str) -> bool:
        tunnel = self.tunnels[name]
        with suppress(LabError):
            words = ("ping", "-q", "-c", "2", "-i", "0.3", "-W", "1", tunnel.inside)
            return "0 received" not in self.network.run(tunnel.client, *words, timeout_s=10)
        return False

    def web_page_comes(self) -> bool:
        client = self.network.clients[0]
        words = ("curl", "-ksS", "-m", "8", "-o", "/dev/null", "-w", "%{http_code}", f"https://{OTHER[0]}/")
        return self.network.run(client, *words) == "200"

    def ruleset(self, machine: Node | None = None) -> str:
        return self.network.run(machine or self.network.router, "nft", "list", "ruleset")

    def assert_carrying(self, names: set[str]) -> None:
        """These tunnels and no other; what should go on may take a moment to, what should not never does."""
        end = time.monotonic() + 15
        while (found := self.carrying()) != names and found < names and time.monotonic() < end:
            continue
        assert found == names
        assert self.web_page_comes()

    def assert_open(self) -> None:
        """Everything carries, and nothing of licet's is in the firewall."""
        assert "licet" not in self.ruleset()
        self.assert_carrying(set(self.tunnels))

    def assert_closed(self) -> None:
        """What is ordered stops, established as it was; all else goes on."""
        self.assert_carrying({name for name in self.tunnels if not name.startswith("unregistered")})

    def close(self) -> None:
        """Apply; that what the firewall holds then is closed was seen the first time."""
        done = self.office.apply()
        assert done.status == 0, done.err
        assert "3 rules in force" in done.out, done.out
        assert self.ruleset().count(" comment ") == 3


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    places = {"known": KNOWN, "other": OTHER}
    with Network(clients=2, servers=places) as network, ExitStack() as stack:
        client = network.clients[0]
        tunnels: dict[str, Tunnel] = {}
        for inner, (place, word) in enumerate((("known", "registered"), ("other", "unregistered")), 1):
            at = stack.enter_context(wireguard.server(network, network.server(place), inner=inner))
            tunnels[f"{word} WireGuard"] = stack.enter_context(wireguard.tunnel(network, at, client))
            if place == "other":
                second = network.clients[1]
                tunnels[f"{word} WireGuard, IPv6"] = stack.enter_context(
                    wireguard.tunnel(network, at, second, family=6, host=3))
            vpn = stack.enter_context(openvpn.server(network, network.server(place), openvpn.Variant(), inner=inner))
            tunnels[f"{word} OpenVPN"] = stack.enter_context(openvpn.tunnel(network, vpn, client))
        any_connect = stack.enter_context(ocserv.server(network, network.server("other")))
        tunnels["ocserv"] = stack.enter_context(ocserv.tunnel(network, any_connect, client))
        stack.enter_context(ordinary.https_server(network, network.server("other")))
        yield Street(network, make_office(network), tunnels, any_connect)


def make_office(network: Network, until: str = "live", second: bool = False) -> Office:
    """Three orders, in a state in the log, whose notice the enforcer saw a day ago; second: another one saw it too."""
    office = Office(network.folder / "office", ("ip", "netns", "exec", network.router.namespace))
    made = (
        order("198.51.100.20:51820/udp", "[2001:db8:b::20]:51820/udp", puid=WIREGUARD),
        order("198.51.100.20:1194/udp", puid=OPENVPN, protocol="openvpn"),
        order("198.51.100.20:4443/tcp", puid=OCSERV, protocol="anyconnect"),
    )
    files = [signed(replace(one, order=replace(one.order, end_ns=ENDS_NS))) for one in made]
    office.send(*files)
    office.at_ns = AT_NS - 26 * HOUR_NS
    office.publish_registry(*REGISTERED)
    office.write_log(*(entry for file in files for entry in office.steps(file.order.puid, "noticed")))
    office.apply()
    if second:
        at_second(network, office, "observe")
    office.at_ns = AT_NS
    office.publish_registry(*REGISTERED)
    office.write_log(*(entry for file in files for entry in office.steps(file.order.puid, until)))
    return office


def at_second(network: Network, office: Office, mode: str = "enforce") -> str:
    """Apply at another machine of the office, with a firewall and a memory of its own. Returns what it says."""
    first = (office.folder / "licet.toml").read_text()
    changed = first.replace('state = "state"', 'state = "second"').replace("canary = true", "canary = false")
    path = office.folder / "second.toml"
    path.write_text(re.sub(r'^mode = "\w+"', f'mode = "{mode}"', changed, flags=re.MULTILINE))
    machine = copy(office)
    machine.words = ("ip", "netns", "exec", network.clients[1].namespace)
    done = machine.licet("apply", "--config", str(path))
    assert done.status == 0, done.err
    return done.out


def test_from_observing_to_closed_and_each_way_back(street: Street) -> None:
    """One long walk, for the tunnels are the same ones all the way: none is set up anew."""
    office, folder = street.office, street.office.folder
    street.network.run(street.network.router, "nft", "add table inet mine")
    before = street.ruleset()

    # Observing changes nothing, to the byte.
    assert office.plan().status == 0
    assert "Observing" in office.apply().out
    assert street.ruleset() == before
    street.assert_open()

    # Closed: exactly what is ordered, established or not; the ocserv goes on, and it is said why.
    office.write_config("enforce")
    plan = office.plan()
    assert "3 to add" in plan.out
    assert f"left out: {OCSERV}: anyconnect looks like any other encrypted web server" in plan.out
    assert "(tls_type)" in plan.out
    street.close()
    street.assert_closed()

    # What it met comes back as observations, and names the server alone.
    assert office.apply().status == 0
    hits = [json.loads(line) for line in (folder / "state/hits.jsonl").read_text().splitlines()]
    assert {row["endpoint"]["address"] for row in hits} == set(OTHER)
    assert {row["order"] for row in hits} == {WIREGUARD, OPENVPN}
    assert min(row["packets"] for row in hits) >= 1
    assert not re.search(r"192\.0\.2\.|2001:db8:a:", (folder / "state/hits.jsonl").read_text())

    # The switch, with everything else broken.
    config = (folder / "licet.toml").read_text()
    (folder / "licet.toml").write_text("[[[ no TOML")
    (folder / "state/memory.json").rename(folder / "memory.json")
    for name in ("memory.json", "heard.json", "status.json", "applied.json"):
        (folder / "state" / name).write_bytes(b"[" * 10_000)
    (folder / "registry.snapshot").rename(folder / "away")
    done = office.licet("off", "--config", str(folder / "licet.toml"))
    assert done.status == 0, done.err
    street.assert_open()
    (folder / "licet.toml").write_text(config)
    (folder / "memory.json").rename(folder / "state/memory.json")
    (folder / "away").rename(folder / "registry.snapshot")
    street.close()

    # A clock that was set back; a registry that is stale.
    office.apply(at_ns=office.at_ns - HOUR_NS)
    street.assert_open()
    street.close()
    office.at_ns += 25 * HOUR_NS
    office.write_log()
    office.apply()
    street.assert_open()
    office.publish_registry(*REGISTERED)
    street.close()

    # An appeal with proof of control stays one order; a registration takes the endpoint out; the end comes.
    office.move(OPENVPN, "stay", "affected party", "control_proved")
    office.apply()
    others = {name for name in street.tunnels if not name.startswith("unregistered")}
    street.assert_carrying({*others, "unregistered OpenVPN"})
    office.publish_registry(*REGISTERED, record("198.51.100.20:51820/udp wireguard"))
    office.apply()
    street.assert_carrying({*others, "unregistered OpenVPN", "unregistered WireGuard"})
    office.at_ns = ENDS_NS
    office.publish_registry(*REGISTERED)
    office.write_log()
    office.apply()
    street.network.run(street.network.router, "nft", "delete table inet mine")
    street.assert_open()


def test_the_service_applies_by_itself_and_leaves_no_gap(street: Street, tmp_path: Path) -> None:
    office = make_office_again(street)
    namespace = street.network.router.namespace
    words = ["ip", "netns", "exec", namespace, sys.executable, "-m", "support.enforce_at", str(office.at_ns), "enforce",
             "run", "--config", str(office.folder / "licet.toml")]
    with (tmp_path / "said").open("wb") as said:
        service = subprocess.Popen(words, stderr=said, cwd=TESTS)
    try:
        wait_until(lambda: "ordered4" in street.ruleset(), "the service to apply")
        wait_until(lambda: b"3 rules in force" in (tmp_path / "said").read_bytes(), "the service to say so")
        office.move(OPENVPN, "lift", "author", "no_longer_needed")
        service.send_signal(signal.SIGHUP)
        wait_until(lambda: "1194" not in street.ruleset(), "the lifted order to go")
        service.send_signal(signal.SIGKILL)
        service.wait(10)
        assert "51820" in street.ruleset(), "a service that is killed leaves rules to their end"
    finally:
        if service.poll() is None:
            service.kill()
            service.wait(10)
    done = office.licet("off", "--state", str(office.folder / "state"))
    assert done.status == 0, done.err
    assert street.ruleset() == ""


def make_office_again(street: Street, until: str = "live", second: bool = False) -> Office:
    """Another office of the same network, in which the orders are in a state."""
    subprocess.run(["rm", "-rf", str(street.network.folder / "office")], check=True)
    street.office = make_office(street.network, until, second)
    street.office.write_config("enforce", more="canary = true" if second else "")
    return street.office


def test_an_order_is_tried_at_one_machine_and_one_endpoint_of_it_comes_back_alone(street: Street) -> None:
    """For an hour at the first; then at both. An appeal and a registration are about one endpoint, over IPv6 too."""
    office, network = make_office_again(street, "canary", second=True), street.network
    second = network.clients[1]
    others = {name for name in street.tunnels if not name.startswith("unregistered")}
    v6 = "unregistered WireGuard, IPv6"
    before = street.ruleset(second)
    street.close()
    street.assert_closed()
    said = at_second(network, office)
    assert "0 rules in force" in said
    assert f"left out: {WIREGUARD}: it is tried at another enforcer first (canary_elsewhere)" in said
    assert "51820" not in street.ruleset(second)

    office.pass_time(1, *REGISTERED)
    office.write_log(*(entry for puid in (WIREGUARD, OPENVPN, OCSERV) for entry in office.steps(puid)))
    assert "3 rules in force" in at_second(network, office)
    assert street.ruleset(second).count(" comment ") == 3
    street.close()

    def end_moves(event: str, before: str, after: str, role: str) -> None:
        office.write_log({"type": "order_endpoint", "subject": f"OEP-{WIREGUARD[4:]}02", "event": event,
                          "from": before, "to": after, "role": role, "reason": "control_proved"})
        assert office.apply().status == 0

    end_moves("stay", "", "stayed", "affected party")
    street.assert_carrying({*others, v6})
    assert "2 rules in force" in at_second(network, office)
    end_moves("activate", "stayed", "returned", "reviewer")
    street.assert_carrying(others)
    office.publish_registry(*REGISTERED, record("[2001:db8:b::20]:51820/udp wireguard"))
    office.apply()
    street.assert_carrying({*others, v6})
    assert "2 rules in force" in at_second(network, office)

    office.write_log(*(lifted(office, puid) for puid in (WIREGUARD, OPENVPN)))
    office.apply()
    assert "0 rules in force" in at_second(network, office)
    assert street.ruleset(second) == before
    street.assert_open()


def lifted(office: Office, puid: str) -> dict[str, object]:
    return {"type": "order", "subject": puid, "event": "lift", "from": office.states[puid], "to": "lifted",
            "role": "author", "reason": "no_longer_needed"}


def test_no_order_can_be_drafted_against_an_ocserv_and_it_is_said_why(street: Street, tmp_path: Path) -> None:
    """Somebody connects to it while a capture runs. What it speaks looks like any web server's, so nothing is evidence;
    had two people signed an order all the same, no enforcer would take it."""
    network, office = street.network, street.office
    capture, scan = tmp_path / "office.pcap", tmp_path / "scan.jsonl"
    with network.capture(capture), ocserv.tunnel(network, street.any_connect, network.clients[1]) as connected:
        network.ping(connected)
    config = ("--config", str(office.folder / "licet.toml"))
    scan.write_text(network.run(network.router, sys.executable, "-m", "licet", "scan", str(capture), *config,
                                "--format", "jsonl"))
    key = make_key(tmp_path, "signer")
    words = [sys.executable, "-m", "licet", "order", "draft", str(scan), "--policy", str(office.folder / "policy.toml"),
             "--registry", str(office.folder / "registry.snapshot"), "--author", f"{key.private}.pub", "-o",
             str(tmp_path / "order.json"), "--endpoint", "198.51.100.20:4443/tcp"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 3
    assert done.stderr.startswith("licet: 198.51.100.20:4443/tcp was not seen: an order cites evidence.")
    assert not (tmp_path / "order.json").exists()
    street.assert_open()
