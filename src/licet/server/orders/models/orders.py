"""An order as the registry keeps it: the file that people signed, where it stands, and its endpoints one by one."""

from __future__ import annotations

from django.db import models

from licet.lifecycle import order
from licet.model.policy import NAME_LENGTH_MAX
from licet.server.registry.models.organisations import URL_LENGTH_MAX


class OrderRow(models.Model):
    """An order. signed: `licet.order-file/1`, as it came, with its signatures; digest: of what its author signed; left:
    the state that it had when it was stayed; case: digest of ground and quoted text; computed: when its dry run was
    made; observed_at: when all its endpoints were last seen with certain evidence; noticed_at, activated_at: when
    people were told, and when it first took effect; reason: the code of its last move that had one."""

    STATES = tuple((one, one) for one in order.TABLE.states)

    handle = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=20, choices=STATES)
    state_since = models.DateTimeField()
    left = models.CharField(max_length=20, blank=True)
    network = models.CharField(max_length=NAME_LENGTH_MAX)
    ground = models.CharField(max_length=20)
    request = models.CharField(max_length=40, blank=True)
    case = models.CharField(max_length=71)
    signed = models.BinaryField()
    digest = models.CharField(max_length=71)
    application_date = models.DateTimeField()
    end_date = models.DateTimeField()
    computed = models.DateTimeField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)
    noticed_at = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=80, blank=True)
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("state", "end_date"), name="order_due"),)

    def __str__(self) -> str:
        return self.handle

    @property
    def is_open(self) -> bool:
        """True until it ended, in whatever way."""
        return self.state in order.OPEN

    @property
    def is_in_force(self) -> bool:
        """True where an enforcer may hold its rules."""
        return self.state in order.IN_FORCE


class OrderedEnd(models.Model):
    """One endpoint of an order. number: in the order, from one; endpoint: `192.0.2.10:51820/udp`; contact: who answers
    for it; state: "" as long as it follows its order, else of lifecycle.order.ENDPOINT_TABLE; handle: in the log."""

    order = models.ForeignKey(OrderRow, on_delete=models.PROTECT, related_name="ends")
    number = models.PositiveIntegerField()
    handle = models.CharField(max_length=20, unique=True)
    endpoint = models.CharField(max_length=80, db_index=True)
    tunnel_protocol = models.CharField(max_length=20)
    contact = models.CharField(max_length=URL_LENGTH_MAX, blank=True)
    state = models.CharField(max_length=20, blank=True)
    state_since = models.DateTimeField()
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()

    def __str__(self) -> str:
        return self.endpoint

    @property
    def is_off(self) -> bool:
        """True where it is stayed, lifted or quashed by itself."""
        return self.state not in ("", order.RETURNED)
