"""An enforcer and its registry, both as they are run, at the router of an office: packets that a rule refuses come back
as numbers on the order's page; the registry goes away, and the enforcer goes on; somebody switches it off meanwhile,
and the registry logs that when it is back.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from enforce.cases import HOUR_NS
from enforce.office import TESTS, Office
from enforce.orders import order, signed
from lab import needs
from lab.network import Network
from lab.process import wait_until
from support.running_service import Service, running_service
from support.ssh_keys import KeyPair, make_key

_LACKING = needs.missing({"nft": "nftables", "ip": "iproute2", "ssh-keygen": "openssh-client"})

pytestmark = [
    pytest.mark.skipif(bool(_LACKING), reason="; ".join(_LACKING)),
    pytest.mark.xdist_group("enforce"),
]

SERVER = ("198.51.100.20", "2001:db8:b::20")
END = "198.51.100.20:51820/udp"
PUID = "ORD-7F3K9Q2M"
PACKETS = 12
AWAY = b"the registry is not told, and enforcing goes on"

# What the registry knows of the order. Its way there is another test's; here it is in force.
KEEP = """
import pathlib, sys
from datetime import UTC, datetime, timedelta
from licet.server.start import _existing_registry
_existing_registry("licet.toml")
from licet.model.order import order_digest, read_order_file
from licet.server.orders.models import OrderedEnd, OrderRow
raw = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "order.json").read_bytes()
order, now = read_order_file(raw).order, datetime.now(UTC)
row = OrderRow.objects.create(
    handle=order.puid, state="live", state_since=now - timedelta(minutes=5), network=order.network_scope,
    ground=order.decision_ground, case=order.case, signed=raw, digest=order_digest(order),
    application_date=now - timedelta(days=1), end_date=now + timedelta(days=9), computed=now - timedelta(days=2),
    observed_at=now, noticed_at=now - timedelta(days=2), activated_at=now - timedelta(minutes=5), cr_date=now,
    up_date=now)
for number, one in enumerate(order.endpoints, 1):
    OrderedEnd.objects.create(order=row, number=number, handle=f"OEP-{order.puid[4:]}{number:02d}", state_since=now,
                              endpoint=str(one.endpoint), tunnel_protocol=one.protocol, cr_date=now, up_date=now)
"""
SENDS = """
import socket, sys, time
door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[1])):
    door.sendto(b"x" * 120, ("198.51.100.20", 51820))
    time.sleep(0.01)
"""
ASKS = """
import sys, urllib.request
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
sys.stdout.write(direct.open(sys.argv[1], timeout=10).read().decode())
"""


@dataclass
class Place:
    """The laboratory, the office at its router, and the key of its enforcer."""

    network: Network
    office: Office
    key: KeyPair

    def at_router(self, *words: str) -> str:
        return self.network.run(self.network.router, *words)

    def page(self, service: Service, path: str) -> str:
        return self.at_router(sys.executable, "-c", ASKS, f"{service.url}{path}")

    def enforcer_of(self, service: Service) -> dict[str, Any]:
        (found,) = json.loads(self.page(service, "/status.json"))["enforcers"]
        return dict(found)


@pytest.fixture
def place() -> Iterator[Place]:
    """An order in force in the office's log, of which its enforcer saw notice a day ago."""
    with Network(clients=1, servers={"other": SERVER}) as network:
        words = ("ip", "netns", "exec", network.router.namespace)
        now_ns = time.time_ns() // 10**9 * 10**9
        office = Office(network.folder / "office", words, at_ns=now_ns - 26 * HOUR_NS)
        file = signed(order(END, puid=PUID, at_ns=now_ns))
        office.send(file)
        office.publish_registry()
        office.write_log(*office.steps(PUID, "noticed"))
        assert office.apply().status == 0
        office.at_ns = now_ns
        office.publish_registry()
        office.write_log(*office.steps(PUID))
        yield Place(network, office, make_key(network.folder, "enforcer_key"))


@contextmanager
def registry(place: Place, folder: Path, *, is_new: bool = True) -> Iterator[Service]:
    """`licet serve` at the router, with the office's policy and its order; or the same again."""
    words = tuple(place.office.words)
    with running_service(folder, prefix=words, top='[network]\nkind = "owned"\nprefixes = ["192.0.2.0/24"]') as service:
        if not is_new:
            yield service
            return
        enforcer = f'[[network.enforcer]]\ncode = "enforcer-1"\nkey = "{place.key.public}"\n'
        (folder / "licet-data" / "policy.toml").write_text(place.office.policy_text() + enforcer)
        (folder / "order.json").write_bytes((place.office.folder / "orders" / f"{PUID}.json").read_bytes())
        service.python(KEEP)
        yield service


def reports_to(place: Place, service: Service) -> None:
    place.office.write_config("enforce", more=f'report_to = "{service.url.replace("localhost", "127.0.0.1")}"\n'
                                              f'report_key = "{place.key.private}"\nevery_s = 5')


def has_rules(place: Place) -> bool:
    return "51820" in place.at_router("nft", "list", "ruleset")


def computed(place: Place) -> str:
    """When the enforcer last computed."""
    return str(json.loads((place.office.folder / "state" / "status.json").read_text())["computed"])


def shows_hits(page: str) -> bool:
    """True where the page of an order says that something was refused."""
    return re.search(r"\b[1-9]\d* packets? (?:was|were) refused", page) is not None


def test_what_a_rule_refused_is_shown_and_the_enforcer_outlives_its_registry(place: Place, tmp_path: Path) -> None:
    office, network = place.office, place.network
    said = tmp_path / "said"
    with said.open("wb") as out, registry(place, tmp_path / "registry") as service:
        assert place.enforcer_of(service)["reported"] is None
        reports_to(place, service)
        enforcer = subprocess.Popen(
            [*office.words, sys.executable, "-m", "licet", "enforce", "run", "--config",
             str(office.folder / "licet.toml")],
            stderr=out, cwd=TESTS, env={**os.environ, "LICET_ENFORCE_STATE": str(office.folder / "machine")})
        try:
            wait_until(lambda: place.enforcer_of(service)["confirmed"] is True, "the enforcer to report")
            told = place.enforcer_of(service)
            assert (told["in_force"], told["mode"], told["output"], told["kind"]) == (1, "enforce", "nftables", "owned")

            # Packets that are refused come back as numbers.
            network.run(network.clients[0], sys.executable, "-c", SENDS, str(PACKETS))
            enforcer.send_signal(signal.SIGHUP)
            # Those that come while the set is handed over are counted in neither: at least one is shown.
            wait_until(lambda: shows_hits(place.page(service, f"/orders/{PUID}/")), "the hits to be shown", 90)
            assert "192.0.2." not in place.page(service, "/status/") + place.page(service, f"/orders/{PUID}/")
        except BaseException:
            enforcer.kill()
            enforcer.wait(10)
            raise
    try:
        # The registry is away: it is said once, and nothing changes at the firewall.
        wait_until(lambda: said.read_bytes().splitlines()[-1].startswith(AWAY), "it to be said", 120)
        times, before = said.read_bytes().count(AWAY), computed(place)
        wait_until(lambda: computed(place) > before, "the next turn")
        assert has_rules(place)
        assert said.read_bytes().count(AWAY) == times
        # Somebody switches it off meanwhile, and on again: nobody has to be there for that.
        assert office.licet("off", at_ns=time.time_ns()).status == 0
        assert not has_rules(place)
        assert office.apply(at_ns=time.time_ns()).status == 0
        assert has_rules(place)
        office.move(PUID, "lift", "author", "no_longer_needed")
        enforcer.send_signal(signal.SIGHUP)
        wait_until(lambda: not has_rules(place), "the lifted order to go")
        # Contact returns: the registry is told, and has it in its log once, however often it is told again.
        with registry(place, tmp_path / "registry", is_new=False) as service:
            reports_to(place, service)
            assert office.apply(at_ns=time.time_ns()).status == 0
            wait_until(lambda: place.enforcer_of(service)["offs"] != [], "the switch to be told", 90)
            first = place.enforcer_of(service)
            time.sleep(1)  # its times are shown to the second
            assert office.apply(at_ns=time.time_ns()).status == 0
            wait_until(lambda: place.enforcer_of(service)["computed"] > first["computed"], "another report", 90)
            last = place.enforcer_of(service)
            assert last["offs"] == first["offs"]
            assert len(last["offs"]) == 1
            assert last["offs"][0]["off"] < last["offs"][0]["told"]
            service.licet("run-due")
            entries = place.page(service, f"/log/?handle={last['handle']}")
            assert entries.count("An enforcer says that it was switched off by hand.") == 1
            assert "this registry was told" in place.page(service, "/status/")
    finally:
        enforcer.send_signal(signal.SIGTERM)
        assert enforcer.wait(30) == 0
