"""`licet serve --demo`: a registry of invented services in every state, so that each page has something to show.

All of it goes through the service layer, with its times in the past; nothing is written around it. Names, addresses
and keys are invented or kept for documentation.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings

from licet.errors import BadInput, Unavailable
from licet.lifecycle.endpoint_proof import DNS_01, HTTP_01, WIREGUARD_01
from licet.server import chance
from licet.server.demo_letters import Step, letters
from licet.server.demo_people import Invite
from licet.server.orders.demo import Story
from licet.server.orders.policy import POLICY_NAME
from licet.server.orders.service_layer.due import run_due as run_due_of_requests
from licet.server.registry.models import Account, Notice, Organisation, Proof, Service
from licet.server.registry.proving import Outcome
from licet.server.registry.service_layer import (
    applications,
    decisions,
    endpoints,
    officers,
    organisations,
    proofs,
    registrations,
    services,
)
from licet.server.registry.service_layer.actors import Actor, officer, registrant
from licet.server.registry.service_layer.domains import record_domain, set_domain
from licet.server.registry.service_layer.due import run_due
from licet.server.registry.service_layer.services import current_registration, open_application_of

MARK = "demo.registrant@example.net"
OFFICERS = ("demo.officer@example.net", "demo.second@example.net")
DAY = timedelta(days=1)

SEEN = Outcome(True, "", "A TXT record with the value r_ZaJxM0rZV4sQ7mt2RkDgwj-VOjGhfv-wR3rWDuhRw.",
               "_licet-challenge.vpn.example.net TXT", "It is there.", "Nothing more to do.")
NOT_SEEN = Outcome(False, "no_answer", "A TXT record with the value r_ZaJxM0rZV4sQ7mt2RkDgwj-VOjGhfv-wR3rWDuhRw.",
                   "_licet-challenge.vpn.example.net TXT", "The name has no TXT record.",
                   "Publish the TXT record; if you just did, wait until your name servers have it.")
HANDSHAKE = Outcome(True, "", "A WireGuard server that holds the private key of this service.",
                    "This endpoint, one handshake as the peer that was added for it.",
                    "The server completed the handshake.", "Nothing more to do.")
SILENT = Outcome(False, "no_answer", HANDSHAKE.looked_for, HANDSHAKE.where, "No answer to 3 handshake initiations.",
                 "Add the one-time peer to this server, let the port in through the firewall, and see that the clocks "
                 "of both sides are right. If the peer was tried before, remove it and add it again.")


@dataclass(frozen=True)
class Invented:
    """A service of the demonstration. story: what became of it; days_ago: when it was applied for; place: address,
    transport, port, protocol, name; key: it has a WireGuard key."""

    organisation: str
    name: str
    purpose: str
    place: tuple[str, str, int, str, str] | None
    story: str
    days_ago: int
    key: bool = False
    is_listed: bool = True
    logs: str = ""
    duty: str = "unknown"


ORGANISATIONS = (
    ("Example Logistics", "Example Logistics GmbH", "DE", "abuse@logistics.example.net"),
    ("Example Clinic Group", "Example Clinic Group Ltd", "GB", "noc@clinic.example.org"),
    ("Example Privacy VPN", "Example Privacy AB", "SE", "abuse@vpn.example.com"),
    ("Example University", "Example University", "NL", "abuse@university.example.org"),
    ("A freelance administrator", "", "", "hello@admin.example.net"),
)
DOMAINS = {  # and whether each was proven
    "Example Logistics": ("logistics.example.net", True),
    "Example Privacy VPN": ("vpn.example.com", True),
    "Example University": ("university.example.org", False),
}
SERVICES = (
    Invented("Example Logistics", "Staff remote access", "Remote access for staff",
             ("198.51.100.10", "udp", 51820, "wireguard", "vpn.logistics.example.net"), "registered", 200, key=True,
             logs="Connection times, for 7 days", duty="no"),
    Invented("Example Logistics", "Warehouse link", "Site-to-site link between two warehouses",
             ("198.51.100.11", "udp", 500, "ipsec", "gw.logistics.example.net"), "expiring", 330, duty="no"),
    Invented("Example Logistics", "Driver tablets", "Tablets in lorries",
             ("198.51.100.12", "udp", 1194, "openvpn", "tablets.logistics.example.net"), "stale", 90),
    Invented("Example Clinic Group", "Clinic gateway", "Remote access for medical staff",
             ("203.0.113.20", "tcp", 443, "anyconnect", "access.clinic.example.org"), "registered", 150, duty="yes",
             logs="Sign-ins, for 30 days"),
    Invented("Example Clinic Group", "Imaging partner line", "Line to a partner's archive",
             ("203.0.113.21", "udp", 500, "ipsec", ""), "noticed", 120, is_listed=False),
    Invented("Example Privacy VPN", "Amsterdam 1", "For subscribers who want privacy",
             ("203.0.113.40", "udp", 51820, "wireguard", "ams1.vpn.example.com"), "registered", 80, key=True,
             logs="Nothing", duty="no"),
    Invented("Example Privacy VPN", "Amsterdam 2", "For subscribers who want privacy",
             ("203.0.113.41", "udp", 1194, "openvpn", "ams2.vpn.example.com"), "registered", 80, logs="Nothing",
             duty="no"),
    Invented("Example Privacy VPN", "Stockholm 1", "For subscribers who want privacy",
             ("2001:db8:40::1", "udp", 51820, "wireguard", "sto1.vpn.example.com"), "provisional", 6, key=True,
             logs="Nothing", duty="no"),
    Invented("Example Privacy VPN", "Stockholm 2", "For subscribers who want privacy",
             ("203.0.113.43", "udp", 51820, "wireguard", ""), "proving", 2, key=True),
    Invented("Example Privacy VPN", "Oslo 1", "For subscribers who want privacy",
             ("203.0.113.44", "udp", 51820, "wireguard", "osl1.vpn.example.com"), "appealed", 100, key=True,
             logs="Nothing", duty="no"),
    Invented("Example Privacy VPN", "Oslo 2", "For subscribers who want privacy",
             ("203.0.113.45", "udp", 1194, "openvpn", "osl2.vpn.example.com"), "proposed", 101, logs="Nothing",
             duty="no"),
    Invented("Example University", "Eduroam home", "For students and staff",
             ("192.0.2.70", "udp", 1194, "openvpn", "vpn.university.example.org"), "in_review", 1,
             logs="Connection times, for 14 days", duty="no"),
    Invented("Example University", "Lab network", "Access to instruments",
             ("192.0.2.71", "udp", 51820, "wireguard", "lab.university.example.org"), "question", 3, key=True),
    Invented("Example University", "Old concentrator", "Retired in spring",
             ("192.0.2.72", "tcp", 1723, "pptp", "pptp.university.example.org"), "refused", 40),
    Invented("A freelance administrator", "Home server", "My own devices, from anywhere", None, "key_only", 60,
             key=True, is_listed=False),
    Invented("A freelance administrator", "Customer maintenance", "", None, "draft", 1, key=True),
)


def seed(*, at: datetime, invite: Invite | None = None) -> list[str]:
    """Fill an empty registry; one that was filled before is left alone. invite: people who sign orders; without them
    there are none. Returns the sign-ins, whose passwords are made anew for each demonstration, and what is missing.
    Raises BadInput where there is a real registry."""
    if Account.objects.filter(email=MARK).exists():
        return ["this demonstration was filled before; its passwords were printed then"]
    if Account.objects.exists():
        raise BadInput("this registry is in use: a demonstration is filled into an empty folder only")
    start = at - timedelta(days=400)
    password = f"demo-{chance.token()[:12]}"
    desk = [_officer(email, password, start) for email in OFFICERS]
    account = _account(MARK, password)
    made: dict[str, Organisation] = {}
    for name, legal_name, jurisdiction, contact in ORGANISATIONS:
        kind = Organisation.ORGANISATION if legal_name else Organisation.SELF_DECLARED
        values = {"kind": kind, "name": name, "legal_name": legal_name, "jurisdiction": jurisdiction,
                  "abuse_contact": contact}
        made[name] = organisations.create_organisation(registrant(account), values, at=start)
        made[name].contact_confirmed_at = start
        made[name].save()
    for name, (domain, is_proven) in DOMAINS.items():
        claimed = set_domain(registrant(account), made[name], domain, at=start)
        for when in (start, at - 3 * DAY) if is_proven else ():
            record_domain(claimed, SEEN, claimed.token, at=when)
        made[name].refresh_from_db()
    # Told in the order in which it happened: the clock runs along.
    for invented in sorted(SERVICES, key=lambda one: -one.days_ago):
        _tell(invented, made[invented.organisation], account, desk, at)
    lacking = _tell_requests(desk[0], invite, at)
    run_due(at=at)
    Notice.objects.update(sent_at=at)  # What happened in an invented past is not mailed now.
    return [f"sign in as registrant with {MARK}, as officer with {OFFICERS[0]} or {OFFICERS[1]}; password {password}",
            *lacking]


def _tell_requests(desk: Account, invite: Invite | None, at: datetime) -> list[str]:
    """Letters, and the orders that one of them led to. Returns why there are no orders, where there are none."""
    steps, cited = letters(officer(desk), at)
    path = settings.DEPLOYMENT.data / POLICY_NAME
    lacking = []
    if invite is None or path.exists():
        _play(steps, at)
        return [f"there are no invented orders: {path} is there already"] if invite is not None else []
    try:
        with invite() as people:
            path.write_text(people.policy, encoding="utf-8")
            _play([*steps, *Story(people, officer(desk), cited, at).steps()], at)
    except Unavailable as error:
        lacking = [f"there are no invented orders: {error}"]
        _play(steps, at)
    return lacking


def _play(steps: list[Step], at: datetime) -> None:
    """Do each step at its time, and let the clock of requests and orders run after it."""
    for when, do in sorted(steps, key=lambda step: step[0]):
        if when <= at:
            do(when)
            run_due_of_requests(at=when)


def _tell(invented: Invented, organisation: Organisation, account: Account, desk: list[Account], at: datetime) -> None:
    """Bring one service into the state that its story ends in."""
    actor, first = registrant(account), officer(desk[0])
    begun = at - invented.days_ago * DAY
    service = services.create_service(actor, organisation, {
        "name": invented.name, "purpose": invented.purpose, "is_listed": invented.is_listed, "logs": invented.logs,
        "interception_duty": invented.duty}, at=begun)
    endpoint = endpoints.add_endpoint(actor, service, _endpoint(invented), at=begun)
    if invented.story == "draft":
        return
    application = open_application_of(service)
    assert application is not None
    applications.submit_application(actor, application, at=begun)
    method = WIREGUARD_01 if invented.key else DNS_01 if invented.place and invented.place[4] else HTTP_01
    proof = proofs.start_proof(actor, endpoint, method, at=begun)
    if invented.story == "proving":
        proofs.record_proof(proof, _unseen(proof), at=begun + timedelta(minutes=9))
        return
    proofs.record_proof(proof, _seen(proof), at=begun + timedelta(minutes=9))
    later = begun + timedelta(hours=3 + 7 * (invented.days_ago % 6))
    if invented.story in ("in_review", "provisional"):
        return
    if invented.story == "question":
        decisions.ask(first, application, "Which building is this server in? The name points to two of them.", at=later)
        return
    if invented.story == "refused":
        decisions.decide(first, application, approve=False, code="organisation_not_proven", at=later,
                         text="The contact does not answer. Confirm it, and apply again.")
        return
    decisions.decide(first, application, approve=True, at=later)
    _afterwards(invented, service, proof, account, first, at)


def _afterwards(invented: Invented, service: Service, proof: Proof, account: Account, first: Actor,
                at: datetime) -> None:
    if invented.story != "stale":
        # Rechecked lately, as a registry does it every 30 days.
        proofs.record_proof(proof, _seen(proof), at=at - 3 * DAY)
    else:
        proofs.record_proof(proof, _unseen(proof), at=at - 4 * DAY)
    registration = current_registration(service)
    assert registration is not None
    if invented.story == "noticed":
        registrations.give_notice(first, registration, code="control_not_proven", at=at - 5 * DAY,
                                  text="The certificate on this address names another company. Whose is it?")
    if invented.story == "proposed":
        reason = {"code": "control_not_proven", "text": "The name points to a provider's parking page since spring."}
        registrations.give_notice(first, registration, at=at - 20 * DAY, **reason)
        registrations.propose_suspension(first, registration, at=at - 2 * DAY, **reason)
    if invented.story == "appealed":
        registrations.give_notice(first, registration, code="false_statement", at=at - 9 * DAY,
                                  text="The page says that nothing is logged; its terms say 30 days.")
        registrations.file_appeal(registrant(account), registration, "Those are the terms of our web shop, not of the "
                                  "tunnel.", at=at - 3 * DAY)


def _seen(proof: Proof) -> Outcome:
    return HANDSHAKE if proof.method == WIREGUARD_01 else SEEN


def _unseen(proof: Proof) -> Outcome:
    return SILENT if proof.method == WIREGUARD_01 else NOT_SEEN


def _endpoint(invented: Invented) -> dict[str, object]:
    values: dict[str, object] = {"endpoint_class": "datacentre", "tunnel_protocol": "wireguard"}
    if invented.place is not None:
        address, transport, port, protocol, name = invented.place
        values |= {"address": address, "transport": transport, "port": port, "tunnel_protocol": protocol, "name": name}
    else:
        values |= {"endpoint_class": "residential", "proof_address": "192.0.2.90", "proof_port": 51820}
    if invented.key:
        digest = hashlib.sha256(f"licet demo {invented.name}".encode()).digest()
        values["public_key"] = base64.b64encode(digest).decode()
    return values


def _account(email: str, password: str) -> Account:
    account = Account.objects.create_user(email, password)
    EmailAddress.objects.create(user=account, email=account.email, verified=True, primary=True)
    return account


def _officer(email: str, password: str, at: datetime) -> Account:
    account = _account(email, password)
    token = officers.invite_first_officer(at=at)
    if token is None:
        other = Account.objects.filter(officer__isnull=False).first()
        assert other is not None
        token = officers.invite_officer(officer(other), at=at)
    officers.accept_invitation(token, account, at=at)
    return account

