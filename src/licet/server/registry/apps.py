"""The registry as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """`licet.server.registry`, under the label `registry`."""

    name = "licet.server.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"
