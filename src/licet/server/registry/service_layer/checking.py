"""Asking a checker: for a proof that its registrant wants checked now, and for those whose recheck is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import F, Q

from licet.lifecycle import domain_proof
from licet.lifecycle.endpoint_proof import CALLBACK_01, COUNTING
from licet.server.registry.models import DomainProof, Endpoint, Proof
from licet.server.registry.proving import Checker, challenge_of, domain_challenge
from licet.server.registry.service_layer.actors import Actor, require_member
from licet.server.registry.service_layer.domains import record_domain
from licet.server.registry.service_layer.proofs import record_proof

RECHECKS_A_RUN_MAX = 200
RECHECKS_TAKE_MAX = timedelta(seconds=30)  # the clock has more to do; what is left is due again in the next run


def check_now(actor: Actor, proof: Proof, checker: Checker, now: Callable[[], datetime]) -> Proof:
    """Check a proof and write what came of it, with the time of the answer. The checker runs outside of any
    transaction, and takes seconds: a challenge that ends meanwhile was in time. Raises Refused."""
    proof = Proof.objects.select_related("endpoint__service__organisation").get(pk=proof.pk)
    require_member(actor, proof.endpoint.service.organisation)
    begun = now()
    outcome = checker(challenge_of(proof))
    return record_proof(proof, outcome, at=now(), begun=begun)


def check_domain_now(actor: Actor, proof: DomainProof, checker: Checker, now: Callable[[], datetime]) -> DomainProof:
    """The same of an organisation's domain. Raises Refused."""
    proof = DomainProof.objects.select_related("organisation").get(pk=proof.pk)
    require_member(actor, proof.organisation)
    outcome = checker(domain_challenge(proof))
    return record_domain(proof, outcome, proof.token, at=now())


def check_due(checker: Checker, now: Callable[[], datetime]) -> int:
    """Check again what is due, the longest due first; returns how many. now: asked once a check, which takes time.

    While an old key counts beside a new one, its owner has the time to prove the new one without being called stale; a
    call (callback-01) cannot be repeated from here.
    """
    due = Endpoint.objects.filter(state__in=COUNTING, service__is_attested=False).exclude(recheck_asked_at=None)
    due = due.exclude(old_key_until__gt=now())
    due = due.filter(Q(checked_at=None) | Q(checked_at__lt=F("recheck_asked_at"))).order_by("recheck_asked_at")
    count, begun = 0, now()
    for endpoint in due[:RECHECKS_A_RUN_MAX]:
        if now() - begun >= RECHECKS_TAKE_MAX:
            break
        proven = endpoint.proofs.filter(status=Proof.VALID).exclude(method=CALLBACK_01)
        proof = proven.order_by("-validated").first()
        if proof is not None:
            record_proof(proof, checker(challenge_of(proof)), at=now())
            count += 1
    return count + _check_domains_due(checker, now, begun)


def _check_domains_due(checker: Checker, now: Callable[[], datetime], begun: datetime) -> int:
    due = DomainProof.objects.filter(state__in=domain_proof.COUNTING).exclude(recheck_asked_at=None)
    count = 0
    for proof in due.select_related("organisation").order_by("recheck_asked_at")[:RECHECKS_A_RUN_MAX]:
        if now() - begun >= RECHECKS_TAKE_MAX:
            break
        record_domain(proof, checker(domain_challenge(proof)), proof.token, at=now())
        count += 1
    return count
