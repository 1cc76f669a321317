"""The officers' desk as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """`licet.server.desk`; its templates are in templates/desk/."""

    name = "licet.server.desk"
    label = "desk"
