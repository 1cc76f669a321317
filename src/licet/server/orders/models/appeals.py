"""An appeal against an order, and the proofs by which somebody shows that an endpoint is theirs."""

from __future__ import annotations

from django.db import models

from licet.lifecycle import appeal, endpoint_proof
from licet.server.orders.models.orders import OrderedEnd, OrderRow
from licet.server.registry.models.accounts import Officer
from licet.server.registry.models.organisations import URL_LENGTH_MAX

TEXT_LENGTH_MAX = 2_000


class Appeal(models.Model):
    """An appeal. end: the endpoint that it is about; contact: where the answer goes, "" for who reads it on the page of
    the appeal alone; token_digest: of the link to that page; statement, new_facts: of who appeals, never published;
    asked_at: when more was asked; outcome: `upheld` or `dismissed`; reasons, remedy: of the decision, published."""

    STATES = tuple((one, one) for one in appeal.TABLE.states)

    handle = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(OrderRow, on_delete=models.PROTECT, related_name="appeals")
    end = models.ForeignKey(OrderedEnd, on_delete=models.PROTECT, related_name="appeals")
    state = models.CharField(max_length=20, choices=STATES)
    state_since = models.DateTimeField()
    filed = models.DateTimeField()
    statement = models.TextField(max_length=TEXT_LENGTH_MAX)
    contact = models.CharField(max_length=URL_LENGTH_MAX, blank=True)
    token_digest = models.CharField(max_length=64)
    stayed_at = models.DateTimeField(null=True, blank=True)
    is_proven = models.BooleanField(default=False)
    reviewer = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="appeals")
    question = models.TextField(max_length=TEXT_LENGTH_MAX, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(max_length=TEXT_LENGTH_MAX, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reasons = models.TextField(max_length=TEXT_LENGTH_MAX, blank=True)
    remedy = models.TextField(max_length=TEXT_LENGTH_MAX, blank=True)
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("state", "filed"), name="appeal_due"),)

    def __str__(self) -> str:
        return self.handle

    @property
    def is_open(self) -> bool:
        """True until it is decided."""
        return self.state in appeal.OPEN


class AppealProof(models.Model):
    """A challenge by which who appeals shows control of the endpoint. The fields are those of a registrant's proof."""

    METHODS = tuple((one, one) for one in endpoint_proof.METHODS)

    appeal = models.ForeignKey(Appeal, on_delete=models.CASCADE, related_name="proofs")
    method = models.CharField(max_length=20, choices=METHODS)
    token = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=253, blank=True)
    public_key = models.CharField(max_length=44, blank=True)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True)
    validated = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=60, blank=True)
    seen = models.CharField(max_length=500, blank=True)
    todo = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.method} for {self.appeal_id}"
