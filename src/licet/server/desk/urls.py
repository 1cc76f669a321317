"""Addresses of the officers' desk, under /desk/."""

from __future__ import annotations

from django.urls import path

from licet.server.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
]
