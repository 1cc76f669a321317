"""A request to block something, and what it asks for, one by one."""

from __future__ import annotations

from django.db import models

from licet.lifecycle import request
from licet.server.registry.models.organisations import NAME_LENGTH_MAX, URL_LENGTH_MAX

QUOTE_LENGTH_MAX = 8_000
ASK_LENGTH_MAX = 1_000
TEXT_LENGTH_MAX = 2_000


class Request(models.Model):
    """A letter. requester: who asks; principal: for whom; addressee: of whom; relays: who passed it on, one a line;
    contact: where the answer goes, never published; sealed_until: until when its asks are not shown (at most 90 days,
    once; never the basis, the requester or an endpoint); published_at: from when its page says all of it."""

    STATES = tuple((one, one) for one in request.TABLE.states)

    handle = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=20, choices=STATES)
    state_since = models.DateTimeField()
    clock_since = models.DateTimeField()
    requester = models.CharField(max_length=NAME_LENGTH_MAX)
    principal = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    addressee = models.CharField(max_length=NAME_LENGTH_MAX)
    relays = models.TextField(max_length=TEXT_LENGTH_MAX, blank=True)
    legal_ground = models.CharField(max_length=300, blank=True)
    legal_text_quoted = models.TextField(max_length=QUOTE_LENGTH_MAX, blank=True)
    legal_text_url = models.CharField(max_length=URL_LENGTH_MAX, blank=True)
    contact = models.CharField(max_length=URL_LENGTH_MAX)
    received = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    overdue_at = models.DateTimeField(null=True, blank=True)
    sealed_until = models.DateTimeField(null=True, blank=True)
    answered = models.DateTimeField(null=True, blank=True)
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("state", "clock_since"), name="request_due"),)

    def __str__(self) -> str:
        return self.handle

    @property
    def is_open(self) -> bool:
        """True until it is answered or withdrawn."""
        return self.state in request.OPEN


class Ask(models.Model):
    """One thing that a request asks for. endpoint: where it names one exactly, else ""; code: of the answer, one of
    lifecycle.request's; answer: the same in words."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="asks")
    number = models.PositiveIntegerField()
    text = models.TextField(max_length=ASK_LENGTH_MAX)
    endpoint = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=40, blank=True)
    answer = models.TextField(max_length=TEXT_LENGTH_MAX, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("request", "number"), name="one_ask_a_number"),)

    def __str__(self) -> str:
        return f"{self.request_id}/{self.number}"

    @property
    def is_accepted(self) -> bool:
        """True where it was done, or an order may cite it."""
        return self.code in request.ACCEPT_CODES
