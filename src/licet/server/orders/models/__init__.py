"""What is kept of requests, orders and appeals. Every field stands with its purpose in tests/house/fields.toml."""

from licet.server.orders.models.appeals import Appeal, AppealProof
from licet.server.orders.models.orders import OrderedEnd, OrderRow
from licet.server.orders.models.requests import Ask, Request

__all__ = ["Appeal", "AppealProof", "Ask", "OrderRow", "OrderedEnd", "Request"]
