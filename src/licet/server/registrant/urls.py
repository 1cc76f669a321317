"""Addresses of the registrant's face, under /my/."""

from __future__ import annotations

from django.urls import path

from licet.server.registrant import (
    account_pages,
    domain_pages,
    endpoint_pages,
    member_pages,
    organisation_pages,
    proof_pages,
    registration_pages,
    service_pages,
    views,
)

app_name = "registrant"
urlpatterns = [
    path("", views.home, name="home"),
    path("account/", account_pages.account, name="account"),
    path("account/delete/", account_pages.delete, name="account_delete"),
    # Step 1: who answers for it.
    path("new/", organisation_pages.who, name="who"),
    path("new/<slug:kind>/", organisation_pages.organisation_new, name="organisation_new"),
    path("organisation/<str:handle>/", organisation_pages.organisation, name="organisation"),
    path("organisation/<str:handle>/edit/<slug:what>/", organisation_pages.organisation_edit, name="organisation_edit"),
    path("organisation/<str:handle>/domain/", domain_pages.domain, name="domain"),
    path("organisation/<str:handle>/domain/change/", domain_pages.domain_change, name="domain_change"),
    path("organisation/<str:handle>/domain/remove/", domain_pages.domain_remove, name="domain_remove"),
    path("organisation/<str:handle>/members/", member_pages.members, name="members"),
    path("organisation/<str:handle>/members/<int:pk>/end/", member_pages.member_end, name="member_end"),
    path("organisation/<str:handle>/invitations/<int:pk>/back/", member_pages.invitation_back, name="invitation_back"),
    # Step 2: what it is.
    path("organisation/<str:handle>/service/", service_pages.service_new, name="service_new"),
    path("service/<str:handle>/", service_pages.service, name="service"),
    path("service/<str:handle>/edit/<slug:question>/", service_pages.service_edit, name="service_edit"),
    path("service/<str:handle>/summary/", service_pages.summary, name="summary"),
    # Step 3: where it is reached.
    path("service/<str:handle>/endpoints/", endpoint_pages.endpoints, name="endpoints"),
    path("service/<str:handle>/endpoints/add/", endpoint_pages.endpoint_add, name="endpoint_add"),
    path("service/<str:handle>/endpoints/details/", endpoint_pages.endpoint_details, name="endpoint_details"),
    path("endpoint/<str:handle>/replace/", endpoint_pages.endpoint_replace, name="endpoint_replace"),
    path("endpoint/<str:handle>/key/", endpoint_pages.endpoint_key, name="endpoint_key"),
    path("endpoint/<str:handle>/remove/", endpoint_pages.endpoint_remove, name="endpoint_remove"),
    # Step 4: proof.
    path("endpoint/<str:handle>/", proof_pages.endpoint, name="endpoint"),
    path("endpoint/<str:handle>/proof/<slug:method>/", proof_pages.proof, name="proof"),
    # Afterwards.
    path("service/<str:handle>/apply/", registration_pages.reopen, name="apply"),
    path("service/<str:handle>/withdraw/", registration_pages.withdraw, name="withdraw"),
    path("service/<str:handle>/renew/", registration_pages.renew, name="renew"),
    path("service/<str:handle>/surrender/", registration_pages.surrender, name="surrender"),
    path("service/<str:handle>/messages/", registration_pages.thread, name="messages"),
    path("service/<str:handle>/appeal/", registration_pages.appeal, name="appeal"),
]
