"""Addresses of the audit face, under /log/."""

from __future__ import annotations

from django.urls import path

from licet.server.audit import views
from licet.server.audit.feed import NewEntries

app_name = "audit"
urlpatterns = [
    path("log/", views.log, name="log"),
    path("log/entries/<int:index>", views.entry, name="entry"),
    path("log/entries/<int:index>/proof", views.proof, name="proof"),
    path("log/services/<str:handle>/", views.service, name="service"),
    path("log/feed", NewEntries(), name="feed"),
]
