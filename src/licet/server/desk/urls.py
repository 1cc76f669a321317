"""Addresses of the desk, under /desk/. Pages are read by GET; what changes anything is sent by POST."""

from __future__ import annotations

from django.urls import path, re_path

from licet.server.desk import actions, views

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
    path("find/", views.find_case, name="find"),
    path("case/<str:handle>/", views.case, name="case"),
    path("case/<str:handle>/<slug:name>/", actions.step, name="step"),
    path("attest/", actions.attest, name="attest"),
    path("calendar/", views.calendar, name="calendar"),
    path("times/", views.times, name="times"),
    path("keys/", views.keys, name="keys"),
    path("officers/", actions.officer_list, name="officers"),
    path("officers/invite/", actions.invite, name="invite"),
    re_path(r"^officers/invitation/(?P<pk>\d{1,12})/(?P<name>confirm|drop)/$", actions.invitation, name="invitation"),
    re_path(r"^officers/(?P<code>[A-Z0-9-]{1,20})/(?P<name>propose|confirm|drop)/$", actions.retirement,
            name="retirement"),
]
