"""Every address of the service. Each face has its own file; these are the fixed ones."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import TemplateView

from licet.server.entrance import become_officer, confirm_contact
from licet.server.health import healthz, readyz
from licet.server.metrics import metrics
from licet.server.registrant.callback import call

urlpatterns = [
    path("", TemplateView.as_view(template_name="home.html"), name="home"),
    path("", include("licet.server.public.urls")),
    path("my/", include("licet.server.registrant.urls")),
    path("desk/", include("licet.server.desk.urls")),
    path("officer/<str:token>/", become_officer, name="become_officer"),
    path("contact/<str:token>/", confirm_contact, name="confirm_contact"),
    path("account/", include("allauth.urls")),
    path("api/proof/call", call, name="proof_call"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
