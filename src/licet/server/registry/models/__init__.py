"""What the registry keeps. Every field stands with its purpose in tests/house/fields.toml; none is for a person's
papers, a client's address or what is said inside a tunnel."""

from licet.server.registry.models.accounts import Account, Invitation, Officer
from licet.server.registry.models.casework import Application, Message, Notice, Proposal, Registration
from licet.server.registry.models.organisations import DomainProof, MemberInvitation, Membership, Organisation
from licet.server.registry.models.record import LogBound, Outbox, Receipt, Registry, Snapshot
from licet.server.registry.models.services import Endpoint, Proof, Service

__all__ = [
    "Account", "Application", "DomainProof", "Endpoint", "Invitation", "LogBound", "MemberInvitation", "Membership",
    "Message", "Notice", "Officer", "Organisation", "Outbox", "Proof", "Proposal", "Receipt", "Registration",
    "Registry", "Service", "Snapshot",
]
