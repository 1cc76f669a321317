"""A large registry, written past the service layer: for measuring how pages and publishing behave, and for nothing
else."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address

from licet.lifecycle.application import APPROVED, IN_REVIEW, INFO_NEEDED, PROVING
from licet.server.registry.models import (
    Application,
    Endpoint,
    Message,
    Officer,
    Organisation,
    Outbox,
    Proof,
    Registration,
    Service,
)

BATCH = 2_000
SERVICES_AN_ORGANISATION = 10
BASE = int(IPv6Address("2001:db8:1::"))


def fill(count: int, *, at: datetime, officer: Officer, waiting_each: int = 50) -> None:
    """count services with an endpoint, a proof, an application and entries each; one in `waiting_each` waits for an
    officer, is being proven or has a question open, the others are registered."""
    minute = timedelta(minutes=1)
    Organisation.objects.bulk_create([
        Organisation(handle=f"ORG-{number:06d}", kind="organisation", name=f"Example {number}", jurisdiction="NL",
                     legal_name=f"Example {number} BV", abuse_contact="noc@example.net", contact_confirmed_at=at,
                     cr_date=at, up_date=at)
        for number in range(-(-count // SERVICES_AN_ORGANISATION))], batch_size=BATCH)
    organisations = list(Organisation.objects.filter(handle__startswith="ORG-0").order_by("pk"))
    Service.objects.bulk_create([
        Service(handle=f"SVC-{number:06d}", name=f"Service {number}", purpose="Remote access",
                organisation=organisations[number // SERVICES_AN_ORGANISATION], is_listed=number % 7 != 0,
                cr_date=at - number * minute, up_date=at)
        for number in range(count)], batch_size=BATCH)
    services = list(Service.objects.filter(handle__startswith="SVC-0").order_by("pk"))
    states = [_state(number, waiting_each) for number in range(count)]
    Application.objects.bulk_create([
        Application(handle=f"APP-{number:06d}", service=service, state=states[number], state_since=at - number * minute,
                    clock_since=at - number * minute, submitted_at=at - number * minute, cr_date=at, up_date=at,
                    decided_at=at - number * minute + timedelta(hours=number % 70) if states[number] == APPROVED
                    else None, decided_by=officer if states[number] == APPROVED else None)
        for number, service in enumerate(services)], batch_size=BATCH)
    Registration.objects.bulk_create([
        Registration(service=service, state="ok", state_since=at, cr_date=at - timedelta(days=number % 300), up_date=at,
                     ex_date=at + timedelta(days=61 + number % 300))
        for number, service in enumerate(services) if states[number] == APPROVED], batch_size=BATCH)
    Endpoint.objects.bulk_create([_endpoint(number, service, states[number] != PROVING, at)
                                  for number, service in enumerate(services)], batch_size=BATCH)
    endpoints = list(Endpoint.objects.filter(handle__startswith="END-0").order_by("pk"))
    Proof.objects.bulk_create([
        Proof(endpoint=endpoint, method="wireguard-01", token=f"token {number}", created=at, expires=at, tried_at=at,
              status="valid" if endpoint.counts else "pending", validated=at if endpoint.counts else None,
              error="" if endpoint.counts else "no_answer", seen="a handshake" if endpoint.counts else "no answer")
        for number, endpoint in enumerate(endpoints)], batch_size=BATCH)
    Message.objects.bulk_create([
        Message(service=service, application=application, kind=Message.QUESTION, text="Which building?", at=at)
        for application in Application.objects.filter(state=INFO_NEEDED).select_related("service")
        for service in [application.service]], batch_size=BATCH)
    Outbox.objects.bulk_create([
        Outbox(type="application", subject=f"APP-{number:06d}", sequence=sequence, event=event, before="x", after="y",
               role="officer", time=at, body=b"{}", body_digest="sha256:0")
        for number in range(count) for sequence, event in ((1, "submit"), (2, "approve"))], batch_size=BATCH)


def _state(number: int, waiting_each: int) -> str:
    if number % waiting_each:
        return APPROVED
    return (IN_REVIEW, PROVING, INFO_NEEDED)[number // waiting_each % 3]


def _endpoint(number: int, service: Service, is_proven: bool, at: datetime) -> Endpoint:
    address = str(IPv6Address(BASE + (number << 64)))
    return Endpoint(
        handle=f"END-{number:06d}", service=service, address=address, transport="udp", port=51820,
        tunnel_protocol="wireguard", entry_text=f"[{address}]:51820/udp wireguard", endpoint_class="datacentre",
        public_key="x", mac1_key=hashlib.sha256(str(number).encode()).hexdigest(), key_since=at,
        state="valid" if is_proven else "pending", state_since=at, valid_since=at if is_proven else None, checked_at=at,
        cr_date=at, up_date=at)
