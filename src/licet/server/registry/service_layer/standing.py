"""Where a service stands: which endpoints are part of it, whether their proofs stand, and what follows for its
application."""

from __future__ import annotations

from datetime import datetime

from licet.lifecycle import application as applications
from licet.lifecycle import endpoint_proof
from licet.server.registry.models import Endpoint, Message, Service
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import MACHINE
from licet.server.registry.service_layer.services import open_application_of


def live_endpoints(service: Service) -> list[Endpoint]:
    """The endpoints that are part of a service: not given up and not taken off the list."""
    found = service.endpoints.filter(dropped_at=None).exclude(state=endpoint_proof.GONE)
    return list(found.select_related("replaces").order_by("pk"))


def proofs_valid(service: Service) -> bool:
    """True where there is an endpoint, and the proof of every one stands. One that is to take the place of an endpoint
    whose proof stands is no condition until it was proven: who tries to move loses nothing by failing."""
    asked = [endpoint for endpoint in live_endpoints(service) if endpoint.counts or not _would_replace(endpoint)]
    return bool(asked) and all(endpoint.counts for endpoint in asked)


def settle(service: Service, at: datetime, *, failed: bool = False) -> None:
    """Move the open application of a service to where its proofs stand, inside the caller's transaction. failed: a
    check has just failed."""
    application = open_application_of(service)
    if application is None:
        return
    proven = proofs_valid(service)
    if application.state == applications.PROVING and proven:
        event, facts = "proofs_valid", frozenset({applications.PROOFS_VALID})
        application.clock_since = at
    elif application.state in (applications.PROVING, applications.IN_REVIEW, applications.PROVISIONAL) \
            and failed and not proven:
        event, facts = "proof_failed", frozenset()
    else:
        return
    done = journal.move(application, applications.TABLE, event, MACHINE, at, facts=facts)
    application.save()
    journal.write(done, application.handle, {"service": service.handle})
    if event == "proof_failed":
        # Nobody could answer a question on an application that is not before the officers; it can be asked again.
        application.messages.filter(kind=Message.QUESTION, answered_at=None).update(answered_at=at)


def _would_replace(endpoint: Endpoint) -> bool:
    return endpoint.replaces is not None and endpoint.replaces.counts
