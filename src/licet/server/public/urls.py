"""Addresses of the public face, under /. The last six are for programs."""

from __future__ import annotations

from django.urls import path

from licet.server.public import pages, snapshots, views
from licet.server.public.directory_json import directory_json

app_name = "public"
urlpatterns = [
    path("lookup/", views.lookup, name="lookup"),
    path("directory/", views.directory, name="directory"),
    path("service/<str:handle>/", views.service, name="service"),
    path("blocked/", views.blocked, name="blocked"),
    path("snapshots/", snapshots.snapshots, name="snapshots"),
    path("snapshots/changes/", snapshots.changes, name="changes"),
    path("privacy/", pages.privacy, name="privacy"),
    path("accessibility/", pages.accessibility, name="accessibility"),
    path("directory.json", directory_json, name="directory_json"),
    path("lookup.json", views.lookup_json, name="lookup_json"),
    path("snapshot", snapshots.snapshot, name="snapshot"),
    path("snapshot/<int:serial>", snapshots.snapshot, name="snapshot_serial"),
    path("robots.txt", pages.robots, name="robots"),
    path(".well-known/security.txt", pages.security_txt, name="security_txt"),
]
