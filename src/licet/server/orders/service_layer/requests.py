"""Requests: received with their basis quoted, acknowledged, answered ask by ask with codes, published.

What a request asks for is never done by answering it. An accepted ask is what the draft of an order may cite; drafting,
signing and applying one are acts of other people, elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import request as requests
from licet.model.canonical import Json
from licet.server.orders.asks import endpoint_in
from licet.server.orders.models import Ask, Request
from licet.server.orders.models.requests import ASK_LENGTH_MAX, QUOTE_LENGTH_MAX, TEXT_LENGTH_MAX
from licet.server.orders.registered import registered_handle
from licet.server.orders.service_layer.texts import checked_text
from licet.server.registry.models import Notice
from licet.server.registry.models.organisations import NAME_LENGTH_MAX, URL_LENGTH_MAX
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import Actor, require_officer
from licet.server.registry.service_layer.errors import Invalid, refuse_where
from licet.server.registry.service_layer.fields import Fields, is_mail_address
from licet.server.registry.service_layer.handles import new_handle

FIELDS = frozenset({
    "requester", "principal", "addressee", "relays", "legal_ground", "legal_text_quoted", "legal_text_url", "contact",
    "asks",
})


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one ask. number: of the ask; code: of lifecycle.request; text: the same in words."""

    number: int
    code: str
    text: str


@transaction.atomic
def receive(actor: Actor, values: Mapping[str, Any], *, at: datetime) -> Request:
    """Take a letter in, from its sender or from an officer who types it in. values: FIELDS; asks: one a line. Raises
    Invalid."""
    fields = Fields(values, FIELDS)
    read = {
        "requester": fields.text("requester", NAME_LENGTH_MAX, required=True),
        "principal": fields.text("principal", NAME_LENGTH_MAX),
        "addressee": fields.text("addressee", NAME_LENGTH_MAX, required=True),
        "relays": fields.text("relays", TEXT_LENGTH_MAX, lines=True),
        "legal_ground": fields.text("legal_ground", 300),
        "legal_text_quoted": fields.text("legal_text_quoted", QUOTE_LENGTH_MAX, lines=True),
        "legal_text_url": fields.web_page("legal_text_url", URL_LENGTH_MAX),
        "contact": fields.contact("contact", URL_LENGTH_MAX, required=True),
    }
    asks = _read_asks(fields)
    refuse_where(fields.problems)
    done = journal.begin(requests.TABLE, "receive", actor, at)
    made = Request.objects.create(handle=new_handle(Request, "REQ"), state=done.after, state_since=at, clock_since=at,
                                  received=at, cr_date=at, up_date=at, **read)
    Ask.objects.bulk_create(Ask(request=made, number=number, text=text, endpoint=endpoint_in(text))
                            for number, text in enumerate(asks, 1))
    journal.write(done, made.handle, _public_details(made, read, asks))
    return made


def _read_asks(fields: Fields) -> list[str]:
    text = fields.text("asks", ASK_LENGTH_MAX * requests.ASKS_MAX, required=True, lines=True)
    asks = [line.strip() for line in text.splitlines() if line.strip()]
    if len(asks) > requests.ASKS_MAX:
        fields.problems["asks"] = _("At most %(most)d asks, one a line.") % {"most": requests.ASKS_MAX}
    elif any(len(one) > ASK_LENGTH_MAX for one in asks):
        fields.problems["asks"] = _("An ask has at most %(most)d characters.") % {"most": ASK_LENGTH_MAX}
    return asks


def _public_details(made: Request, read: Mapping[str, str], asks: Sequence[str]) -> dict[str, Json]:
    """What the body of the entry says: everything but where the answer goes."""
    return {**{name: text for name, text in read.items() if name != "contact"}, "asks": list(asks)}


@transaction.atomic
def acknowledge(actor: Actor, request: Request, *, at: datetime) -> Request:
    """Say that it was received and is being read; its page is public from now on. Raises Refused."""
    require_officer(actor)
    found = lock(request)
    done = journal.move(found, requests.TABLE, "acknowledge", actor, at)
    found.clock_since = at
    found.published_at = found.published_at or at
    found.save()
    journal.write(done, found.handle)
    return found


@transaction.atomic
def answer(actor: Actor, request: Request, answers: Sequence[Answer], *, at: datetime) -> Request:
    """Answer every ask, each with a code and a text. Raises Invalid and Refused."""
    require_officer(actor)
    found = lock(request)
    asks = list(found.asks.order_by("number"))
    by_number = {one.number: one for one in answers}
    problems: dict[str, str] = {}
    for ask in asks:
        given = by_number.get(ask.number)
        problem = _("Answer it with a code and a text.") if given is None else _answer_problem(found, ask, given, at)
        if problem:
            problems[f"ask-{ask.number}"] = problem
    refuse_where(problems)
    for ask in asks:
        given = by_number[ask.number]
        ask.code, ask.answer = given.code, checked_text("text", given.text)
        ask.save()
    done = journal.move(found, requests.TABLE, _event(asks), actor, at)
    found.answered = at
    found.save()
    journal.write(done, found.handle, {f"ask{one.number}": one.code for one in asks[:_ANSWERS_IN_LEAF]})
    _tell_sender(found, asks, at)
    return found


def _tell_sender(found: Request, asks: Sequence[Ask], at: datetime) -> None:
    """Note the mail to where the answer goes; a page cannot be written to, its owner reads the request's page."""
    if is_mail_address(found.contact):
        Notice.objects.create(key=f"request {found.handle} answered", kind="request_answered", created=at, details={
            "to": found.contact, "handle": found.handle,
            "asks": [[one.number, one.text, one.code, one.answer] for one in asks]})


_ANSWERS_IN_LEAF = 16  # as many details as an entry of the log takes; the page has all of them


def _event(asks: Sequence[Ask]) -> str:
    accepted = sum(one.is_accepted for one in asks)
    if accepted == len(asks):
        return "accept"
    return "accept_in_part" if accepted else "decline"


def _answer_problem(request: Request, ask: Ask, given: Answer, at: datetime) -> str:
    """Why an ask cannot be answered like this, or ""."""
    if given.code not in (*requests.DECLINE_CODES, *requests.ACCEPT_CODES):
        return _("Choose a code.")
    try:
        checked_text("text", given.text)
    except Invalid as error:
        return _("Say it in words: %(problem)s") % {"problem": error}
    if given.code != requests.DRAFT_MAY_CITE:
        return ""
    if not ask.endpoint:
        return _("An order is about exact endpoints, and this names none: decline it, or ask for address, port and "
                 "transport.")
    if not request.legal_text_quoted.strip():
        return _("No legal text is quoted: nothing rests on it.")
    if request.sealed_until is not None and at < request.sealed_until:
        return _("It is sealed, and a sealed request supports no order.")
    handle = registered_handle(ask.endpoint, at)
    if handle:
        return _("%(handle)s is registered there: nothing is ordered against a registered endpoint.") % {
            "handle": handle}
    return ""


@transaction.atomic
def seal(actor: Actor, request: Request, days: int, *, at: datetime) -> Request:
    """Do not show what is asked for, once, for so many days. Raises Invalid and Refused."""
    require_officer(actor)
    found = lock(request)
    if not 1 <= days <= requests.SEAL_DAYS_MAX:
        raise Invalid({"days": _("From 1 to %(most)d days.") % {"most": requests.SEAL_DAYS_MAX}})
    if found.sealed_until is not None or not found.is_open:
        raise Refused("sealed_before", _("A request is sealed once at most, before it is answered."))
    found.sealed_until = at + timedelta(days=days)
    found.save()
    return found


@transaction.atomic
def withdraw(actor: Actor, request: Request, *, at: datetime) -> Request:
    """Take it back, for its sender. Raises Refused."""
    require_officer(actor)
    found = lock(request)
    done = journal.move(found, requests.TABLE, "withdraw", actor, at)
    found.save()
    journal.write(done, found.handle)
    return found


def lock(request: Request) -> Request:
    """The row, locked and read again."""
    return Request.objects.select_for_update().get(pk=request.pk)
