"""Proofs of control: a challenge begun, and what came of checking it.

Checking asks the network and takes seconds: it happens outside, in `proving`, before any lock is taken. What comes in
here is its outcome.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import endpoint_proof
from licet.lifecycle.table import REGISTRANT
from licet.server import chance
from licet.server.registry.models import Endpoint, Proof, Service
from licet.server.registry.proving import Outcome
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import MACHINE, Actor, require_member
from licet.server.registry.service_layer.decisions import notify
from licet.server.registry.service_layer.endpoints import BOTH_COUNT, details_of, retire_endpoint
from licet.server.registry.service_layer.locks import lock_registry, lock_service
from licet.server.registry.service_layer.standing import settle

LIFE = timedelta(days=endpoint_proof.PENDING_DAYS)
SENTENCE_LENGTH_MAX = 500
TAKEN = "endpoint_taken"


@transaction.atomic
def start_proof(actor: Actor, endpoint: Endpoint, method: str, *, at: datetime) -> Proof:
    """The challenge of a method for an endpoint: the one that is open, or a new one. method: one of
    lifecycle.endpoint_proof.METHODS. Raises Refused."""
    service = lock_service(endpoint.service_id)
    require_member(actor, service.organisation)
    endpoint = service.endpoints.get(pk=endpoint.pk)
    if method not in endpoint_proof.METHODS:
        raise Refused("unknown_method", _("There is no such method of proof."), "method")
    if method in endpoint_proof.NEEDS_NAME and not endpoint.name:
        raise Refused("no_name", _("dns-01 proves an address through a name that points to it; this endpoint has "
                                   "none."), "method")
    if method == endpoint_proof.DNS_01 and endpoint.address is None:
        # A name alone proves the name: enough for an organisation's domain, and nothing about a server's key.
        raise Refused("no_address", _("A record proves nothing about a key; prove it by a handshake."), "method")
    if method == endpoint_proof.WIREGUARD_01 and not endpoint.public_key:
        raise Refused("no_key", _("wireguard-01 proves a WireGuard server by its public key; enter it first."),
                      "method")
    if endpoint.address is None and method == endpoint_proof.WIREGUARD_01 and endpoint.proof_address is None:
        raise Refused("no_address", _("Say where the server can be reached to prove its key; it is not published."),
                      "method")
    found = endpoint.proofs.filter(method=method, status=Proof.PENDING, expires__gt=at).first()
    if found is not None:
        return found
    return Proof.objects.create(endpoint=endpoint, method=method, token=chance.proof_token(), created=at,
                                expires=at + LIFE)


@transaction.atomic
def record_proof(proof: Proof, outcome: Outcome, *, at: datetime, begun: datetime | None = None) -> Proof:
    """Write what came of checking a proof, and what follows for its endpoint and its application. begun: when the check
    began, where that was before `at`. Raises Refused for a proof that expired before it was checked."""
    if outcome.ok:
        lock_registry()  # Two services cannot prove the same end or the same key in the same moment.
    service = lock_service(proof.endpoint.service_id)
    proof = Proof.objects.get(pk=proof.pk)
    endpoint = service.endpoints.get(pk=proof.endpoint_id)
    was_valid = proof.status == Proof.VALID
    if not was_valid and (begun or at) >= proof.expires:
        raise Refused("expired", _("This challenge has expired; start a new one."))
    if outcome.ok and _is_taken(endpoint):
        outcome = _taken(endpoint)
    proof.tried_at = endpoint.checked_at = at
    proof.error = "" if outcome.ok else outcome.problem[:60] or "failed"
    for field in ("looked_for", "where", "seen", "todo"):
        setattr(proof, field, getattr(outcome, field)[:SENTENCE_LENGTH_MAX])
    if outcome.ok:
        proof.status, proof.validated = Proof.VALID, at
    proof.save()
    if outcome.ok:
        _check_ok(service, endpoint, proof, at)
    elif was_valid or not endpoint.counts:
        _check_fail(service, endpoint, at)
    else:
        endpoint.save()  # A further method failed for an endpoint whose proof stands: nothing follows.
    return proof


def _check_ok(service: Service, endpoint: Endpoint, proof: Proof, at: datetime) -> None:
    methods = _standing_methods(endpoint) | {proof.method}
    if not endpoint_proof.is_proven(methods, has_address=endpoint.address is not None,
                                    has_key=bool(endpoint.public_key)):
        endpoint.save()  # One more method is needed.
        return
    replaced = endpoint.replaces
    if replaced is not None and replaced.counts:
        # Its owner asked for this when they entered the new one. First, since both may be the same end.
        retire_endpoint(Actor(REGISTRANT), service, replaced, at, counts_until=at + BOTH_COUNT)
    done = journal.move(endpoint, endpoint_proof.TABLE, "check_ok", MACHINE, at)
    if done.before not in endpoint_proof.COUNTING:
        endpoint.valid_since, endpoint.counts_until, endpoint.dropped_at = at, None, None
    endpoint.recheck_asked_at = None
    endpoint.save()
    journal.write(done, endpoint.handle, details_of(service, endpoint))
    settle(service, at)


def _standing_methods(endpoint: Endpoint) -> set[str]:
    """The methods that succeeded and did not fail since. Where the proof as a whole was lost, those from before that
    are gone with it: a call from the address must not bring back what needed more than a call."""
    standing = endpoint.proofs.filter(status=Proof.VALID, error="")
    if endpoint.key_since is not None:
        # A proof of the key before says nothing about this one.
        standing = standing.exclude(method__in=endpoint_proof.PROVES_KEY, validated__lt=endpoint.key_since)
    if not endpoint.counts:
        standing = standing.filter(validated__gte=endpoint.state_since)
    return set(standing.values_list("method", flat=True))


def _check_fail(service: Service, endpoint: Endpoint, at: datetime) -> None:
    if not endpoint_proof.TABLE.rows[endpoint.state].get("check_fail"):
        endpoint.save()  # It was invalid before, and stays so.
        settle(service, at, failed=True)
        return
    done = journal.move(endpoint, endpoint_proof.TABLE, "check_fail", MACHINE, at)
    if done.after in endpoint_proof.COUNTING:
        # A recheck that failed is not repeated every minute: the owner was told.
        endpoint.recheck_asked_at = None
    endpoint.save()
    journal.write(done, endpoint.handle, details_of(service, endpoint))
    if (done.before, done.after) == (endpoint_proof.VALID, endpoint_proof.STALE):
        notify(service, "stale", f"stale {endpoint.pk} {at.isoformat()} 1", at)
    settle(service, at, failed=True)


def _is_taken(endpoint: Endpoint) -> bool:
    """True where another valid endpoint is the same end, or one of another service has the same key. What this one
    replaces is not another."""
    valid = Endpoint.objects.filter(state=endpoint_proof.VALID)
    same_end = valid.filter(entry_text=endpoint.entry_text).exclude(pk__in=(endpoint.pk, endpoint.replaces_id or 0))
    same_key = valid.filter(mac1_key=endpoint.mac1_key).exclude(service_id=endpoint.service_id)
    return bool((endpoint.entry_text and same_end.exists()) or (endpoint.mac1_key and same_key.exists()))


def _taken(endpoint: Endpoint) -> Outcome:
    # As the methods say theirs: in English, and in the reader's language where it is shown (`proof_words`).
    return Outcome(False, TAKEN, "that nobody else has proven this", "in this registry",
                   f"another proof of {endpoint} stands",
                   "If it is yours now, ask the registry: the other one's next check will fail.")
