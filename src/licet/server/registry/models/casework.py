"""What is being decided: applications, registrations, questions, and what two officers must agree on."""

from __future__ import annotations

from django.db import models

from licet.lifecycle import application, registration
from licet.server.registry.models.accounts import Officer
from licet.server.registry.models.organisations import Organisation
from licet.server.registry.models.services import Service

REASON_LENGTH_MAX = 80
TEXT_LENGTH_MAX = application.REASON_TEXT_LENGTH_MAX


class Application(models.Model):
    """An application to be registered. state_since: when its state began; clock_since: from when it is overdue, which
    stands still while a question is open; reason: the code of a decision, and its text for the applicant."""

    STATES = tuple((one, one) for one in application.TABLE.states)

    handle = models.CharField(max_length=20, unique=True)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="applications")
    state = models.CharField(max_length=20, choices=STATES, default=application.DRAFT)
    state_since = models.DateTimeField()
    clock_since = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions")
    reason = models.CharField(max_length=REASON_LENGTH_MAX, blank=True)
    reason_text = models.TextField(max_length=TEXT_LENGTH_MAX, blank=True)
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("state", "clock_since"), name="application_queue"),
            models.Index(fields=("decided_at", "submitted_at"), name="application_times"),
        )
        constraints = (
            models.UniqueConstraint(fields=("service",), name="one_open_application",
                                    condition=models.Q(state__in=application.OPEN)),
        )

    def __str__(self) -> str:
        return self.handle

    @property
    def is_open(self) -> bool:
        """True until it was decided, withdrawn or lapsed."""
        return self.state in application.OPEN


class Registration(models.Model):
    """A service that is or was registered. ex_date: its end, or of an attested entry the date of its review; reason:
    of the notice, hold or revocation that stands; noticed_at: when the notice was given."""

    STATES = tuple((one, one) for one in registration.TABLE.states)

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="registrations")
    state = models.CharField(max_length=20, choices=STATES)
    state_since = models.DateTimeField()
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()
    ex_date = models.DateTimeField()
    reason = models.CharField(max_length=REASON_LENGTH_MAX, blank=True)
    reason_text = models.TextField(max_length=TEXT_LENGTH_MAX, blank=True)
    noticed_at = models.DateTimeField(null=True, blank=True)
    noticed_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")

    class Meta:
        indexes = (models.Index(fields=("state", "ex_date"), name="registration_due"),)
        constraints = (
            models.UniqueConstraint(fields=("service",), name="one_registration",
                                    condition=~models.Q(state__in=registration.OVER)),
        )

    def __str__(self) -> str:
        return f"registration of {self.service_id}"

    @property
    def is_over(self) -> bool:
        """True where it lapsed, was revoked or surrendered."""
        return self.state in registration.OVER

    @property
    def statuses(self) -> tuple[str, ...]:
        """The EPP statuses, the main one first."""
        return registration.epp_statuses(self.state)


class Proposal(models.Model):
    """What one officer proposes and a second one confirms: a suspension or a revocation."""

    SUSPEND, REVOKE = "suspend", "revoke"
    EVENTS = ((SUSPEND, "suspend"), (REVOKE, "revoke"))

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="proposals")
    event = models.CharField(max_length=10, choices=EVENTS)
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    reason_text = models.TextField(max_length=TEXT_LENGTH_MAX)
    proposed_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="proposals")
    proposed_at = models.DateTimeField()
    closed_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="closings")
    closed_at = models.DateTimeField(null=True, blank=True)
    confirmed = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("registration",), name="one_open_proposal",
                                    condition=models.Q(closed_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.event} of {self.registration_id}"


class Message(models.Model):
    """A question of the registry, an answer to it, or a remark of the clock's; never in the public log."""

    QUESTION, ANSWER, APPEAL = "question", "answer", "appeal"
    KINDS = ((QUESTION, "question"), (ANSWER, "answer"), (APPEAL, "appeal"))

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="messages")
    application = models.ForeignKey(Application, null=True, blank=True, on_delete=models.CASCADE,
                                    related_name="messages")
    kind = models.CharField(max_length=10, choices=KINDS)
    text = models.TextField(max_length=TEXT_LENGTH_MAX)
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} about {self.service_id}"


class Notice(models.Model):
    """A mail that is due to the members of an organisation, or to all officers where there is none. key: says the same
    thing once, however often the clock comes by; kind: names the template; details: what the template is filled
    with."""

    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.CASCADE, related_name="notices")
    service = models.ForeignKey(Service, null=True, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=160, unique=True)
    details = models.JSONField(default=dict)
    created = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=("sent_at", "created"), name="notice_unsent"),)

    def __str__(self) -> str:
        return self.key
