"""The app of requests, orders and appeals."""

from __future__ import annotations

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Requests, orders and appeals."""

    name = "licet.server.orders"
    label = "orders"
