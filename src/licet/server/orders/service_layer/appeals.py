"""Appeals: filed by anybody, off at once where control is shown, decided by a reviewer with reasons, won by silence.

The reviewer is an officer who neither wrote nor signed the order, found by rota when an appeal is filed. All open
appeals about one endpoint of an order are one case: one clock, one decision.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import appeal as appeals
from licet.lifecycle import endpoint_proof
from licet.lifecycle import order as orders
from licet.lifecycle.table import AFFECTED, CLOCK, MACHINE, REVIEWER
from licet.model.canonical import Json
from licet.model.endpoint import parse_endpoint
from licet.model.order import ADJUDICATED
from licet.server import chance
from licet.server.orders.models import Appeal, AppealProof, OrderedEnd, OrderRow
from licet.server.orders.models.appeals import TEXT_LENGTH_MAX
from licet.server.orders.policy import network_named
from licet.server.orders.service_layer.orders import file_of, lock, move_end
from licet.server.orders.service_layer.texts import checked_text
from licet.server.registry.models import Notice, Officer
from licet.server.registry.models.organisations import URL_LENGTH_MAX
from licet.server.registry.proving import Challenge, Checker
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import Actor, require_officer
from licet.server.registry.service_layer.errors import Invalid, refuse_where
from licet.server.registry.service_layer.fields import Fields, is_mail_address
from licet.server.registry.service_layer.handles import new_handle
from licet.snapshot.entry import decode_wireguard_key

CAN_BE_APPEALED = (orders.APPROVED, orders.NOTICED, orders.CANARY, orders.LIVE, orders.STAYED)
METHODS = (endpoint_proof.CALLBACK_01, endpoint_proof.HTTP_01, endpoint_proof.DNS_01, endpoint_proof.WIREGUARD_01)
PROOF_LIFE = timedelta(days=endpoint_proof.PENDING_DAYS)
PROOFS_MAX = 10
OPEN_A_ENDPOINT_MAX = 50
REMEDY = "the courts of the network's jurisdiction"


@transaction.atomic
def file(end: OrderedEnd, statement: str, contact: str = "", *, at: datetime) -> tuple[Appeal, str]:
    """File an appeal about an endpoint of an order; returns it with the token of its own page. contact: "" where who
    appeals reads the answer there. Raises Invalid and Refused."""
    fields = Fields({"statement": statement, "contact": contact}, frozenset({"statement", "contact"}))
    text = fields.text("statement", TEXT_LENGTH_MAX, required=True, lines=True)
    where = fields.contact("contact", URL_LENGTH_MAX)
    refuse_where(fields.problems)
    row = lock(end.order)
    _refuse_pointless(row, end)
    token = chance.token()
    done = journal.begin(appeals.TABLE, "file", Actor(AFFECTED), at)
    made = Appeal.objects.create(handle=new_handle(Appeal, "APL"), order=row, end=end, state=done.after,
                                 state_since=at, filed=at, statement=text, contact=where, cr_date=at, up_date=at,
                                 token_digest=chance.token_digest(token))
    journal.write(done, made.handle, _details(made))
    _assign(made, at)
    return made, token


def _refuse_pointless(row: OrderRow, end: OrderedEnd) -> None:
    if row.state not in CAN_BE_APPEALED or end.state in (orders.LIFTED, orders.QUASHED):
        raise Refused("not_in_force", _("Nothing is ordered here that could be appealed: it has ended, or was never "
                                        "signed by two people."))
    if end.appeals.filter(state__in=appeals.OPEN).count() >= OPEN_A_ENDPOINT_MAX:
        raise Refused("many_appeals", _("Many appeals about this endpoint are open; they are decided together."))


def _details(found: Appeal) -> dict[str, Json]:
    return {"order": found.order.handle, "endpoint": found.end.handle}


def _assign(found: Appeal, at: datetime) -> None:
    """By rota: the officer with the fewest open appeals, who is no signer of this network. Nobody: it waits, and after
    a day the order is off."""
    network = network_named(found.order.network)
    signers = [one.code for one in network.signers]
    officers = Officer.objects.filter(retired_at=None).exclude(code__in=signers).annotate(
        busy=Count("appeals", filter=Q(appeals__state__in=appeals.OPEN)))
    reviewer = officers.order_by("busy", "pk").first()
    if reviewer is None:
        return
    done = journal.move(found, appeals.TABLE, "assign", Actor(MACHINE), at)
    found.reviewer = reviewer
    found.save()
    journal.write(done, found.handle, _details(found))


def start_proof(found: Appeal, method: str, name: str = "", public_key: str = "", *, at: datetime) -> AppealProof:
    """A challenge by which control of the endpoint is shown. Raises Invalid and Refused."""
    if method not in METHODS:
        raise Invalid({"method": _("Choose a method.")})
    fields = Fields({"name": name, "public_key": public_key}, frozenset({"name", "public_key"}))
    read = {"name": fields.dns_name("name"), "public_key": fields.text("public_key", 44)}
    if method == endpoint_proof.DNS_01 and not read["name"]:
        fields.problems.setdefault("name", _("Write the DNS name that points to the server."))
    if method == endpoint_proof.WIREGUARD_01 and not _is_key(read["public_key"]):
        fields.problems.setdefault("public_key", _("Write the server's public key, 44 characters."))
    refuse_where(fields.problems)
    if not found.is_open or found.proofs.count() >= PROOFS_MAX:
        raise Refused("no_more_proofs", _("This appeal takes no further challenge."))
    return AppealProof.objects.create(appeal=found, method=method, token=chance.proof_token(), created=at,
                                      expires=at + PROOF_LIFE, **read)


def _is_key(text: str) -> bool:
    try:
        decode_wireguard_key(text)
    except Exception:  # whatever it is, it is no key
        return False
    return True


def challenge_of(proof: AppealProof) -> Challenge:
    """The challenge, as the checker knows it."""
    key = decode_wireguard_key(proof.public_key) if proof.public_key else None
    return Challenge(proof.method, proof.token, parse_endpoint(proof.appeal.end.endpoint), proof.name or None, key)


def check_proof(proof: AppealProof, checker: Checker, *, at: datetime) -> AppealProof:
    """Check a challenge, outside of any transaction, and stay the order where control was shown. Raises Refused."""
    if at >= proof.expires:
        raise Refused("expired", _("This challenge has expired; start a new one."))
    outcome = checker(challenge_of(proof))
    proof.tried_at, proof.error = at, outcome.problem[:60]
    proof.seen, proof.todo = outcome.seen[:500], outcome.todo[:500]
    if outcome.ok:
        proof.validated, proof.error = at, ""
    proof.save()
    if outcome.ok:
        _control_proved(proof.appeal, at)
    return proof


@transaction.atomic
def _control_proved(appeal: Appeal, at: datetime) -> None:
    row, found = _lock(appeal)
    if not found.is_open:
        return  # decided while it was checked
    found.is_proven = True
    if appeals.TABLE.allows(found.state, "control_proved", MACHINE):
        done = journal.move(found, appeals.TABLE, "control_proved", Actor(MACHINE), at)
        journal.write(done, found.handle, _details(found))
    found.save()
    if not file_of(row).order.suspensive_denied:
        _stay(found, Actor(MACHINE), "control_proved", at)


def _lock(appeal: Appeal) -> tuple[OrderRow, Appeal]:
    """The order first, always, then the appeal, both read again."""
    row = lock(appeal.order)
    found = Appeal.objects.select_for_update().get(pk=appeal.pk)
    found.order = row
    return row, found


def _stay(found: Appeal, actor: Actor, reason: str, at: datetime) -> None:
    """Turn the endpoint off. One that is off already stays so."""
    end = found.end
    end.order = found.order
    if end.is_off or found.order.state == orders.STAYED or not found.order.is_open:
        return
    move_end(actor, end, "stay", at, reason=reason)
    if found.stayed_at is None:
        found.stayed_at = at
        found.save()


@transaction.atomic
def decide(actor: Actor, appeal: Appeal, *, uphold: bool, reasons: str, remedy: str = REMEDY, at: datetime) -> Appeal:
    """Decide an appeal, and all others about the same endpoint. Raises Invalid and Refused."""
    row, found = _lock(appeal)
    _require_reviewer(actor, found)
    reasons = checked_text("reasons", reasons)
    for one in _case_of(found):
        _finish(one, actor, uphold=uphold, reasons=reasons, remedy=remedy, at=at,
                code="appeal_upheld" if uphold else "appeal_dismissed")
    found.refresh_from_db()
    found.end.refresh_from_db()
    found.end.order = row
    _follow(found, Actor(REVIEWER, actor.account), uphold, at)
    return found


def _case_of(found: Appeal) -> list[Appeal]:
    """The open appeals about the same endpoint, this one among them."""
    return list(Appeal.objects.select_for_update().filter(end=found.end, state__in=appeals.OPEN).order_by("pk"))


def _finish(one: Appeal, actor: Actor, *, uphold: bool, reasons: str, remedy: str, code: str, at: datetime) -> None:
    """Write the decision of one appeal; one that nobody read yet is taken up first."""
    if one.state == appeals.FILED:
        done = journal.move(one, appeals.TABLE, "assign", Actor(MACHINE), at)
        journal.write(done, one.handle, _details(one))
    facts = frozenset({appeals.REASONS_GIVEN})
    role = Actor(REVIEWER, actor.account)
    done = journal.move(one, appeals.TABLE, "decide_for" if uphold else "decide_against", role, at, reason=code,
                        facts=facts)
    one.decided_at, one.reasons, one.remedy = at, reasons, remedy
    one.save()
    journal.write(done, one.handle, _details(one))
    _tell(one, at)


def _follow(found: Appeal, actor: Actor, uphold: bool, at: datetime) -> None:
    """What follows for the order: quashed for good, or back to where it was and never past its notice."""
    end, row = found.end, found.order
    if not row.is_open:
        return
    is_stayed = end.state == orders.STAYED or (not end.state and row.state == orders.STAYED)
    if uphold:
        move_end(actor, end, "quash", at, reason="appeal_upheld")
    elif is_stayed:
        move_end(actor, end, "activate", at, reason="appeal_dismissed")


def _tell(one: Appeal, at: datetime) -> None:
    """The mail to who appealed, where they said where."""
    if is_mail_address(one.contact):
        Notice.objects.get_or_create(key=f"appeal {one.handle} {one.state}", defaults={
            "kind": "appeal_decided", "created": at, "details": {
                "to": one.contact, "appeal": one.handle, "order": one.order.handle, "endpoint": one.end.endpoint,
                "outcome": one.state, "reasons": one.reasons, "remedy": one.remedy}})


def _require_reviewer(actor: Actor, found: Appeal) -> Officer:
    officer = require_officer(actor)
    if found.reviewer_id != officer.pk:
        raise Refused("not_reviewer", _("Another officer reviews this appeal; the rota says who."))
    return officer


@transaction.atomic
def ask_more(actor: Actor, appeal: Appeal, question: str, *, at: datetime) -> Appeal:
    """Ask for more, once. Silence after it upholds the appeal. Raises Invalid and Refused."""
    _row, found = _lock(appeal)
    _require_reviewer(actor, found)
    question = checked_text("question", question)
    facts = frozenset() if found.asked_at else frozenset({appeals.NOT_ASKED_BEFORE})
    done = journal.move(found, appeals.TABLE, "more_info", Actor(REVIEWER, actor.account), at, facts=facts)
    found.question, found.asked_at = question, at
    found.save()
    journal.write(done, found.handle, _details(found))
    return found


@transaction.atomic
def answer(appeal: Appeal, text: str, *, at: datetime) -> Appeal:
    """What who appealed answers. Raises Invalid."""
    _row, found = _lock(appeal)
    found.answer, found.up_date = checked_text("text", text), at
    found.save()
    return found


def appeal_due(appeal: Appeal, at: datetime) -> int:
    """What time does: nobody read it for a day, and the order is off; nobody decided it, and it is upheld."""
    row, found = _lock(appeal)
    since = found.state_since if found.state in (appeals.FILED, appeals.WAITING) else found.filed
    after = appeals.TABLE.after.get(found.state)
    if after is None or at < since + timedelta(days=after.days, hours=after.hours):
        return 0
    is_others = row.ground == ADJUDICATED
    facts = frozenset({appeals.ADJUDICATED if is_others else appeals.BY_OWN_DECISION})
    if is_others and found.state == appeals.STAYED:
        return 0  # It is off and stays off; its adjudicator was told.
    done = journal.move(found, appeals.TABLE, "clock", Actor(CLOCK), at, facts=facts)
    if done.after == appeals.UPHELD:
        found.decided_at, found.reasons = at, _("Nobody decided it in time.")
    found.save()
    journal.write(done, found.handle, _details(found))
    found.end.order = row
    if done.after == appeals.UPHELD:
        _tell(found, at)
        if row.is_open:
            move_end(Actor(CLOCK), found.end, "quash", at, reason="silence")
    else:
        _stay(found, Actor(CLOCK), done.reason or "unassigned", at)
    return 1
