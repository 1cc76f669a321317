"""An organisation's domain on the running service layer: every state × event of its table, what is shown and what is
logged of it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from licet.errors import Refused
from licet.lifecycle import domain_proof
from licet.server.registry.models import DomainProof, Notice, Organisation, Outbox
from licet.server.registry.proving import Challenge, Outcome
from licet.server.registry.service_layer import organisations, proofs
from licet.server.registry.service_layer.checking import check_domain_now, check_due
from licet.server.registry.service_layer.domains import record_domain, remove_domain, set_domain
from server.audit import audit_log
from server.test_tables import cells, check
from server.world import DAY, FAILED, HOUR, MONDAY, OK, World, key, make_world, run_clock

pytestmark = pytest.mark.django_db

COMPANY = {"kind": "organisation", "name": "Example Logistics", "legal_name": "Example Logistics GmbH",
           "jurisdiction": "DE", "abuse_contact": "abuse@example.net"}


@pytest.fixture
def world() -> World:
    return make_world()


def company(world: World) -> Organisation:
    return organisations.create_organisation(world.owner, COMPANY, at=MONDAY)


def domain_in(world: World, state: str) -> DomainProof:
    """A domain whose proof is in a state, brought there from the beginning."""
    proof = set_domain(world.owner, company(world), "example.net", at=MONDAY)
    if state in ("valid", "stale", "inactive"):
        record_domain(proof, OK, proof.token, at=MONDAY)
    if state in ("stale", "inactive"):
        record_domain(proof, FAILED, proof.token, at=MONDAY + HOUR)
    if state == "inactive":
        lose(proof)
    if state == "gone":
        remove_domain(world.owner, proof.organisation, at=MONDAY)
    proof = DomainProof.objects.select_related("organisation").get(pk=proof.pk)
    assert proof.state == state
    return proof


def lose(proof: DomainProof) -> datetime:
    """Let a stale domain's month go by, with both notices sent; returns when it was over."""
    at = MONDAY
    for _ in range(40):
        at += DAY
        run_clock(at)
        Notice.objects.filter(sent_at=None).update(sent_at=at)
    return at


def cause(world: World, proof: DomainProof, event: str, at: datetime) -> None:
    if event in ("check_ok", "check_fail"):
        record_domain(proof, OK if event == "check_ok" else FAILED, proof.token, at=at)
    elif event == "change_by_owner":
        set_domain(world.owner, proof.organisation, "example.org", at=at)
    elif event == "owner_revokes":
        remove_domain(world.owner, proof.organisation, at=at)
    elif proof.state == "stale":
        lose(proof)
    else:
        run_clock(at + 31 * DAY)


@pytest.mark.parametrize(("state", "event", "to"), cells(domain_proof.TABLE))
def test_domain(world: World, state: str, event: str, to: str | None) -> None:
    proof = domain_in(world, state)
    at = proof.state_since + HOUR

    def now() -> str:
        proof.refresh_from_db()
        return proof.state

    check(domain_proof.TABLE, state, event, to, proof.handle, lambda: cause(world, proof, event, at), now)
    proof.organisation.refresh_from_db()
    assert proof.organisation.name_is_proven is proof.counts
    audit_log()


def test_the_log_says_whose_it_is_and_not_which(world: World) -> None:
    proof = domain_in(world, "valid")
    bodies = [json.loads(bytes(entry.body)) for entry in Outbox.objects.filter(type="domain")]
    assert [body["details"] for body in bodies] == [{"organisation": proof.organisation.handle}] * 2
    assert not any(b"example" in bytes(entry.body) for entry in Outbox.objects.all())


def test_a_proven_domain_confirms_the_organisation(world: World) -> None:
    proof = domain_in(world, "pending")
    assert not proof.organisation.is_confirmed
    record_domain(proof, OK, proof.token, at=MONDAY)
    assert Organisation.objects.get(pk=proof.organisation.pk).is_confirmed


def test_another_domain_is_not_proven_by_the_first_ones_record(world: World) -> None:
    proof = domain_in(world, "valid")
    old = proof.token
    changed = set_domain(world.owner, proof.organisation, "example.org", at=MONDAY + HOUR)
    assert (changed.state, changed.token == old) == ("pending", False)
    # A check of the first one that was under way meanwhile says nothing of this one.
    record_domain(changed, OK, old, at=MONDAY + HOUR)
    changed.refresh_from_db()
    assert changed.state == "pending"
    assert not Organisation.objects.get(pk=proof.organisation.pk).name_is_proven


def test_the_same_domain_again_changes_nothing(world: World) -> None:
    proof = domain_in(world, "valid")
    again = set_domain(world.owner, proof.organisation, " Example.NET. ", at=MONDAY + HOUR)
    assert (again.state, again.token) == ("valid", proof.token)


@pytest.mark.parametrize("domain", ["", "  ", "localhost", "192.0.2.1", "https://example.net", "x" * 254 + ".net",
                                    "exa\N{RIGHT-TO-LEFT OVERRIDE}mple.net", "-.net", "a..net"])
def test_what_is_no_domain_is_refused(world: World, domain: str) -> None:
    found = company(world)
    with pytest.raises(Refused) as refusal:
        set_domain(world.owner, found, domain, at=MONDAY)
    assert refusal.value.field == "domain"
    assert not DomainProof.objects.exists()


def test_strangers_and_people_who_work_alone_name_none(world: World) -> None:
    found = company(world)
    with pytest.raises(Refused):
        set_domain(world.first, found, "example.net", at=MONDAY)
    with pytest.raises(Refused) as refusal:
        set_domain(world.owner, world.organisation, "example.net", at=MONDAY)
    assert refusal.value.code == "self_declared"
    proof = set_domain(world.owner, found, "example.net", at=MONDAY)
    with pytest.raises(Refused):
        check_domain_now(world.first, proof, lambda challenge: OK, lambda: MONDAY)


def test_the_check_asks_for_the_record_of_the_name_alone(world: World) -> None:
    proof = domain_in(world, "pending")
    asked: list[Challenge] = []

    def checker(challenge: Challenge) -> Outcome:
        asked.append(challenge)
        return OK

    check_domain_now(world.owner, proof, checker, lambda: MONDAY)
    (challenge,) = asked
    assert (challenge.method, challenge.name, challenge.endpoint) == ("dns-01", "example.net", None)


def test_a_record_proves_no_key_without_an_address(world: World) -> None:
    service = world.service()
    endpoint = world.endpoint(service, address="", port=None, proof_address="192.0.2.7", proof_port=51820,
                              public_key=key("named"), name="vpn.example.net")
    with pytest.raises(Refused) as refusal:
        proofs.start_proof(world.owner, endpoint, "dns-01", at=MONDAY)
    assert refusal.value.code == "no_address"


def test_it_is_checked_again_after_a_month_and_daily_while_stale(world: World) -> None:
    proof = domain_in(world, "valid")
    at = MONDAY + 30 * DAY

    def looks(outcome: Outcome) -> int:
        return check_due(lambda challenge: outcome, lambda: at)

    run_clock(at - HOUR)
    assert looks(OK) == 0
    run_clock(at)
    assert looks(FAILED) == 1
    proof.refresh_from_db()
    assert proof.state == "stale"
    assert looks(FAILED) == 0
    at += DAY
    run_clock(at)
    assert looks(OK) == 1
    proof.refresh_from_db()
    assert proof.state == "valid"


def test_it_is_lost_only_after_two_notices(world: World) -> None:
    proof = domain_in(world, "stale")
    run_clock(MONDAY + 90 * DAY)  # no mail went out
    proof.refresh_from_db()
    assert proof.state == "stale"
    assert Notice.objects.filter(kind="domain_stale").count() == 1
    over = lose(proof)
    proof.refresh_from_db()
    assert proof.state == "inactive"
    assert Notice.objects.filter(kind="domain_stale").count() == 2
    assert proof.state_since >= MONDAY + timedelta(days=30)
    assert over >= proof.state_since
