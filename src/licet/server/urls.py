"""Every address of the service. Each face has its own file; these are the fixed ones.

Pages in another language than the registry's own have its code in front (`/de/directory/`, `/de/my/`). So the language
is part of the address: it needs no cookie, can be passed on, and a cache never mixes two.
"""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from licet.server.entrance import become_officer, confirm_contact
from licet.server.health import healthz, readyz
from licet.server.metrics import metrics
from licet.server.orders.order_views import submit_json as submit_order_json
from licet.server.orders.status_views import report_json as enforcer_report_json
from licet.server.orders.views import send_json as send_request_json
from licet.server.public.signed_files import signed_file
from licet.server.public.views import home
from licet.server.registrant.callback import call
from licet.server.registrant.member_pages import join

handler400 = "licet.server.public.errors.bad_request"
handler403 = "licet.server.public.errors.not_for_you"
handler404 = "licet.server.public.errors.not_found"
handler500 = "licet.server.public.errors.broken"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    *i18n_patterns(
        path("", home, name="home"),
        path("", include("licet.server.public.urls")),
        path("", include("licet.server.audit.urls")),
        path("", include("licet.server.orders.urls")),
        path("my/", include("licet.server.registrant.urls")),
        path("desk/", include("licet.server.desk.urls")),
        path("desk/", include("licet.server.orders.desk.urls")),
        path("officer/<str:token>/", become_officer, name="become_officer"),
        path("contact/<str:token>/", confirm_contact, name="confirm_contact"),
        path("join/<str:token>/", join, name="join"),
        path("account/", include("allauth.urls")),
        prefix_default_language=False,
    ),
    path("log/", include("licet.server.audit.files")),
    path("api/requests", send_request_json, name="send_request_json"),
    path("api/orders", submit_order_json, name="submit_order_json"),
    path("api/enforcer-reports", enforcer_report_json, name="enforcer_report_json"),
    path("api/proof/call", call, name="proof_call"),
    path("tuf/<path:name>", signed_file, name="tuf"),
]
