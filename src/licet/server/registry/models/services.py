"""What is registered: a service, its endpoints, and the proofs that they are its registrant's."""

from __future__ import annotations

from django.db import models

from licet.lifecycle import endpoint_proof
from licet.server.registry.models.organisations import NAME_LENGTH_MAX, URL_LENGTH_MAX, Organisation


class Service(models.Model):
    """A VPN service. organisation: None for what was attested on an owned network; is_listed: shown in the directory;
    the look-up answers either way; logs: what is logged, in the registrant's words; interception_duty: as a warning to
    users; sponsor: who asked for an attested entry."""

    YES, NO, UNKNOWN = "yes", "no", "unknown"
    DUTIES = ((YES, "yes"), (NO, "no"), (UNKNOWN, "unknown"))

    handle = models.CharField(max_length=20, unique=True)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="services")
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    purpose = models.CharField(max_length=300, blank=True)
    is_listed = models.BooleanField(default=True)
    website = models.CharField(max_length=URL_LENGTH_MAX, blank=True)
    logs = models.CharField(max_length=300, blank=True)
    interception_duty = models.CharField(max_length=10, choices=DUTIES, default=UNKNOWN)
    audit_url = models.CharField(max_length=URL_LENGTH_MAX, blank=True)
    audit_date = models.DateField(null=True, blank=True)
    sponsor = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    is_attested = models.BooleanField(default=False)
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.handle} {self.name}"


class Endpoint(models.Model):
    """A server's end of a tunnel, or a server's key that may be anywhere.

    address: RFC 5952, None where only a key is registered; proof_address, proof_port: where the machine that holds the
    key can be reached to prove it, where that is not to be published; entry_text: address, port and protocol in one
    form, for uniqueness; public_key: WireGuard's, base64, the server's only; mac1_key: derived, what a snapshot
    publishes; old_public_key counts beside the new one until old_key_until; state: of `lifecycle.endpoint_proof`;
    counts_until: after its owner replaced it, it counts until then; dropped_at: when its owner took it off the list
    without ever having proven it; replaces: what goes when this one is proven.
    """

    CLASSES = tuple((one, one) for one in ("datacentre", "enterprise", "shared", "residential", "unknown"))
    STATES = tuple((one, one) for one in endpoint_proof.TABLE.states)

    handle = models.CharField(max_length=20, unique=True)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="endpoints")
    address = models.GenericIPAddressField(null=True, blank=True)
    transport = models.CharField(max_length=10, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True)
    tunnel_protocol = models.CharField(max_length=20)
    entry_text = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=253, blank=True)
    endpoint_class = models.CharField(max_length=20, choices=CLASSES, default="unknown")
    proof_address = models.GenericIPAddressField(null=True, blank=True)
    proof_port = models.PositiveIntegerField(null=True, blank=True)
    public_key = models.CharField(max_length=44, blank=True)
    mac1_key = models.CharField(max_length=64, blank=True, db_index=True)
    key_since = models.DateTimeField(null=True, blank=True)
    old_public_key = models.CharField(max_length=44, blank=True)
    old_mac1_key = models.CharField(max_length=64, blank=True, db_index=True)
    old_key_until = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=20, choices=STATES, default=endpoint_proof.PENDING)
    state_since = models.DateTimeField()
    valid_since = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    recheck_asked_at = models.DateTimeField(null=True, blank=True)
    counts_until = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    replaces = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replacements")
    cr_date = models.DateTimeField()
    up_date = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("address",), name="endpoint_address"),
            models.Index(fields=("name",), name="endpoint_name"),
            models.Index(fields=("state", "state_since"), name="endpoint_due"),
        )
        constraints = (
            # Nobody else can have proven the same end; one whose proof went stale keeps out nobody. (A key can stand
            # at several addresses of one service: that it stands in one service only is seen to in `proofs`.)
            models.UniqueConstraint(fields=("entry_text",), name="one_valid_endpoint",
                                    condition=models.Q(state="valid") & ~models.Q(entry_text="")),
        )

    def __str__(self) -> str:
        return self.entry_text or f"key of {self.handle}"

    @property
    def counts(self) -> bool:
        """True where the proof stands, be it stale."""
        return self.state in endpoint_proof.COUNTING


class Proof(models.Model):
    """One challenge to prove control, after the challenge object of RFC 8555 §8: `type` is here `method`.

    status: `pending`, `valid` or `invalid`; the same token may be tried again until it expires, so that a TXT record
    that was slow to spread need not be changed. error: the problem's code; looked_for, where, seen, todo: the sentences
    of the last failed check.
    """

    PENDING, VALID, INVALID = "pending", "valid", "invalid"
    STATUSES = ((PENDING, "pending"), (VALID, "valid"), (INVALID, "invalid"))
    METHODS = tuple((one, one) for one in endpoint_proof.METHODS)

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="proofs")
    method = models.CharField(max_length=20, choices=METHODS)
    token = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=10, choices=STATUSES, default=PENDING)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True)
    validated = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=60, blank=True)
    looked_for = models.CharField(max_length=500, blank=True)
    where = models.CharField(max_length=500, blank=True)
    seen = models.CharField(max_length=500, blank=True)
    todo = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = (models.Index(fields=("endpoint", "status"), name="proof_of_endpoint"),)

    def __str__(self) -> str:
        return f"{self.method} for {self.endpoint_id}"
