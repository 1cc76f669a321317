"""The whole way of an order, with all of it real: from a letter to a rule at the router, and from an appeal back.

`licet serve` with an owned network, its policy and three people's keys; two of them sign with ssh-keygen; the enforcer
reads order, log and snapshots over HTTP and verifies each; wireguard-go, nginx and nftables stand in network
namespaces. What must take a day takes one: the clock of every process is moved (`support.moved_clock`).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab import needs, ordinary, wireguard
from lab.network import Network, Node, Tunnel
from lab.process import LabError, Process, run, wait_until
from licet.lifecycle.request import DRAFT_MAY_CITE, NOT_AN_EXACT_ENDPOINT
from licet.model.canonical import parse_time, time_text
from support.moved_clock import MovedClock, missing, move_capture, moved_clock
from support.running_service import Service, running_service
from support.visitor import Visitor, visiting
from support.watching import READABLE, watching

_BESIDE = {"nft": "nftables", "curl": "curl", "nginx": "nginx-light", "ssh-keygen": "openssh-client"}
_LACKING = [*needs.missing(_BESIDE, wireguard.PROGRAMS), *filter(None, [missing()])]

pytestmark = [
    pytest.mark.skipif(bool(_LACKING), reason="; ".join(_LACKING)), READABLE, pytest.mark.xdist_group("letter"),
]

KNOWN, OTHER = ("198.51.100.10", "2001:db8:b::10"), ("198.51.100.20", "2001:db8:b::20")
ENDPOINT = f"{OTHER[0]}:51820/udp"
OFFICE = "Example Logistics, Hamburg"
PREFIXES = 'prefixes = ["192.0.2.0/24", "2001:db8:a::/64"]'
SERVERS = '[network]\nkind = "owned"\nprefixes = ["198.51.100.0/24"]\n'  # where the registry may look for a proof
POLICY_URL = "https://example.net/tunnel-policy"
QUOTE = "Tunnels to servers that are not on the register may be closed."
NOTICE_HOURS, WATCHED_HOURS = 25, 30
HOUR_NS = 3_600 * 10**9

LETTER = {
    "requester": "Example Authority", "addressee": "Example Logistics", "legal_ground": "Tunnel policy, section 3",
    "legal_text_quoted": QUOTE, "legal_text_url": POLICY_URL, "contact": "authority@example.org",
    "asks": f"Close {ENDPOINT}\nBlock all unregistered tunnels",
}
WORDS = f"""
legal_ground = "Tunnel policy of Example Logistics"
legal_text_quoted = "{QUOTE}"
text_covers = "Tunnels to servers"
legal_text_url = "{POLICY_URL}"
decision_facts = "Seen in the office's traffic."
lawful_uses_considered = "Remote work; the staff service is registered."
necessity = "One server, for the shortest time."
less_intrusive_tried = "Its contact was asked, and did not answer."
notice_to = "users of the network"
notice_via = "https://example.net/notices"
[endpoint."{ENDPOINT}"]
class = "datacentre"
class_source = "RDAP, 2026-11-23"
contact = "abuse@example.org"
"""
# A session of the officer, who has a second factor; signing in with one is tested elsewhere.
SESSION = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "licet.server.settings")
import django
django.setup()
from importlib import import_module
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from licet.server.entrance import BACKEND
from licet.server.registry.models import Account
who = Account.objects.get(officer__isnull=False)
Authenticator.objects.get_or_create(user=who, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "elsewhere"}})
made = import_module(settings.SESSION_ENGINE).SessionStore()
made.update({SESSION_KEY: str(who.pk), BACKEND_SESSION_KEY: BACKEND, HASH_SESSION_KEY: who.get_session_auth_hash()})
made.save()
print(f"{settings.SESSION_COOKIE_NAME}={made.session_key}")
"""


@dataclass
class Street:
    """folder: of the people and the enforcer; servers: WireGuard, by place; tunnels: the established ones, by place."""

    network: Network
    folder: Path
    clock: MovedClock
    service: Service
    stack: ExitStack
    servers: dict[str, wireguard.Server] = field(default_factory=dict)
    tunnels: dict[str, Tunnel] = field(default_factory=dict)

    def licet(self, *words: str, node: Node | None = None) -> str:
        """A command, on the router unless it is said otherwise, by the moved clock."""
        place = node or self.network.router
        return self.network.run(place, *self.clock.words, sys.executable, "-m", "licet", *words, timeout_s=120)

    def at(self, name: str) -> str:
        return str(self.folder / name)

    def sync(self) -> None:
        root = found_in(self.service.output(), r"its snapshots verify with the root (\S+)")
        self.licet("snapshot", "sync", f"{self.service.url}/tuf", self.at("registry"), "--root", root)

    def run_due(self) -> None:
        self.service.licet("run-due", "--config", "licet.toml")

    @contextmanager
    def officer(self) -> Iterator[Visitor]:
        """The officer at the desk; a session lasts for twelve hours."""
        cookie = self.service.python(SESSION).strip()
        with visiting(self.service.url, self.service.prefix, cookie) as visitor:
            yield visitor

    def ruleset(self) -> str:
        return self.network.run(self.network.router, "nft", "list", "ruleset")

    def carries(self, place: str) -> bool:
        tunnel = self.tunnels[place]
        with suppress(LabError):
            words = ("ping", "-q", "-c", "2", "-i", "0.3", "-W", "1", tunnel.inside)
            return "0 received" not in self.network.run(tunnel.client, *words, timeout_s=10)
        return False

    def assert_open(self) -> None:
        wait_until(lambda: self.carries("other"), "the tunnel to carry")
        self.assert_rest_goes_on()

    def assert_closed(self) -> None:
        assert not self.carries("other"), "established as it was, it is to stop"
        self.assert_rest_goes_on()

    def assert_rest_goes_on(self) -> None:
        """The registered tunnel, and the web server on the address of the other one."""
        wait_until(lambda: self.carries("known"), "the registered tunnel to carry")
        client = self.network.clients[0]
        words = ("curl", "-ksS", "-m", "8", "-o", "/dev/null", "-w", "%{http_code}", f"https://{OTHER[0]}/")
        assert self.network.run(client, *words) == "200"


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    with ExitStack() as stack:
        network = stack.enter_context(Network(clients=2, servers={"known": KNOWN, "other": OTHER}))
        folder = network.work_folder("people")
        clock = moved_clock(network.folder)
        machine = network.clients[1]
        prefix = ("ip", "netns", "exec", machine.namespace, *clock.words)
        service = stack.enter_context(running_service(
            network.work_folder("registry"), "--init", "owned", prefix=prefix, top=SERVERS, host=machine.v4,
            url_host=machine.v4))
        for place in ("known", "other"):
            stack.enter_context(ordinary.https_server(network, network.server(place)))
        yield Street(network, folder, clock, service, stack)


def test_from_a_letter_to_a_rule_and_from_an_appeal_to_its_end(street: Street) -> None:
    service, network = street.service, street.network
    people_make_keys_and_sign_the_policy(street)
    with visiting(service.url, service.prefix) as newcomer:
        link = found_in(service.output(), r"become its first officer, within a day: http://[^/]+(\S+)")
        newcomer.post(link, email="officer@example.net", password="a sentence that nobody guesses")
    public = street.stack.enter_context(visiting(service.url, ("ip", "netns", "exec", network.clients[0].namespace)))
    with street.officer() as officer:
        permit(officer, f"{KNOWN[0]}:51820/udp wireguard")
        request = answer_the_letter(public, officer)
    street.run_due()
    street.sync()

    # What is seen: a registered tunnel, and one that nobody registered, beside a web server.
    scan, rows = see_the_traffic(street)
    order = sign_an_order(street, public, request, scan, rows)
    puid = json.loads(order.read_text())["order"]["puid"]

    # Notice: a page and a mail; nothing is in force, and the enforcer has seen that people were told.
    assert puid not in public.get("/orders/").text
    street.run_due()
    assert QUOTE in public.get(f"/orders/{puid}/").main
    apply = ("enforce", "apply", "--config", street.at("licet.toml"))
    assert "0 rules in force" in street.licet(*apply)
    street.assert_open()

    # A day later, and seen again: on trial at this enforcer, which serves by itself from now on.
    street.clock.move(NOTICE_HOURS)
    street.run_due()
    street.sync()
    assert state_of(public, puid) == "noticed", "on old evidence it does not take effect"
    fresh = see_again(street)
    with street.officer() as officer:
        here = f"/desk/orders/{puid}/"
        assert officer.post(here, _at=f"{here}observe/", lines=fresh).status == 200
    street.run_due()
    assert state_of(public, puid) == "canary"
    with enforcer(street) as enforcing:
        wait_until(lambda: "1 rules in force" in enforcing.text(), "the enforcer to apply", process=enforcing)
        assert OTHER[0] in street.ruleset()
        street.assert_closed()

        # Whoever runs the server shows that it is theirs, and within a minute it is open.
        appeal, page = prove_control(street, public, puid)
        assert state_of(public, puid) == "stayed"
        wait_until(lambda: OTHER[0] not in street.ruleset(), "the stayed order to go", process=enforcing)
        street.assert_open()

        with street.officer() as officer:
            desk = f"/desk/appeals/{appeal}/"
            officer.post(desk, _at=f"{desk}decide/", outcome="uphold", reasons="It is the supplier's own server.")
        street.run_due()
        street.sync()
        assert "upheld" in public.get(page).main
        street.assert_open()
    assert OTHER[0] not in street.ruleset()
    assert_it_is_on_the_record(street, public, puid, appeal)


def found_in(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]


def people_make_keys_and_sign_the_policy(street: Street) -> None:
    """Two who sign orders, one who reviews; two of three others sign the policy, which each enforcer has pinned."""
    for name in ("signer-1", "signer-2", "reviewer-1", "root-1", "root-2", "root-3"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", street.at(name)])
    public = {path.stem: " ".join(path.read_text().split()[:2]) for path in street.folder.glob("*.pub")}
    lines = [
        "[[network]]", f'name = "{OFFICE}"', 'kind = "owned"', PREFIXES, 'organisation = "Example Logistics"',
        f'tunnel_policy_url = "{POLICY_URL}"', f'tunnel_policy_digest = "sha256:{"7" * 64}"',
        'serves = "staff of Example Logistics"', 'never_block = ["198.51.100.53/32"]',
    ]
    for code in ("signer-1", "signer-2", "reviewer-1"):
        lines += [f"[[network.{code[:-2]}]]", f'code = "{code}"', f'key = "{public[code]}"']
    policy = street.folder / "policy.toml"
    policy.write_text("\n".join(lines) + "\n")
    with (street.folder / "policy.toml.sig").open("w") as signatures:
        for name in ("root-1", "root-2"):
            signatures.write(run(["ssh-keygen", "-q", "-Y", "sign", "-n", "licet-policy", "-f", street.at(name)],
                                 stdin=policy.read_text()))
    (street.service.folder / "licet-data/policy.toml").write_bytes(policy.read_bytes())
    key = found_in(street.service.output(), r"its log verifies with (\S+)")
    roots = ", ".join(f'"{public[name]}"' for name in ("root-1", "root-2", "root-3"))
    (street.folder / "licet.toml").write_text(f"""
[network]
name = "{OFFICE}"
kind = "owned"
{PREFIXES}
[[registry]]
path = "registry"
[enforce]
mode = "enforce"
state = "state"
policy = "policy.toml"
policy_keys = [{roots}]
log = "{street.service.url}/log"
log_key = "{key}"
orders = "{street.service.url}/orders"
canary = true
every_s = 5
""")
    (street.folder / "words.toml").write_text(WORDS)


def permit(officer: Visitor, entry: str) -> None:
    """What the owner of the network permits; it counts as registered here."""
    until = date.today() + timedelta(days=100)
    page = officer.post("/desk/attest/", name="Staff remote access", sponsor="Logistics", purpose="Remote work",
                        entries=entry, review_date=until.isoformat())
    assert "/desk/case/" in page.url, page.main


def answer_the_letter(public: Visitor, officer: Visitor) -> str:
    """One ask is accepted for a draft to cite, the other declined. Returns the handle of the accepted ask."""
    handle = found_in(public.post("/requests/new/", **LETTER).url, r"/(REQ-\w+)/")
    here = f"/desk/requests/{handle}/"
    officer.post(here, _at=f"{here}acknowledge/")
    officer.post(here, _at=f"{here}answer/", **{
        "ask-1-code": DRAFT_MAY_CITE, "ask-1-text": "It names one endpoint, and quotes the policy.",
        "ask-2-code": NOT_AN_EXACT_ENDPOINT, "ask-2-text": "Name each endpoint."})
    answered = public.get(f"/requests/{handle}/").main
    assert "It names one endpoint" in answered
    assert NOT_AN_EXACT_ENDPOINT in answered
    return f"{handle}/1"


def see_the_traffic(street: Street) -> tuple[Path, Path]:
    """Bring both tunnels up while a capture and a watch run at the router. Returns what a scan says, and the rows of
    the watch as of more than a day: those of its seconds, again for each hour."""
    network, capture = street.network, street.folder / "office.pcap"
    with network.capture(capture), watching(
            network.folder, "-i", "office", "--every", "2s", "--format", "jsonl", "--config", street.at("licet.toml"),
            namespace=network.router.namespace) as watch:
        for inner, place in enumerate(("known", "other"), 1):
            at = street.stack.enter_context(wireguard.server(network, network.server(place), inner=inner))
            street.servers[place] = at
            street.tunnels[place] = street.stack.enter_context(wireguard.tunnel(network, at, network.clients[0]))
            network.ping(street.tunnels[place])
            ordinary.fetch(network, network.clients[0], network.server(place))
        watch.end()
        found = [row for row in watch.rows() if row["kind"] in ("tunnel", "other")]
    verdicts = {(row["endpoint"]["address"], row["verdict"]) for row in found if row["kind"] == "tunnel"}
    assert verdicts >= {(KNOWN[0], "registered"), (OTHER[0], "unregistered")}
    assert OTHER[0] in {row["endpoint"]["address"] for row in found if row["kind"] == "other"}
    scan, rows = street.folder / "scan.jsonl", street.folder / "rows.jsonl"
    scan.write_text(street.licet("scan", str(capture), "--config", street.at("licet.toml"), "--format", "jsonl"))
    rows.write_text("".join(json.dumps(earlier(row, hours)) + "\n" for hours in range(WATCHED_HOURS) for row in found))
    return scan, rows


def earlier(row: dict[str, Any], hours: int) -> dict[str, Any]:
    start = time_text(parse_time(row["windowStart"]) - hours * HOUR_NS)
    return {**row, "windowStart": start, "windowMilliseconds": HOUR_NS // 10**6}


def sign_an_order(street: Street, public: Visitor, request: str, scan: Path, rows: Path) -> Path:
    """Drafted by one person, run dry, signed by two; the registry is sent the file after each step."""
    policy, registry = ("--policy", street.at("policy.toml")), ("--registry", street.at("registry"))
    order = street.folder / "order.json"
    sign = ("order", "sign", str(order), *policy, "--yes", "--key")
    drafted = street.licet(
        "order", "draft", str(scan), *policy, *registry, "--all", "--author", street.at("signer-1.pub"), "--texts",
        street.at("words.toml"), "--set", f"request={request}", "-o", str(order))
    assert "against 1 endpoint(s)" in drafted
    street.licet(*sign, street.at("signer-1"))
    assert send(public, order) == "checked"
    dry = street.licet("order", "check", str(order), str(rows), *policy, *registry)
    assert re.search(r"the rule stops ● wireguard; ○ goes on: .*443/tcp", dry), dry
    assert send(public, order) == "simulated"
    street.licet(*sign, street.at("signer-2"))
    assert send(public, order) == "approved"
    return order


def send(public: Visitor, order: Path) -> str:
    answer = public.send("/api/orders", order.read_text())
    assert answer.status == 200, answer.text
    return str(json.loads(answer.text)["state"])


def state_of(public: Visitor, puid: str) -> str:
    """As the registry tells programs; "" for an order that is over."""
    rows = json.loads(public.get("/orders/feed.json").text)["orders"]
    return next((str(row["state"]) for row in rows if row["puid"] == puid), "")


def see_again(street: Street) -> str:
    """A second client connects to the same server. Its lines, as a scan prints them."""
    network, capture, at = street.network, street.folder / "again.pcap", street.servers["other"]
    with network.capture(capture), wireguard.tunnel(network, at, network.clients[1], host=3) as second:
        network.ping(second)
    move_capture(capture, street.clock.hours)
    return street.licet("scan", str(capture), "--config", street.at("licet.toml"), "--format", "jsonl")


@contextmanager
def enforcer(street: Street) -> Iterator[Process]:
    words = (*street.clock.words, sys.executable, "-m", "licet", "enforce", "run", "--config", street.at("licet.toml"))
    with street.network.program(street.network.router, *words) as process:
        yield process


def prove_control(street: Street, public: Visitor, puid: str) -> tuple[str, str]:
    """“This is mine”, without an account, and one command on the server. Returns the appeal's handle and its page."""
    filed = public.post(f"/orders/{puid}/appeal/1/", statement="It is our own server.", contact="owner@example.org")
    page = found_in(filed.url, r"(/appeals/\S+)")
    told = public.post(page, act="prove", method="callback-01")
    token = found_in(told.main, r"licet proof call (\S+)")
    words = ("proof", "call", token, "--registry", street.service.url, "--from", OTHER[0])
    assert "callback-01: proved" in street.licet(*words, node=street.network.server("other"))
    assert "You have shown that the server is yours" in public.get(page).main
    return found_in(page, r"(APL-\w+)"), page


def assert_it_is_on_the_record(street: Street, public: Visitor, puid: str, appeal: str) -> None:
    """In public, in mails to everybody concerned, and in a log that holds."""
    page = public.get(f"/orders/{puid}/").main
    assert "Quashed on appeal" in page
    assert "supplier&#x27;s own server" in page
    mail = street.service.kept_mail()
    for receiver in ("authority@example.org", "abuse@example.org", "owner@example.org"):
        assert f"To: {receiver}" in mail
    assert re.search(rf"{appeal}\s+is\s+upheld", mail)
    entries = public.get(f"/log/?handle={puid}").main
    for said in ("A second person signed an order.", "Notice of an order was given.", "An order was put off.",
                 "An order was quashed."):
        assert said in entries
    key = found_in(street.service.output(), r"its log verifies with (\S+)")
    assert "holds" in street.licet("log", "verify", f"{street.service.url}/log", "--key", key)
