"""Who answers for services: an organisation, or somebody who works alone and says so."""

from __future__ import annotations

from django.db import models

from licet.server.registry.models.accounts import Account

NAME_LENGTH_MAX = 120
URL_LENGTH_MAX = 500


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


class Membership(models.Model):
    """An account that acts for an organisation."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    since = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("organisation", "account"), name="one_membership"),)

    def __str__(self) -> str:
        return f"{self.account_id} in {self.organisation_id}"
