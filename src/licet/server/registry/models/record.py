"""What happened and what was published: entries for the log, numbered snapshots, and the registry's own row."""

from __future__ import annotations

from typing import Any

from django.db import models


class LogBound(models.Model):
    """Rows that are written once: saving one again, or deleting it, is a bug."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new row. Raises RuntimeError for one that is there already."""
        if not self._state.adding:
            raise RuntimeError(f"{self._meta.object_name} {self.pk} is written once and never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raises RuntimeError."""
        raise RuntimeError(f"{self._meta.object_name} {self.pk} is never deleted")


class Outbox(LogBound):
    """One entry for the log, written in the transaction of what it tells. subject: a handle; sequence: counts the
    entries of a subject from one; before, after: `from` and `to` of the entry; body: canonical JSON (RFC 8785);
    prev_subject_leaf: body_digest of the subject's entry before."""

    type = models.CharField(max_length=20)
    subject = models.CharField(max_length=20)
    sequence = models.PositiveIntegerField()
    event = models.CharField(max_length=30)
    before = models.CharField(max_length=20, blank=True)
    after = models.CharField(max_length=20)
    reason = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=20)
    time = models.DateTimeField()
    prev_subject_leaf = models.CharField(max_length=71, blank=True)
    body = models.BinaryField()
    body_digest = models.CharField(max_length=71)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("subject", "sequence"), name="one_entry_a_sequence"),)
        indexes = (models.Index(fields=("type", "event", "time"), name="outbox_counts"),)

    def __str__(self) -> str:
        return f"{self.subject} #{self.sequence} {self.event}"


class Receipt(LogBound):
    """Where an entry stands in the log. leaf_index: counted from zero."""

    entry = models.OneToOneField(Outbox, models.PROTECT, related_name="receipt")
    leaf_index = models.PositiveBigIntegerField(unique=True)

    def __str__(self) -> str:
        return f"{self.entry} is entry {self.leaf_index}"


class Snapshot(LogBound):
    """A published snapshot. content_digest: of the records without the header; digest: of body, as it is served."""

    serial = models.PositiveBigIntegerField(unique=True)
    digest = models.CharField(max_length=71)
    content_digest = models.CharField(max_length=71)
    records = models.PositiveIntegerField()
    published_at = models.DateTimeField()
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"snapshot {self.serial}"


class Registry(models.Model):
    """The registry itself: one row, with the key 1. kind: of the network it is for; name: what it calls itself;
    clock_ran_at: when `licet run-due` last finished; resumed_at: when it was found that the registry had been away, or
    that its clock had been set."""

    OWNED, PUBLIC = "owned", "public"
    KINDS = ((OWNED, "owned"), (PUBLIC, "public"))

    kind = models.CharField(max_length=10, choices=KINDS)
    name = models.CharField(max_length=120)
    created = models.DateTimeField()
    clock_ran_at = models.DateTimeField(null=True, blank=True)
    resumed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(pk=1), name="one_registry"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_owned(self) -> bool:
        """True for the register of a network whose operator owns it and the policy its users accepted."""
        return self.kind == self.OWNED
