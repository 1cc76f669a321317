"""callback-01: the registry's side of `licet proof call TOKEN --registry URL` (docs/proofs.md).

The address from which the connection came is compared with the endpoint's and forgotten: it is in no row, no answer and
no diagnostics. Behind a reverse proxy that address is the proxy's; only what the proxy named as `proxy` in licet.toml
wrote into X-Forwarded-For is believed, and of that only the last entry, which the proxy itself added.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from licet.app.proof import CALL_BYTES_MAX
from licet.errors import Malformed, Refused
from licet.lifecycle.endpoint_proof import CALLBACK_01
from licet.model.endpoint import parse_address
from licet.server.clock import utc_now
from licet.server.orders.models import AppealProof
from licet.server.orders.service_layer import appeals
from licet.server.registrant.check_pool import log_soon
from licet.server.registry.models import Proof
from licet.server.registry.proving import Outcome, challenge_of, compare_call
from licet.server.registry.service_layer.proofs import record_proof

NOT_READ = Outcome(False, "incomplete", "A JSON object with the member token.", "The call.", "Something else.",
                   "Call with `licet proof call TOKEN --registry URL`.")
NOT_KNOWN = Outcome(False, "token_differs", "A call with the token of an open challenge.", "The call.",
                    "A token that is not known here.", "Copy the whole token from the registry's page.")
EXPIRED = Outcome(False, "expired", "A call with the token of an open challenge.", "The call.",
                  "The right token, after the challenge's end.", "Ask for a new challenge.")


@csrf_exempt  # The token is the authority; no cookie is looked at.
@never_cache
@require_POST
def call(request: HttpRequest) -> HttpResponse:
    """One call. The answer is an outcome, with status 200 whatever it found."""
    token = _token(request)
    if token is None:
        return _answer(NOT_READ)
    found = Proof.objects.select_related("endpoint").filter(
        token=token, method=CALLBACK_01, endpoint__dropped_at=None).first()
    if found is None:
        return _call_of_an_appeal(request, token)
    at = utc_now()
    if found.status != Proof.VALID and at >= found.expires:
        return _answer(EXPIRED)
    # A proof that stands may be renewed after its challenge's end, as every other method's.
    until = found.expires if found.status != Proof.VALID else at + timedelta(days=1)
    outcome = compare_call(challenge_of(found), seen_address(request), token, at, until)
    try:
        done = record_proof(found, outcome, at=at)
    except Refused:
        return _answer(EXPIRED)
    if outcome.ok and done.error:  # another service has proven the same
        outcome = Outcome(False, "not_usable", done.looked_for, done.where, done.seen, done.todo)
    return _answer(outcome)


def _call_of_an_appeal(request: HttpRequest, token: str) -> HttpResponse:
    """The same for somebody who appeals against an order: the call turns it off."""
    proof = AppealProof.objects.select_related("appeal__end", "appeal__order").filter(
        token=token, method=CALLBACK_01).first()
    if proof is None:
        return _answer(NOT_KNOWN)
    at = utc_now()
    outcome = compare_call(appeals.challenge_of(proof), seen_address(request), token, at, proof.expires)
    try:
        appeals.check_proof(proof, lambda _challenge: outcome, at=at)
    except Refused:
        return _answer(EXPIRED)
    if outcome.ok:
        log_soon()
    return _answer(outcome)


def seen_address(request: HttpRequest) -> str:
    """Where the connection came from; "" where that cannot be known."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    proxy = settings.LICET_PROXY
    if proxy and _same(address, proxy):
        return str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    return address


def _same(one: str, other: str) -> bool:
    try:
        return parse_address(one) == parse_address(other)
    except Malformed:
        return False


def _token(request: HttpRequest) -> str | None:
    body = request.read(CALL_BYTES_MAX + 1)
    if len(body) > CALL_BYTES_MAX:
        return None
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    token = found.get("token") if isinstance(found, dict) else None
    return token if isinstance(token, str) and token.isascii() and "\0" not in token else None


def _answer(outcome: Outcome) -> HttpResponse:
    return JsonResponse({
        "ok": outcome.ok, "problem": outcome.problem or None, "looked_for": outcome.looked_for, "where": outcome.where,
        "seen": outcome.seen, "todo": outcome.todo})
