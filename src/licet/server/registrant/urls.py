"""Addresses of the registrant's face, under /my/."""

from __future__ import annotations

from django.urls import path

from licet.server.registrant import views

app_name = "registrant"
urlpatterns = [
    path("", views.home, name="home"),
]
