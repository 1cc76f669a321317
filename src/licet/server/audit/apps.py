"""The audit face as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """`licet.server.audit`; its templates are in templates/audit/."""

    name = "licet.server.audit"
    label = "audit"
