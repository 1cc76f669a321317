"""What people write in answers, questions and decisions: plain text with a bound."""

from __future__ import annotations

from licet.server.orders.models.requests import TEXT_LENGTH_MAX
from licet.server.registry.service_layer.errors import refuse_where
from licet.server.registry.service_layer.fields import Fields


def checked_text(field: str, text: str) -> str:
    """The text without white space around it. Raises Invalid, beside its field, where it is empty, too long, or holds
    what cannot be seen."""
    fields = Fields({field: text}, frozenset({field}))
    checked = fields.text(field, TEXT_LENGTH_MAX, required=True, lines=True)
    refuse_where(fields.problems)
    return checked
