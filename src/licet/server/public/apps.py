"""The public face as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class PublicConfig(AppConfig):
    """`licet.server.public`; its templates are in templates/public/."""

    name = "licet.server.public"
    label = "public"
