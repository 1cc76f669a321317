"""What enforcers reported: the newest report of each, what the rules of orders met, and when one was switched off. No
address is in any."""

from __future__ import annotations

from django.db import models

from licet.server.orders.models.orders import OrderedEnd

NETWORK_LENGTH_MAX = 500  # more than the name of a network has; so much was allowed once


class EnforcerRow(models.Model):
    """An enforcer, by its newest report. key_id: of the key that signed it, which the network's policy names; computed:
    when it computed; received: when its report came; report: `licet.enforcer-report-file/1`, as it came."""

    key_id = models.CharField(max_length=71)
    network = models.CharField(max_length=NETWORK_LENGTH_MAX)
    computed = models.DateTimeField()
    received = models.DateTimeField()
    report = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("key_id", "network"), name="enforcer_once"),)

    def __str__(self) -> str:
        return self.key_id


class EnforcerOff(models.Model):
    """That an enforcer was switched off by hand. off: when; told: when its report said so; code: of the enforcer, as
    the policy names it, which stays where it gets another key."""

    network = models.CharField(max_length=NETWORK_LENGTH_MAX)
    code = models.CharField(max_length=NETWORK_LENGTH_MAX)
    off = models.DateTimeField()
    told = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("network", "code", "off"), name="off_once"),)

    def __str__(self) -> str:
        return f"{self.code}: {self.off.isoformat()}"


class EnforcerHits(models.Model):
    """What the rule for one endpoint of an order refused at one enforcer. since: when that enforcer began to count; it
    begins anew where it lost its counts; until: the computation of the newest report that counts."""

    end = models.ForeignKey(OrderedEnd, on_delete=models.PROTECT, related_name="hits")
    enforcer = models.ForeignKey(EnforcerRow, on_delete=models.PROTECT, related_name="hits")
    since = models.DateTimeField()
    until = models.DateTimeField()
    packets = models.BigIntegerField()
    bytes = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("end", "enforcer", "since"), name="hits_once"),)

    def __str__(self) -> str:
        return f"{self.end}: {self.packets}"
