"""Addresses of the audit face, under /log/ and /report/. `/numbers/` is where the report once was."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from licet.server.audit import report_page, views
from licet.server.audit.feed import NewEntries

app_name = "audit"
urlpatterns = [
    path("log/", views.log, name="log"),
    path("log/entries/<int:index>", views.entry, name="entry"),
    path("log/entries/<int:index>/proof", views.proof, name="proof"),
    path("log/services/<str:handle>/", views.service, name="service"),
    path("log/feed", NewEntries(), name="feed"),
    path("report/", report_page.report, name="report"),
    path("report.json", report_page.report_file, {"kind": "json"}, name="report_json"),
    path("report.csv", report_page.report_file, {"kind": "csv"}, name="report_csv"),
    path("numbers/", RedirectView.as_view(pattern_name="audit:report", permanent=True)),
]
