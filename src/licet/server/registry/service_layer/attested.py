"""“Permitted by the owner”: entries of an owned network that nobody there can prove (a vendor's gateway, a partner's
line), with who asked for them, what for, and when somebody looks again.

They count on that network alone: a snapshot marks them `attested`, which a public network does not take.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.server.registry.models import Service
from licet.server.registry.models.organisations import NAME_LENGTH_MAX
from licet.server.registry.service_layer.actors import Actor, registry, require_officer
from licet.server.registry.service_layer.attested_fields import review_end
from licet.server.registry.service_layer.decisions import register
from licet.server.registry.service_layer.endpoint_fields import read_endpoint, refuse_taken
from licet.server.registry.service_layer.endpoints import ENDPOINTS_PER_SERVICE_MAX, make_endpoint
from licet.server.registry.service_layer.errors import Invalid, refuse_where
from licet.server.registry.service_layer.fields import Fields
from licet.server.registry.service_layer.handles import new_handle

FIELDS = frozenset({"name", "purpose", "sponsor"})


@transaction.atomic
def attest(actor: Actor, values: dict[str, Any], endpoints: Sequence[dict[str, Any]], *, review_date: date | None,
           at: datetime) -> Service:
    """Enter what an owned network permits without proof. values: FIELDS, all needed; endpoints: fields of each, at
    least one; review_date: within a year. Raises Invalid or Refused, always on a public network."""
    require_officer(actor)
    if not registry().is_owned:
        raise Refused("public_network", _("On a public network everybody proves control: nothing is attested."))
    fields = Fields(values, FIELDS)
    described = {
        "name": fields.text("name", NAME_LENGTH_MAX, required=True),
        "purpose": fields.text("purpose", 300, required=True),
        "sponsor": fields.text("sponsor", NAME_LENGTH_MAX, required=True),
    }
    refuse_where(fields.problems)
    end = review_end(review_date, at)
    if not 1 <= len(endpoints) <= ENDPOINTS_PER_SERVICE_MAX:
        raise Invalid({"endpoints": _("Enter at least one endpoint or key.")})
    service = Service.objects.create(handle=new_handle(Service, "SVC"), is_attested=True, is_listed=False, cr_date=at,
                                     up_date=at, **described)
    for one in endpoints:
        checked = read_endpoint(service, one)
        refuse_taken(service, checked.mac1_key, checked.entry_text)
        make_endpoint(actor, service, checked, "attest", at)
    register(actor, service, "attest", end, at)
    return service
