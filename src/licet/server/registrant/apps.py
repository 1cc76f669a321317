"""The registrant's face as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class RegistrantConfig(AppConfig):
    """`licet.server.registrant`; its templates are in templates/registrant/."""

    name = "licet.server.registrant"
    label = "registrant"
