"""Who answers for services: an organisation, or somebody who works alone and says so."""

from __future__ import annotations

from django.db import models

from licet.lifecycle import domain_proof
from licet.server.registry.models.accounts import Account

NAME_LENGTH_MAX = 120
URL_LENGTH_MAX = 500
SENTENCE_LENGTH_MAX = 500


class Organisation(models.Model):
    """Who answers for services. legal_name: "" where self-declared; jurisdiction: ISO 3166-1 alpha-2; abuse_contact: a
    mail address or an https page (RFC 9116 §2.5.3); domain: proven where domain_proven_at says so."""

    ORGANISATION, SELF_DECLARED = "organisation", "self_declared"
    KINDS = ((ORGANISATION, "organisation"), (SELF_DECLARED, "self-declared"))

    handle = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, choices=KINDS)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    legal_name = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    jurisdiction = models.CharField(max_length=2, blank=True)
    registration_number = models.CharField(max_length=60, blank=True)
    lei = models.CharField(max_length=20, blank=True)
    abuse_contact = models.CharField(max_length=URL_LENGTH_MAX, blank=True)
    contact_confirmed_at = models.DateTimeField(null=True, blank=True)
    contact_token_digest = models.CharField(max_length=64, blank=True)
    domain = models.CharField(max_length=253, blank=True)
    domain_proven_at = models.DateTimeField(null=True, blank=True)
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()
    members = models.ManyToManyField(Account, through="Membership", related_name="organisations")

    def __str__(self) -> str:
        return self.name

    @property
    def is_self_declared(self) -> bool:
        """True for somebody who works alone."""
        return self.kind == self.SELF_DECLARED

    @property
    def is_confirmed(self) -> bool:
        """True where nothing is missing for `organisation_not_proven`: a proven domain or a contact that answered;
        who is self-declared has nothing to prove."""
        return self.is_self_declared or self.domain_proven_at is not None or self.contact_confirmed_at is not None

    @property
    def name_is_proven(self) -> bool:
        """True where the name comes with a proven domain; any other is shown as “name not proven”."""
        return self.domain_proven_at is not None


class DomainProof(models.Model):
    """The proof that an organisation controls its domain. handle: names it in the log, where the domain does not stand;
    token: its owner publishes the digest as a TXT record; checked_at, error and the four sentences: of the last
    check; recheck_asked_at: when a recheck became due."""

    STATES = tuple((one, one) for one in domain_proof.TABLE.states)

    handle = models.CharField(max_length=20, unique=True)
    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="domain_proof")
    state = models.CharField(max_length=20, choices=STATES)
    state_since = models.DateTimeField()
    token = models.CharField(max_length=64)
    checked_at = models.DateTimeField(null=True, blank=True)
    recheck_asked_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=60, blank=True)
    looked_for = models.CharField(max_length=SENTENCE_LENGTH_MAX, blank=True)
    where = models.CharField(max_length=SENTENCE_LENGTH_MAX, blank=True)
    seen = models.CharField(max_length=SENTENCE_LENGTH_MAX, blank=True)
    todo = models.CharField(max_length=SENTENCE_LENGTH_MAX, blank=True)
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("state", "checked_at"), name="domain_due"),)

    def __str__(self) -> str:
        return self.handle

    @property
    def counts(self) -> bool:
        """True while the name is shown as proven."""
        return self.state in domain_proof.COUNTING


class Membership(models.Model):
    """An account that acts for an organisation."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    since = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("organisation", "account"), name="one_membership"),)

    def __str__(self) -> str:
        return f"{self.account_id} in {self.organisation_id}"


class MemberInvitation(models.Model):
    """A link that lets one more account act for an organisation, once. Only the digest of its token is kept; email: to
    whom it went, until it is used, taken back or over."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="invitations")
    token_digest = models.CharField(max_length=64, unique=True)
    email = models.EmailField(blank=True)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=("expires",), name="member_invitation_ends"),)

    def __str__(self) -> str:
        return f"invitation to {self.organisation_id}"
