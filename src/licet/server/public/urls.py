"""Addresses of the public face, under /."""

from __future__ import annotations

from django.urls import path

from licet.server.public import views

app_name = "public"
urlpatterns = [
    path("snapshot", views.snapshot, name="snapshot"),
    path("snapshot/<int:serial>", views.snapshot, name="snapshot_serial"),
]
