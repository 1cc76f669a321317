"""What is kept of requests, orders, enforcers and appeals. Every field and its purpose: tests/house/fields.toml."""

from licet.server.orders.models.appeals import Appeal, AppealProof
from licet.server.orders.models.enforcers import EnforcerHits, EnforcerOff, EnforcerRow
from licet.server.orders.models.orders import OrderedEnd, OrderRow
from licet.server.orders.models.requests import Ask, Request

__all__ = [
    "Appeal", "AppealProof", "Ask", "EnforcerHits", "EnforcerOff", "EnforcerRow", "OrderRow", "OrderedEnd", "Request",
]
