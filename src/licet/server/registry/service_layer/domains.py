"""The domain that an organisation's name comes with: entered, proven by a TXT record, changed, taken back.

As with an endpoint, the check asks the network before any lock is taken, and what comes in here is its outcome. The
domain itself is not in the log: an organisation may have nothing but unlisted services.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import domain_proof
from licet.model.canonical import Json
from licet.server import chance
from licet.server.registry.models import DomainProof, Notice, Organisation
from licet.server.registry.models.organisations import SENTENCE_LENGTH_MAX
from licet.server.registry.proving import Outcome, is_public_name
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import MACHINE, Actor, require_member
from licet.server.registry.service_layer.errors import refuse_where
from licet.server.registry.service_layer.fields import Fields
from licet.server.registry.service_layer.handles import new_handle
from licet.server.registry.service_layer.listings import note_listings
from licet.server.registry.service_layer.locks import lock_organisation


@transaction.atomic
def set_domain(actor: Actor, organisation: Organisation, domain: str, *, at: datetime) -> DomainProof:
    """Enter the domain of an organisation, or another one in its place, which then has to be proven. The same one again
    changes nothing. Raises Invalid, Refused."""
    fields = Fields({"domain": domain}, frozenset({"domain"}))
    name = fields.dns_name("domain")
    if not fields.problems and not is_public_name(name):
        fields.problems["domain"] = _("This is not a domain; write one such as example.net.") if name else \
            _("Fill this in.")
    refuse_where(fields.problems)
    organisation = lock_organisation(organisation.pk)
    require_member(actor, organisation)
    if organisation.is_self_declared:
        raise Refused("self_declared", _("Somebody who works alone has no name to prove."), "domain")
    found = DomainProof.objects.filter(organisation=organisation).first()
    if found is not None and organisation.domain == name and found.state != domain_proof.GONE:
        return found
    if found is None:
        done = journal.begin(domain_proof.TABLE, "add", actor, at)
        found = DomainProof(organisation=organisation, handle=new_handle(DomainProof, "DOM"), state=done.after,
                            state_since=at, cr_date=at, up_date=at)
    else:
        done = journal.move(found, domain_proof.TABLE, "change_by_owner", actor, at)
    found.token, found.checked_at, found.recheck_asked_at = chance.proof_token(), None, None
    found.error = found.looked_for = found.where = found.seen = found.todo = ""
    found.state_since = at
    found.save()
    _name_domain(actor, organisation, name, at)
    journal.write(done, found.handle, details_of(found))
    return found


@transaction.atomic
def remove_domain(actor: Actor, organisation: Organisation, *, at: datetime) -> None:
    """Take the domain back; the name is shown as not proven. Doing it twice is the same as once. Raises Refused."""
    organisation = lock_organisation(organisation.pk)
    require_member(actor, organisation)
    found = DomainProof.objects.filter(organisation=organisation).first()
    if found is None or found.state == domain_proof.GONE:
        return
    done = journal.move(found, domain_proof.TABLE, "owner_revokes", actor, at)
    found.save()
    _name_domain(actor, organisation, "", at)
    journal.write(done, found.handle, details_of(found))


@transaction.atomic
def record_domain(proof: DomainProof, outcome: Outcome, token: str, *, at: datetime) -> DomainProof:
    """Write what came of checking a domain. token: with which it was checked; where the domain was changed meanwhile,
    the outcome is of another one, and nothing is written."""
    organisation = lock_organisation(proof.organisation_id)
    proof = DomainProof.objects.get(pk=proof.pk)
    if proof.token != token or proof.state == domain_proof.GONE:
        return proof
    proof.checked_at, proof.recheck_asked_at = at, None
    proof.error = "" if outcome.ok else outcome.problem[:60] or "failed"
    for field in ("looked_for", "where", "seen", "todo"):
        setattr(proof, field, getattr(outcome, field)[:SENTENCE_LENGTH_MAX])
    event = "check_ok" if outcome.ok else "check_fail"
    if not domain_proof.TABLE.rows[proof.state].get(event):
        proof.save()
        return proof
    done = journal.move(proof, domain_proof.TABLE, event, MACHINE, at)
    proof.save()
    journal.write(done, proof.handle, details_of(proof))
    if outcome.ok and organisation.domain_proven_at is None:
        organisation.domain_proven_at = organisation.up_date = at
        organisation.save()
        note_listings(MACHINE, organisation, at)
    if (done.before, done.after) == (domain_proof.VALID, domain_proof.STALE):
        notify_stale(proof, 1, at)
    return proof


def lose_domain(proof: DomainProof, at: datetime) -> None:
    """What follows from a proof that counts no more, inside the caller's transaction: the name is not shown as
    proven."""
    organisation = proof.organisation
    organisation.domain_proven_at, organisation.up_date = None, at
    organisation.save()
    note_listings(MACHINE, organisation, at)


def stale_key(proof: DomainProof, number: int) -> str:
    """Names one of the two notices of a time in which the domain is stale."""
    return f"domain {proof.pk} {proof.state_since.isoformat()} {number}"


def notify_stale(proof: DomainProof, number: int, at: datetime) -> None:
    """Note the mail that a check failed; the key makes sure that it is due once."""
    Notice.objects.get_or_create(key=stale_key(proof, number), defaults={
        "organisation_id": proof.organisation_id, "kind": "domain_stale", "created": at})


def details_of(proof: DomainProof) -> dict[str, Json]:
    """What the log says of it: whose it is."""
    return {"organisation": proof.organisation.handle}


def _name_domain(actor: Actor, organisation: Organisation, name: str, at: datetime) -> None:
    organisation.domain, organisation.domain_proven_at, organisation.up_date = name, None, at
    organisation.save()
    note_listings(actor, organisation, at)
